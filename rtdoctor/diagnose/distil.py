"""From an Exchange, or the events of a recording, to its Outcome: only what decides is kept, nothing is judged.

What comes from outside is quoted here, once: whatever is made of an outcome may be shown.
"""

import reprlib
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from rtdoctor.diagnose.answered import answered_by
from rtdoctor.diagnose.body import error_in_body, error_in_event
from rtdoctor.diagnose.close_reason import error_of_reason, tells
from rtdoctor.diagnose.said import topic_of
from rtdoctor.model.event import MOST_NAME, parse_event, why_no_event
from rtdoctor.model.exchange import Answer, Close, Exchange, Frame, Request
from rtdoctor.model.outcome import ErrorEvent, Outcome, sentences
from rtdoctor.model.sound import PCM16_PER_MS, audio_bytes_in, bytes_per_ms
from rtdoctor.privacy.quote import quote, quote_headers, quote_start

_KEPT_HEADERS = frozenset(
    (
        "server",
        "content-type",
        "location",
        "retry-after",
        "apim-request-id",
        "x-ms-region",
        "cf-ray",
        "x-request-id",
        "via",
        "www-authenticate",
        "x-squid-error",
        "cf-mitigated",
        "x-amzn-waf-action",
        "sec-websocket-version",
        "x-envoy-upstream-service-time",
    )
)
_BODY_SHOWN = 2_000
# What a hostile server can put into an outcome is bounded.
_MOST_TYPES, _MOST_ERRORS, _MOST_TEXT, _MOST_WORD, _MOST_HEADER = 500, 20, 4_000, 200, 1_000
_MOST_TRANSCRIPT = 50_000
_MOST_WORDS = 500  # of a message that is no event, where it is taken for a sentence
_DECIDING = frozenset(("session.updated", "input_audio_buffer.committed"))


def distil(exchange: Exchange, *, rest: bool = False) -> Outcome:
    """The outcome of a socket attempt, or with `rest` of a REST request."""
    outcome = _distilled(exchange, rest=rest)
    return replace(outcome, said=topic) if (topic := topic_of(sentences(outcome))) else outcome


def _distilled(exchange: Exchange, *, rest: bool) -> Outcome:
    fault, answer = exchange.fault, exchange.answer
    fields: dict[str, Any] = {
        "asked": exchange.request,
        "unmet": tuple(map(quote, exchange.unmet)),
        "layers_ms": tuple((name, round(ms, 1)) for name, ms in exchange.layers),
    }
    if fault:
        fields |= {
            "fault": quote(fault.kind),
            "fault_layer": fault.layer,
            "fault_text": quote_start(fault.text, _MOST_TEXT),
            "fault_details": tuple((name, quote_start(value, _MOST_HEADER)) for name, value in fault.details),
        }
    if answer is not None:
        fields |= _of_answer(answer)
    if answer is None or answer.status != 101:
        layer = fault.layer if fault and answer is None else None
        return Outcome(stage=layer or ("http" if rest else "upgrade"), **fields)
    return Outcome(**fields, **_of_session(exchange))


def _of_answer(answer: Answer) -> dict[str, Any]:
    body = answer.body.decode("utf-8", "replace") if answer.status != 101 else ""
    return {
        "http_status": answer.status,
        "http_error": error_of(error) if answer.status >= 300 and (error := error_in_body(body)) else None,
        "http_body": quote_start(body, _BODY_SHOWN),
        "http_headers": quote_headers(
            (name, value[:_MOST_HEADER]) for name, value in answer.headers if name.lower() in _KEPT_HEADERS
        ),
        "answered_by": _text(answered_by(answer), MOST_NAME),
        "handshake_ms": round(answer.ms, 1),
    }


def error_of(value: Any) -> ErrorEvent:
    """The error object of an event or body; servers that put a bare text there are understood too (vLLM)."""
    if not isinstance(value, Mapping):
        return ErrorEvent(message=_text(value) or "null")
    return ErrorEvent(
        type=_text(value.get("type"), _MOST_WORD) or "",
        code=_text(value.get("code"), _MOST_WORD),
        message=_text(value.get("message")) or "",
        param=_text(value.get("param"), _MOST_WORD),
    )


def _text(value: Any, most: int = _MOST_TEXT) -> str | None:
    """A value as a quoted text of so many characters at most; what is no text is not written out in full for that."""
    if value is None:
        return None
    return quote_start(value if isinstance(value, str) else reprlib.repr(value), most)


class Gist:
    """What is kept of a session while its events pass, one at a time: what decides, in bounded memory."""

    def __init__(self) -> None:
        self.errors: list[ErrorEvent] = []
        self._first: str | None = None
        self._first_at: float | None = None
        self._received = 0
        self._names: list[str] = []  # without repeats in a row, and bounded
        self._heard: set[str] = set()
        self._last = ""
        self._session: dict[str, Any] = {}
        self._transcript: str | None = None
        self._unreadable = ""
        self._sent: list[str] = []
        self._audio_ms, self._per_ms = 0.0, float(PCM16_PER_MS)

    def hear(self, name: str, event: Mapping[str, Any], at: float | None = None) -> ErrorEvent | None:
        """Take an event of the server's by the name that it is told by; the error that it tells of comes back."""
        if self._first is None:
            self._first, self._first_at = name, at
        self._received += 1
        if name != self._last:
            self._last = name
            if len(self._names) < _MOST_TYPES:
                self._names.append(name)
        return self._keep(name, event) if _decides(name) or "error" in event else None

    def _keep(self, name: str, event: Mapping[str, Any]) -> ErrorEvent | None:
        if name in _DECIDING:
            self._heard.add(name)
        if error := _error_in(event):
            # The last of a flood is what it ended with.
            self.errors[_MOST_ERRORS - 1 :] = [error]
        self._session = _session_state(event) or self._session
        if name == "conversation.created" and not self._session:
            self._session = {"type": "(none)"}  # xAI's greeting of 2025 (docs.x.ai)
        if name.endswith("transcription.completed"):
            heard = str(event.get("transcript") or "")[:_MOST_TRANSCRIPT].strip()
            before = self._transcript
            self._transcript = heard if before is None else f"{before} {heard}"[:_MOST_TRANSCRIPT]
        return error

    def misread(self, text: str) -> None:
        """Take a text that is no event."""
        self._unreadable = self._unreadable or quote(why_no_event(text))

    def misread_as(self, what: str) -> None:
        """Take a message that is no event for the reason given."""
        self._unreadable = self._unreadable or what

    def say(self, name: str, event: Mapping[str, Any], audio_bytes: int = 0) -> None:
        """Take an event of the client's; `audio_bytes` where its audio was left out."""
        if name == "session.update":
            self._heard.discard("session.updated")  # what was told before is no answer to this
        if (not self._sent or self._sent[-1] != name) and len(self._sent) < _MOST_TYPES:
            self._sent.append(name)
        self._per_ms = bytes_per_ms(event) or self._per_ms
        self._audio_ms += (audio_bytes or audio_bytes_in(event)) / self._per_ms

    def facts(self, close: Close | None, *, alive: bool) -> dict[str, Any]:
        """What an Outcome tells of a session that ended so, or stands."""
        ended = close if close and close.by == "server" else None
        errors = list(self.errors)
        if ended and (error := error_of_reason(quote_start(ended.reason, _MOST_TEXT))) and not tells(errors, error):
            errors.append(error)
        return {
            "stage": _stage(self._received > 0, self._session, self._transcript is not None),
            "first_event": None if self._first is None else _shown_name(self._first),
            "first_event_ms": None if self._first_at is None else round(self._first_at * 1000, 1),
            "session_type": self._session.get("type"),
            "errors": tuple(errors),
            "close_code": ended.code if ended else None,
            "close_reason": quote_start(ended.reason, _MOST_TEXT) if ended else "",
            "closed_by": close.by if close else None,
            "open": alive and ended is None,
            "events": tuple(map(_shown_name, self._names)),
            "sent": tuple(map(_shown_name, self._sent)),
            "updated": "session.updated" in self._heard,
            "transcription_model": self._session.get("transcription_model"),
            "turn_detection": self._session.get("turn_detection"),
            "audio_ms": int(self._audio_ms),
            "committed": "input_audio_buffer.committed" in self._heard,
            "transcript": self._transcript if self._transcript is None else quote(self._transcript),
            "unreadable": self._unreadable,
            "received": self._received,
        }


def _of_session(exchange: Exchange) -> dict[str, Any]:
    gist, words = Gist(), ""
    # One at a time: an event that was parsed takes many times the memory of its text.
    for frame in exchange.frames:
        event = parse_event(frame.text) or {}
        name = _name(frame, event)
        if frame.direction == "client":
            gist.say(name, event, frame.audio_bytes)
            continue
        gist.hear(name, event, frame.at)
        if frame.holds:
            gist.misread_as(f"a binary frame that holds {_shown_name(frame.holds)}; events go in text frames")
        if name == "(no event)" and frame.text:
            gist.misread(frame.text)
            words = words or frame.text
    fields = gist.facts(exchange.close, alive=exchange.alive)
    # A message that is no event, and with which it ended: the server's words of what is wrong.
    in_vain = fields["close_code"] is not None or exchange.unmet or exchange.fault or not fields["session_type"]
    if in_vain and not fields["errors"] and (error := _error_in_words(words)):
        fields["errors"] = (error,)
    return fields | {"subprotocol": _text(exchange.subprotocol, MOST_NAME), "truncated": exchange.truncated}


def _error_in_words(text: str) -> ErrorEvent | None:
    """What a message that is no event tells of an error: an object's fields, or a line of plain words."""
    if parse_event(text) is not None:
        return error_of(error) if (error := error_in_body(text)) else None
    line = text.strip()
    plain = 0 < len(line) <= _MOST_WORDS and line[0] not in "<{[" and (any(map(str.isspace, line)) or topic_of([line]))
    return ErrorEvent(message=quote(line)) if plain else None


def distil_recorded(gist: Gist, close: Close | None) -> Outcome:
    """The outcome of a socket of which only the events were recorded: it stood, and it is not known whether it stands
    yet. A recording may begin in the middle, so a first event that is no greeting tells nothing."""
    fields = gist.facts(close, alive=False)
    first = fields["first_event"] or ""
    if not fields["received"]:
        return Outcome(asked=Request("", ""), **fields)  # not even a 101 is known of it
    if not (first == "error" or first.endswith("session.created") or first.startswith("session.")):
        fields |= {"first_event": None}
    return Outcome(asked=Request("", ""), http_status=101, **fields)


def distil_taped(exchange: Exchange, gist: Gist, close: Close | None, *, rest: bool, dropped: bool) -> Outcome:
    """The outcome of a connection of which the handshake and all that passed were recorded. `dropped`: it ended without
    a close frame, and not by the client."""
    if exchange.answer is None or exchange.answer.status != 101:
        return distil(exchange, rest=rest)
    outcome = Outcome(
        asked=exchange.request,
        **_of_answer(exchange.answer),
        **gist.facts(None if dropped else close, alive=False),
        subprotocol=_text(exchange.subprotocol, MOST_NAME),
    )
    if not dropped:
        return outcome
    why = "the connection ended without a close frame"
    return replace(outcome, fault="dropped", fault_layer="session", fault_text=why)


@lru_cache(1024)
def _decides(name: str) -> bool:
    """True for the events of a server's that anything is kept of; most of a stream are deltas, and are none."""
    ends = ("transcription.completed", "transcription.failed")
    greets = ("session.created", "conversation.created")
    return name in ("error", *greets, "response.done", *_DECIDING) or name.endswith(ends)


def _name(frame: Frame, event: Mapping[str, Any]) -> str:
    if frame.kind == "binary":
        return "(binary frame)"
    kind = event.get("type")
    return kind[:_MOST_WORD] if isinstance(kind, str) else "(no event)"


def _shown_name(name: str) -> str:
    return quote_start(name, MOST_NAME)


def _stage(heard: bool, session: Mapping[str, Any], transcribed: bool) -> str:
    if transcribed:
        return "transcript"
    if session:
        return "session"
    return "first-event" if heard else "upgrade"


def _session_state(event: Mapping[str, Any]) -> dict[str, Any]:
    """What the server tells of the session: type, transcription model, turn detection (`none` for null)."""
    session = event.get("session")
    if event.get("type") == "session.created" and session is None:
        return {"type": "(none)"}  # vLLM: an id and no session (vllm/entrypoints/openai/realtime/protocol.py@9bd9c53)
    if event.get("type") not in ("session.created", "session.updated") or not isinstance(session, Mapping):
        return {}
    audio = session.get("audio")
    audio_input = audio.get("input") if isinstance(audio, Mapping) else None
    audio_input = audio_input if isinstance(audio_input, Mapping) else {}
    transcription, detection = audio_input.get("transcription"), audio_input.get("turn_detection")
    # The beta's sessions have an object and no type.
    untyped = "realtime" if isinstance(session.get("object"), str) else "(none)"
    return {
        "type": _text(session["type"], MOST_NAME) if isinstance(session.get("type"), str) else untyped,
        "transcription_model": _text(transcription.get("model"), MOST_NAME)
        if isinstance(transcription, Mapping)
        else None,
        "turn_detection": _text(detection.get("type") or "None", MOST_NAME)
        if isinstance(detection, Mapping)
        else "none",
    }


def _error_in(event: Mapping[str, Any]) -> ErrorEvent | None:
    kind = event.get("type")
    if kind is None and isinstance(event.get("error"), str | Mapping):  # a gateway's own answer, and no event
        kind = "error"
    if kind == "error" or (isinstance(kind, str) and kind.endswith("input_audio_transcription.failed")):
        error = event.get("error")
        if error is None:  # the fields stand in the event itself
            return error_of(error_in_event(event))
        # vLLM puts a bare text there, and the code beside it.
        return error_of({"message": error, "code": event.get("code")} if isinstance(error, str) else error)
    response = event.get("response")
    if kind == "response.done" and isinstance(response, Mapping) and response.get("status") == "failed":
        details = response.get("status_details")
        return error_of(details.get("error") if isinstance(details, Mapping) else None)
    return None

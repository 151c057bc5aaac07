"""From an Exchange to its Outcome: only what decides is kept, nothing is judged.

What comes from outside is quoted here, once: whatever is made of an outcome may be shown.
"""

import reprlib
from collections.abc import Mapping, Sequence
from itertools import groupby, islice
from typing import Any

from rtdoctor.diagnose.answered import answered_by
from rtdoctor.diagnose.body import error_in_body
from rtdoctor.diagnose.reason import error_of_reason, tells
from rtdoctor.model.event import MOST_NAME, parse_event, why_no_event
from rtdoctor.model.exchange import Answer, Exchange, Frame
from rtdoctor.model.outcome import ErrorEvent, Outcome
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
        "x-envoy-upstream-service-time",
    )
)
_BODY_SHOWN = 2_000
# What a hostile server can put into an outcome is bounded.
_MOST_TYPES, _MOST_ERRORS, _MOST_TEXT, _MOST_WORD, _MOST_HEADER = 500, 20, 4_000, 200, 1_000
_MOST_TRANSCRIPT = 50_000


def distil(exchange: Exchange, *, rest: bool = False) -> Outcome:
    """The outcome of a socket attempt, or with `rest` of a REST request."""
    fault, answer = exchange.fault, exchange.answer
    told: dict[str, Any] = {"asked": exchange.request, "unmet": tuple(map(quote, exchange.unmet))}
    if fault:
        told |= {
            "fault": quote(fault.kind),
            "fault_layer": fault.layer,
            "fault_text": quote_start(fault.text, _MOST_TEXT),
            "fault_details": tuple((name, quote_start(value, _MOST_HEADER)) for name, value in fault.details),
        }
    if answer is not None:
        told |= _of_answer(answer)
    if answer is None or answer.status != 101:
        layer = fault.layer if fault and answer is None else None
        return Outcome(stage=layer or ("http" if rest else "upgrade"), **told)
    return Outcome(**told, **_of_session(exchange))


def _of_answer(answer: Answer) -> dict[str, Any]:
    body = answer.body.decode("utf-8", "replace") if answer.status != 101 else ""
    return {
        "http_status": answer.status,
        "http_error": error_of(told) if answer.status >= 300 and (told := error_in_body(body)) else None,
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


def _of_session(exchange: Exchange) -> dict[str, Any]:
    received = [frame for frame in exchange.frames if frame.direction == "server"]
    names: list[str] = []
    errors: list[ErrorEvent] = []
    session: dict[str, Any] = {}
    transcript: str | None = None
    unreadable = ""
    # One at a time: an event that was parsed takes many times the memory of its text.
    for frame in received:
        event = parse_event(frame.text) or {}
        name = _name(frame, event)
        names.append(name)
        if len(errors) < _MOST_ERRORS and (found := _error_in(event)):
            errors.append(found)
        session = _session_state(event) or session
        if name.endswith("transcription.completed"):
            heard = str(event.get("transcript") or "")[:_MOST_TRANSCRIPT]
            transcript = heard.strip() if transcript is None else f"{transcript} {heard.strip()}"[:_MOST_TRANSCRIPT]
        if name == "(no event)" and frame.text and not unreadable:
            unreadable = quote(why_no_event(frame.text))
    sent, audio_ms = _sent(exchange)
    close = exchange.close
    ended = close if close and close.by == "server" else None
    if ended and (told := error_of_reason(quote_start(ended.reason, _MOST_TEXT))) and not tells(errors, told):
        errors.append(told)
    return {
        "stage": _stage(names, session, transcript is not None),
        "subprotocol": _text(exchange.subprotocol, MOST_NAME),
        "first_event": _shown_name(names[0]) if names else None,
        "first_event_ms": round(received[0].at * 1000, 1) if received else None,
        "session_type": session.get("type"),
        "errors": tuple(errors),
        "close_code": ended.code if ended else None,
        "close_reason": quote_start(ended.reason, _MOST_TEXT) if ended else "",
        "closed_by": close.by if close else None,
        "open": exchange.alive and ended is None,
        "events": _told_once(names),
        "sent": tuple(map(_shown_name, sent)),
        "updated": "session.updated" in names,
        "transcription_model": session.get("transcription_model"),
        "turn_detection": session.get("turn_detection"),
        "audio_ms": audio_ms,
        "committed": "input_audio_buffer.committed" in names,
        "transcript": transcript if transcript is None else quote(transcript),
        "unreadable": unreadable,
        "truncated": exchange.truncated,
        "received": len(received),
    }


def _told_once(types: Sequence[str]) -> tuple[str, ...]:
    """The types in their order without repeats in a row, and bounded: a flood is told by its kinds."""
    return tuple(_shown_name(name) for name, _ in islice(groupby(types), _MOST_TYPES))


def _name(frame: Frame, event: Mapping[str, Any]) -> str:
    if frame.kind == "binary":
        return "(binary frame)"
    kind = event.get("type")
    return kind[:_MOST_WORD] if isinstance(kind, str) else "(no event)"


def _shown_name(name: str) -> str:
    return quote_start(name, MOST_NAME)


def _stage(types: Sequence[str], session: Mapping[str, Any], transcribed: bool) -> str:
    if transcribed:
        return "transcript"
    if session:
        return "session"
    return "first-event" if types else "upgrade"


def _session_state(event: Mapping[str, Any]) -> dict[str, Any]:
    """What the server tells of the session: type, transcription model, turn detection (`none` for null)."""
    session = event.get("session")
    if event.get("type") not in ("session.created", "session.updated") or not isinstance(session, Mapping):
        return {}
    audio = session.get("audio")
    given = audio.get("input") if isinstance(audio, Mapping) else None
    given = given if isinstance(given, Mapping) else {}
    transcription, detection = given.get("transcription"), given.get("turn_detection")
    return {
        "type": _text(session["type"], MOST_NAME) if isinstance(session.get("type"), str) else "realtime",
        "transcription_model": _text(transcription.get("model"), MOST_NAME)
        if isinstance(transcription, Mapping)
        else None,
        "turn_detection": _text(detection.get("type") or "None", MOST_NAME)
        if isinstance(detection, Mapping)
        else "none",
    }


def _error_in(event: Mapping[str, Any]) -> ErrorEvent | None:
    kind = event.get("type")
    if kind == "error" or (isinstance(kind, str) and kind.endswith("input_audio_transcription.failed")):
        return error_of(event.get("error"))
    response = event.get("response")
    if kind == "response.done" and isinstance(response, Mapping) and response.get("status") == "failed":
        details = response.get("status_details")
        return error_of(details.get("error") if isinstance(details, Mapping) else None)
    return None


def _sent(exchange: Exchange) -> tuple[tuple[str, ...], int]:
    """The client events in order (repeats of the same left out) and the milliseconds of audio in them."""
    types: list[str] = []
    ms, per_ms = 0.0, PCM16_PER_MS
    for frame in exchange.frames:
        if frame.direction != "client":
            continue
        event = parse_event(frame.text) or {}
        name = _name(frame, event)
        if not types or types[-1] != name:
            types.append(name)
        per_ms = bytes_per_ms(event) or per_ms
        ms += (frame.audio_bytes or audio_bytes_in(event)) / per_ms
    return tuple(types), int(ms)

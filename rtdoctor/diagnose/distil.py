"""From an Exchange to its Outcome: only what decides is kept, nothing is judged."""

from collections.abc import Mapping
from itertools import groupby, islice
from typing import Any

from rtdoctor.diagnose.answered import answered_by
from rtdoctor.model.event import parse_event, why_no_event
from rtdoctor.model.exchange import Answer, Exchange, Frame
from rtdoctor.model.outcome import ErrorEvent, Outcome

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
    )
)
_BODY_SHOWN = 2_000
# What a hostile server can put into an outcome is bounded.
_MOST_TYPES, _MOST_ERRORS = 500, 20
# In characters: of the name of a type, model, code, parameter or subprotocol; of a header; of an error's message.
_MOST_NAME, _MOST_HEADER, _MOST_TEXT = 120, 1_000, 4_000
_MOST_TRANSCRIPT = 50_000


def distil(exchange: Exchange, *, rest: bool = False) -> Outcome:
    """The outcome of a socket attempt, or with `rest` of a REST request."""
    fault, answer = exchange.fault, exchange.answer
    told: dict[str, Any] = {"asked": exchange.request, "unmet": exchange.unmet}
    if fault:
        told |= {
            "fault": fault.kind,
            "fault_layer": fault.layer,
            "fault_text": fault.text,
            "fault_details": fault.details,
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
        "http_error": _error_of_body(body),
        "http_body": body[:_BODY_SHOWN],
        "http_headers": tuple(
            (name, value[:_MOST_HEADER]) for name, value in answer.headers if name.lower() in _KEPT_HEADERS
        ),
        "answered_by": answered_by(answer),
        "handshake_ms": round(answer.ms, 1),
    }


def _error_of_body(body: str) -> ErrorEvent | None:
    parsed = parse_event(body)
    return error_of(parsed.get("error")) if parsed and parsed.get("error") else None


def error_of(value: Any) -> ErrorEvent:
    """The error object of an event or body; servers that put a bare text there are understood too (vLLM)."""
    if not isinstance(value, Mapping):
        return ErrorEvent(message=str(value)[:_MOST_TEXT])
    return ErrorEvent(
        type=_cut(value.get("type")) or "",
        code=_cut(value.get("code")),
        message=_cut(value.get("message"), _MOST_TEXT) or "",
        param=_cut(value.get("param")),
    )


def _cut(value: Any, most: int = _MOST_NAME) -> str | None:
    return None if value is None else str(value)[:most]


def _of_session(exchange: Exchange) -> dict[str, Any]:
    received = [frame for frame in exchange.frames if frame.direction == "server"]
    events = [(frame, parse_event(frame.text) or {}) for frame in received]
    types = tuple(_name(frame, event) for frame, event in events)
    session = _session_state(event for _, event in events)
    sent, audio_ms = _sent(exchange)
    close = exchange.close
    completed = [event for _, event in events if str(event.get("type", "")).endswith("transcription.completed")]
    return {
        "stage": _stage(types, session, bool(completed)),
        "subprotocol": _cut(exchange.subprotocol),
        "first_event": types[0] if types else None,
        "first_event_ms": round(received[0].at * 1000, 1) if received else None,
        "session_type": session.get("type"),
        "errors": tuple(islice((found for _, event in events if (found := _error_in(event))), _MOST_ERRORS)),
        "close_code": close.code if close and close.by == "server" else None,
        "close_reason": close.reason[:_MOST_TEXT] if close and close.by == "server" else "",
        "closed_by": close.by if close else None,
        "open": exchange.alive and not (close and close.by == "server"),
        "events": _told_once(types),
        "sent": sent,
        "updated": "session.updated" in types,
        "transcription_model": session.get("transcription_model"),
        "turn_detection": session.get("turn_detection"),
        "audio_ms": audio_ms,
        "committed": "input_audio_buffer.committed" in types,
        "transcript": " ".join(str(event.get("transcript") or "").strip() for event in completed)[:_MOST_TRANSCRIPT]
        if completed
        else None,
        "unreadable": next((why_no_event(f.text) for f, e in events if f.text and _name(f, e) == "(no event)"), ""),
        "truncated": exchange.truncated,
        "received": len(received),
    }


def _told_once(types: tuple[str, ...]) -> tuple[str, ...]:
    """The types in their order without repeats in a row, and bounded: a flood is told by its kinds."""
    return tuple(name for name, _ in groupby(types))[:_MOST_TYPES]


def _name(frame: Frame, event: Mapping[str, Any]) -> str:
    if frame.kind == "binary":
        return "(binary frame)"
    kind = event.get("type")
    return kind[:_MOST_NAME] if isinstance(kind, str) else "(no event)"


def _stage(types: tuple[str, ...], session: Mapping[str, Any], transcribed: bool) -> str:
    if transcribed:
        return "transcript"
    if session:
        return "session"
    return "first-event" if types else "upgrade"


def _session_state(events: Any) -> dict[str, Any]:
    """The last session that the server told of: type, transcription model, turn detection (`none` for null)."""
    state: dict[str, Any] = {}
    for event in events:
        session = event.get("session")
        if event.get("type") not in ("session.created", "session.updated") or not isinstance(session, Mapping):
            continue
        audio = session.get("audio")
        given = audio.get("input") if isinstance(audio, Mapping) else None
        given = given if isinstance(given, Mapping) else {}
        transcription, detection = given.get("transcription"), given.get("turn_detection")
        state = {
            "type": session["type"][:_MOST_NAME] if isinstance(session.get("type"), str) else "realtime",
            "transcription_model": _cut(transcription.get("model")) if isinstance(transcription, Mapping) else None,
            "turn_detection": str(detection.get("type"))[:_MOST_NAME] if isinstance(detection, Mapping) else "none",
        }
    return state


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
    audio_bytes = 0
    for frame in exchange.frames:
        if frame.direction != "client":
            continue
        event = parse_event(frame.text) or {}
        name = _name(frame, event)
        if not types or types[-1] != name:
            types.append(name)
        if name == "input_audio_buffer.append" and isinstance(event.get("audio"), str):
            audio_bytes += len(event["audio"]) * 3 // 4
    return tuple(types), audio_bytes // 48  # 24 kHz of 16 bit: 48 bytes a millisecond

"""The same conversation comes to the same cause by whatever door it comes: as an exchange, a recording, a HAR, pasted
JSON, a log of a WebSocket library."""

import io
import json

import pytest

from rtdoctor.diagnose.distil import distil
from rtdoctor.diagnose.referee import weigh
from rtdoctor.diagnose.text.findings import explain
from rtdoctor.engine.validate import validate_file
from rtdoctor.model.exchange import Answer, Close, Exchange, Frame, Request

SESSION = {
    "type": "transcription",
    "object": "realtime.transcription_session",
    "id": "sess_1",
    "expires_at": 1789728574,
    "audio": {"input": {"format": {"type": "audio/pcm", "rate": 24000}, "transcription": None}},
}
CREATED = {"type": "session.created", "event_id": "event_0", "session": SESSION}
UPDATED = {"type": "session.updated", "event_id": "event_2", "session": SESSION}
FAILED = {
    "type": "conversation.item.input_audio_transcription.failed",
    "event_id": "event_3",
    "item_id": "item_1",
    "content_index": 0,
    "error": {"type": "transcription_error", "code": "audio_unintelligible", "message": "no", "param": None},
}
BASE = "invalid_request_error"


def error(code, message, kind=BASE):
    told = {"type": kind, "code": code, "message": message, "param": None, "event_id": None}
    return {"type": "error", "event_id": "event_1", "error": told}


# A cause, the events, and how the server closes.
EXCHANGES = [
    ("auth.invalid", [error("invalid_api_key", "Incorrect API key provided: x.")], (3000, f"{BASE}.invalid_api_key")),
    ("auth.missing", [error(None, "Missing bearer or basic authentication in header")], (3000, BASE)),
    (
        "session.beta-retired",
        [error("beta_api_shape_disabled", "The Realtime Beta API is no longer supported.")],
        (4000, f"{BASE}.beta_api_shape_disabled"),
    ),
    (
        "session.model-missing",
        [error("missing_model", "You must provide a model parameter.")],
        (4000, f"{BASE}.missing_model"),
    ),
    (
        "session.model-wrong-mode",
        [error("invalid_model", 'Model "whisper-1" is a transcription model and cannot be used as the session model.')],
        (4000, f"{BASE}.invalid_model"),
    ),
    (
        "session.model-unknown",
        [error("invalid_model", 'Model "x" is not supported in realtime mode.')],
        (4000, f"{BASE}.invalid_model"),
    ),
    (
        "session.model-retired",
        [error("model_not_found", "The model does not exist")],
        (4004, f"{BASE}.model_not_found"),
    ),
    (
        "limits.quota",
        [error("credit_balance_exhausted", "You have no credits remaining.", "insufficient_quota")],
        (1013, "insufficient_quota.credit_balance_exhausted"),
    ),
    ("limits.quota", [CREATED], (1013, "insufficient_quota.credit_balance_exhausted")),
    ("session.expired", [CREATED, error("session_expired", "Your session hit its maximum duration.")], (1001, "")),
    ("session.parameter", [CREATED, error("unknown_parameter", "Unknown parameter: 'session.x'.")], None),
    ("session.beta-field", [CREATED, error("unknown_parameter", "Unknown parameter: 'session.turn_detection'.")], None),
    (
        "session.type-mismatch",
        [CREATED, error("missing_parameter", "Missing required parameter: 'session.type'.")],
        None,
    ),
    ("session.malformed-event", [CREATED, error("invalid_json", "Invalid event: failed to parse JSON value.")], None),
    ("audio.buffer-empty", [CREATED, error("input_audio_buffer_commit_empty", "buffer too small.")], None),
    ("audio.transcription-failed", [CREATED, FAILED], None),
    ("limits.rate", [CREATED, error("rate_limit_exceeded", "Rate limit reached for x", "rate_limit_error")], None),
    ("session.server-error", [CREATED, error(None, "The server had an error while processing.", "server_error")], None),
    ("close.server", [CREATED], (1011, "internal error")),
    ("close.policy", [CREATED], (1008, "policy")),
    (None, [CREATED, UPDATED], None),
]


def exchange(events, close):
    frames = tuple(Frame(0.01 * n, "server", "text", json.dumps(event), 9) for n, event in enumerate(events))
    ended = close and Close(*close, "server", 1.0)
    return Exchange(Request("", ""), Answer(101, "", (), b"", 1.0), frames=frames, close=ended, alive=close is None)


def recording(events, close):
    lines = [{"dir": "server", "event": event} for event in events]
    lines += [{"dir": "close", "event": {"code": close[0], "reason": close[1]}}] if close else []
    return "\n".join(map(json.dumps, lines))


def har(events, close):
    messages = [{"type": "receive", "time": 1.5, "opcode": 1, "data": json.dumps(event)} for event in events]
    if close:
        payload = close[0].to_bytes(2, "big").decode("latin-1") + close[1]
        messages.append({"type": "receive", "time": 2.5, "opcode": 8, "data": payload})
    return json.dumps({"log": {"entries": [{"_webSocketMessages": messages}]}})


def log(events, close):
    lines = [f"2026-09-18 10:00:00 DEBUG < TEXT '{json.dumps(event)}' [99 bytes]" for event in events]
    lines += [f"2026-09-18 10:00:01 DEBUG < CLOSE {close[0]} (private use) {close[1]} [9 bytes]"] if close else []
    return "\n".join(lines)


def validated(text):
    (connection,) = validate_file("x", io.BytesIO(text.encode())).connections
    return connection.finding and connection.finding.cause


def explained(text):
    found = explain([text]).findings
    return found[0].cause if found else None


DOORS = {
    "an exchange": lambda events, close: weigh(distil(exchange(events, close))).cause,
    "a recording that is validated": lambda events, close: validated(recording(events, close)),
    "a HAR that is validated": lambda events, close: validated(har(events, close)),
    "a recording that is pasted": lambda events, close: explained(recording(events, close)),
    "a log that is pasted": lambda events, close: explained(log(events, close)),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(("cause", "events", "close"), EXCHANGES, ids=[f"{n}-{e[0]}" for n, e in enumerate(EXCHANGES)])
def test_every_door_leads_to_the_same_cause(door, cause, events, close):
    assert DOORS[door](events, close) == cause

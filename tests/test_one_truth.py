"""The same conversation comes to the same facts and the same cause by whatever door it comes: live from a raw server,
as an exchange, a recording, a HAR, pasted JSON, a log of a WebSocket library."""

import asyncio
import io
import json

import pytest

from rtdoctor.diagnose.distil import distil, distil_recorded
from rtdoctor.diagnose.referee import weigh
from rtdoctor.diagnose.text.findings import explain
from rtdoctor.engine.attempt import attempt
from rtdoctor.engine.credential import outgoing
from rtdoctor.engine.validate import validate_file
from rtdoctor.model.exchange import Answer, Close, Exchange, Frame, Request
from rtdoctor.model.scenario import WantedHandshake
from tests.conftest import bench_on
from tests.hostile.frames import TEXT, frame
from tests.hostile.http import accepted, refusing, upgrading
from tests.hostile.servers import hold

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
    asked = Request("", "", auth=("header",), credential="key")
    return Exchange(asked, Answer(101, "", (), b"", 1.0), frames=frames, close=ended, alive=close is None)


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


# What of an outcome a recording can tell, too: times and the handshake it cannot.
CLOSE = 8  # opcode
DECIDING = (
    *("first_event", "session_type", "errors", "close_code", "close_reason", "events", "updated", "committed"),
    *("transcription_model", "turn_detection", "transcript", "received", "unreadable"),
)


def live(events, close):
    """What is made of it when a raw server says so after the upgrade."""

    async def shake(request, reader, writer):
        said = b"".join(frame(TEXT, json.dumps(event).encode()) for event in events)
        ended = frame(CLOSE, close[0].to_bytes(2, "big") + close[1].encode()) if close else b""
        writer.write(accepted(request) + said + ended)
        await hold(reader, writer)

    async def meet(base):
        async with bench_on(base, profile="compatible", timeout=0.3) as bench:
            out = outgoing(bench.choice, WantedHandshake(query={"intent": "transcription"}), bench.choice.key)
            return distil(await attempt(bench, out, ()))

    # The server answers no ping, which is what the end of a session waits for.
    with upgrading(shake) as met, pytest.MonkeyPatch.context() as patch:
        patch.setattr("rtdoctor.engine.attempt.SETTLE", 0.2)
        return asyncio.run(meet(met.base))


def recorded(text, monkeypatch):
    """What `validate` makes of a recording."""
    made = []
    monkeypatch.setattr(
        "rtdoctor.diagnose.recorded.distil_recorded", lambda *a: made.append(distil_recorded(*a)) or made[-1]
    )
    validate_file("x", io.BytesIO(text.encode()))
    return made[-1]


@pytest.mark.parametrize(("cause", "events", "close"), EXCHANGES, ids=[f"{n}-{e[0]}" for n, e in enumerate(EXCHANGES)])
def test_a_live_server_a_recording_and_a_har_come_to_the_same_facts(cause, events, close, monkeypatch):
    due = distil(exchange(events, close))
    met = live(events, close)
    for made in (met, recorded(recording(events, close), monkeypatch), recorded(har(events, close), monkeypatch)):
        assert {name: getattr(made, name) for name in DECIDING} == {name: getattr(due, name) for name in DECIDING}
    assert weigh(met).cause == cause


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(("cause", "events", "close"), EXCHANGES, ids=[f"{n}-{e[0]}" for n, e in enumerate(EXCHANGES)])
def test_every_door_leads_to_the_same_cause(door, cause, events, close):
    assert DOORS[door](events, close) == cause


# --- refusals before the upgrade: live, and pasted as curl prints them ------------------------------------------------
REFUSALS = [
    ("refused.path", "/realtime/transcription_sessions", "403 Forbidden", "", ()),
    ("refused.not-routed", "/realtime", "403 Forbidden", "", ()),
    ("refused.unauthorized", "/realtime", "401 Unauthorized", "", ()),
    ("refused.forbidden", "/realtime", "403 Forbidden", '{"error": {"code": "ip_not_authorized", "message": "x"}}', ()),
    ("refused.edge-block", "/realtime", "403 Forbidden", "<title>Attention Required! | Cloudflare</title>", ()),
    ("refused.rate-limited", "/realtime", "429 Too Many Requests", "", ("Retry-After: 3",)),
    ("limits.quota", "/realtime", "429 Too Many Requests", '{"error": {"code": "insufficient_quota"}}', ()),
    ("refused.server-error", "/realtime", "502 Bad Gateway", "", ()),
    ("network.redirected", "/realtime", "302 Found", "", ("Location: https://login.example/",)),
    ("refused.region", "/realtime", "403 Forbidden", '{"error": {"code": "unsupported_country_region_territory"}}', ()),
    ("limits.size", "/realtime", "431 Request Header Fields Too Large", "", ()),
    ("network.proxy-auth", "/realtime", "407 Proxy Authentication Required", "", ()),
]


@pytest.mark.parametrize(("cause", "path", "status", "body", "headers"), REFUSALS, ids=[r[0] for r in REFUSALS])
def test_a_refusal_has_one_cause_live_and_pasted(cause, path, status, body, headers):
    kind = "Content-Type: application/json" if body.startswith("{") else "Content-Type: text/html"

    async def meet(base):
        async with bench_on(base, profile="compatible", timeout=0.5) as bench:
            out = outgoing(bench.choice, WantedHandshake(path=path, query={"model": "m"}), bench.choice.key)
            return distil(await attempt(bench, out, ()))

    with upgrading(refusing(status, body, kind, *headers)) as met:
        assert weigh(asyncio.run(meet(met.base))).cause == cause
        asked = f"GET {path.replace('/realtime', '/v1/realtime', 1)}?model=m HTTP/1.1\nHost: gateway.example\n\n"
    pasted = "\n".join((f"HTTP/1.1 {status}", kind, *headers, f"Content-Length: {len(body)}", "", body))
    assert explained(asked + pasted) == cause

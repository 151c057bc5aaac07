"""The mock against the rows of the observed protocol (shared notes, parts 0 to 5), by their numbers.

Each row is held by a test below, or stands in `ELSEWHERE` with what holds it, or in `NOT_HELD` with the reason. The
last test compares with the notes where they are there, so that no row is forgotten.
"""

import asyncio
import base64
import json
import re
import socket as sockets
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import soundfile

from rtdoctor.data import folder
from rtdoctor.mock import line
from rtdoctor.mock.server import MockServer
from rtdoctor.model.clock import SteppedClock
from tests.conftest import KEY
from tests.mock.test_mock import AUTH, events

FOUND = [place / "shared" / "protocol.md" for place in Path(__file__).parents]
NOTES = next(filter(Path.exists, FOUND), FOUND[0])
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"
WRONG = {"Authorization": "Bearer sk-proj-0123456789abcdefueba"}
MANUAL = {"turn_detection": None}
GROUP = {"turn_detection": None, "transcription": {"model": "gpt-4o-mini-transcribe"}}


@asynccontextmanager
async def running(**more):
    async with MockServer({KEY}, poor_keys={"sk-poor"}, **more) as mock, aiohttp.ClientSession() as http:
        yield mock, http


async def first(query, headers=AUTH, sent=(), path="/realtime", **more):
    """The first event, the events after what was sent, and the close."""
    async with running(**more) as (mock, http):
        async with http.ws_connect(mock.base_url + path + query, headers=headers) as ws:
            heard = [json.loads((await ws.receive()).data)]
            for event in sent:
                await (ws.send_str(event) if isinstance(event, str) else ws.send_json(event))
                heard.append(await ws.receive_json())
            if not sent and heard[0]["type"] == "error":
                message = await ws.receive()
                return heard, (message.data, message.extra)
            return heard, None


REFUSED = {  # row: query, headers, code of the error, close code, close reason
    "1.13": ("", AUTH, "missing_model", 4000, "invalid_request_error.missing_model"),
    "1.14": ("?model=gpt-4o-transcribe", AUTH, "invalid_model", 4000, "invalid_request_error.invalid_model"),
    "1.15": ("?model=whisper-1", AUTH, "invalid_model", 4000, "invalid_request_error.invalid_model"),
    "1.20": ("?model=gpt-nope", AUTH, "invalid_model", 4000, "invalid_request_error.invalid_model"),
    "1.21": ("?model=gpt-live-1", AUTH, "invalid_model", 4000, "invalid_request_error.invalid_model"),
    "1.27": ("?model=gpt-4o-realtime-preview", AUTH, "model_not_found", 4004, "invalid_request_error.model_not_found"),
    "2.2": ("?intent=transcription", WRONG, "invalid_api_key", 3000, "invalid_request_error.invalid_api_key"),
    "2.3": ("?intent=transcription", {}, None, 3000, "invalid_request_error"),
    "2.4": (f"?intent=transcription&Authorization=Bearer%20{KEY}", {}, None, 3000, "invalid_request_error"),
    "2.19": (
        "?intent=transcription",
        {"Authorization": "Bearer sk-poor"},
        "credit_balance_exhausted",
        1013,
        "insufficient_quota.credit_balance_exhausted",
    ),
    "3.1": (
        "?intent=transcription",
        AUTH | {"OpenAI-Beta": "realtime=v1"},
        "beta_api_shape_disabled",
        4000,
        "invalid_request_error.beta_api_shape_disabled",
    ),
}
STATUS = {  # row: path, headers, HTTP status in place of the 101
    "1.22": ("/realtime?call_id=rtc_nobody", AUTH, 404),
    "1.24": ("/realtime/transcription_sessions", AUTH, 403),
    "1.30": ("/realtime?intent=transcription", {"Authorization": f"Bearer {JWT}"}, 500),
    "1.37": ("/responses", {}, 401),
}


def audio(**given):
    return {"type": "session.update", "session": {"type": "transcription", "audio": {"input": given}}}


def hints(model, **given):
    return audio(**MANUAL, transcription={"model": model, **given})


RECOVERABLE = {  # row: query, what is sent, code, param
    "3.7": ("?intent=transcription", {"type": "transcription_session.update"}, "invalid_value", "type"),
    "3.8": ("?model=gpt-realtime", {"type": "session.update", "session": {}}, "missing_required_parameter", None),
    "3.9": ("?model=gpt-realtime", audio(**MANUAL), "invalid_parameter", "session.type"),
    "3.10": (
        "?model=gpt-realtime",
        {"type": "session.update", "session": {"type": "realtime", "voice": "alloy"}},
        "unknown_parameter",
        "session.voice",
    ),
    "3.16": (
        "?model=gpt-realtime",
        {"type": "session.update", "session": {"type": "realtime", "model": "gpt-realtime-2.1"}},
        "invalid_parameter",
        "session.model",
    ),
    "5.1": (
        "?intent=transcription",
        audio(format={"type": "audio/pcm", "rate": 16000}),
        "integer_below_min_value",
        "session.audio.input.format.rate",
    ),
    "5.3": (
        "?intent=transcription",
        audio(format={"type": "audio/pcm"}),
        "missing_required_parameter",
        "session.audio.input.format.rate",
    ),
    "5.5": ("?intent=transcription", {"type": "input_audio_buffer.append", "audio": "###"}, "invalid_value", "audio"),
    "5.7": ("?intent=transcription", "{", "invalid_json", None),
    "5.8": (
        "?model=gpt-realtime",
        {"type": "session.update", "session": {"type": "realtime", "bogus_field": 1}},
        "unknown_parameter",
        "session.bogus_field",
    ),
    "5.9": (
        "?intent=transcription",
        {"type": "input_audio_buffer.commit"},
        "input_audio_buffer_commit_empty",
        None,
    ),
    "5.10": (
        "?intent=transcription",
        audio(turn_detection={"type": "server_vad"}, transcription={"model": "gpt-realtime-whisper"}),
        "invalid_value",
        "session.audio.input.turn_detection",
    ),
    "5.13": (
        "?intent=transcription",
        hints("gpt-4o-transcribe", prompt="x" * 6342),
        "string_above_max_length",
        "session.audio.input.transcription.prompt",
    ),
    "5.14": (
        "?intent=transcription",
        hints("gpt-realtime-whisper", prompt="names"),
        "invalid_value",
        "session.audio.input.transcription.prompt",
    ),
    "5.15": (
        "?intent=transcription",
        audio(**MANUAL, transcription={"language": "en"}),
        "missing_required_parameter",
        "session.audio.input.transcription.model",
    ),
    "5.21": (
        "?model=gpt-realtime",
        {"type": "session.update", "instructions": "x"},
        "missing_required_parameter",
        "session",
    ),
}


@pytest.mark.parametrize("row", REFUSED)
async def test_a_fatal_refusal_is_an_event_and_a_close(row):
    query, headers, code, close, reason = REFUSED[row]
    [event], closed = await first(query, headers)
    assert (event["type"], event["error"]["code"]) == ("error", code)
    assert closed == (close, reason)


@pytest.mark.parametrize("row", STATUS)
async def test_some_are_refused_before_the_upgrade(row):
    path, headers, status = STATUS[row]
    async with running() as (mock, http):
        with pytest.raises(aiohttp.WSServerHandshakeError) as told:
            await http.ws_connect(mock.base_url + path, headers=headers)
    assert told.value.status == status


@pytest.mark.parametrize("row", RECOVERABLE)
async def test_a_recoverable_error_names_its_event_and_leaves_the_session_open(row):
    query, sent, code, param = RECOVERABLE[row]
    marked = sent if isinstance(sent, str) else sent | {"event_id": "mine"}
    [_, event, after], _ = await first(query, sent=[marked, {"type": "input_audio_buffer.clear"}])
    error = event["error"]
    assert (error["code"], param is None or error["param"]) == (code, True if param is None else param)
    assert error["event_id"] == (None if isinstance(sent, str) else "mine")  # 5.19
    assert after["type"] == "input_audio_buffer.cleared"  # 0.7


@pytest.mark.skipif(not hasattr(sockets, "TCP_CORK"), reason="the system cannot hold a packet back")
async def test_0_1_the_error_and_the_close_come_in_one_packet():
    shake = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    shake += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    async with running() as (mock, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", mock.port)
        writer.write(f"GET /v1/realtime HTTP/1.1\r\nHost: x\r\n{shake}".encode())
        async with asyncio.timeout(5):
            await reader.readuntil(b"\r\n\r\n")
            packet = await reader.read(4096)
        writer.close()
    assert packet.startswith(b"\x81")
    assert packet.endswith(b"\x88\x17\x0b\xb8invalid_request_error")


@pytest.mark.parametrize("headers", [AUTH, WRONG], ids=["good key", "bad key"])
async def test_0_5_the_edge_sends_the_same_headers_for_every_key(headers):
    async with running(edge=True) as (mock, http):
        async with http.ws_connect(mock.base_url + "/realtime?intent=transcription", headers=headers) as ws:
            told = ws._response.headers
    assert (told["Server"], told["x-openai-proxy-wasm"], told["cf-cache-status"]) == ("cloudflare", "v0.1", "DYNAMIC")
    assert "CF-RAY" in told
    assert told["Set-Cookie"].startswith("__cf_bm=")
    assert "x-request-id" not in told


async def test_0_9_the_echo_of_a_key_is_masked_but_for_its_ends():
    [event], _ = await first("?intent=transcription", WRONG)
    assert "sk-proj-****ueba" in event["error"]["message"]
    [event], _ = await first("?intent=transcription", {"Authorization": "Bearer sk-short-key"})
    assert "short" not in event["error"]["message"]


async def test_1_1_and_0_4_a_session_speaks_first():
    [event], _ = await first("?intent=transcription")
    given = event["session"]
    assert (event["type"], given["type"], given["object"]) == (
        "session.created",
        "transcription",
        "realtime.transcription_session",
    )
    assert given["audio"]["input"]["transcription"] is None


async def test_1_17_a_model_beside_the_intent_fails_at_the_update():
    async with running() as (mock, http):
        url = mock.base_url + "/realtime?intent=transcription&model=gpt-4o-transcribe"
        async with http.ws_connect(url, headers=AUTH) as ws:
            assert (await ws.receive_json())["type"] == "session.created"
            await ws.send_json(audio(**GROUP))
            assert (await ws.receive_json())["error"]["code"] == "invalid_model"
            assert (await ws.receive()).data == 4000


async def test_1_28_and_1_29_a_model_without_entitlement_fails_in_response_done():
    async with running(faults={"responds": "response-unentitled"}) as (mock, http):
        async with http.ws_connect(mock.base_url + "/realtime?model=gpt-realtime", headers=AUTH) as ws:
            await ws.receive_json()
            await ws.send_json({"type": "response.create"})
            done = (await events(ws, {"response.done"}))[-1]["response"]
    assert (done["status"], done["status_details"]["error"]["code"]) == ("failed", "model_not_found")


@pytest.mark.parametrize(
    ("row", "body", "word"),
    [
        (
            "1.35",
            {"session": {"type": "transcription", "audio": {"input": {"format": "pcm16"}}}},
            "session.audio.input.format",
        ),
        (
            "1.36",
            {"session": hints("gpt-realtime-whisper", prompt="x")["session"]},
            "session.audio.input.transcription.prompt",
        ),
        ("2.15", {"client_secret": {"expires_at": 5}}, "client_secret.expires_at"),
    ],
)
async def test_a_bad_body_mints_no_secret(row, body, word):
    async with running() as (mock, http):
        url = mock.base_url + "/realtime/client_secrets"
        async with http.post(url, json=body, headers=AUTH) as answer:
            assert (answer.status, (await answer.json())["error"]["param"]) == (400, word)


async def test_4_1_a_session_ends_by_itself():
    async with running(seconds=0.02) as (mock, http):
        async with http.ws_connect(mock.base_url + "/realtime?intent=transcription", headers=AUTH) as ws:
            await ws.receive_json()
            assert (await ws.receive_json())["error"]["code"] == "session_expired"
            assert (await ws.receive()).data == 1001


async def test_4_2_a_ping_has_four_bytes(monkeypatch):
    monkeypatch.setattr(line, "PING_SECONDS", 0.02)
    async with running() as (mock, http):
        url = mock.base_url + "/realtime?intent=transcription"
        async with http.ws_connect(url, headers=AUTH, autoping=False) as ws:
            await ws.receive_json()
            message = await ws.receive()
            assert (message.type, len(message.data)) == (aiohttp.WSMsgType.PING, 4)
            assert (await ws.receive()).type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)  # it never ponged


async def test_5_6_a_binary_frame_is_an_error():
    async with running() as (mock, http):
        async with http.ws_connect(mock.base_url + "/realtime?intent=transcription", headers=AUTH) as ws:
            await ws.receive_json()
            await ws.send_bytes(b"x")
            assert (await ws.receive_json())["error"]["code"] == "invalid_event"


@pytest.mark.parametrize(("model", "early"), [("gpt-realtime-whisper", True), ("gpt-4o-transcribe", False)])
async def test_5_12_only_some_models_tell_words_before_the_commit(model, early):
    pcm = soundfile.read(folder("fixtures") / "audio" / "speech-24k.wav", dtype="int16")[0].tobytes()
    async with running() as (mock, http):
        async with http.ws_connect(mock.base_url + "/realtime?intent=transcription", headers=AUTH) as ws:
            await ws.receive_json()
            await ws.send_json(hints(model))
            for start in range(0, len(pcm), 48_000):
                sound = base64.b64encode(pcm[start : start + 48_000]).decode()
                await ws.send_json({"type": "input_audio_buffer.append", "audio": sound})
            await ws.send_json({"type": "input_audio_buffer.commit"})
            seen = await events(ws, {"conversation.item.input_audio_transcription.completed"})
    order = [event["type"] for event in seen]
    delta = "conversation.item.input_audio_transcription.delta"
    assert (order.index(delta) < order.index("input_audio_buffer.committed")) is early
    assert "".join(event["delta"] for event in seen if event["type"] == delta) == " " + seen[-1]["transcript"]
    assert len({event["item_id"] for event in seen if "item_id" in event}) == 1


async def test_5_18_rate_limits_follow_a_response():
    async with running(clock=SteppedClock()) as (mock, http):
        async with http.ws_connect(mock.base_url + "/realtime?model=gpt-realtime", headers=AUTH) as ws:
            await ws.receive_json()
            await ws.send_json({"type": "response.create"})
            seen = await events(ws, {"rate_limits.updated"})
    assert [event["type"] for event in seen[-2:]] == ["response.done", "rate_limits.updated"]


async def test_5_20_a_voice_stays_once_it_was_heard():
    voice = {"type": "session.update", "session": {"type": "realtime", "audio": {"output": {"voice": "marin"}}}}
    async with running() as (mock, http):
        async with http.ws_connect(mock.base_url + "/realtime?model=gpt-realtime", headers=AUTH) as ws:
            await ws.receive_json()
            await ws.send_json({"type": "response.create"})
            await events(ws, {"rate_limits.updated"})
            await ws.send_json(voice)
            assert (await ws.receive_json())["error"]["code"] == "cannot_update_voice"


BY_TEST = "0.1 0.4 0.5 0.7 0.9 1.1 1.17 1.28 1.29 1.35 1.36 2.15 4.1 4.2 5.6 5.12 5.18 5.19 5.20"
ELSEWHERE = {
    "tests/mock/test_mock.py": "1.2 1.4 2.1 2.5 2.10 2.11 2.12 1.33 1.34 3.12 3.14 5.2 5.11 5.16",
    "tests/mock/test_calls.py": "1.12 2.9 2.22",
    "tests/mock/test_dialects.py": "1.11",
    "tests/mock/test_faults.py": "1.32 2.23",
    "tests/mock/test_with_openai_sdk.py": "1.5 1.10 2.8",
    "tests/engine (scenarios on the mock)": "0.2 0.3 0.6 1.6 1.7 1.18 1.19 2.6 2.17 2.18 3.2 3.17 4.4 5.4",
    "behaviour.toml, by switch": "5.17 2.20 1.39",
}
NOT_HELD = {
    "history: the server does so no more": "1.3 1.16 1.26 1.38 2.13 2.14 2.16 3.4 3.6 3.11 3.15",
    "a date or a change, and no behaviour": "3.3 3.5 3.13 1.25 2.21",
    "the client's or the network's, not the server's": "1.9 1.31 1.40 2.26 2.29 4.3 4.5 4.6",
    "no HTTP/2, no edge in front": "0.8 2.24 2.25",
    "another endpoint, not yet served": "1.23 2.27",
    "documented parameter without an answer of its own": "1.8 2.7 2.28",
}


def test_every_row_is_held_or_has_a_reason():
    if not NOTES.exists():
        pytest.skip("the notes are not here")
    rows = re.findall(r"^\| ([0-5]\.\d+) \|", NOTES.read_text(encoding="utf-8"), re.MULTILINE)
    named = [BY_TEST, *ELSEWHERE.values(), *NOT_HELD.values()]
    held = [*REFUSED, *STATUS, *RECOVERABLE, *" ".join(named).split()]
    assert sorted(held) == sorted(set(held))
    assert set(rows) == set(held)

"""The mock does what was seen, also for clients that it does not know."""

import asyncio
import base64
import json
from contextlib import asynccontextmanager

import aiohttp
import pytest

from rtdoctor.mock.server import MockServer
from rtdoctor.mock.transcriber import transcribe
from rtdoctor.mock.update import check
from rtdoctor.mock.vad import Detector
from rtdoctor.model.clock import SteppedClock
from rtdoctor.protocol.audio import append_event, chunks
from rtdoctor.protocol.judging import StreamJudge
from rtdoctor.wire.audiofile import read_speech
from tests.conftest import AUDIO, KEY

TEXT = (AUDIO / "speech.txt").read_text().strip()
AUTH = {"Authorization": f"Bearer {KEY}"}


@asynccontextmanager
async def socket(query="?intent=transcription", headers=AUTH, faults=None, clock=None, **more):
    async with MockServer({KEY}, faults=faults, clock=clock) as mock, aiohttp.ClientSession() as http:
        url = mock.base_url + "/realtime" + query
        async with http.ws_connect(url, headers=headers, **more) as ws:
            yield ws


async def events(ws, until, *, most=200):
    found = []
    async with asyncio.timeout(5):
        while len(found) < most:
            event = await ws.receive_json()
            found.append(event)
            if event["type"] in until:
                return found
    raise AssertionError([event["type"] for event in found])


def update(model="gpt-4o-mini-transcribe", detection=None, **given):
    fields = {"transcription": {"model": model}, "turn_detection": detection, **given}
    return {"type": "session.update", "session": {"type": "transcription", "audio": {"input": fields}}}


async def turn(ws, pcm, ms=100):
    for piece in chunks(pcm, ms):
        await ws.send_json(append_event(piece))


async def test_a_manual_turn_comes_in_the_recorded_order():
    async with socket() as ws:
        assert (await ws.receive_json())["session"]["type"] == "transcription"
        await ws.send_json(update())
        assert (await ws.receive_json())["type"] == "session.updated"
        await turn(ws, read_speech(AUDIO / "speech-24k.wav").pcm)
        await ws.send_json({"type": "input_audio_buffer.commit"})
        seen = await events(ws, {"conversation.item.input_audio_transcription.completed"})
    kinds = [event["type"].rsplit("transcription.", 1)[-1] for event in seen]
    words = len(TEXT.split())
    assert kinds == [
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        *["delta"] * words,
        "completed",
    ]
    assert len({event.get("item_id") or event["item"]["id"] for event in seen}) == 1
    assert seen[-1]["transcript"] == TEXT
    assert seen[-1]["usage"]["type"] == "tokens"
    assert "".join(event["delta"] for event in seen[3:-1]).strip() == TEXT
    assert len({event["event_id"] for event in seen}) == len(seen)


@pytest.mark.parametrize("name", ["speech-24k.wav", "speech-16k.wav", "speech-8k-mulaw.wav", "speech-clipped-24k.wav"])
def test_a_fixture_is_recognised_by_its_sound(name):
    assert transcribe(read_speech(AUDIO / name).pcm) == TEXT


@pytest.mark.parametrize("ms", [20, 30, 100])
async def test_chunking_does_not_matter(ms):
    async with socket() as ws:
        await ws.receive_json()
        await ws.send_json(update("whisper-1", {"type": "server_vad"}))
        await ws.receive_json()
        await turn(ws, read_speech(AUDIO / "speech-24k.wav").pcm + bytes(48_000), ms)
        seen = await events(ws, {"conversation.item.input_audio_transcription.completed"})
    assert [event["type"] for event in seen[:3]] == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
    ]
    assert 0 <= seen[0]["audio_start_ms"] < seen[1]["audio_end_ms"] < 6300
    assert seen[-1]["transcript"] == TEXT
    assert seen[-1]["usage"] == {"type": "duration", "seconds": round(5.0)}


def test_unknown_audio_gets_an_honest_placeholder_and_silence_nothing():
    pcm = read_speech(AUDIO / "speech-24k.wav").pcm
    assert transcribe(bytes(48_000)) == ""
    assert "none of its fixtures" in transcribe(pcm[: len(pcm) // 3 * 2 // 2 * 2][::-1])
    assert "none of its fixtures" in transcribe(pcm[:48_000])


def test_the_detector_hears_no_turn_in_silence():
    assert Detector().feed(bytes(480_000)) == []


@pytest.mark.parametrize(
    ("session", "behaviour", "param"),
    [
        (None, "missing-parameter", "session"),
        ({}, "missing-parameter", "session.type"),
        ({"type": "nope"}, "invalid-value", "session.type"),
        ({"type": "transcription", "bogus": 1}, "unknown-parameter", "session.bogus"),
        ({"type": "transcription", "audio": {"output": {}}}, "unknown-parameter", "session.audio.output"),
        (
            {"type": "transcription", "audio": {"input": {"format": "pcm16"}}},
            "invalid-type",
            "session.audio.input.format",
        ),
        (
            {"type": "transcription", "audio": {"input": {"format": {"type": "audio/pcm"}}}},
            "missing-parameter",
            "session.audio.input.format.rate",
        ),
        (
            {"type": "transcription", "audio": {"input": {"transcription": {"language": "en"}}}},
            "missing-parameter",
            "session.audio.input.transcription.model",
        ),
        (
            {"type": "transcription", "audio": {"input": {"transcription": {"model": "m", "prompt": "x" * 1025}}}},
            "prompt-too-long",
            "session.audio.input.transcription.prompt",
        ),
        ({"type": "realtime"}, "type-mismatch", None),
    ],
)
def test_an_update_is_refused_at_its_first_fault(session, behaviour, param):
    bad = check(session, "transcription")
    assert (bad.behaviour, bad.values.get("param")) == (behaviour, param)


async def test_one_bad_field_discards_the_whole_update():
    async with socket() as ws:
        await ws.receive_json()
        await ws.send_json(update(format={"type": "audio/pcm", "rate": 16000}) | {"event_id": "mine"})
        error = (await ws.receive_json())["error"]
        assert (error["code"], error["event_id"]) == ("integer_below_min_value", "mine")
        await ws.send_json(update(noise_reduction={"type": "near_field"}))
        session = (await ws.receive_json())["session"]
    assert session["audio"]["input"]["format"] == {"type": "audio/pcm", "rate": 24000}
    assert session["audio"]["input"]["noise_reduction"] == {"type": "near_field"}


async def test_a_session_ends_at_its_maximum_length():
    clock = SteppedClock()
    async with socket(clock=clock) as ws:
        await ws.receive_json()
        clock.advance(3601)
        await ws.send_json({"type": "input_audio_buffer.clear"})
        assert (await ws.receive_json())["error"]["code"] == "session_expired"
        message = await ws.receive()
    assert (message.data, message.extra) == (1001, "Your session hit the maximum duration of 60 minutes.")


async def test_bad_audio_and_early_messages_do_not_end_the_session():
    async with socket() as ws:
        await ws.send_json({"type": "input_audio_buffer.append", "audio": "###"})
        await ws.send_json({"type": "input_audio_buffer.append", "audio": base64.b64encode(b"abc").decode()})
        await ws.send_str("[]")
        kinds = [(await ws.receive_json())["type"] for _ in range(4)]
    assert kinds == ["session.created", "error", "error", "error"]


async def test_metadata_comes_back_and_a_response_is_in_order():
    async with socket("?model=gpt-realtime-2.1") as ws:
        await ws.receive_json()
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}
        await ws.send_json({"type": "conversation.item.create", "item": item})
        await ws.send_json({"type": "response.create", "response": {"metadata": {"client_event_id": "abc"}}})
        seen = await events(ws, {"response.done"})
    assert seen[-1]["response"]["metadata"] == {"client_event_id": "abc"}
    assert [event["type"] for event in seen[:5]] == [
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
    ]


@pytest.mark.parametrize("modality", ["audio", "text"])
async def test_every_event_of_a_conversation_passes_both_judges(modality):
    async with socket("?model=gpt-realtime-2.1") as ws:
        judge = StreamJudge()
        given = {"transcription": {"model": "gpt-4o-mini-transcribe"}, "turn_detection": {"type": "server_vad"}}
        asked = {"type": "realtime", "output_modalities": [modality], "audio": {"input": given}}
        sent = [
            {"type": "session.update", "session": asked},
            *map(append_event, chunks(read_speech(AUDIO / "speech-24k.wav").pcm + bytes(48_000), 100)),
        ]
        more = {"type": "response.create", "response": {"metadata": {"a": "b"}}}
        found = judge.feed("server", await ws.receive_json())
        for event in sent:
            await ws.send_json(event)
            found += judge.feed("client", event)
        seen = await events(ws, {"rate_limits.updated"})
        for event in seen:
            found += judge.feed("server", event)
        await ws.send_json(more)
        found += judge.feed("client", more)
        later = await events(ws, {"rate_limits.updated"})
        for event in later:
            found += judge.feed("server", event)
        seen += later
        found += judge.finish()
    assert found == []
    assert sum(event["type"] == "response.done" for event in seen) == 2


async def test_the_key_is_never_the_subprotocol_that_is_selected():
    offered = ("realtime", f"openai-insecure-api-key.{KEY}", "openai-agents-sdk.0.20.0")
    async with socket(headers={}, protocols=offered) as ws:
        assert ws.protocol == "realtime"


@pytest.mark.parametrize(
    "event",
    [
        {"type": "response.create", "response": "x"},
        {"type": "response.create", "response": {"output_modalities": 5}},
        {"type": "conversation.item.create", "item": {"type": "message", "id": [1]}},
        {"type": "session.update", "session": {"type": ["realtime"]}},
        {"type": "session.update", "session": {"type": "realtime", "audio": {"input": {"format": {"type": [1]}}}}},
        {"type": ["session.update"]},
    ],
)
async def test_fields_of_any_type_are_an_error_and_not_the_end(event):
    async with socket("?model=gpt-realtime-2.1") as ws:
        await ws.receive_json()
        await ws.send_json(event)
        seen = await events(ws, {"error"})
        assert seen[-1]["error"]["type"] == "invalid_request_error"
        await ws.send_json({"type": "input_audio_buffer.clear"})
        assert await events(ws, {"input_audio_buffer.cleared"})


async def test_rest_lists_models_mints_secrets_and_refuses_the_retired_paths():
    async with MockServer({KEY}) as mock, aiohttp.ClientSession(headers=AUTH) as http:
        async with http.get(mock.base_url + "/models") as answer:
            listed = {entry["id"]: entry for entry in (await answer.json())["data"]}
        assert listed["gpt-4o-transcribe"]["shutdown_date"] == "2027-02-26"
        assert "shutdown_date" not in listed["gpt-realtime-whisper"]
        url = mock.base_url + "/realtime/client_secrets"
        async with http.post(url, json={"session": {"type": "transcription"}}) as answer:
            minted = await answer.json()
        assert minted["value"].startswith("ek_")
        assert minted["session"]["expires_at"] == 0
        assert minted["expires_at"] > 1_700_000_000
        for body in (
            {"expires_after": {"seconds": 5}},
            {"expires_after": "x"},
            {"session": {"type": "transcription", "x": 1}},
            {"session": {"type": ["a"]}},
        ):
            async with http.post(url, json=body) as answer:
                assert answer.status == 400
        for path in ("/realtime/sessions", "/realtime/transcription_sessions", "/realtime"):
            async with http.post(mock.base_url + path, json={}) as answer:
                assert (answer.status, (await answer.json())["error"]["code"]) == (400, "beta_api_shape_disabled")
        async with http.get(
            mock.base_url + "/models", headers={"Authorization": "Bearer sk-wrong-0123456789"}
        ) as answer:
            assert answer.status == 401
            assert "sk-wrong-0123456789" not in await answer.text()


async def test_an_account_without_credit_closes_with_1013():
    async with (
        MockServer({KEY}, poor_keys={"sk-poor"}) as mock,
        aiohttp.ClientSession() as http,
        http.ws_connect(
            mock.base_url + "/realtime?intent=transcription", headers={"Authorization": "Bearer sk-poor"}
        ) as ws,
    ):
        error = json.loads((await ws.receive()).data)["error"]
        message = await ws.receive()
    assert error["code"] == "credit_balance_exhausted"
    assert (message.data, message.extra) == (1013, "insufficient_quota.credit_balance_exhausted")

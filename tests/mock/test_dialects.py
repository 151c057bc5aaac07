"""The mock speaks as other servers do: each dialect is data, dated, and does what was seen."""

import asyncio
import base64
import json
from datetime import date

import aiohttp
import pytest
import soundfile

from rtdoctor.data import folder
from rtdoctor.mock.behaviour import refusals
from rtdoctor.mock.dialect import dialects
from rtdoctor.mock.respond import ANSWER
from rtdoctor.mock.script import read_script
from rtdoctor.mock.server import MockServer
from rtdoctor.protocol.shapes import judge_shape
from tests.conftest import KEY
from tests.mock.test_faults import PLAIN
from tests.mock.test_mock import AUTH

START = {"type": "session.start", "session": {"model": "gpt-live-1", "audio": {"output": {"voice": "marin"}}}}


def test_every_dialect_has_evidence_and_puts_what_the_mock_knows():
    for dialect in dialects().values():
        assert dialect.evidence
        assert date.fromisoformat(dialect.seen) <= date(2026, 11, 30)
        assert dialect.confidence in ("observed", "documented", "inferred")
        assert {*dialect.puts.values(), *dialect.forbids.values()} <= PLAIN | refusals().keys()
        assert dialect.path.startswith(dialect.base + "/")


async def answered(dialect, query="", path=None, headers=AUTH, send=(), most=1):
    """The status and body of a refusal; or what came of these events, and the code of the close."""
    async with MockServer({KEY}, dialect=dialect, pace=0) as mock, aiohttp.ClientSession() as http, asyncio.timeout(5):
        url = mock.base_url.removesuffix(mock.dialect.base) + (path or mock.dialect.path) + query
        try:
            async with http.ws_connect(url, headers=headers) as ws:
                got = []
                for event in send:
                    await ws.send_json(event)
                while len(got) < most and (message := await ws.receive()).type is aiohttp.WSMsgType.TEXT:
                    got.append(json.loads(message.data))
                    if got[-1]["type"] == "response.done":
                        break
                return got, ws.close_code
        except aiohttp.WSServerHandshakeError as refused:
            return refused.status, dict(refused.headers)


@pytest.mark.parametrize("dialect", ["asgi", "litellm"])
@pytest.mark.parametrize(
    ("path", "headers"), [("/v1/realtim", AUTH), (None, {}), (None, {"Authorization": "Bearer sk-nobody-0123456789"})]
)
async def test_an_asgi_server_answers_an_empty_403_without_its_name(dialect, path, headers):
    status, told = await answered(dialect, "?model=gpt-realtime-2.1", path, headers)
    assert status == 403
    assert told == {"Content-Type": "text/plain; charset=utf-8", "Content-Length": "0", "Connection": "close"}


async def test_litellm_takes_api_key_and_breaks_where_its_upstream_refuses_the_model():
    got, _ = await answered("litellm", "?model=gpt-realtime-2.1", headers={"api-key": KEY})
    assert got[0]["type"] == "session.created"
    assert (await answered("litellm", "?model=nope", most=2))[1] == 1011
    got, _ = await answered("openai", "?model=gpt-realtime-2.1", headers={"api-key": KEY})
    assert got[0]["type"] == "error"


async def test_azure_wants_its_path_takes_deployments_and_refuses_before_the_upgrade():
    for headers, query in ((AUTH, ""), ({"api-key": KEY}, ""), ({}, f"&api-key={KEY}")):
        got, _ = await answered("azure", "?model=my-deployment" + query, headers=headers)
        assert (got[0]["type"], got[0]["session"]["model"]) == ("session.created", "my-deployment")
    assert (await answered("azure", "?model=x", headers={"api-key": "nope"}))[0] == 401
    assert (await answered("azure", "?model=x&api-version=2025-04-01", headers={"api-key": KEY}))[0] == 401
    assert (await answered("azure", "?model=x", "/v1/realtime"))[0] == 404
    status, headers = await answered("azure", "?model=gpt-realtime-whisper")
    assert (status, headers["x-ms-region"]) == (400, "Sweden Central")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Sec-WebSocket-Protocol": f"realtime, openai-insecure-api-key.{KEY}"}, 401),
        ({"Authorization": "Bearer sk-nobody-0123456789"}, 401),
        (AUTH | {"Origin": "https://api.openai.com"}, 403),
    ],
)
async def test_gpt_live_refuses_before_the_upgrade(headers, status):
    assert (await answered("live", headers=headers))[0] == status


async def test_gpt_live_is_silent_until_its_session_starts_and_then_strict():
    create = {"type": "conversation.item.create", "event_id": "mine"}
    unknown = {"type": "session.start", "session": {"model": "gpt-live-1", "voice": "marin"}}
    update = {"type": "session.update", "session": {"delegation": None}}
    events = [update, unknown, create, START, START, update, {"type": "session.input_audio.mute"}]
    got, code = await answered("live", send=[*events, {"type": "session.close"}], most=200)
    got = [event for event in got if event["type"] != "session.output_audio.delta"]
    assert [event["type"] for event in got] == [
        *("error", "error", "error", "session.started", "error", "session.updated", "session.input_audio.muted"),
        "session.closed",
    ]
    assert got[1]["error"]["param"] == "session.voice"
    assert (got[2]["error"]["code"], got[2]["error"]["client_event_id"]) == ("invalid_value", "mine")
    assert "'session.start', 'session.update'" in got[2]["error"]["message"]
    assert got[3]["session"]["id"].startswith("live_")
    assert (got[-1]["reason"], got[-1]["session"]["status"], code) == ("close_requested", "active", 1000)


BETA = {"OpenAI-Beta": "realtime=v1"}
BETA_UPDATE = {"modalities": ["text", "audio"], "voice": "alloy", "input_audio_format": "g711_ulaw", "temperature": 0.8}


async def test_the_beta_has_its_own_names_and_fields_in_every_event():
    update = {"type": "session.update", "session": BETA_UPDATE}
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}
    events = [update, {"type": "conversation.item.create", "item": item}, {"type": "response.create"}]
    got, _ = await answered("beta", "?model=gpt-realtime-2.1", headers=AUTH | BETA, send=events, most=200)
    kinds = [event["type"] for event in got]
    assert kinds[:3] == ["session.created", "session.updated", "conversation.item.created"]
    assert {"response.audio.delta", "response.audio_transcript.done", "response.done"} <= set(kinds)
    assert got[1]["session"] | BETA_UPDATE | {"temperature": None} == got[1]["session"] | {"temperature": None}
    wrong = [(event["type"], found.message) for event in got for found in judge_shape(event, "server", era="beta")]
    assert not wrong, "\n".join(map(str, wrong))


async def test_the_beta_has_sessions_of_transcription():
    got, _ = await answered("beta", "?intent=transcription", headers=AUTH | BETA)
    assert got[0]["type"] == "transcription_session.created"


def _speech(rate):
    """The fixture that the mock knows, as appends of 200 ms at that rate."""
    data, own = soundfile.read(folder("fixtures") / "audio" / f"speech-{rate // 1000}k.wav", dtype="int16")
    assert own == rate
    pcm = data.tobytes()
    size = 2 * rate // 5
    return [base64.b64encode(pcm[at : at + size]).decode() for at in range(0, len(pcm), size)]


async def test_vllm_validates_no_model_answers_no_update_and_transcribes_between_two_commits():
    audio = [{"type": "input_audio_buffer.append", "audio": piece} for piece in _speech(16_000)]
    commit, final = {"type": "input_audio_buffer.commit"}, {"type": "input_audio_buffer.commit", "final": True}
    said = [commit, {"type": "x"}, {"type": "session.update"}, {"type": "session.update", "model": "m"}, commit]
    said += [{"type": "input_audio_buffer.append", "audio": ""}, *audio, final]
    text = (folder("fixtures") / "audio" / "speech.txt").read_text("utf-8").strip()
    got, _ = await answered("vllm", "", send=said, most=5 + len(text.split()) + 1)
    assert got[0].keys() == {"type", "id", "created"}
    assert [event.get("code") for event in got[1:5]] == [
        "model_not_validated",
        "unknown_event",
        "processing_error",
        "invalid_audio",
    ]
    assert {event["type"] for event in got[5:-1]} == {"transcription.delta"}
    assert "".join(event["delta"] for event in got[5:-1]) == got[-1]["text"] == text
    assert got[-1]["usage"]["completion_tokens"] == len(text.split())


async def test_vllm_refuses_a_key_before_the_upgrade_and_another_path_as_asgi():
    assert (await answered("vllm", "", headers={"api-key": KEY}))[0] == 401
    assert (await answered("vllm", "", path="/v1/realtime/x"))[0] == 403


async def test_vllm_sets_no_end_and_goes_as_its_server_goes_where_one_is_set():
    async with MockServer({KEY}, dialect="vllm", seconds=0.02) as mock, aiohttp.ClientSession() as http:
        async with http.ws_connect(mock.base_url + "/realtime", headers={"Authorization": f"Bearer {KEY}"}) as ws:
            assert (await ws.receive_json())["type"] == "session.created"
            assert (await ws.receive()).data == 1012


async def test_a_translation_goes_on_until_it_is_closed_and_every_event_has_its_shape():
    session = {"audio": {"output": {"language": "es"}, "input": {"transcription": {"model": "gpt-realtime-whisper"}}}}
    audio = [{"type": "session.input_audio_buffer.append", "audio": piece} for piece in _speech(24_000)]
    update = {"type": "session.update", "session": session}
    got, code = await answered(
        "translation",
        "?model=gpt-realtime-translate",
        send=[update, *audio, {"type": "session.close"}],
        most=200,
    )
    assert code == 1000
    kinds = [event["type"] for event in got]
    assert (kinds[0], kinds[1], kinds[-1]) == ("session.created", "session.updated", "session.closed")
    assert got[1]["session"]["audio"]["output"] == {"language": "es"}
    words = "".join(event["delta"] for event in got if event["type"] == "session.output_transcript.delta")
    assert words == ANSWER
    assert kinds.count("session.output_audio.delta") == len(ANSWER.split())
    heard = [event["delta"] for event in got if event["type"] == "session.input_transcript.delta"]
    assert heard == [(folder("fixtures") / "audio" / "speech.txt").read_text("utf-8").strip()]
    for event in got:
        assert judge_shape(event, "server", era="translation") == []


@pytest.mark.parametrize(
    ("event", "param"),
    [
        ({"type": "session.update", "session": {"type": "translation"}}, "session.type"),
        ({"type": "session.update", "session": {"audio": {"input": {"format": {}}}}}, "session.audio.input.format"),
        ({"type": "session.update"}, "session"),
        ({"type": "response.create"}, "type"),
        ({"type": "session.input_audio_buffer.append", "audio": "*"}, "audio"),
    ],
)
async def test_a_translation_refuses_what_is_of_other_sessions(event, param):
    got, _ = await answered("translation", "?model=gpt-realtime-translate", send=[event], most=2)
    assert (got[1]["type"], got[1]["error"]["param"]) == ("error", param)


@pytest.mark.parametrize(("query", "code"), [("", 4000), ("?model=gpt-realtime-2.1", 4000)])
async def test_a_translation_wants_a_model_of_its_kind(query, code):
    assert (await answered("translation", query, most=2))[1] == code


@pytest.mark.parametrize(("rate", "size"), [(24_000, 9600), (16_000, 6400)])
async def test_gpt_live_sends_audio_without_an_end_and_answers_what_it_hears(rate, size):
    audio = {"format": {"type": "audio/pcm", "rate": rate}}
    start = {"type": "session.start", "session": START["session"] | {"audio": audio}}
    quiet = base64.b64encode(bytes(rate)).decode()
    appends = [{"type": "session.input_audio.append", "audio": piece} for piece in (*_speech(rate), quiet)]
    async with MockServer({KEY}, dialect="live", pace=0) as mock, aiohttp.ClientSession() as http, asyncio.timeout(5):
        async with http.ws_connect(mock.base_url + "/live/sessions", headers=AUTH) as ws:
            for event in (start, *appends):
                await ws.send_json(event)
            got = []
            while "".join(event["delta"] for event in got if "output_transcript" in event["type"]) != ANSWER:
                got.append(await ws.receive_json())
            quiet_before = got[1]
    sounds = [event for event in got if event["type"] == "session.output_audio.delta"]
    assert quiet_before in sounds
    assert {len(base64.b64decode(event["delta"])) for event in sounds} == {size}
    assert all("event_id" not in event for event in sounds)
    heard = [event["delta"] for event in got if event["type"] == "session.input_transcript.delta"]
    assert heard == [(folder("fixtures") / "audio" / "speech.txt").read_text("utf-8").strip()]
    spans = [(event["start_ms"], event["end_ms"]) for event in got if "output_transcript" in event["type"]]
    assert spans == [(at, at + 200) for at in range(spans[0][0], spans[0][0] + 200 * len(spans), 200)]


async def test_gpt_live_plays_a_script_and_takes_no_half_samples():
    script = read_script(
        {
            "script": 1,
            "step": [
                {"expect": "session.start"},
                {"expect": "session.commentary.append", "answer": [{"text": "From a script."}]},
                {"expect": "session.input_audio.append", "answer": [{"close": 4321}]},
            ],
        }
    )
    odd = {"type": "session.input_audio.append", "audio": base64.b64encode(b"abc").decode()}
    async with MockServer({KEY}, dialect="live", pace=0, script=script) as mock, aiohttp.ClientSession() as http:
        async with http.ws_connect(mock.base_url + "/live/sessions", headers=AUTH) as ws, asyncio.timeout(5):
            for event in (START, {"type": "session.commentary.append", "text": "x"}):
                await ws.send_json(event)
            said = ""
            while said != "From a script.":
                event = await ws.receive_json()
                said += event["delta"] if "output_transcript" in event["type"] else ""
            await ws.send_json(odd)
            while (message := await ws.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
            assert message.data == 4321
        assert (mock.stage.failures, mock.stage.unused()) == ([], [])
    got, _ = await answered("live", send=[START, odd], most=3)
    assert "error" in [event["type"] for event in got]

"""Clients that nobody here wrote finish their turns by the mock, through the proxy, and by a replay of their own
recording, alike."""

import asyncio
import base64
import os
import subprocess

import pytest
import soundfile
from openai import AsyncOpenAI, OpenAI

from rtdoctor.cli.server_tls import made_certificate
from rtdoctor.data import folder
from rtdoctor.testing import Cassette, Mock
from tools import grade_clients

MODEL = "gpt-realtime-2.1"
AUDIO = folder("fixtures") / "audio"
TOOL = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def said(turn):
    """The events that a client sends for a turn, the last of which asks for the response."""
    session = {"type": "realtime", "output_modalities": ["text"]}
    text = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "How is it in Paris?"}]}
    if turn == "audio":
        heard = {"turn_detection": None, "transcription": {"model": "gpt-4o-transcribe"}}
        yield {"type": "session.update", "session": {"type": "realtime", "audio": {"input": heard}}}
        pcm = soundfile.read(AUDIO / "speech-24k.wav", dtype="int16")[0].tobytes()
        for start in range(0, len(pcm), 48_000):
            yield {"type": "input_audio_buffer.append", "audio": base64.b64encode(pcm[start : start + 48_000]).decode()}
        yield {"type": "input_audio_buffer.commit"}
    else:
        more = {"tools": [TOOL], "tool_choice": "required"} if turn == "function" else {}
        yield {"type": "session.update", "session": session | more}
        yield {"type": "conversation.item.create", "item": text}
    yield {"type": "response.create"}


class Got:
    """What a client gets of a turn: what it tells at the end, and what is to be sent after it, if anything is."""

    def __init__(self, turn):
        self.turn, self.told, self.over = turn, [], False

    def take(self, event):
        """Take an event; the events to send for it come back."""
        assert event.type != "error", event
        if event.type == "conversation.item.input_audio_transcription.completed":
            self.told.append(event.transcript)
        if event.type == "response.done":
            item = event.response.output[0]
            self.told.append(item.arguments if item.type == "function_call" else item.content[0].type)
            if item.type == "function_call" and len(self.told) == 1:
                output = {"type": "function_call_output", "call_id": item.call_id, "output": "12 degrees"}
                unforced = {"type": "realtime", "tool_choice": "none"}
                return [
                    {"type": "session.update", "session": unforced},
                    {"type": "conversation.item.create", "item": output},
                    {"type": "response.create"},
                ]
        self.over = len(self.told) == (1 if self.turn == "text" else 2)
        return []


def sync_turn(turn, url, key):
    got = Got(turn)
    with OpenAI(base_url=url, api_key=key).realtime.connect(model=MODEL) as connection:
        for event in said(turn):
            connection.send(event)
        for event in connection:
            for answer in got.take(event):
                connection.send(answer)
            if got.over:
                return got.told
    return None


def async_turn(turn, url, key):
    async def run():
        got = Got(turn)
        async with AsyncOpenAI(base_url=url, api_key=key) as client, client.realtime.connect(model=MODEL) as connection:
            for event in said(turn):
                await connection.send(event)
            async for event in connection:
                for answer in got.take(event):
                    await connection.send(answer)
                if got.over:
                    return got.told
        return None

    return asyncio.run(run())


@pytest.mark.heavy
@pytest.mark.parametrize("client", [sync_turn, async_turn])
def test_openai_for_python_finishes_each_turn_by_mock_proxy_and_replay(client, tmp_path):
    words = (AUDIO / "speech.txt").read_text("utf-8").strip()
    wanted = {
        "text": ["output_text"],
        "function": ['{"city":"mock"}', "output_text"],
        "audio": [words, "output_audio"],
    }
    for turn, told in wanted.items():
        tape = tmp_path / f"{turn}.tape"
        with Mock() as mock:
            assert sorted(client(turn, mock.url, mock.key)) == sorted(told)
            with Cassette(tape, record=True, to=mock.url) as proxy:
                assert sorted(client(turn, proxy.url, mock.key)) == sorted(told)
        with Cassette(tape) as cassette:
            assert sorted(client(turn, cassette.url, "sk-any-0123456789")) == sorted(told)


def ran(command, environment):
    """The exit code and the output of a client program."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        env=kept | environment,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return done.returncode, done.stdout.strip(), done.stderr[-1500:] if done.returncode else ""


CLIENTS = grade_clients.clients()
TURNS = [(name, turn) for name, entry in CLIENTS.items() for turn in ("text", *entry.get("turns", ()))]
HEARD = (AUDIO / "speech.txt").read_text("utf-8").strip()
SAYS = {"text": "", "audio": f"heard: {HEARD}", "function": "calls: get_weather"}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """TLS of localhost, and the file of its CA."""
    context, ca = made_certificate("localhost")
    file = tmp_path_factory.mktemp("tls") / "ca.pem"
    file.write_bytes(ca)
    return context, {"NODE_EXTRA_CA_CERTS": str(file), "SSL_CERT_FILE": str(file)}


@pytest.mark.clients
@pytest.mark.parametrize(("name", "turn"), TURNS)
def test_a_real_client_does_by_proxy_and_replay_what_it_does_by_the_mock(name, turn, tmp_path, authority):
    command = grade_clients.command(name)
    if command is None:
        pytest.skip(f"{name} is not installed: python tools/grade_clients.py {name}")
    tls, trusts = authority if CLIENTS[name].get("tls") else (None, {})
    own = trusts | {"TURN": turn, "SPEECH": str(AUDIO / "speech-24k.wav")}
    match, tape = CLIENTS[name].get("match", "order"), tmp_path / "own.tape"
    with Mock(text="Hello from here.") as mock, Cassette(tape, record=True, to=mock.url, tls=tls) as proxy:
        wanted = ran(command, mock.environment | proxy.environment | own)
    assert wanted[0] == 0, wanted
    assert SAYS[turn] in wanted[1]
    with Cassette(tape, tls=tls, match=match) as cassette:
        assert ran(command, cassette.environment | own) == wanted
    if turn == "text":  # what a proxy adds is seen in one turn
        with Mock(text="Hello from here.", tls=tls) as mock:
            assert ran(command, mock.environment | own) == wanted

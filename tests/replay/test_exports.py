"""Other forms of a recording: they hold what it held, and no secret."""

import base64
import io
import json
import wave

import pytest
import soundfile
from typer.testing import CliRunner

from rtdoctor.cli.main import application
from rtdoctor.replay.cassette import read_cassette
from rtdoctor.replay.exports import har, markdown, speech
from tests.replay.test_replay import ASK, SWITCH, client, server, tape

KEY = "sk-proj-Ab12Cd34Ef56Gh78Ij90Kl12"
PCM = bytes(range(256)) * 20
AUDIO = base64.b64encode(PCM).decode()
LINES = (
    ASK,
    SWITCH,
    server(type="session.created", session={"type": "realtime"}),
    client(type="input_audio_buffer.append", audio=AUDIO),
    client(type="input_audio_buffer.append", audio=AUDIO),
    server(type="response.output_audio.delta", delta=AUDIO),
    {"kind": "ping", "from": "server", "base64": ""},
    {"kind": "binary", "from": "client", "base64": "AAEC"},
    {"kind": "close", "from": "server", "code": 1000, "reason": "bye"},
)


def takes(*lines):
    return read_cassette(tape(*(lines or LINES), gap=0.5))


def test_a_har_has_what_a_browser_wants_and_reads_back_as_the_same():
    log = json.loads(b"".join(har(takes())))["log"]
    (entry,) = log["entries"]
    assert log["version"] == "1.2"
    assert {"startedDateTime", "time", "request", "response", "cache", "timings"} <= entry.keys()
    assert (entry["request"]["url"], entry["response"]["status"]) == ("ws://h/v1/realtime?model=m", 101)
    assert entry["request"]["queryString"] == [{"name": "model", "value": "m"}]
    assert entry["startedDateTime"] == "2026-11-30T09:00:00.000Z"
    messages = entry["_webSocketMessages"]
    assert [(one["type"], one["opcode"]) for one in messages] == [
        ("receive", 1),
        ("send", 1),
        ("send", 1),
        ("receive", 1),
        ("send", 2),
        ("receive", 8),
    ]
    again = read_cassette(io.BytesIO(b"".join(har(takes(*LINES[:6], LINES[8])))))[0].steps
    assert [(step.side, step.kind, json.loads(step.data or b"0")) for step in again] == [
        (step.side, step.kind, json.loads(step.data or b"0")) for step in takes(*LINES[:6], LINES[8])[0].steps
    ]
    assert (again[-1].code, again[-1].reason) == (1000, "bye")


def test_a_recording_of_others_loses_its_key_in_each_form():
    lines = "".join(
        json.dumps({"dir": side, "event": {"type": "x.y", "note": f"Bearer {KEY}", "audio": AUDIO}}) + "\n"
        for side in ("server", "client")
    )
    for form in (har, markdown):
        made = form(read_cassette(io.BytesIO(lines.encode())))
        data = made if isinstance(made, bytes) else b"".join(made)
        assert b"x.y" in data
        assert KEY.encode() not in data
        assert b"Ab12Cd34" not in data


def test_markdown_tells_the_events_and_no_audio_and_ends_no_fence():
    text = markdown(takes(*LINES, server(type="x.y", text="```\n\x1b[31m"))).decode()
    assert "Answered: 101 Switching Protocols" in text
    assert "→ input_audio_buffer.append" in text
    assert "← close 1000 bye" in text
    assert AUDIO not in text
    assert text.count("```") == 2
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("told", "rate", "subtype"),
    [
        ({}, 24_000, "PCM_16"),
        ({"audio": {"input": {"format": {"type": "audio/pcm", "rate": 16_000}}}}, 16_000, "PCM_16"),
        ({"audio": {"input": {"format": {"type": "audio/pcmu"}}}}, 8_000, "ULAW"),
        ({"input_audio_format": "g711_alaw"}, 8_000, "ALAW"),
    ],
)
def test_speech_is_written_in_the_format_that_the_session_told(told, rate, subtype):
    said = {
        one.side: b"".join(one.wav()) for one in speech(takes(*LINES, server(type="session.updated", session=told)))
    }
    assert set(said) == {"client", "server"}
    info = soundfile.info(io.BytesIO(said["client"]))
    assert (info.samplerate, info.subtype, info.channels) == (rate, subtype, 1)
    with wave.open(io.BytesIO(said["server"])) as file:
        assert file.getframerate() == 24_000
        assert file.readframes(10_000) == PCM


def test_wav_replaces_no_file_that_was_not_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.tape").write_bytes(tape(*LINES).getvalue())
    held = tmp_path / "recording-1-server.wav"
    held.write_text("mine")
    refused = CliRunner().invoke(application(), ["export", "a.tape", "--as", "wav"])
    assert "recording-1-server.wav: is there already" in str(refused.exception)
    assert "--out recording.wav" in str(refused.exception)
    assert held.read_text() == "mine"
    assert not (tmp_path / "recording-1-client.wav").exists()
    done = CliRunner().invoke(application(), ["export", "a.tape", "--as", "wav", "--out", "recording.wav"])
    assert done.exit_code == 0, done.exception
    assert held.read_bytes()[:4] == b"RIFF"


def test_the_command_writes_each_form(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.tape").write_bytes(tape(*LINES).getvalue())
    run = CliRunner().invoke
    assert json.loads(run(application(), ["export", "a.tape", "--as", "har"]).output)["log"]
    assert run(application(), ["export", "a.tape", "--as", "markdown", "--out", "a.md"]).exit_code == 0
    assert "### Connection 1" in (tmp_path / "a.md").read_text()
    assert run(application(), ["export", "a.tape", "--as", "wav"]).output.split() == [
        "recording-1-client.wav",
        "recording-1-server.wav",
    ]
    assert str(run(application(), ["export", "a.tape", "--as", "har", "--out", "a.tape"]).exception).startswith(
        "--out a.tape"
    )
    (tmp_path / "b.tape").write_bytes(tape(ASK, SWITCH).getvalue())
    assert "no audio" in str(run(application(), ["export", "b.tape", "--as", "wav"]).exception)
    assert "no such file" in str(run(application(), ["export", "c.tape", "--as", "wav"]).exception)

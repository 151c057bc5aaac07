"""`rtdoctor view`: a recording of any form on a page, or in the terminal."""

import json
import signal
import urllib.error
import urllib.request

import pytest
from typer.testing import CliRunner

from rtdoctor.cli.main import application
from rtdoctor.cli.recorded_lines import Recording
from rtdoctor.privacy.errors import Usage
from tests.conftest import KEY
from tests.processes import started
from tests.web.sessions import conversation


@pytest.fixture
def tape(tmp_path):
    file = tmp_path / "tape.jsonl"
    file.write_text("".join(f"{json.dumps(line)}\n" for line in conversation(200)), encoding="utf-8")
    return file


def view(*arguments):
    return CliRunner().invoke(application(), ["view", *map(str, arguments)])


def test_a_tape_is_shown_in_the_terminal(tape):
    done = view(tape, "--terminal")
    assert done.exit_code == 0
    assert "refused 401" in done.output
    assert "auth.invalid: The API key is not valid." in done.output
    assert "Make a new key" in done.output
    assert "300 ms (" in done.output


def test_the_lines_of_a_tape_are_given_as_they_are(tape):
    assert list(Recording(tape).lines()) == list(conversation(200))


def test_a_recording_of_another_form_becomes_lines(tmp_path):
    file = tmp_path / "session.jsonl"
    events = [
        {"at": 100.0, "dir": "client", "event": {"type": "response.create"}},
        {"at": 100.5, "event": {"type": "response.created", "response": {"id": "r"}}},
        {"at": 101.0, "dir": "close", "event": {"code": 4000, "reason": "no"}},
    ]
    file.write_text("".join(f"{json.dumps(event)}\n" for event in events) + "{broken\n", encoding="utf-8")
    lines = list(Recording(file).lines())
    assert lines[0]["to"] == str(file)
    assert [(line["t"], line["kind"], line.get("from")) for line in lines[1:4]] == [
        (0.0, "text", "client"),
        (0.5, "text", "server"),
        (1.0, "close", "server"),
    ]
    assert {line["connection"] for line in lines[1:]} == {1}
    assert any(line.get("kind") == "problem" for line in lines)


def test_what_a_recording_does_not_tell_is_judged(tmp_path):
    file = tmp_path / "session.jsonl"
    error = {"type": "invalid_request_error", "code": "invalid_api_key", "message": "Incorrect API key provided."}
    events = [
        {"dir": "server", "event": {"type": "error", "event_id": "event_1", "error": error}},
        {"dir": "close", "event": {"code": 3000, "reason": "invalid_request_error.invalid_api_key"}},
    ]
    file.write_text("".join(f"{json.dumps(event)}\n" for event in events), encoding="utf-8")
    recording = Recording(file)
    for _ in range(2):
        findings = [line for line in recording.lines() if line.get("kind") == "finding"]
        assert ("error", "auth.invalid") in {(line["level"], line["id"]) for line in findings}
        assert all(line["connection"] == 1 for line in findings)


def test_a_tape_without_findings_is_judged_by_its_handshake(tmp_path):
    file = tmp_path / "tape.jsonl"
    lines = [line for line in conversation(100) if line.get("kind") != "finding"]
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    told = [line for line in Recording(file).lines() if line.get("kind") == "finding" and line["connection"] == 1]
    assert "auth.invalid" in {line["id"] for line in told}


@pytest.mark.parametrize(
    ("held", "told"),
    [
        (None, "no such file"),
        ("hello\n", "holds no event and no handshake"),
        ('{"tape": 7}\n', "this rtdoctor reads form 1"),
        ('{"tape": 1}\n', "holds no event and no handshake"),
    ],
)
def test_what_cannot_be_shown_is_told_in_one_sentence(tmp_path, held, told):
    file = tmp_path / "x.jsonl"
    if held is not None:
        file.write_text(held, encoding="utf-8")
    with pytest.raises(Usage, match=told):
        Recording(file)


def test_standard_input_and_folders_are_no_recordings(tmp_path):
    with pytest.raises(Usage, match="standard input"):
        Recording("-")
    with pytest.raises(Usage, match="is a folder"):
        Recording(tmp_path)


def test_a_secret_in_a_recording_is_not_shown_in_the_terminal(tmp_path, monkeypatch):
    file = tmp_path / "session.jsonl"
    event = {"type": "error", "error": {"code": "x", "message": f"no such key {KEY}"}}
    file.write_text(json.dumps({"dir": "server", "event": event}) + "\n", encoding="utf-8")
    done = view(file, "--terminal")
    assert "no such key" in done.output
    assert KEY not in done.output
    assert "[secret" in done.output


@pytest.mark.heavy
def test_the_page_is_served_until_it_is_interrupted(tape):
    with started("view", str(tape), "--no-open") as process:
        url = process.stdout.readline().decode().strip()
        assert url.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(url) as answer:
            assert b"<title>rtdoctor" in answer.read()
        with urllib.request.urlopen(url.replace("/?", "/tape?")) as answer:
            assert answer.read().decode().count("\n") == len(list(conversation(200)))
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(url[:-1])
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        assert process.stderr.read() == b""


@pytest.mark.heavy
def test_a_port_that_is_taken_is_told(tape):
    import socket

    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        started("view", str(tape), "--no-open", "--port", str(taken.getsockname()[1])) as process,
    ):
        assert process.wait(20) == 2
        assert b"--port" in process.stderr.read()

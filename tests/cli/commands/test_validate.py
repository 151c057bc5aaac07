"""`rtdoctor validate` as a user runs it."""

import json
import os
import stat
import subprocess
import sys

import pytest

from tests.cli.commands.test_check import rtdoctor
from tests.engine.test_validate import BETA, CREATED, ERROR


@pytest.fixture
def stream(tmp_path):
    def write(*lines, name="stream.jsonl"):
        path = tmp_path / name
        path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
        return str(path)

    return write


def test_a_good_stream_is_exit_0_and_names_its_knowledge(stream):
    done = rtdoctor("validate", stream(CREATED, ERROR))
    assert (done.returncode, done.stderr) == (0, "")
    told = " ".join(done.stdout.split())  # a long path wraps
    assert "no error" in told
    assert "openai 3.54.0" in told


def test_an_error_is_exit_1_and_told_in_context(stream):
    done = rtdoctor("validate", stream(CREATED, {**ERROR, "error": {"typ": "x", "message": "no"}}))
    assert done.returncode == 1
    for piece in ("line 2", "/error", "shape.missing", "after line 1 server session.created", "did you mean"):
        assert piece in done.stdout, done.stdout


def test_json_holds_every_file(stream):
    done = rtdoctor("validate", stream(CREATED), stream("{broken", name="b.jsonl"), "--format", "json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["summary"]) == (1, {"verdict": "fail", "exit_code": 1})
    assert [file["verdict"] for file in document["files"]] == ["pass", "fail"]
    assert document["knowledge"]["sdk"] == "openai 3.54.0"


def test_nothing_to_judge_is_exit_2(stream, tmp_path):
    assert rtdoctor("validate", stream("")).returncode == 2
    for name in (str(tmp_path / "none"), str(tmp_path)):
        done = rtdoctor("validate", name)
        assert done.returncode == 2
        assert name in done.stderr
        assert "Traceback" not in done.stderr


def test_standard_input_is_read():
    command = [sys.executable, "-m", "rtdoctor", "validate", "-"]
    done = subprocess.run(command, input=json.dumps(CREATED), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_migrate_writes_the_ga_form_privately_and_not_through_a_link(stream, tmp_path):
    recording = stream({"dir": "client", "event": BETA})
    out = tmp_path / "ga.jsonl"
    assert rtdoctor("validate", recording, "--migrate", str(out)).returncode == 1
    assert json.loads(out.read_text())["event"]["type"] == "session.update"
    assert stat.S_IMODE(os.stat(out).st_mode) == 0o600
    assert rtdoctor("validate", str(out)).returncode == 0
    link = tmp_path / "link"
    link.symlink_to(out)
    before = out.read_text()
    done = rtdoctor("validate", recording, "--migrate", str(link))
    assert (done.returncode, out.read_text()) == (2, before)
    assert not list(tmp_path.glob("*.part"))


def test_a_value_with_a_telling_name_is_not_migrated(stream, tmp_path):
    out = tmp_path / "ga.jsonl"
    beta = {**BETA, "session": {**BETA["session"], "password": "Hunter7!"}}
    rtdoctor("validate", stream({"dir": "client", "event": beta}), "--migrate", str(out))
    assert "password" in out.read_text()
    assert "Hunter7" not in out.read_text()


def test_a_key_in_a_recording_is_shown_nowhere(stream):
    leaky = {"type": "nope sk-proj-abcdefghijklmnop1234", "event_id": "ek_abcdefghijklmnop1234\x1b[2J"}
    done = rtdoctor("validate", stream(CREATED, leaky, '{"x": "sk-proj-abcdefghijklmnop1234'))
    as_json = rtdoctor("validate", stream(CREATED, leaky), "--format", "json")
    for text in (done.stdout, done.stderr, as_json.stdout):
        assert "abcdefghijklmnop" not in text
        assert "\x1b" not in text

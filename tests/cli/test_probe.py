"""`rtdoctor probe` as a user runs it."""

import json
from importlib.resources import files

import jsonschema
import pytest

from tests.cli.test_check import rtdoctor, serving
from tests.conftest import KEY

SCHEMA = json.loads(files("rtdoctor.report").joinpath("report.schema.json").read_text(encoding="utf-8"))


def test_the_smallest_change_is_proven_and_no_key_is_shown(tmp_path):
    events = tmp_path / "events.jsonl"
    events.write_text('{"type": "transcription_session.update", "session": {"input_audio_format": "pcm16"}}\n')
    with serving() as server:
        url = server.base_url.replace("http", "ws") + "/realtime/transcription_sessions"
        arguments = ["probe", url, "-H", "Authorization: Bearer $OPENAI_API_KEY", "--send", str(events), "--fix"]
        shown = rtdoctor(*arguments, key=KEY)
        as_json = rtdoctor(*arguments, "--format", "json", key=KEY)
    document = json.loads(as_json.stdout)
    jsonschema.validate(document, SCHEMA)
    assert (shown.returncode, as_json.returncode) == (1, 1)
    assert document["summary"]["cause"] == "refused.path"
    assert len(document["results"]) == 1
    assert document["fix"]["works"] is True
    assert "1. change the path to /v1/realtime" in shown.stdout
    assert "HTTP 403 Forbidden" in shown.stdout
    for text in (shown.stdout, shown.stderr, as_json.stdout):
        assert KEY not in text
        assert KEY[-8:] not in text


def test_a_healthy_handshake_is_exit_0_without_a_cause():
    with serving() as server:
        command = f"websocat -H='Authorization: Bearer $OPENAI_API_KEY' {server.base_url}/realtime?intent=transcription"
        done = rtdoctor("probe", "--websocat", command, "--format", "json", key=KEY)
    document = json.loads(done.stdout)
    assert (done.returncode, document["summary"]["cause"], document["fix"]) == (0, None, None)


def test_a_secret_in_a_pasted_command_line_is_not_shown():
    with serving() as server:
        command = f"curl -H 'Authorization: Bearer gateway-token-0123456789' {server.base_url}/realtime?model=x"
        done = rtdoctor("probe", "--curl", command)
    assert done.returncode == 1
    assert "auth.invalid" in done.stdout
    assert "gateway-token" not in done.stdout + done.stderr
    assert "6789" not in done.stdout


def test_a_stopped_server_is_exit_3():
    with serving() as server:
        url = server.base_url.replace("http", "ws")
    done = rtdoctor("probe", url + "/realtime", "--format", "json", "--fix")
    document = json.loads(done.stdout)
    assert (done.returncode, document["summary"]["cause"]) == (3, "network.tcp-refused")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "give one handshake"),
        (["wss://h/x", "--curl", "curl https://h"], "give one handshake"),
        (["no-url"], "is no URL of a socket"),
        (["wss://h/x", "-H", "nocolon"], "has no colon"),
        (["wss://h/x", "--query", "x"], "no value"),
        (["wss://h/x", "-H", "Authorization: Bearer $OPENAI_API_KEY"], "no key to put there"),
        (["wss://h/x", "--send", "/no/such"], "--send /no/such"),
        (["--har", "/no/such"], "No such file"),
        (["wss://h/x", "--ca-file", "/no/such"], "No such file"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(arguments, says):
    done = rtdoctor("probe", *arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr

"""`rtdoctor proxy` as a process: what it says, how it ends, and what is left when it is killed."""

import asyncio
import io
import json
import signal
import socket
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest
from typer.testing import CliRunner
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from rtdoctor.cli.main import application
from rtdoctor.cli.outputs import Outputs
from rtdoctor.engine.validate import validate_file
from rtdoctor.mock.server import MockServer
from rtdoctor.model.watched import Passed, Watched
from rtdoctor.privacy.errors import Usage
from rtdoctor.recording.tape import read_tape
from rtdoctor.report.digest import verdict_line
from rtdoctor.report.digests import digest
from rtdoctor.report.writers import WRITERS
from tests.conftest import KEY
from tests.processes import started

WATCHED = Watched(
    "http://127.0.0.1:8900/v1",
    "https://api.openai.com/v1",
    "2026-11-30T09:00:00+00:00",
    1.5,
    (
        Passed(1, "GET", "wss://h/v1/realtime", 101, "closed", {("server", "x"): 2}, {}, (), None, (), 1.0),
        Passed(2, "POST", "https://h/v1", None, "still open", {}, {"error": 1}, (), None, ("it broke",), 0.5),
    ),
    {"pass": 1, "fail": 1},
    notes=("The upstream was never reached.",),
)


@pytest.mark.parametrize("format", [name for name in WRITERS["proxy"] if name != "github"])
def test_every_format_tells_of_both_requests(format, capsys, monkeypatch):
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    with Outputs("proxy", format) as outputs:
        outputs(WATCHED)
    out = capsys.readouterr().out
    assert "h/v1" in out
    if format == "json":
        assert [one["verdict"] for one in json.loads(out)["requests"]] == ["pass", "fail"]


def test_no_failure_stands_beside_exit_code_0_and_what_had_no_answer_is_not_said_to_have_gone_through():
    lost = replace(WATCHED, passed=WATCHED.passed[1:], counted={"fail": 1})
    assert verdict_line(digest(WATCHED)).startswith("SEEN (exit 0)  2 requests came, 1 unanswered, 1 of them")
    assert verdict_line(digest(lost)) == "SEEN (exit 0)  1 request came, and none was answered."
    assert verdict_line(digest(replace(lost, exit_code=1))).startswith("FAIL (exit 1)")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--to", "nonsense"], "is no URL"),
        (["--to", "http://10.0.0.1/v1", "--key-env", "X"], "without TLS"),
        (["--to", "https://h/v1", "--key-env", "X", "--insecure"], "--insecure-send-key"),
        (["--to", "https://h/v1", "--insecure"], "--insecure-send-key"),
        (["--to", "https://h/v1", "--key-env", "NO_SUCH_VARIABLE"], "NO_SUCH_VARIABLE"),
        (["--to", "https://h/v1", "--record", "/"], "--record"),
        (["--to", "https://h/v1", "--host", "192.0.2.1", "--port", "0"], "--host"),
        (["--to", "https://h/v1", "--cert", "/no/such.pem"], "such.pem"),
    ],
)
def test_what_cannot_be_used_is_told_in_one_sentence(flags, said):
    done = CliRunner().invoke(application(), ["proxy", *flags])
    assert said in str(done.exception)


@pytest.mark.parametrize("command", [["proxy", "--to", "https://h.test/v1"], ["mock"]])
@pytest.mark.parametrize("bad", ["port", "cert"])
def test_what_does_not_begin_leaves_a_tape_as_it_is_and_begins_none(command, bad, tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text('{"tape": 1}\n')
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        flags = ["--port", str(port)] if bad == "port" else ["--port", "0", "--cert", "/no/such.pem"]
        for tape in (old, new):
            done = CliRunner().invoke(application(), [*command, *flags, "--record", str(tape)])
            assert isinstance(done.exception, Usage)
        done = CliRunner().invoke(application(), [*command, "--port", "0", "--record", str(old)])
        assert "is there already" in str(done.exception)
    assert old.read_text() == '{"tape": 1}\n'
    assert not new.exists()


@contextmanager
def mocked():
    """A mock in a thread of its own; its base URL."""
    loop, over = asyncio.new_event_loop(), threading.Event()
    mock = MockServer({KEY})
    loop.run_until_complete(mock.start(0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield mock.base_url
    finally:
        asyncio.run_coroutine_threadsafe(mock.stop(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        over.set()


@contextmanager
def through(url, *flags):
    """`(process, base URL of the proxy)`, once it is ready."""
    with started("proxy", "--to", url, "--port", "0", *flags) as process:
        base, ready = "", False
        while not ready:
            line = process.stdout.readline().decode()
            assert line, process.stderr.read()
            base = line.strip().partition("OPENAI_BASE_URL=")[2] or base
            ready = line.startswith("ready: ")
        yield process, base


def socket_to(base, key=KEY):
    url = base.replace("http", "ws") + "/realtime?model=gpt-realtime"
    return connect(url, additional_headers={"Authorization": f"Bearer {key}"})


def until_closed(opened):
    with suppress(ConnectionClosed):
        while True:
            yield opened.recv()


@pytest.mark.heavy
@pytest.mark.parametrize(("flags", "code"), [([], 0), (["--fail-on", "fail"], 1)])
def test_an_interrupt_ends_it_with_a_summary(flags, code, tmp_path):
    report = tmp_path / "r.json"
    with mocked() as url, through(url, "-v", "--report", f"json={report}", *flags) as (process, base):
        with socket_to(base) as opened:
            assert json.loads(opened.recv())["type"] == "session.created"
        with socket_to(base, "sk-proj-wrongkey1234567890abcd") as opened:
            assert [json.loads(message)["type"] for message in until_closed(opened)] == ["error"]
        process.send_signal(signal.SIGINT)
        out = process.stdout.read().decode()
        assert process.wait(20) == code
        assert process.stderr.read() == b""
    assert "← session.created" in out
    assert "ERROR auth.invalid" in out
    assert "fix: " in out
    assert "2 requests went through, 1 of them with something to look at." in " ".join(out.split())
    told = json.loads(report.read_text())
    assert [one["status"] for one in told["requests"]] == [101, 101]
    assert "wrongkey1234567890" not in out + report.read_text()


@pytest.mark.heavy
def test_a_kill_in_mid_stream_leaves_a_tape_that_is_read(tmp_path):
    tape = tmp_path / "a.tape"
    with mocked() as url, through(url, "--record", str(tape)) as (process, base):
        with socket_to(base) as opened:
            opened.recv()
            for _ in range(20):
                opened.send('{"type": "input_audio_buffer.append", "audio": "%s"}' % ("A" * 20_000))
            while tape.read_bytes().count(b"append") < 5:
                time.sleep(0.01)
            process.kill()
            process.wait(10)
    lines = [line for _, line in read_tape(io.BytesIO(tape.read_bytes()))]
    assert [line.get("kind") for line in lines[:5]] == [None, "request", "answer", "text", "text"]
    report = validate_file("a", io.BytesIO(tape.read_bytes()))
    assert report.verdict == "pass"
    assert KEY.encode() not in tape.read_bytes()

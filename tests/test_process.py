"""Streams that are closed, full or of another encoding cost no report, and no signal at any moment does."""

import json
import os
import random
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtdoctor import process
from rtdoctor.encoding import HANDLER
from rtdoctor.mock.server import MockServer
from tests.cli.commands.test_check import serving
from tests.conftest import KEY
from tests.processes import run, started

pytestmark = pytest.mark.heavy  # a process each, many of which wait

CREATED = '{"type": "session.created", "event_id": "e1", "session": {"type": "realtime"}}\n'
BEARER = ["-H", "Authorization: Bearer $OPENAI_API_KEY"]
QUICK = ["check", "--target", "mock", "--tag", "smoke"]
COMMANDS = {
    "check": (QUICK, 0),
    "check json": ([*QUICK, "--format", "json"], 0),
    "check --list": (["check", "--list"], 0),
    "probe": (["probe", "{url}"], 1),
    "probe json": (["probe", "{url}", "--format", "json"], 1),
    "explain": (["explain", "HTTP 403 …·→☃ \udcff"], 0),
    "explain json": (["explain", "--format", "json", "HTTP 403 ☃"], 0),
    "explain --list": (["explain", "--list"], 0),
    "explain, nothing known": (["explain", "no-such-file.log"], 3),
    "validate": (["validate", "{file}"], 1),
    "validate json": (["validate", "{file}", "--format", "json"], 1),
    "snippet": (["snippet", "csharp"], 0),
    "usage": (["check", "--timeout", "0 ☃"], 2),
    "help": (["--help"], 0),
}
EVERY = pytest.mark.parametrize("name", COMMANDS)
full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")


@pytest.fixture(scope="module")
def command(tmp_path_factory):
    file = tmp_path_factory.mktemp("streams") / "☃.jsonl"
    file.write_text(CREATED + CREATED.replace("session.created", "no.such.☃"), encoding="utf-8")
    with serving() as server:
        url = server.base_url.replace("http", "ws") + "/realtime"

        def go(name):
            arguments, code = COMMANDS[name]
            return [word.format(url=url, file=file) for word in arguments], code

        yield go


def _whole(name, out):
    if "json" in name:
        json.loads(out)
    else:
        assert out or name == "usage"


@EVERY
@pytest.mark.parametrize(
    "encoding", ["ascii", *(pytest.param(e, marks=pytest.mark.heavy) for e in ("latin-1", "cp1252", "utf-8", "utf-16"))]
)
def test_an_encoding_costs_no_report(command, name, encoding):
    arguments, code = command(name)
    done = run(*arguments, env={"PYTHONIOENCODING": encoding})
    assert done.returncode == code, done.stderr
    _whole(name, done.stdout.decode(encoding))
    assert b"Traceback" not in done.stderr


@EVERY
def test_a_closed_stderr_costs_no_report(command, name):
    arguments, code = command(name)
    done = run(*arguments, closed=(2,), stderr=None)
    assert done.returncode == code
    _whole(name, done.stdout)
    assert b"rtdoctor: " not in done.stdout, "what goes to stderr does not come to stdout in its place"


@full
@EVERY
def test_a_full_stderr_costs_no_report(command, name):
    arguments, code = command(name)
    with open("/dev/full", "wb") as sink:
        done = run(*arguments, stderr=sink)
    assert done.returncode == code
    _whole(name, done.stdout)


@contextmanager
def without_reader():
    """The end of a pipe that nobody reads."""
    ours, theirs = os.pipe()
    os.close(ours)
    yield theirs
    os.close(theirs)


@EVERY
def test_a_stderr_without_reader_costs_no_report(command, name):
    arguments, code = command(name)
    with without_reader() as sink:
        done = run(*arguments, stderr=sink)
    assert done.returncode == code
    _whole(name, done.stdout)


@EVERY
def test_a_stdout_without_reader_changes_no_exit_code(command, name):
    arguments, code = command(name)
    with without_reader() as sink:
        done = run(*arguments, stdout=sink)
    assert done.returncode == code
    assert b"cannot be written" not in done.stderr


@pytest.mark.parametrize("encoding", ["undefined", "idna"])
def test_an_encoding_that_writes_no_text_is_utf_8(command, encoding):
    arguments, code = command("explain json")
    done = run(*arguments, env={"PYTHONIOENCODING": encoding})
    assert (done.returncode, done.stderr) == (code, b"")
    json.loads(done.stdout.decode("utf-8"))


def test_a_stdout_that_stops_waiting_in_the_middle_loses_nothing():
    ours, theirs = os.pipe()
    below = open(theirs, "w", encoding="utf-8")  # noqa: SIM115
    stream = process._whole(below)
    os.set_blocking(theirs, False)
    text = "words " * 100_000
    got = []

    def read():
        with open(ours, "rb") as file:
            got.append(file.read())

    reader = threading.Thread(target=read)
    reader.start()
    stream.write(text)
    stream.flush()
    below.close()
    reader.join(10)
    assert got == [text.encode()]


@full
@EVERY
def test_a_full_stdout_is_one_sentence(command, name):
    arguments, code = command(name)
    with open("/dev/full", "wb") as sink:
        done = run(*arguments, stdout=sink)
    if name == "usage":
        assert done.returncode == code
    else:
        said = b"rtdoctor: the output cannot be written: No space left on device\n"
        assert (done.returncode, said in done.stderr) == (2, True)
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


@EVERY
def test_a_closed_stdout_is_one_sentence(command, name):
    arguments, _ = command(name)
    done = run(*arguments, closed=(1,), stdout=None)
    assert (done.returncode, done.stderr) == (2, b"rtdoctor: standard output is closed\n")


@EVERY
def test_a_closed_stdin_costs_no_report(command, name):
    arguments, code = command(name)
    done = run(*arguments, closed=(0,))
    assert done.returncode == code, done.stderr
    _whole(name, done.stdout)


def test_all_streams_closed_is_no_accident():
    assert run("explain", "4000", closed=(0, 1, 2), stdout=None, stderr=None).returncode == 2


def test_no_file_takes_the_number_of_a_closed_stream(tmp_path):
    """A library that complains to descriptor 2 would write into it."""
    (tmp_path / "s.jsonl").write_text(CREATED)
    out = tmp_path / "out.jsonl"
    (tmp_path / "sitecustomize.py").write_text(
        "import os, rtdoctor.cli.commands.validate as module\nbefore = module.writing\n"
        "def writing(*given):\n    os.write(2, b'noise')\n    return before(*given)\nmodule.writing = writing\n"
    )
    done = run(
        "validate", str(tmp_path / "s.jsonl"), "--migrate", str(out), closed=(0, 2), stderr=None, path=(tmp_path,)
    )
    assert done.returncode == 0
    assert json.loads(out.read_text())["event"]["type"] == "session.created"


@given(st.text(st.characters(), max_size=40), st.sampled_from(["ascii", "latin-1", "cp1252", "utf-8", "cp437"]))
def test_any_text_goes_to_any_encoding_and_what_it_holds_stays(text, encoding):
    written = text.encode(encoding, HANDLER).decode(encoding)
    kept = [char for char in text if char.encode(encoding, "ignore")]
    places = iter(written)
    assert all(char in places for char in kept)


@pytest.mark.parametrize("place", ["/no/such/folder/keys", "/", "{fifo}", "/dev/full"])
def test_a_key_log_that_cannot_be_written_is_told_and_ignored(tmp_path, place):
    os.mkfifo(tmp_path / "fifo")
    place = place.format(fifo=tmp_path / "fifo")
    done = run(*QUICK, "--format", "json", env={"SSLKEYLOGFILE": place}, timeout=20)
    assert done.returncode == 0
    assert json.loads(done.stdout)["summary"]["exit_code"] == 0
    assert done.stderr.startswith(f"rtdoctor: SSLKEYLOGFILE is ignored: {place}: ".encode())
    assert [line.split()[0] for line in done.stderr.splitlines()] == [b"rtdoctor:", b"PASS"]


def test_a_key_log_that_can_be_written_is_kept(tmp_path):
    done = run(*QUICK, env={"SSLKEYLOGFILE": str(tmp_path / "keys")})
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    "files", [12, *(pytest.param(n, marks=pytest.mark.heavy) for n in (6, 8, 10, 16, 20, 24, 27, 28, 32, 40, 64))]
)
@pytest.mark.parametrize("name", ["check", "probe", "explain", "validate"])
def test_few_files_are_one_sentence_or_enough(command, name, files):
    arguments, code = command(name)
    done = run(*arguments, files=files)
    if done.returncode != code:
        assert (done.returncode, done.stdout) == (2, b""), done.stderr
        assert b"too few files may be open at once" in done.stderr
    assert len(done.stderr.splitlines()) <= 1
    assert b"Traceback" not in done.stderr


def test_a_mock_without_a_file_left_for_its_port_says_so():
    done = run("mock", "--port", "0", files=6)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr == b"rtdoctor: too few files may be open at once for this; raise the limit (ulimit -n)\n"


def test_the_whole_matrix_runs_where_few_files_may_be_open():
    done = run("check", "--target", "mock", files=28)
    assert (done.returncode, done.stderr) == (0, b"")


# --- signals ----------------------------------------------------------------------------------------------------------


SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)]


class Watched(MockServer):
    """A mock that tells when a socket comes on which it is silent."""

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.silent = threading.Event()

    async def _serve(self, request, decision, *more):
        self.silent.set()
        return await super()._serve(request, decision, *more)


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("command", ["check", "probe"])
def test_an_interrupt_gives_the_partial_report_and_a_second_one_does_not_lose_it(command, number, times):
    with serving(kind=Watched, faults={"open-transcription": "silent"}) as server:
        url = server.base_url
        where = ["--target", url] if command == "check" else [f"{url}/realtime?intent=transcription", *BEARER]
        asked = [command, *where, "--timeout", "60", "--format", "json"]
        with started(*asked, env={"OPENAI_API_KEY": KEY}) as process:
            assert server.silent.wait(20)
            sent = time.monotonic()
            for _ in range(times):
                process.send_signal(number)
            out, err = process.communicate(timeout=10)
            assert time.monotonic() - sent < 1.5
    assert process.returncode == 130
    assert err.startswith(b"INTERRUPTED (exit 130)")
    assert json.loads(out)["interrupted"] is True


def test_a_third_interrupt_ends_a_report_that_nobody_reads():
    """The pipe is full, and the writing waits."""
    fcntl = pytest.importorskip("fcntl")
    if not hasattr(fcntl, "F_SETPIPE_SZ"):
        pytest.skip("a pipe that is soon full is a Linux thing")
    with started("validate", "-", "--format", "json", stdin=subprocess.PIPE) as process:
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)
        many = "".join(CREATED.replace("session.created", f"no.such.{number}") for number in range(2_000))
        process.stdin.write(many.encode())
        process.stdin.close()
        while len(select.select([process.stdout], [], [], 20)[0]) == 0:
            assert process.poll() is None
        for _ in range(3):
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.3)
        assert process.wait(5) == 130


def test_an_interrupt_before_anything_is_imported_is_one_line():
    with started("check", "--target", "mock") as process:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (130, b"", b"rtdoctor: interrupted\n")


def test_an_ignored_interrupt_stays_ignored():
    done = subprocess.run(
        ["sh", "-c", "trap '' INT; exec \"$@\"", "sh", *_own_killer()], capture_output=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout) == (0, b"lived\n")


def _own_killer():
    code = (
        "import os, signal; from rtdoctor import process; process.start();"
        "os.kill(os.getpid(), signal.SIGINT); print('lived')"
    )
    return [sys.executable, "-c", code]


def test_the_mock_ends_well_by_an_interrupt():
    with started("mock", "--port", "0") as process:
        process.stdout.readline()
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=10) == (b"No client came.\n", b"")
    assert process.returncode == 0


def test_an_interrupt_leaves_no_half_written_file(tmp_path):
    out = tmp_path / "out.jsonl"
    out.write_text("old")
    with started("validate", "-", "--migrate", str(out), stdin=subprocess.PIPE) as process:
        process.stdin.write(CREATED.encode() * 10_000)
        process.stdin.flush()
        while not list(tmp_path.glob("*.part")):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        process.stdin.close()
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]
    # Of a live stream, which has no other end, what came until then is written.
    lines = out.read_text().splitlines()
    assert lines
    assert {json.loads(line)["event"]["type"] for line in lines} == {"session.created"}


@pytest.mark.heavy
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("name", ["check", "check json", "explain json", "validate json", "probe json"])
def test_no_moment_is_a_bad_one(command, name, times):
    """A signal at some dozens of moments: the exit code is 130 or the command's own, and a report is whole."""
    arguments, code = command(name)
    if name.startswith("check"):
        arguments = [word for word in arguments if word not in ("--tag", "smoke")]
    moments = random.Random(f"{name} {times}")
    for _ in range(30):
        with started(*arguments) as process:
            # Most of them while it runs: explain and validate are over in a fifth of a second.
            moment = moments.choice((moments.uniform(0, 0.3), moments.uniform(0, 1.5)))
            with suppress(subprocess.TimeoutExpired):
                process.wait(moment)
            sent = time.monotonic()
            for _ in range(times):
                process.send_signal(moments.choice((signal.SIGINT, signal.SIGTERM)))
            out, err = process.communicate(timeout=20)
            took = time.monotonic() - sent
        seen = f"{name} after {moment} s: {process.returncode} in {took} s, {err[-500:]}"
        assert process.returncode in (130, code), seen
        assert took < 1.5, seen
        assert b"Traceback" not in err, seen
        assert b"Exception" not in err, seen
        if "json" in name and out:
            json.loads(out)

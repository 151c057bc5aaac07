"""One function reads and one writes what a user names: neither waits for ever, and nothing is destroyed."""

import errno
import json
import os
import random
import socket
import stat
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st

from rtdoctor import files
from rtdoctor.cli.commands.validate import migrated
from rtdoctor.files import NothingCame, NotWritten, TooLarge, open_to_read, patient, read_bounded, writing
from tests.cli.commands.test_check import rtdoctor, serving
from tests.conftest import AUDIO, KEY
from tests.engine.test_validate import CREATED
from tests.processes import environment, run

pytestmark = pytest.mark.heavy  # a process each, many of which wait

LINE = json.dumps(CREATED) + "\n"


def _in_bash(line, folder, **env):
    """The command in a folder, by a shell that makes pipes of `<(…)`."""
    return subprocess.run(
        ["bash", "-c", f"{sys.executable} -m rtdoctor {line}"],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment(**env),
        timeout=60,
        check=False,
    )


def test_a_file_is_read_up_to_its_bound(tmp_path):
    (tmp_path / "f").write_bytes(b"x" * 1024)
    assert read_bounded(tmp_path / "f", 1024) == b"x" * 1024
    with pytest.raises(TooLarge, match="larger than 0 KiB"):
        read_bounded(tmp_path / "f", 1023)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="a device without end is a Unix thing")
@pytest.mark.parametrize(
    "arguments",
    [
        ["probe", "--har", "/dev/zero"],
        ["probe", "wss://h.example/v1/realtime", "--send", "/dev/zero"],
        ["check", "--key-file", "/dev/zero"],
        ["check", "--ca-file", "/dev/zero"],
        ["check", "--cert", "/dev/zero"],
        ["check", "--audio", "/dev/zero"],
    ],
    ids=lambda arguments: arguments[-2],
)
def test_a_device_without_end_is_a_usage_error(arguments):
    done = rtdoctor(*arguments)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1), sys.platform
    assert "/dev/zero" in done.stderr


# --- reading what may never come --------------------------------------------------------------------------------------


@pytest.fixture
def fifo(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    return tmp_path / "fifo"


@pytest.fixture
def pem(tmp_path):
    issued = trustme.CA().issue_cert("localhost")
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    issued.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    return tmp_path


URL = "wss://h.invalid/v1/realtime"
READERS = {
    "key-file": ["check", "--key-file", "{}"],
    "ca-file": ["check", "--ca-file", "{}"],
    "cert": ["check", "--cert", "{}"],
    "key": ["check", "--cert", "{cert}", "--key", "{}"],
    "audio": ["check", "--target", "mock", "--audio", "{}"],
    "send": ["probe", URL, "--send", "{}"],
    "har": ["probe", "--har", "{}"],
    "mock cert": ["mock", "--port", "0", "--cert", "{}"],
}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.heavy] if name == "mock cert" else []) for name in READERS],
)
def test_a_fifo_without_writer_is_told_and_not_waited_for(name, fifo, pem):
    arguments = [word.format(fifo, cert=pem / "cert.pem") for word in READERS[name]]
    if name != "mock cert":
        arguments += ["--deadline", "0.5"]
    done = rtdoctor(*arguments, timeout=20)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert str(fifo) in done.stderr
    assert f"nothing was written to it within {10 if name == 'mock cert' else 0.5} s" in done.stderr


@pytest.mark.parametrize("command", ["check", "probe", "mock"])
def test_a_fifo_that_openssl_would_wait_for_is_told(command, fifo):
    done = rtdoctor(command, *([URL] if command == "probe" else []), timeout=20, SSL_CERT_FILE=str(fifo))
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert f"SSL_CERT_FILE names {fifo}, which is no regular file" in done.stderr


@pytest.mark.heavy
@pytest.mark.parametrize("command", ["explain", "validate"])
def test_a_stream_without_writer_is_told(command, fifo):
    done = rtdoctor(command, str(fifo), timeout=20)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "nothing was written to it within 10 s" in done.stderr


def test_a_writer_that_comes_to_no_end_is_told(fifo):
    keeper = os.open(fifo, os.O_RDWR)
    os.write(keeper, b"x")
    with patient(0.1), pytest.raises(NothingCame, match=r"its end did not come within 0\.1 s"):
        read_bounded(fifo, 100)
    os.close(keeper)


def test_a_writer_may_be_slow_where_a_stream_is_read(fifo):
    """It is there, and that is enough: the first byte comes long after the patience is over."""
    with patient(0.1):
        keeper = os.open(fifo, os.O_RDWR)
        with open_to_read(fifo) as stream:
            threading.Timer(0.3, lambda: os.write(keeper, b"late")).start()
            assert stream.read(4) == b"late"
        os.close(keeper)


def test_a_process_substitution_is_read_by_every_option(pem, tmp_path):
    (tmp_path / "key").write_text(KEY)
    (tmp_path / "s.jsonl").write_text(LINE)
    (tmp_path / "e.jsonl").write_text('{"type": "session.update", "session": {"type": "transcription"}}\n')
    (tmp_path / "text").write_text("closed with 4000 invalid_request_error.missing_model")
    context_files = "--ca-file <(cat cert.pem) --cert <(cat cert.pem) --key <(cat key.pem)"
    lines = {
        "check --tag smoke --target {url} --key-file <(cat key) --timeout 5": 0,
        f"check --tag smoke --target https://127.0.0.1:1/v1 {context_files}": 3,
        f"check --target mock --tag smoke --audio <(cat {AUDIO / 'speech-24k.wav'})": 0,
        "probe {ws}/realtime?intent=transcription -H 'Authorization: Bearer $OPENAI_API_KEY' --send <(cat e.jsonl) "
        "--key-file <(cat key)": 0,
        "explain <(cat text)": 0,
        "validate <(cat s.jsonl)": 0,
    }
    with serving() as server:
        for line, code in lines.items():
            filled = line.format(url=server.base_url, ws=server.base_url.replace("http", "ws"))
            done = _in_bash(filled, tmp_path)
            assert done.returncode == code, (line, done.stdout, done.stderr)


def test_a_private_ca_that_comes_by_a_pipe_is_trusted_in_every_layer(localhost_tls, tmp_path):
    """TLS contexts are made several times in a run, and a pipe gives its bytes once."""
    _, context = localhost_tls  # its CA is in ca.pem
    with serving(tls=context) as server:
        line = f"check --tag smoke --target {server.base_url} --ca-file <(cat ca.pem)"
        done = _in_bash(line, tmp_path, OPENAI_API_KEY=KEY)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_copy_of_a_piped_key_is_left(pem, tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    line = "check --target https://127.0.0.1:1/v1 --cert <(cat cert.pem key.pem)"
    done = _in_bash(line, pem, TMPDIR=str(scratch))
    assert done.returncode == 3, done.stderr
    assert list(scratch.iterdir()) == []


# --- writing ----------------------------------------------------------------------------------------------------------


def _kinds(folder):
    """One of each kind of thing that a path can name, and how it is told."""
    (folder / "target").write_text("precious")
    (folder / "link").symlink_to(folder / "target")
    (folder / "dangling").symlink_to(folder / "nowhere")
    (folder / "to-device").symlink_to("/dev/null")
    (folder / "folder").mkdir()
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(folder / "socket"))
    listening.close()
    os.mkfifo(folder / "fifo")
    return {
        "link": "is a link",
        "dangling": "is a link",
        "to-device": "is a link",
        "folder": "is a folder",
        "socket": "is a socket",
        "fifo": "nobody reads from it",
        "no/such/folder": "no such file",
        "target/below": "Not a directory",
        "x" * 300: "name too long",
        "": "is a folder",
        "in.jsonl": "is what is read",
        "hard.jsonl": "is what is read",
        "folder/../in.jsonl": "is what is read",
    }


def test_what_cannot_be_written_is_told_and_stays(tmp_path):
    (tmp_path / "in.jsonl").write_text(LINE)
    os.link(tmp_path / "in.jsonl", tmp_path / "hard.jsonl")
    told = _kinds(tmp_path)
    before = {path: (path.lstat().st_ino, path.lstat().st_mode) for path in tmp_path.iterdir()}
    for name, says in told.items():
        target = str(tmp_path / name) if name else ""
        done = rtdoctor("validate", str(tmp_path / "in.jsonl"), "--migrate", target)
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1), name
        assert says.lower() in done.stderr.lower(), name
    assert {path: (path.lstat().st_ino, path.lstat().st_mode) for path in tmp_path.iterdir()} == before
    assert (tmp_path / "in.jsonl").read_text() == LINE
    assert (tmp_path / "target").read_text() == "precious"


def test_standard_input_is_no_place_to_write_to_either(tmp_path):
    (tmp_path / "in.jsonl").write_text(LINE)
    with (tmp_path / "in.jsonl").open() as source:
        done = run("validate", "-", "--migrate", str(tmp_path / "in.jsonl"), stdin=source)
    assert (done.returncode, b"is what is read" in done.stderr) == (2, True)
    assert (tmp_path / "in.jsonl").read_text() == LINE


def test_a_device_is_written_into_and_not_replaced(tmp_path):
    """A device with another number than /dev/null would be better, but this one a test may touch."""
    (tmp_path / "in.jsonl").write_text(LINE)
    place = tmp_path / "null"
    try:
        os.mknod(place, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        place.open("wb").close()
    except OSError:
        pytest.skip("this user makes no devices here")
    done = rtdoctor("validate", str(tmp_path / "in.jsonl"), "--migrate", str(place))
    assert done.returncode == 0, done.stderr
    assert stat.S_ISCHR(place.lstat().st_mode)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
def test_a_full_device_is_one_sentence(tmp_path):
    (tmp_path / "in.jsonl").write_text(LINE)
    before = os.stat("/dev/full")
    done = rtdoctor("validate", str(tmp_path / "in.jsonl"), "--migrate", "/dev/full")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "No space left on device" in done.stderr
    assert os.path.samestat(before, os.stat("/dev/full"))


def test_a_fifo_is_written_into_however_slow_its_reader_is(tmp_path, fifo):
    (tmp_path / "in.jsonl").write_text(LINE * 3_000)
    held = []
    reader = threading.Thread(target=lambda: held.append(fifo.read_bytes()))
    reader.start()
    keeper = os.open(fifo, os.O_WRONLY)  # waits for the reader: without one the FIFO is refused
    done = rtdoctor("validate", str(tmp_path / "in.jsonl"), "--migrate", str(fifo))
    os.close(keeper)
    reader.join(20)
    assert len(held[0].splitlines()) == 3_000, done.stderr
    assert stat.S_ISFIFO(fifo.lstat().st_mode)


def test_a_reader_that_leaves_is_told(fifo):
    keeper = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)

    def whole():
        with writing(fifo) as write:
            os.close(keeper)
            write(b"x" * 100_000)

    with pytest.raises(NotWritten, match="Broken pipe"):
        whole()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=20_000), max_size=5), st.sampled_from(["none", "body", "write", "replace"]))
def test_the_file_appears_whole_or_stays_as_it_was(tmp_path_factory, pieces, fails):
    folder = tmp_path_factory.mktemp("whole")
    target = folder / "out"
    target.write_bytes(b"old")
    replace, mode = os.replace, stat.S_IMODE(target.stat().st_mode)

    def refuse(*_):
        raise OSError(errno.EXDEV, "no")

    with pytest.MonkeyPatch.context() as patch:
        if fails == "replace":
            patch.setattr(os, "replace", refuse)
        if fails == "write":
            patch.setattr(os, "fsync", refuse)
        with suppress(NotWritten, ZeroDivisionError), writing(target) as write:
            for piece in pieces:
                write(piece)
            if fails == "body":
                raise ZeroDivisionError
    assert os.replace is replace
    assert target.read_bytes() == (b"".join(pieces) if fails == "none" else b"old")
    assert [path.name for path in folder.iterdir()] == ["out"]
    if fails == "none":
        assert stat.S_IMODE(target.stat().st_mode) == mode


def test_what_comes_to_the_place_meanwhile_is_not_replaced(tmp_path):
    target = tmp_path / "out"

    def whole():
        with writing(target) as write:
            write(b"x")
            target.symlink_to("/dev/null")

    with pytest.raises(NotWritten, match="is a link"):
        whole()
    assert target.is_symlink()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="this user may write everything")
def test_a_protected_file_stays(tmp_path):
    (tmp_path / "out").write_text("old")
    (tmp_path / "out").chmod(0o400)
    with pytest.raises(NotWritten, match="protected"), writing(tmp_path / "out"):
        pass


def test_half_a_character_is_written_as_the_escape_that_it_was():
    written = []
    migrated(written.append, [])({"event": "\ud83d"})
    assert written == [b'{"event": "\\ud83d"}\n']


def test_any_recording_is_migrated_to_what_can_be_read_again(tmp_path):
    """Whatever is in it: the generator makes values of every kind."""
    chance = random.Random(4)

    def value(depth=0):
        kinds = [1, 1.5, None, True, "plain", "☃", "\u0000", "\u2028"]
        if depth < 3:
            kinds += [[value(depth + 1) for _ in range(2)], {str(n): value(depth + 1) for n in range(2)}]
        return chance.choice(kinds)

    events = [{**CREATED, "event_id": f"e{number}", "more": value()} for number in range(300)]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    rtdoctor("validate", str(tmp_path / "in.jsonl"), "--migrate", str(tmp_path / "out.jsonl"))
    written = [json.loads(line)["event"] for line in (tmp_path / "out.jsonl").read_text("utf-8").split("\n")[:-1]]
    assert [event["more"] for event in written] == [event["more"] for event in events]


def test_an_input_that_is_renamed_onto_the_target_is_not_replaced(tmp_path):
    given, target = tmp_path / "given", tmp_path / "out"
    given.write_text("mine")

    def whole():
        with writing(target, [str(given)]) as write:
            write(b"x")
            given.rename(target)

    with pytest.raises(NotWritten, match="is what is read"):
        whole()
    assert target.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_a_command_has_read_is_not_written_by_whatever_name(tmp_path):
    read, other = tmp_path / "read", tmp_path / "other"
    read.write_bytes(b"mine")
    os.link(read, tmp_path / "again")
    try:
        files.keep_what_is_read()
        with writing(other) as write:  # begun before the file is read, as a report is
            write(b"report")
        assert read_bounded(read, 10) == b"mine"
        for name in (read, tmp_path / "again"):
            with pytest.raises(NotWritten, match="what is read"), writing(name):
                pass
        with pytest.raises(NotWritten, match="what is read"), writing(other):
            read_bounded(other, 10)
        assert (read.read_bytes(), other.read_bytes()) == (b"mine", b"report")
        files.renewed(read)
        with writing(read) as write:
            write(b"new")
        assert read.read_bytes() == b"new"
    finally:
        files._read = None

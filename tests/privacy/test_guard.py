"""The guard fails closed: a write that holds a secret does not go out, and nothing else is held back."""

import io
import os
import sys

import pytest
from rtdoctor.model.redact import Redactor

from rtdoctor.privacy.guard import WITHHELD, Guarded, Leak
from rtdoctor.privacy.secret import Secret
from tests.cli.test_check import rtdoctor

KEY = "sk-proj-Zq8xW2vT9rL4nB7mK1jH6gF3dS5a"


def guarded(*, refuse=True, key=KEY):
    out = io.StringIO()
    redactor = Redactor([Secret(key, "key", "OPENAI_API_KEY")])
    return Guarded(out, lambda: redactor, refuse=refuse), out


def test_a_write_with_a_secret_is_refused_whole_and_only_its_kind_and_origin_are_told():
    stream, out = guarded()
    with pytest.raises(Leak) as caught:
        stream.write(f"before {KEY} after")
    assert out.getvalue() == ""
    assert str(caught.value) == "API key from OPENAI_API_KEY"


@pytest.mark.parametrize("cut", [1, 9, 15, 19])
def test_the_write_that_completes_a_secret_is_refused(cut):
    stream, out = guarded()
    stream.write(KEY[:cut])
    stream.write("\n")
    with pytest.raises(Leak):
        stream.write("\x1b[1m" + KEY[cut:])
    assert out.getvalue() == KEY[:cut] + "\n"


def test_a_secret_that_a_terminal_folded_or_that_was_encoded_is_found():
    for text in ("\n  ".join(KEY), KEY.encode().hex(), "".join(f"\\u{ord(char):04x}" for char in KEY)):
        with pytest.raises(Leak):
            guarded()[0].write(text)


def test_stderr_masks_and_says_what_was_withheld_and_never_raises():
    stream, out = guarded(refuse=False)
    print("a", KEY, file=stream)
    assert "a [secret " in out.getvalue()
    stream.write(KEY[8:15])
    stream.write(KEY[15:22])
    print("b", file=stream)
    assert KEY[8:16] not in out.getvalue()
    assert WITHHELD in out.getvalue()
    assert out.getvalue().endswith("b\n")


@pytest.mark.parametrize("placeholder", ["EMPTY", "none", "not-needed", "realtime", "sk-test", "session"])
def test_a_placeholder_in_the_place_of_a_key_stops_no_report(placeholder):
    stream, out = guarded(key=placeholder)
    stream.write(f"the {placeholder} session of realtime is not-needed")
    assert placeholder in out.getvalue()


def test_marks_are_no_leak():
    stream, out = guarded()
    stream.write(Redactor([Secret(KEY, "key", "x")]).text(f"Bearer {KEY}\n" * 50))
    assert "[secret " in out.getvalue()


def test_it_stands_in_for_the_stream(tmp_path):
    with (tmp_path / "out").open("w", encoding="utf-8") as file:
        stream = Guarded(file, Redactor, refuse=True)
        stream.reconfigure(errors="replace")
        assert (stream.encoding, stream.fileno(), stream.isatty()) == ("utf-8", file.fileno(), False)
        stream.writelines(["a\n", "b\n"])
        stream.flush()
        stream.buffer.write(b"c\n")
        stream.buffer.flush()
        with pytest.raises(TypeError):
            stream.write(b"bytes")
    assert (tmp_path / "out").read_text() == "a\nb\nc\n"


def test_bytes_are_guarded_as_well(tmp_path):
    with (tmp_path / "out").open("w", encoding="utf-8") as file:
        redactor = Redactor([Secret(KEY, "key", "x")])
        with pytest.raises(Leak):
            Guarded(file, lambda: redactor, refuse=True).buffer.write(KEY.encode())
    assert (tmp_path / "out").read_text() == ""


@pytest.fixture
def with_writer(tmp_path):
    """Runs `rtdoctor explain` with another terminal writer, given as the body of its `show(told, out)`."""

    def run(body, **more):
        (tmp_path / "leaky.py").write_text(f"import logging, os, sys, warnings\ndef show(told, out):\n    {body}\n")
        (tmp_path / "sitecustomize.py").write_text(
            "from rtdoctor.report.writers import WRITERS\nWRITERS['explain']['terminal'] = 'leaky:show'\n"
        )
        path = os.pathsep.join((str(tmp_path), *sys.path))
        return rtdoctor("explain", "4000", key=KEY, PYTHONPATH=path, **more)

    return run


def test_a_writer_that_leaks_ends_the_command_with_exit_4(with_writer):
    done = with_writer("out.write('first\\n'); out.write('x' + os.environ['OPENAI_API_KEY'])")
    assert (done.returncode, done.stdout) == (4, "first\n")
    assert done.stderr == (
        "rtdoctor refused to write: the output held a secret (API key from OPENAI_API_KEY); please report this\n"
    )


@pytest.mark.parametrize(
    "body",
    [
        "logging.getLogger('x').warning('see %s', os.environ['OPENAI_API_KEY'])",
        "warnings.warn(os.environ['OPENAI_API_KEY'])",
        "print(os.environ['OPENAI_API_KEY'], file=sys.stderr)",
        "sys.stderr.buffer.write(os.environ['OPENAI_API_KEY'].encode())",
    ],
)
def test_what_goes_to_stderr_is_masked_or_withheld(with_writer, body):
    done = with_writer(body)
    assert KEY[8:] not in done.stdout + done.stderr
    assert (WITHHELD.strip() if "buffer" in body else "[secret ") in done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize("debug", ["", "1"])
def test_a_bug_whose_message_holds_a_key_shows_none(with_writer, debug):
    done = with_writer("raise ValueError('bad ' + os.environ['OPENAI_API_KEY'])", RTDOCTOR_DEBUG=debug)
    assert done.returncode == 4
    assert KEY[8:16] not in done.stdout + done.stderr
    assert ("ValueError: bad [secret " in done.stderr) == bool(debug)
    assert ("Traceback" in done.stderr) == bool(debug)

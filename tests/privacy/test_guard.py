"""The guard masks what nobody masked before, in whatever pieces it comes, goes on, and says so; it loses no report."""

import io
import json
import os
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtdoctor.privacy.guard import Guarded
from rtdoctor.privacy.known import keep
from rtdoctor.privacy.quote import quote
from rtdoctor.privacy.secret import Secret
from tests.cli.commands.test_check import rtdoctor

KEY = "sk-proj-Zq8xW2vT9rL4nB7mK1jH6gF3dS5a"


def guarded(key=KEY, **more):
    out = io.StringIO()
    keep([Secret(key, "key", "OPENAI_API_KEY")])
    return Guarded(out, **more), out


def test_a_secret_is_masked_the_rest_is_written_and_it_is_told_whose_it_was():
    stream, out = guarded()
    stream.write(f"before {KEY} after")
    assert out.getvalue().startswith("before ")
    assert out.getvalue().endswith(" after")
    assert KEY[8:14] not in out.getvalue()
    assert list(stream.masked) == ["API key from OPENAI_API_KEY"]


@pytest.mark.parametrize("cut", [1, 9, 15, 19])
def test_what_would_complete_a_secret_is_masked(cut):
    stream, out = guarded()
    stream.write(KEY[:cut])
    stream.write("\n")
    stream.write("\x1b[1m" + KEY[cut:] + "\x1b[0m end")
    assert KEY[:cut] + "\n\x1b[1m" == out.getvalue()[: cut + 5]
    assert KEY[cut + 2 : cut + 14] not in out.getvalue()
    assert out.getvalue().endswith("end")


def test_a_secret_that_a_terminal_folded_or_that_was_encoded_is_found():
    for text in ("\n  ".join(KEY), KEY.encode().hex(), "".join(f"\\u{ord(char):04x}" for char in KEY)):
        stream, out = guarded()
        stream.write(text)
        assert stream.masked, text
        assert out.getvalue() != text


@given(st.lists(st.integers(1, 12), max_size=6), st.sampled_from(["\n", '", "', "</b><b>", " | "]))
def test_a_document_stays_a_document(cuts, between):
    """A server that knows the key can put it together out of pieces: the report must not be lost for that."""
    pieces, rest = [], KEY
    for size in cuts:
        pieces.append(rest[:size])
        rest = rest[size:]
    document = {
        "a": between.join([*pieces, rest]),
        "b": list(KEY),
        "c": [ord(char) for char in KEY],
        "d": [1.5, True, None],
    }
    stream, out = guarded()
    stream.write(json.dumps(document, indent=2))
    json.loads(out.getvalue())


@pytest.mark.parametrize("placeholder", ["EMPTY", "none", "not-needed", "realtime", "sk-test", "session"])
def test_a_placeholder_in_the_place_of_a_key_changes_no_report(placeholder):
    stream, out = guarded(key=placeholder)
    told = f"the {placeholder} session of realtime is not-needed"
    stream.write(told)
    assert out.getvalue() == told


def test_marks_are_no_leak():
    stream, _ = guarded()
    stream.write(quote(f"Bearer {KEY}\n" * 50))
    assert not stream.masked


def test_a_stream_that_quotes_shows_no_opaque_text_of_anybodys():
    stream, out = guarded(quoting=True)
    stream.write("Error: Invalid value for '--timeout': 'ghp_ab01ab01ab01ab01ab01ab01ab01' is not a valid float.\n")
    assert "ab01ab01" not in out.getvalue()
    assert out.getvalue().startswith("Error: Invalid value for '--timeout': '[secret ")


def test_it_stands_in_for_the_stream(tmp_path):
    with (tmp_path / "out").open("w", encoding="utf-8") as file:
        stream = Guarded(file)
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
    keep([Secret(KEY, "key", "x")])
    with (tmp_path / "out").open("w", encoding="utf-8") as file:
        Guarded(file).buffer.write(b"a \xff " + KEY.encode() + b" z")
    assert (tmp_path / "out").read_bytes().startswith(b"a \xff ")
    assert KEY[8:14].encode() not in (tmp_path / "out").read_bytes()


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


def test_a_writer_that_leaks_is_masked_and_it_is_told(with_writer):
    done = with_writer("out.write('first\\n'); out.write('x' + os.environ['OPENAI_API_KEY'] + '\\nlast\\n')")
    assert done.stdout.startswith("first\n")
    assert done.stdout.endswith("\nlast\n")
    assert KEY[8:14] not in done.stdout
    assert done.stderr == (
        "rtdoctor: a piece of a secret was masked in the output at the last moment (API key from OPENAI_API_KEY)\n"
    )
    assert done.returncode == 0


@pytest.mark.parametrize(
    "body",
    [
        "logging.getLogger('x').warning('see %s', os.environ['OPENAI_API_KEY'])",
        "warnings.warn(os.environ['OPENAI_API_KEY'])",
        "print(os.environ['OPENAI_API_KEY'], file=sys.stderr)",
        "sys.stderr.buffer.write(os.environ['OPENAI_API_KEY'].encode())",
    ],
)
def test_what_goes_to_stderr_is_masked(with_writer, body):
    done = with_writer(body)
    assert KEY[8:14] not in done.stdout + done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize("debug", ["", "1"])
def test_a_bug_whose_message_holds_a_key_shows_none(with_writer, debug):
    done = with_writer("raise ValueError('bad ' + os.environ['OPENAI_API_KEY'])", RTDOCTOR_DEBUG=debug)
    assert done.returncode == 4
    assert KEY[8:16] not in done.stdout + done.stderr
    assert ("ValueError: bad [secret " in done.stderr) == bool(debug)
    assert ("Traceback" in done.stderr) == bool(debug)


@pytest.mark.parametrize(
    "made",
    ["ek_v-e-r-d-i-c-t-f-a-i-l-e-x-i-t-c-o-d-e", "ek_x9verdictfailexitcode7Qm2Zw4"],
)
def test_a_secret_made_of_our_own_words_takes_none_out_of_a_report(made):
    stream, out = guarded(made)
    document = json.dumps({"summary": {"verdict": "fail", "exit_code": 1, "can_connect": False, "sentence": "No."}})
    stream.write(document)
    assert out.getvalue() == document
    assert not stream.masked


NOISE = "q7x9z2k4m8w3r6t1y5u0p4d8f2g6h1j3"


@pytest.mark.parametrize(
    "made",
    [
        "insecurefalsesummaryverdictfailexitcode1canconnectfalsesentence" + NOISE * 3,
        "sentencenoa403attherung4ofit" + NOISE,
        "id1ms12at0n3ok4" + NOISE,
        NOISE + "gpt4orealtimepreview20241217",
    ],
)
def test_a_client_secret_that_a_server_made_of_our_own_text_takes_none_out_of_a_report(made):
    out = io.StringIO()
    keep([Secret(f"ek_{made}", "secret", "POST /realtime/client_secrets")])
    stream = Guarded(out)
    summary = {"verdict": "fail", "exit_code": 1, "can_connect": False, "sentence": "No: a 403 at the rung 4 of it."}
    more = {"id": 1, "ms": 12, "at": 0, "n": 3, "ok": 4, "model": "gpt-4o-realtime-preview-2024-12-17"}
    document = json.dumps({"insecure": False, "summary": summary, **more}, indent=2)
    stream.write(document)
    assert out.getvalue() == document
    stream.write(f"see {NOISE}")
    assert NOISE[:12] not in out.getvalue(), "what is no text of ours is masked all the same"


def test_an_escaped_backslash_before_a_secret_keeps_the_document():
    stream, out = guarded()
    stream.write(json.dumps({"a": "\\" + KEY[8:], "b": "\\\\" + KEY[8:]}))
    assert json.loads(out.getvalue()).keys() == {"a", "b"}
    assert KEY[8:20] not in out.getvalue()


def test_a_secret_with_an_octal_escape_in_it_keeps_the_document():
    stream, out = guarded("sk-proj-fuzzkey2Qv8Lm5Zt1Xr9Kc4Wp7Ny3")
    url = "ws://2&#87Wp7Ny3112#55;784Wp7Ny\\12151"
    stream.write(json.dumps({"url": quote(url), "raw": url}))
    assert json.loads(out.getvalue()).keys() == {"url", "raw"}


def test_a_secret_in_pieces_of_two_letters_among_names_is_masked():
    core = "KqTvLmZxRbWnHdPyQsFgCjVkBtGw"
    stream, out = guarded(f"sk-proj-{core}")
    stream.write("\n".join(f"{core[at : at + 2]}: {core[at + 2 : at + 4]}" for at in range(0, 28, 4)))
    assert core[:12] not in "".join(filter(str.isalnum, out.getvalue()))
    assert stream.masked

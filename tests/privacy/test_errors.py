"""Errors are sentences of ours, with what came from outside put into them apart: there it is quoted."""

import ast
import errno
import ssl
from pathlib import Path

import pytest

import rtdoctor
from rtdoctor.privacy.errors import InputError, Usage, reason_of

ROOT = Path(rtdoctor.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))


def kinds() -> set[str]:
    """The names of InputError and whatever is derived from it."""
    found = {"InputError"}
    nodes = (node for file in FILES for node in ast.walk(ast.parse(file.read_text("utf-8"))))
    bases = {node.name: {ast.unparse(base) for base in node.bases} for node in nodes if isinstance(node, ast.ClassDef)}
    for _ in range(3):
        found |= {name for name, names in bases.items() if names & found}
    return found


KINDS = kinds()


def test_the_errors_that_people_are_told_are_of_that_kind():
    assert {"Usage", "BadTarget", "BadHandshake", "BadScenario", "BadAudio", "BadCertificateFile"} <= KINDS


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_no_sentence_is_put_together_before_it_is_told(file):
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KINDS and node.args:
            sentence = node.args[0]
            plain = isinstance(sentence, ast.Constant) or (isinstance(sentence, ast.Name) and sentence.id.isupper())
            assert plain, f"line {node.lineno}: {ast.unparse(node)}"


def test_what_is_put_into_a_sentence_is_quoted_and_bounded():
    told = str(InputError("--key-env {}: {!a}, {:g} s", "ghp_ab01ab01ab01ab01ab01ab01ab01", "plain é", 2.5))
    assert "ab01" not in told
    assert told.endswith(r": 'plain \xe9', 2.5 s")
    assert len(str(InputError("{}", "word " * 10_000))) <= 300
    assert str(InputError("braces {} stay")) == "braces {} stay"


def test_the_system_is_told_in_words_and_asyncios_text_is_not():
    refused = ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed ('127.0.0.1', 1)")
    taken = OSError(errno.EADDRINUSE, "error while attempting to bind on address ('127.0.0.1', 1): in use")
    assert reason_of(refused) == "connection refused"
    assert str(Usage("--port {}: {}", 1, taken)) == "--port 1: the port is in use"
    assert "Connect call" not in reason_of(OSError(errno.EHOSTUNREACH, "Connect call failed ('::1', 1, 0, 0)"))


def test_a_number_of_another_library_is_not_read_as_the_systems():
    assert reason_of(ssl.SSLError(errno.ENOENT, "a reason of its own")) == "a reason of its own"
    assert reason_of(ValueError("said")) == "said"

"""`rtdoctor snippet` as a user runs it."""

import pytest

from tests.cli.commands.test_check import rtdoctor
from tests.conftest import KEY


def test_the_snippet_alone_is_on_stdout_and_the_notes_on_stderr():
    done = rtdoctor("snippet", "python-websockets", "--for", "realtime", "--auth", "subprotocol")
    assert done.returncode == 0
    compile(done.stdout, "snippet", "exec")
    assert "openai-insecure-api-key." in done.stdout
    assert "/realtime?model=gpt-realtime-2.1" in done.stdout
    assert "# install: pip install 'websockets>=14'\n# run: python snippet.py\n" in done.stderr
    assert "rtdoctor's mock" in done.stderr


def test_without_options_it_is_a_transcription_in_the_usual_form():
    done = rtdoctor("snippet", "js-browser")
    assert done.returncode == 0
    assert "intent=transcription" in done.stdout
    assert "client secret, ek_" in done.stdout
    assert "run: python snippet.py speech.wav" in rtdoctor("snippet", "python-aiohttp").stderr


def test_the_languages_are_listed():
    done = rtdoctor("snippet", "--list")
    assert done.returncode == 0
    names = [line.split()[0] for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert names == [
        "curl", "websocat", "python-openai", "python-websockets", "python-aiohttp",
        "js-openai", "js-ws", "js-browser", "csharp", "go",
    ]  # fmt: skip


def test_a_model_that_will_be_shut_down_is_told():
    done = rtdoctor("snippet", "go", "--model", "gpt-4o-transcribe")
    assert done.returncode == 0
    assert "gpt-4o-transcribe will be shut down on 2027-02-26; its successor is gpt-transcribe" in done.stderr
    done = rtdoctor("snippet", "go", "--for", "realtime", "--model", "gpt-4o-realtime-preview")
    assert "gpt-4o-realtime-preview is retired" in done.stderr


def test_the_base_url_is_taken_in_any_form():
    done = rtdoctor("snippet", "go", "--base-url", "wss://my-server/v1/realtime?intent=transcription")
    assert 'baseURL = "https://my-server/v1"' in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "name a language: curl, "),
        (["cobol"], "no snippet for 'cobol'; there are curl, "),
        (
            ["js-browser", "--auth", "header"],
            "a browser cannot set headers on a WebSocket; what works is --auth secret",
        ),
        (["python-openai", "--auth", "subprotocol"], "what works is --auth header and secret"),
        (["go", "--model", "gpt-realtime-2.1"], "is a realtime model; give --for realtime"),
        (["go", "--for", "realtime", "--model", "whisper-1"], "is a transcription model; give --for transcription"),
        (["go", "--model", 'x"y'], "holds a character"),
        (["go", "--base-url", "no url"], "no URL"),
        (["go", "--base-url", 'https://h/v1"'], "is not plain"),
        (["go", "--for", "speech"], "speech"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(arguments, says):
    done = rtdoctor("snippet", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "given", [["--model", KEY], ["--base-url", f"https://h.example/{KEY}/v1"], ["--model", "ek_ab12cd34ef"]]
)
def test_a_key_in_the_place_of_a_model_or_url_is_in_no_snippet(given):
    done = rtdoctor("snippet", "curl", *given, key=KEY)
    assert (done.returncode, done.stdout) == (2, "")
    assert "looks like a secret" in done.stderr
    assert given[1][-8:] not in done.stderr

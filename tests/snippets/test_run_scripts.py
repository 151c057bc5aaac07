"""The snippets that an interpreter runs: shell, Python and Node, against the mock."""

import sys

import pytest

from tests.snippets.running import SPEECH, TRANSCRIPT, WRONG_KEY, forms, need, run, write

pytestmark = pytest.mark.snippets

NEEDS = {
    "curl": ["curl"],
    "websocat": ["websocat", "jq", "bash", "curl"],
    "js-openai": ["node", "npm:openai", "npm:ws"],
    "js-ws": ["node", "npm:ws"],
}
INTERPRETER = {"sh": "sh", "py": sys.executable, "mjs": "node"}
SESSIONS = forms("websocat", "python-openai", "python-websockets", "python-aiohttp", "js-openai", "js-ws")


@pytest.fixture
def go(tmp_path, request):
    """Write a snippet and run it with arguments; the finished process comes back."""

    def start(ident, aim, auth, *arguments, **more):
        need(*NEEDS.get(ident, []))
        file = write(tmp_path, ident, aim, auth)
        command = ["bash" if ident == "websocat" else INTERPRETER[file.suffix[1:]], file, *arguments]
        if ident == "js-openai":
            # The official SDK opens wss:// only.
            base_url, ca = request.getfixturevalue("secure")
            if auth == "subprotocol":
                command.insert(1, "--experimental-websocket")  # Node 20; a flag without effect from 22 on
            return run(*command, base_url=base_url, NODE_EXTRA_CA_CERTS=str(ca), **more)
        return run(*command, base_url=request.getfixturevalue("plain"), **more)

    return start


@pytest.mark.parametrize(("ident", "auth"), SESSIONS)
def test_it_prints_a_transcript(go, ident, auth):
    done = go(ident, "transcription", auth, SPEECH)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["session.created", "session.updated", TRANSCRIPT]


@pytest.mark.parametrize("aim", ["transcription", "realtime"])
@pytest.mark.parametrize(("ident", "auth"), SESSIONS)
def test_without_a_file_it_ends_with_the_session_updated(go, ident, auth, aim):
    done = go(ident, aim, auth)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["session.created", "session.updated"]


@pytest.mark.parametrize(("ident", "auth"), SESSIONS)
def test_a_wrong_key_is_told_and_fails(go, ident, auth):
    done = go(ident, "transcription", auth, SPEECH, key=WRONG_KEY)
    assert (done.returncode, done.stdout) == (1, "")
    assert "invalid_api_key" in done.stderr
    assert "Incorrect API key provided" in done.stderr


@pytest.mark.heavy
@pytest.mark.parametrize("aim", ["transcription", "realtime"])
@pytest.mark.parametrize(("ident", "auth"), forms("curl"))
def test_curl_shows_the_101_and_the_first_event(go, ident, auth, aim):
    done = go(ident, aim, auth)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "HTTP/1.1 101 Switching Protocols")
    assert f'"type": "{aim}"' in done.stdout[done.stdout.index("session.created") :]


@pytest.mark.heavy
@pytest.mark.parametrize(("ident", "auth"), forms("curl"))
def test_curl_fails_with_a_wrong_key_although_the_answer_is_a_101(go, ident, auth):
    done = go(ident, "transcription", auth, key=WRONG_KEY)
    assert done.returncode == 1
    assert "invalid_api_key" in done.stdout + done.stderr
    assert ("101 Switching Protocols" in done.stdout) is (auth != "secret")

"""The browser's snippet: opened in headless Chromium, the fields filled in, the button pressed."""

import json
import shutil
import urllib.request

import pytest

from tests.conftest import KEY
from tests.snippets.chromium import browser
from tests.snippets.running import PATH, SPEECH, TRANSCRIPT, WRONG_KEY, need, write

pytestmark = pytest.mark.snippets
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def page():
    found = next((program for name in PROGRAMS if (program := shutil.which(name, path=PATH))), None)
    if not found:
        need("chromium")
    with browser(found) as tab:
        yield tab


def credential(auth, base_url):
    """The key, or a client secret for either kind of session, minted as the page's comment says."""
    if auth == "subprotocol":
        return KEY
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    body = json.dumps({"session": {"type": "transcription"}}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{base_url}/realtime/client_secrets", body, headers)) as answer:
        return json.load(answer)["value"]


def fill_in(page, file, base_url, key, audio=None):
    page.open(file.as_uri())
    page.evaluate(f"document.querySelector('#base').value = {json.dumps(base_url)}")
    page.evaluate(f"document.querySelector('#key').value = {json.dumps(key)}")
    if audio:
        page.choose("#file", audio)
    page.evaluate("document.querySelector('button').click()")


@pytest.mark.parametrize("auth", ["subprotocol", "secret"])
def test_it_prints_a_transcript(page, plain, tmp_path, auth):
    file = write(tmp_path, "js-browser", "transcription", auth)
    fill_in(page, file, plain, credential(auth, plain), SPEECH)
    lines = page.text_with("#log", "closed").splitlines()
    assert lines[:3] == ["session.created", "session.updated", TRANSCRIPT]


@pytest.mark.parametrize("aim", ["transcription", "realtime"])
def test_without_a_file_it_ends_with_the_session_updated(page, plain, tmp_path, aim):
    fill_in(page, write(tmp_path, "js-browser", aim, "subprotocol"), plain, KEY)
    assert page.text_with("#log", "closed").splitlines()[:2] == ["session.created", "session.updated"]


def test_a_wrong_key_is_told(page, plain, tmp_path):
    fill_in(page, write(tmp_path, "js-browser", "transcription", "subprotocol"), plain, WRONG_KEY)
    told = page.text_with("#log", "closed")
    assert "invalid_api_key: Incorrect API key provided" in told
    assert "closed: 3000 invalid_request_error.invalid_api_key" in told
    assert "session.created" not in told

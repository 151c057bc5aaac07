"""What the terminal shows, word by word: 80 columns, no colour, the exit code first.

Run with RTDOCTOR_UPDATE_DOCS=1 to write `tests/snapshots` anew; then read what changed.
"""

import json
import os
import re
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cli.commands.test_check import serving
from tests.conftest import KEY
from tests.engine.test_validate import CREATED, INVALID_KEY
from tests.hostile.http import refusing, upgrading
from tests.hostile.tcp import closed_port
from tests.processes import run

FOLDER = Path(__file__).with_name("snapshots")
WRONG = "sk-proj-wrong00112233445566778899"
# What differs from run to run: times, ports, marks of secrets, places.
NOISE = (
    (re.compile(r"\b\d+(?:\.\d+)? ms\b"), "N ms"),
    (re.compile(r"\b\d+(?:\.\d+)? s\b"), "N s"),
    (re.compile(r"(127\.0\.0\.1|localhost):\d+"), r"\1:PORT"),
    (re.compile(r"port \d{4,5}"), "port PORT"),
    (re.compile(r"\[secret\s+[0-9a-f]{4}\]"), "[secret XXXX]"),
    (re.compile(r"/tmp/\S+/"), "TMP/"),
    (re.compile(r"\b(event|sess|item|conv)_\w+"), r"\1_ID"),
    (re.compile(r"Sec-WebSocket-Accept: \S+"), "Sec-WebSocket-Accept: HASH"),
    (re.compile(r"\b17\d{8}\b|\b18\d{8}\b"), "SECONDS"),
    (re.compile(r"Date: [^\n]+"), "Date: DATE"),
    (re.compile(r"\(proven, \d+ connections\)"), "(proven, N connections)"),
    (re.compile(r"[ \t]+$", re.MULTILINE), ""),
)
EXPLAINED = {
    "invalid key": "close 3000 invalid_request_error.invalid_api_key",
    "no key": "Missing bearer or basic authentication in header",
    "wrong path": "wss://api.openai.com/v1/realtime/transcription_sessions: server returned 403 when 101 was expected",
    "no credit": "websocket closed: 1013 insufficient_quota.credit_balance_exhausted",
    "beta": "The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API.",
    "model missing": "close 4000 invalid_request_error.missing_model",
    "model unknown": 'Model "gpt-nope" is not supported in realtime mode.',
    "certificate": "ssl.SSLCertVerificationError: certificate verify failed: unable to get local issuer certificate",
    "name": "getaddrinfo ENOTFOUND api.openai.con",
    "region": '{"error":{"code":"unsupported_country_region_territory","message":"Country or region not supported"}}',
    "unknown": "it does not work",
}


def shown(*arguments, **more):
    """The exit code, and what went to stdout and stderr, without what differs from run to run."""
    env = {"COLUMNS": "80", "NO_COLOR": "1"} | more.pop("env", {})
    done = run(*arguments, env=env, **more)
    text = f"exit {done.returncode}\n{done.stdout.decode()}"
    if done.stderr:
        text += f"--- stderr\n{done.stderr.decode()}"
    for found, put in NOISE:
        text = found.sub(put, text)
    return text


def held(name, text):
    """Hold a text against the snapshot of that name."""
    file = FOLDER / f"{name.replace(' ', '-')}.txt"
    if os.environ.get("RTDOCTOR_UPDATE_DOCS"):
        FOLDER.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    # A number of another length wraps a line elsewhere: the words are held, and the file shows how they stood once.
    assert " ".join(text.split()) == " ".join(file.read_text(encoding="utf-8").split())


@pytest.mark.parametrize("name", EXPLAINED)
def test_explain(name):
    held(f"explain {name}", shown("explain", EXPLAINED[name]))


def test_explain_list_and_page():
    held("explain list", shown("explain", "--list"))
    held("explain page", shown("explain", "--cause", "auth.invalid"))


def test_validate(tmp_path):
    good, bad = tmp_path / "good.jsonl", tmp_path / "bad.jsonl"
    good.write_text(json.dumps(CREATED))
    bad.write_text(json.dumps({**CREATED, "session": {"type": "nope"}}) + "\n" + json.dumps(INVALID_KEY) + "\n{broken")
    held("validate good", shown("validate", str(good)))
    held("validate bad", shown("validate", str(bad)))


def test_check_on_the_mock():
    held("check mock smoke", shown("check", "--target", "mock", "--tag", "smoke"))
    held("check list", shown("check", "--list", "-k", "auth"))


FAILING = {
    "check wrong key": lambda stack: (stack.enter_context(serving()).base_url, WRONG),
    "check 401": lambda stack: (stack.enter_context(upgrading(refusing("401 Unauthorized"))).base, KEY),
    "check empty 403": lambda stack: (stack.enter_context(upgrading(refusing("403 Forbidden"))).base, KEY),
    "check 502": lambda stack: (stack.enter_context(upgrading(refusing("502 Bad Gateway"))).base, KEY),
    "check nobody listens": lambda stack: (f"http://127.0.0.1:{stack.enter_context(closed_port())}/v1", KEY),
}


@pytest.mark.parametrize("name", FAILING)
def test_check_where_something_is_wrong(name):
    with ExitStack() as stack:
        base, key = FAILING[name](stack)
        asked = ("check", "--target", base, "--tag", "smoke", "--concurrency", "1", "--timeout", "2")
        held(name, shown(*asked, env={"OPENAI_API_KEY": key}))


def test_probe_and_its_cure():
    with serving() as server:
        base = server.base_url.replace("http", "ws")
        env = {"OPENAI_API_KEY": KEY}
        url, header = f"{base}/realtime?intent=transcription", "Authorization: Bearer $OPENAI_API_KEY"
        held("probe good", shown("probe", url, "-H", header, "--no-fix", env=env))
        held("probe without a key", shown("probe", url, "--no-fix", env=env))
        held("probe rest path", shown("probe", f"{base}/realtime/transcription_sessions", "--fix", env=env))


def test_snippet_and_usage():
    held("snippet curl", shown("snippet", "curl"))
    held("usage no key", shown("check", "--target", "openai"))
    held("usage bad flag", shown("check", "--no-such-flag"))
    held("usage no text", shown("explain", ""))

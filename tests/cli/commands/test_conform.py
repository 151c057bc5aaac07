"""`rtdoctor conform` on the command line: what it asks for, what it prints, and how it ends."""

import json
import re
import sys
from importlib.resources import files

import jsonschema_rs
import pytest

from rtdoctor.cli.main import main
from tests.conform.deviant import KEY, Way, deviant
from tests.conform.ways import lose, put

SCHEMA = json.loads(files("rtdoctor.report").joinpath("conform.schema.json").read_text(encoding="utf-8"))


@pytest.fixture
def conform(monkeypatch, capsys):
    """Run it: exit code, standard output, standard error."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "CI", "OPENAI_BASE_URL", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("COLUMNS", "80")

    def go(*arguments):
        monkeypatch.setattr(sys, "argv", ["rtdoctor", "conform", *arguments])
        code = 0
        try:
            main()
        except SystemExit as left:
            code = left.code
        out, err = capsys.readouterr()
        return code, out, err

    return go


def served(way, go):
    """What `go(base)` gives while a server deviates that way, in a loop of its own."""
    import asyncio
    import threading

    ready, over, base = threading.Event(), None, []

    async def serve():
        nonlocal over
        over = asyncio.Event()
        async with deviant(way) as url:
            base.append((asyncio.get_running_loop(), url))
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(5)
    loop, url = base[0]
    try:
        return go(url)
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()


def test_the_mock_conforms(conform):
    code, out, _ = conform("mock", "--group", "handshake")
    assert code == 0
    assert "It conforms (of 13 cases 13 conform)." in out


def test_a_deviation_of_weight_ends_with_1_and_tells_who_breaks_and_the_fix(conform):
    code, out, _ = served(
        put("error", "error", "event_id", remove=True), lambda url: conform(url, "--spend", "--case", "errors.event-id")
    )
    assert code == 1
    assert re.search(r"medium +errors\.event-id-not-echoed", out)
    assert "Put the client's event_id into error.event_id." in out


def test_one_of_low_weight_is_told_and_fails_nothing(conform):
    way = put("session.created", "session", "expires_at", value=0)
    code, out, _ = served(way, lambda url: conform(url, "--spend", "--case", "lifecycle.expires-at"))
    assert code == 0
    assert "lifecycle.expires-at-wrong" in out


def test_what_cannot_be_reached_ends_with_3(conform):
    code, out, _ = conform("http://127.0.0.1:9/v1", "--spend", "--case", "frames.ping")
    assert code == 3
    assert "connection refused" in out


def test_json_has_the_form_of_its_schema(conform):
    code, out, err = conform("mock", "--group", "frames", "--format", "json")
    told = json.loads(out)
    jsonschema_rs.validator_for(SCHEMA).validate(told)
    assert code == 0
    assert "It conforms" in err
    broken = told | {"cases": [{"case": "x"}]}
    assert not jsonschema_rs.validator_for(SCHEMA).is_valid(broken)


@pytest.mark.heavy
def test_two_reports_stand_side_by_side(conform, tmp_path):
    left, right = tmp_path / "a.json", tmp_path / "b.json"
    chosen = ("--case", "frames.ping", "--case", "errors.event-id")
    served(Way(), lambda url: conform(url, "--spend", *chosen, "--report", f"json={left}"))
    served(lose("error"), lambda url: conform(url, "--spend", *chosen, "--report", f"json={right}", "--timeout", "0.5"))
    code, out, _ = conform("--compare", str(left), str(right))
    assert code == 1
    assert re.search(r"errors\.event-id +conforms +deviates", out)
    assert re.search(r"errors\.silent +medium +- +×1", out)
    assert conform("--compare", str(left), str(left))[0] == 0


def test_what_is_no_report_is_refused(conform, tmp_path):
    other = tmp_path / "other.json"
    other.write_text("{}")
    code, _, err = conform("--compare", str(other), str(other))
    assert code == 2
    assert "is no JSON report of conform" in err


@pytest.mark.parametrize("url", ["https://api.example.com/v1", "http://127.0.0.1:9/v1", "http://localhost:9/v1"])
def test_every_server_but_the_mock_wants_leave_to_spend_and_hears_the_bound(conform, url):
    # On this machine, too: our own proxy and LiteLLM pass on what is sent there, with a key that somebody pays for.
    code, _, err = conform(url)
    assert code == 2
    assert re.search(r"up to \d+ s of audio and \d+ responses of at most 200 tokens", err)
    assert "--spend allows it" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "wants the URL of a server"),
        (("mock", "--group", "nope"), "--group nope: is one of handshake"),
        (("mock", "--case", "nope.nope"), "there is no such case"),
        (("ftp://host/v1",), "the scheme 'ftp' is not one of"),
        (("mock", "--timeout", "0"), "--timeout 0"),
    ],
)
def test_a_bad_command_line_is_one_sentence(conform, arguments, words):
    code, out, err = conform(*arguments)
    assert (code, out) == (2, "")
    assert words in err


def test_the_list_tells_each_case_with_what_it_asks(conform):
    code, out, _ = conform("--list", "--group", "authentication")
    assert code == 0
    assert out.count("authentication.") > 6
    assert "Sends no key" in " ".join(out.split())


def test_verbose_shows_every_case(conform):
    _, out, _ = conform("mock", "--case", "frames.ping", "-v")
    assert re.search(r"frames\.ping +conforms", out)


@pytest.mark.heavy
def test_the_report_of_a_server_that_deviates_everywhere_is_bounded(conform):
    way = Way(server=lambda _, event: event | {"event_id": 7, "x": 1} if event["type"] != "error" else None)
    code, out, _ = served(way, lambda url: conform(url, "--spend", "--timeout", "0.5"))
    assert code == 1
    assert len(out.splitlines()) < 400

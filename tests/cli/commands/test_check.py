"""`rtdoctor check` as a user runs it: a process of its own, against servers on real sockets."""

import asyncio
import json
import os
import re
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest

from rtdoctor.mock.server import MockServer
from tests.conftest import KEY
from tests.processes import run


def rtdoctor(*arguments, key=None, cwd=None, timeout=60, **env):
    done = run(*arguments, env=({"OPENAI_API_KEY": key} if key else {}) | env, cwd=cwd, timeout=timeout)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


@contextmanager
def serving(kind=MockServer, **more):
    """A mock in a thread, so that a process can be run against it."""
    loop = asyncio.new_event_loop()
    server = kind({KEY}, **more)
    loop.run_until_complete(server.start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_the_mock_passes_every_scenario_and_prints_a_transcript():
    done = rtdoctor("check", "--target", "mock")
    assert done.returncode == 0, done.stdout
    assert "The quick doctor opens every socket" in done.stdout
    assert re.search(r"(\d+) scenarios: \1 pass\.", done.stdout)
    assert done.stderr == ""
    assert "the built-in mock" in done.stdout.splitlines()[0]
    assert "Nothing about your account was tested" in " ".join(done.stdout.splitlines()[-2:])
    told = [line for line in done.stdout.splitlines() if line]
    assert len(told) == len(set(told)), "no line repeats another"
    assert done.stdout == "\n".join(line.rstrip() for line in done.stdout.splitlines()) + "\n"


def test_without_a_key_the_mock_runs_and_says_so_in_the_first_and_last_line():
    done = rtdoctor("check", "--tag", "smoke")
    assert done.returncode == 0
    lines = done.stdout.strip().splitlines()
    assert "the built-in mock" in lines[0]
    told = " ".join(" ".join(lines).split())
    assert told.count("Nothing about your account was tested: there is no key in OPENAI_API_KEY") == 1
    assert "Nothing about your account was tested" in " ".join(lines[-3:])


def test_without_a_key_in_ci_it_is_a_usage_error():
    done = rtdoctor("check", "--tag", "smoke", CI="true")
    assert (done.returncode, done.stdout) == (2, "")
    assert "a missing secret must not be green" in done.stderr
    assert rtdoctor("check", "--tag", "smoke", "--target", "mock", CI="true").returncode == 0


def test_a_good_key_is_green_and_sends_nothing_billable():
    with serving() as server:
        done = rtdoctor("check", "--target", server.base_url, "--tag", "smoke", "--format", "json", key=KEY)
    report = json.loads(done.stdout)
    assert (done.returncode, report["summary"]["exit_code"], report["summary"]["can_connect"]) == (0, 0, True)
    assert report["spend"] == {
        "events": {"session.update": 2},
        "events_sent": 2,
        "audio_bytes": 0,
        "audio_ms": 0,
        "billable": False,
    }
    assert report["target"]["account_tested"] is True
    assert KEY not in done.stdout + done.stderr


def test_a_wrong_key_is_named_from_the_event_after_the_101():
    with serving() as server:
        done = rtdoctor("check", "--target", server.base_url, "--format", "json", key="sk-proj-wrong0123456789abcd")
    report = json.loads(done.stdout)
    summary = report["summary"]
    assert (done.returncode, summary["cause"], summary["rung"]) == (1, "auth.invalid", "first-event")
    rungs = {rung["rung"]: rung for rung in report["ladder"]}
    assert rungs["upgrade"]["verdict"] == "pass"
    assert rungs["session"]["verdict"] == "inconclusive"
    assert any("invalid_api_key" in fact for fact in rungs["first-event"]["finding"]["facts"])
    assert "abcd" not in done.stdout, "the server's echo of the last characters"


def test_a_stopped_server_is_exit_3_and_refused():
    with serving() as server:
        url = server.base_url
    done = rtdoctor("check", "--target", url, "--tag", "smoke", "--format", "json", key=KEY)
    summary = json.loads(done.stdout)["summary"]
    assert (done.returncode, summary["cause"], summary["rung"]) == (3, "network.tcp-refused", "tcp")


def test_a_private_ca_fails_without_and_works_with_ca_file(localhost_tls):
    ca_file, context = localhost_tls
    with serving(tls=context) as server:
        url = server.base_url
        blind = rtdoctor("check", "--target", url, "--tag", "smoke", "--format", "json", key=KEY)
        trusted = rtdoctor(
            "check", "--target", url, "--transcribe", "--ca-file", str(ca_file), "--timeout", "5",
            "-k", "audio", "-k", "url", "-k", "auth", "-k", "update", key=KEY,
        )  # fmt: skip
    summary = json.loads(blind.stdout)["summary"]
    assert (blind.returncode, summary["cause"]) == (3, "network.tls-untrusted")
    assert trusted.returncode == 0, trusted.stdout
    assert "The quick doctor" in trusted.stdout
    assert "TLSv1.3" in trusted.stdout


def test_the_url_of_the_original_report_is_mended_and_named():
    with serving() as server:
        url = server.base_url.replace("http", "ws") + "/realtime/transcription_sessions"
        done = rtdoctor("check", "--target", url, "--tag", "smoke", "--format", "json", key=KEY)
    summary = json.loads(done.stdout)["summary"]
    assert (done.returncode, summary["cause"], summary["rung"], summary["can_connect"]) == (
        1,
        "refused.path",
        "config",
        True,
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--target", "no url"], "no URL"),
        (["--target", ""], "--target is empty"),
        (["--key-env", ""], "--key-env is empty"),
        (["--target", "ftp://x/v1"], "scheme 'ftp'"),
        (["--tag", "nope"], "the tags are"),
        (["-k", "no-such-scenario"], "no scenario is selected"),
        (["--timeout", "0"], "--timeout 0"),
        (["--concurrency", "0"], "--concurrency 0"),
        (["--key-env", "NOT_SET_AT_ALL"], "not set"),
        (["--key-file", "/no/such/file"], "no such file"),
        (["--ca-file", "/no/such/file"], "no such file"),
        (["--audio", "/no/such/file.wav"], "no such file"),
        (["--scenarios", "/no/such/folder"], "no such folder"),
        (["--format", "yaml"], "yaml"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(arguments, says):
    done = rtdoctor("check", *arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("flag", ["--target", "--key-env", "--key-file", "--ca-file"])
def test_a_key_in_the_place_of_another_value_is_not_shown(flag):
    done = rtdoctor("check", flag, KEY, key=KEY)
    assert done.returncode == 2
    assert KEY not in done.stderr
    assert "[secret " in done.stderr


@pytest.mark.parametrize(
    ("query", "cause"),
    [
        ("?model=gpt-4o-transcribe&intent=transcription", "session.model-with-intent"),
        ("?model=gpt-4o-transcribe", "session.model-wrong-mode"),
        ("?intent=transcription", None),
    ],
)
def test_the_query_of_the_url_that_was_given_is_judged(query, cause):
    with serving() as server:
        url = server.base_url + "/realtime" + query
        done = rtdoctor("check", "--target", url, "--tag", "smoke", "--format", "json", key=KEY)
    report = json.loads(done.stdout)
    assert (report["summary"]["cause"], done.returncode) == (cause, 1 if cause else 0)
    assert any("is not sent by the ladder" in fact for fact in report["ladder"][0]["finding"]["facts"])


def test_a_reader_that_leaves_early_is_no_error():
    command = f"{sys.executable} -m rtdoctor check --target mock --tag smoke"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} | head -n 1"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, "the exit code is the run's"
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("key", "cause"),
    [
        (None, "usage.no-credential"),
        ("sk-with space", "usage.credential-malformed"),
        ('"sk-quoted"', "usage.credential-malformed"),
        ("sk-newline\n", "usage.credential-malformed"),
    ],
)
def test_a_key_that_cannot_be_sent_is_exit_2(key, cause):
    done = rtdoctor("check", "--target", "openai", "--tag", "smoke", "--format", "json", key=key)
    assert (done.returncode, json.loads(done.stdout)["summary"]["cause"]) == (2, cause)


def test_the_key_can_come_from_a_file_or_another_variable(tmp_path):
    (tmp_path / "key").write_text(KEY + "\n")
    with serving() as server:
        of_file = rtdoctor("check", "--target", server.base_url, "--tag", "smoke", "--key-file", str(tmp_path / "key"))
        of_name = rtdoctor("check", "--target", server.base_url, "--tag", "smoke", "--key-env", "MY_KEY", MY_KEY=KEY)
        of_sdk = rtdoctor("check", "--tag", "smoke", key=KEY, OPENAI_BASE_URL=server.base_url)
    assert [of_file.returncode, of_name.returncode, of_sdk.returncode] == [0, 0, 0]
    assert "Nothing about your account" not in of_sdk.stdout


def test_scenarios_are_listed_with_their_evidence():
    done = rtdoctor("check", "--list", "--tag", "path", COLUMNS="200")
    assert done.returncode == 0
    assert "path.transcription-sessions" in done.stdout
    assert "observed 2025-07-01" in done.stdout
    assert "url.neither" not in done.stdout


def test_a_folder_of_ones_own_scenarios_is_run_beside_the_built_in_ones(tmp_path):
    (tmp_path / "mine.toml").write_text(
        '[[scenario]]\nid = "mine.greeting"\ntitle = "my own"\n'
        '[scenario.handshake]\nquery = { intent = "transcription" }\n'
        '[[scenario.accept]]\noutcome = { http_status = 101, session_type = "transcription" }\n'
        'evidence = "me"\nseen = "2026-11-22"\nconfidence = "observed"\n'
    )
    done = rtdoctor("check", "--target", "mock", "--scenarios", str(tmp_path), "-k", "mine", "--format", "json")
    assert [result["scenario"] for result in json.loads(done.stdout)["results"]] == ["mine.greeting"]
    (tmp_path / "bad.toml").write_text('[[scenario]]\nid = "mine.bad"\ntitle = "x"\naccept = []\n')
    bad = rtdoctor("check", "--target", "mock", "--scenarios", str(tmp_path))
    assert bad.returncode == 2
    assert "bad.toml: scenario 'mine.bad': " in bad.stderr


def test_colour_only_where_it_is_wanted():
    assert "\x1b" not in rtdoctor("check", "--target", "mock", "--tag", "smoke").stdout
    assert "\x1b[" in rtdoctor("check", "--target", "mock", "--tag", "smoke", FORCE_COLOR="1").stdout


def test_an_interrupted_run_still_reports(tmp_path):
    import signal
    import time

    with serving(faults={"open-transcription": "silent"}) as server:
        environment = os.environ | {"OPENAI_API_KEY": KEY, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-m", "rtdoctor", "check", "--target", server.base_url, "--timeout", "60"]
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # it may be ignored where the tests began
        ) as run:
            assert any("client-secret" in line for line in iter(run.stdout.readline, "")), run.stderr.read()
            run.send_signal(signal.SIGINT)
            started = time.monotonic()
            out, err = run.communicate(timeout=10)
            assert time.monotonic() - started < 2
    assert run.returncode == 130, err
    assert "Interrupted: the report is partial." in out
    assert "Traceback" not in err


def test_an_interrupt_while_modules_load_shows_no_traceback(tmp_path):
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt\n")
    done = rtdoctor("check", PYTHONPATH=os.pathsep.join((str(tmp_path), *sys.path)))
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "rtdoctor: interrupted\n")

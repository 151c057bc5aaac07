"""--report: files beside what the terminal shows, as a user asks for them; what CI reads; what fails otherwise."""

import json
import os
import signal
from xml.etree import ElementTree

import pytest

from rtdoctor.report.writers import FILES
from tests.cli.commands.test_check import serving
from tests.conftest import KEY
from tests.engine.test_validate import CREATED, INVALID_KEY
from tests.hostile.http import refusing, upgrading
from tests.hostile.tcp import closed_port
from tests.processes import run, started

pytestmark = pytest.mark.heavy  # a process each

SMOKE = ("check", "--target", "mock", "--tag", "smoke")
WRONG = "sk-proj-wrong00112233445566778899"


def failing(*more, env=None, **rest):
    """A run whose key nobody knows."""
    with serving() as server:
        asked = ("check", "--target", server.base_url, "--tag", "smoke", "--timeout", "3", *more)
        return run(*asked, env={"OPENAI_API_KEY": WRONG} | (env or {}), **rest)


def test_one_run_writes_every_format_privately_beside_the_terminals_report(tmp_path):
    names = list(FILES)
    reports = [part for name in names for part in ("--report", f"{name}={tmp_path / FILES[name]}")]
    done = failing(*reports)
    assert done.returncode == 1, done.stderr
    assert b"Can I connect?" in done.stdout
    assert b"Fix: " in done.stdout
    assert done.stderr == b""
    for name in names:
        file = tmp_path / FILES[name]
        assert file.stat().st_mode & 0o777 == 0o600
        text = file.read_text("utf-8").replace("&#160;", " ")  # a picture's blanks
        assert "the key is not known" in text or name in ("prometheus",), name
        assert WRONG not in text
    assert {path.name for path in tmp_path.iterdir()} == set(FILES.values()), "and nothing else is left"


def test_a_report_without_a_path_has_a_name_of_its_own(tmp_path):
    done = run(*SMOKE, "--report", "junit", cwd=tmp_path)
    assert done.returncode == 0
    assert ElementTree.parse(tmp_path / "rtdoctor.xml").getroot().get("failures") == "0"


@pytest.mark.parametrize("name", ["json", "junit", "sarif", "html", "ndjson", "prometheus", "markdown"])
def test_where_standard_output_is_a_machines_the_verdict_and_the_cure_go_to_stderr(name):
    done = failing("--format", name)
    assert done.returncode == 1
    line, fix = done.stderr.decode().splitlines()
    assert line.startswith("FAIL (exit 1)  No. It ends at first-event: the key is not known.")
    assert fix.startswith("Fix: Get the key where this server or gateway issues its keys")


def test_nagios_has_exit_codes_of_its_own_only_when_it_is_what_stdout_shows(tmp_path):
    assert failing("--format", "nagios").returncode == 2
    assert failing("--report", f"nagios={tmp_path / 'n'}").returncode == 1
    with closed_port() as port:
        done = run(
            "check", "--target", f"http://127.0.0.1:{port}/v1", "--format", "nagios", env={"OPENAI_API_KEY": KEY}
        )
    assert done.returncode == 3
    assert done.stdout.startswith(b"REALTIME UNKNOWN - ")
    assert run(*SMOKE, "--format", "nagios").returncode == 1, "only the mock was tested"


def test_ndjson_on_standard_output_comes_line_by_line():
    done = run(*SMOKE, "--format", "ndjson")
    events = [json.loads(line)["event"] for line in done.stdout.splitlines()]
    assert events[0] == "started"
    assert events[-1] == "finished"


# --- where it cannot be written ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["nowhere/r.xml", "", "."])
def test_a_path_that_cannot_be_written_is_told_before_anything_is_tried(tmp_path, path):
    done = run(*SMOKE, "--report", f"junit={path and tmp_path / path}")
    assert done.returncode == 2
    assert done.stdout == b""
    assert len(done.stderr.decode().strip().splitlines()) <= 4
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_disk_costs_neither_the_terminals_report_nor_the_other_files(tmp_path):
    good = tmp_path / "r.xml"
    done = run(*SMOKE, "--report", "html=/dev/full", "--report", f"junit={good}")
    assert done.returncode == 2
    assert b"PASS (exit 0)" in done.stdout
    assert done.stderr.decode().strip() == "rtdoctor: --report html: /dev/full: No space left on device"
    assert ElementTree.parse(good).getroot().get("failures") == "0"


def test_two_reports_in_one_file_and_a_report_on_standard_output_are_refused(tmp_path):
    one = tmp_path / "r"
    assert run(*SMOKE, "--report", f"junit={one}", "--report", f"html={one}").returncode == 2
    done = run(*SMOKE, "--report", "junit=-")
    assert done.returncode == 2
    assert b"--format junit" in done.stderr
    assert run(*SMOKE, "--report", "pdf").returncode == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.heavy
def test_an_interrupted_run_writes_its_reports_and_never_says_pass(tmp_path):
    file, page = tmp_path / "r.xml", tmp_path / "r.html"
    from tests.hostile.servers import hold
    from tests.hostile.tcp import answering

    with answering(hold) as met:
        asked = ("check", "--target", met.base, "--report", f"junit={file}", "--report", f"html={page}")
        with started(*asked, env={"OPENAI_API_KEY": KEY}) as process:
            assert process.stdout.readline()
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    assert b"PASS" not in out
    assert b"INTERRUPTED (exit 130)" in out
    assert ElementTree.parse(file).getroot().get("name") == "rtdoctor check"
    assert "Interrupted" in page.read_text()


@pytest.mark.heavy
def test_a_run_that_the_deadline_cuts_writes_its_reports(tmp_path):
    from tests.hostile.servers import hold
    from tests.hostile.tcp import answering

    file = tmp_path / "r.json"
    with answering(hold) as met:
        asked = ("check", "--target", met.base, "--deadline", "1", "--report", f"json={file}")
        done = run(*asked, env={"OPENAI_API_KEY": KEY})
    assert done.returncode == 3
    assert json.loads(file.read_text())["summary"]["exit_code"] == 3


# --- on a GitHub runner -----------------------------------------------------------------------------------------------


def test_a_runner_gets_annotations_a_summary_and_a_fence_around_what_a_server_wrote(tmp_path):
    summary = tmp_path / "summary.md"
    summary.write_text("before")
    evil = refusing("403 Forbidden", "\n::error::owned\n::set-output name=x::y\n")
    with upgrading(evil) as met:
        done = run(
            *("check", "--target", met.base, "--tag", "smoke", "--timeout", "2"),
            env={"OPENAI_API_KEY": KEY, "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)},
        )
    lines = done.stdout.decode().splitlines()
    assert done.returncode in (1, 3)
    token = lines[0].removeprefix("::stop-commands::")
    assert len(token) == 32
    end = lines.index(f"::{token}::")
    commands = [line for line in lines[end + 1 :] if line]
    assert commands
    assert all(line.startswith(("::error title=", "::warning title=", "::notice title=")) for line in commands)
    assert commands[0].startswith("::error title=")
    text = summary.read_text()
    assert text.startswith("before\n## ")
    assert "**Fix:**" in text


def test_a_runner_whose_stdout_is_a_file_gets_its_annotations_on_stderr(tmp_path):
    done = failing("--format", "json", env={"GITHUB_ACTIONS": "true"})
    json.loads(done.stdout)
    assert done.stderr.decode().splitlines()[0].startswith("::error title=auth.invalid")


# --- what fails, and warnings -----------------------------------------------------------------------------------------


def test_a_green_mock_says_in_its_verdict_line_that_no_account_was_tested():
    done = run(*SMOKE, env={"COLUMNS": "300"})
    last = done.stdout.decode().rstrip().splitlines()[-1]
    assert last.startswith("PASS (exit 0)  Yes,")
    assert last.endswith("Nothing about your account was tested: this was the built-in mock.")


def test_fail_on_decides_what_else_fails():
    assert run(*SMOKE, "--fail-on", "warn").returncode == 1
    assert run(*SMOKE, "--fail-on", "drift").returncode == 0
    assert failing("--fail-on", "never").returncode == 0
    with upgrading(refusing("403 Forbidden")) as met:
        base = ("check", "--target", met.base, "-k", "path.typo", "--timeout", "2")
        assert run(*base, "--fail-on", "never", env={"OPENAI_API_KEY": KEY}).returncode == 0
    assert run(*SMOKE, "--fail-on", "often").returncode == 2


def test_a_model_that_is_shut_down_soon_stands_in_the_verdict_line():
    asked = ("check", "--target", "mock", "--model", "gpt-realtime", "--tag", "smoke", "--format", "json")
    for days, told in (("30000", True), ("9999d", True), ("0d", False)):
        done = run(*asked, "--retire-within", days)
        if days == "30000":
            assert done.returncode == 2
            continue
        warnings = " ".join(json.loads(done.stdout)["summary"]["warnings"])
        assert ("gpt-realtime will be shut down on 2027-01-20" in warnings) is told or "was shut down" in warnings
    assert "Move to" in " ".join(json.loads(run(*asked, "--retire-within", "9999").stdout)["summary"]["warnings"])


# --- the baseline -----------------------------------------------------------------------------------------------------

ENTRY = '[[known]]\nscenario = "{}"\ncause = "{}"\nreason = "ticket 4711"\nexpires = {}\n'


WANTS_MORE = """[[scenario]]
id = "mine.{0}"
title = "a transcription session where a conversation was asked for"
tags = ["smoke"]

[scenario.handshake]
query = {{ intent = "transcription" }}

[[scenario.accept]]
outcome = {{ http_status = 101, session_type = "{1}" }}
evidence = "a test"
seen = "2026-11-22"
confidence = "inferred"
"""


def with_baseline(tmp_path, *entries):
    """A run on the mock of two scenarios: `mine.wrong` fails, `mine.right` passes."""
    file, folder = tmp_path / "known.toml", tmp_path / "scenarios"
    folder.mkdir(exist_ok=True)
    (folder / "mine.toml").write_text(
        WANTS_MORE.format("wrong", "realtime") + WANTS_MORE.format("right", "transcription")
    )
    file.write_text("".join(ENTRY.format(*entry) for entry in entries))
    asked = ("check", "--target", "mock", "-k", "mine.", "--scenarios", str(folder), "--format", "json")
    return run(*asked, *(("--baseline", str(file)) if entries else ()))


KNOWN = ("mine.wrong", "drift", "2999-01-01")


def test_what_the_baseline_knows_fails_nothing(tmp_path):
    assert with_baseline(tmp_path).returncode == 1
    done = with_baseline(tmp_path, KNOWN)
    told = json.loads(done.stdout)
    assert done.returncode == 0, told["summary"]
    assert "1 known failure of the baseline did not count." in told["summary"]["warnings"]
    found = next(result for result in told["results"] if result["scenario"] == "mine.wrong")
    assert "ticket 4711" in found["finding"]["summary"]
    assert found["verdict"] == "skip"


def test_an_entry_of_another_cause_a_stale_and_an_expired_one_fail(tmp_path):
    assert with_baseline(tmp_path, ("mine.wrong", "auth.invalid", "2999-01-01")).returncode == 1
    done = with_baseline(tmp_path, KNOWN, ("mine.right", "auth.invalid", "2999-01-01"))
    assert done.returncode == 1
    assert b"mine.right no longer fails with auth.invalid: take it out of the baseline." in done.stderr
    done = with_baseline(tmp_path, ("mine.wrong", "drift", "2026-01-01"))
    assert done.returncode == 1
    assert b"was to be mended by 2026-01-01" in done.stderr
    assert with_baseline(tmp_path, KNOWN, ("path.typo", "auth.invalid", "2999-01-01")).returncode == 0, (
        "not in this run"
    )


@pytest.mark.parametrize(
    "text",
    ["[[known]]\nscenario = 1", "x = 1", "[[known", '[[known]]\nscenario="a"\ncause="b"\nreason="c"\nexpires="soon"'],
)
def test_a_baseline_of_another_form_is_refused_with_its_place(tmp_path, text):
    file = tmp_path / "known.toml"
    file.write_text(text)
    done = run(*SMOKE, "--baseline", str(file))
    assert done.returncode == 2
    assert b"--baseline" in done.stderr
    assert len(done.stderr.decode().strip().splitlines()) == 1


# --- the other commands -----------------------------------------------------------------------------------------------


def test_probe_validate_and_explain_write_reports_too(tmp_path):
    page, xml = tmp_path / "p.html", tmp_path / "p.xml"
    with serving() as server:
        url = server.base_url.replace("http", "ws") + "/realtime/transcription_sessions"
        asked = ("probe", url, "--fix", "--report", f"html={page}", "--report", f"junit={xml}")
        assert run(*asked, env={"OPENAI_API_KEY": KEY}).returncode == 1
    assert "The smallest change that works" in page.read_text()
    assert KEY not in page.read_text()
    recording = tmp_path / "bad.jsonl"
    recording.write_text(json.dumps(CREATED) + "\n" + json.dumps(INVALID_KEY))
    sarif = tmp_path / "v.sarif"
    asked = ("validate", str(recording), "--report", f"sarif={sarif}", "--report", f"junit={xml}")
    assert run(*asked).returncode == 1
    assert json.loads(sarif.read_text())["runs"][0]["results"]
    assert run("validate", str(recording), "--report", f"json={recording}").returncode == 2, "the input is not written"
    assert run("explain", "close 4000", "--report", f"html={page}").returncode == 0
    assert "Explained" in page.read_text()

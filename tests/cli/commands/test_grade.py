"""`rtdoctor grade` as a user runs it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.processes import run, started

CLIENT = str(Path(__file__).parents[2] / "grade" / "clients" / "client.py")
TAPE = [
    {"tape": 1, "by": "proxy", "tool": "rtdoctor 0.1.0", "started_at": "2026-11-30T10:00:00Z", "to": "wss://h/v1"},
    {
        "t": 0.1,
        "connection": 1,
        "kind": "request",
        "url": "wss://h/v1/realtime?model=m&api_key=[secret]",
        "headers": [],
    },
    {"t": 0.2, "connection": 1, "kind": "answer", "status": 401, "reason": "", "headers": []},
    {"t": 0.5, "connection": 2, "kind": "request", "url": "wss://h/v1/realtime?model=m", "headers": []},
]
LISTENS = """
import os, sys, time
print(os.getpid(), flush=True)
open(sys.argv[1], "w").write(str(os.getpid()))
time.sleep(60)
"""


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "give a command to run, or --tape FILE"),
        (("--lesson", "nonsense", "true"), "there is no such lesson"),
        (("/no/such/program",), "no such file"),
        (("'",), "No closing quotation"),
        (("",), "the command is empty"),
        (("--tape", "/no/such/tape"), "no such file or folder"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_sentence(arguments, told):
    done = run("grade", *arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert told in done.stderr.decode()
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.heavy
def test_the_lessons_and_marks_are_listed():
    done = run("grade", "--list", env={"COLUMNS": "160"})
    assert done.returncode == 0
    assert b"refusal.no-retry" in done.stdout
    assert b"barge-in-early" in done.stdout


@pytest.mark.heavy
def test_a_client_that_never_connects_is_no_fail_and_no_pass():
    done = run("grade", f"{sys.executable} -c \"print('hello')\"")
    assert done.returncode == 3
    assert b"never connected" in done.stdout
    assert b"hello" in done.stdout


@pytest.mark.heavy
def test_a_tape_is_graded_without_running_anything(tmp_path):
    file = tmp_path / "client.tape"
    file.write_text("\n".join(map(json.dumps, TAPE)) + "\n")
    done = run("grade", "--tape", str(file), "--format", "json")
    found = {mark["id"]: mark["grade"] for mark in json.loads(done.stdout)["marks"]}
    assert done.returncode == 1
    assert (found["key.out-of-url"], found["refusal.no-retry"], found["refusal.reads"]) == ("fail", "fail", "not seen")


@pytest.mark.heavy
def test_one_lesson_shows_the_events_the_reason_and_the_remedy_and_every_report(tmp_path):
    reports = [part for name in ("junit", "html", "markdown", "sarif", "ndjson") for part in ("--report", name)]
    asked = ("grade", "--lesson", "no-credit", "--record", "tapes", *reports, "-v", "--", sys.executable, CLIENT)
    done = run(*asked, env={"GRADE_FAULT": "retries-refusal", "COLUMNS": "160"}, cwd=tmp_path)
    told = done.stdout.decode()
    assert done.returncode == 1, told
    assert "FAIL  refusal.no-retry" in told
    assert "close 1013 insufficient_quota" in told
    assert "connects again" in told
    assert "1013 says" in told
    assert "error: credit_balance_exhausted" in told, "-v shows what the client printed"
    for name in ("rtdoctor.xml", "rtdoctor.html", "rtdoctor.md", "rtdoctor.sarif", "rtdoctor.ndjson"):
        assert "refusal.no-retry" in (tmp_path / name).read_text("utf-8"), name
    assert {file.name for file in (tmp_path / "tapes").iterdir()} == {"plain.tape", "no-credit.tape"}
    of_tape = run("grade", "--tape", "tapes/no-credit.tape", cwd=tmp_path)
    assert (of_tape.returncode, b"FAIL  refusal.no-retry" in of_tape.stdout) == (1, True)
    again = run(*asked, cwd=tmp_path)
    assert (again.returncode, again.stdout) == (2, b"")
    assert b"is there already" in again.stderr


@pytest.mark.heavy
def test_mock_exec_is_the_same():
    done = run("mock", "--exec", f"{sys.executable} -c \"print('hello')\"")
    assert done.returncode == 3
    assert b"never connected" in done.stdout


@pytest.mark.heavy
def test_over_tls_the_client_is_told_of_the_ca():
    asked = ("grade", "--tls", "--lesson", "plain", "--format", "json", "--", sys.executable, CLIENT)
    done = run(*asked)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["summary"]["connected"]


@pytest.mark.heavy
@pytest.mark.parametrize("interrupts", [1, 3])
def test_an_interrupt_leaves_no_child_behind(tmp_path, interrupts):
    place = tmp_path / "pid"
    with started("grade", "--", sys.executable, "-c", LISTENS, str(place)) as process:
        until = time.monotonic() + 20
        while not (place.exists() and place.read_text()) and time.monotonic() < until:
            time.sleep(0.02)
        pid = int(place.read_text())
        for _ in range(interrupts):
            process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        if interrupts == 1:  # the third does not wait for it
            assert b"Interrupted in the first lesson" in process.stdout.read()
    until = time.monotonic() + 5
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.02)
    assert not alive(pid)


ENDS_AT_ONCE = """
import subprocess, sys
from rtdoctor import process
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True, stdout=-3)
process.groups.add(child.pid)
print(child.pid, flush=True)
process.leave(0)
"""


@pytest.mark.heavy
def test_a_process_that_ends_at_once_takes_its_children_along():
    done = subprocess.run([sys.executable, "-c", ENDS_AT_ONCE], capture_output=True, text=True, check=True)
    until = time.monotonic() + 5
    while alive(int(done.stdout)) and time.monotonic() < until:
        time.sleep(0.02)
    assert not alive(int(done.stdout))


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] != "Z"

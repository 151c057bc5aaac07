"""The deadline holds even where the interpreter is busy: a loop without end is planted, and the report comes."""

import fcntl
import json
import signal
import subprocess
import time
from contextlib import suppress
from importlib.resources import files

import jsonschema
import pytest

from rtdoctor.cli.watchdog import GRACE
from tests.cli.commands.test_check import serving
from tests.conftest import KEY
from tests.processes import run, started

pytestmark = pytest.mark.heavy  # a process each, many of which wait

SCHEMA = json.loads(files("rtdoctor.report").joinpath("report.schema.json").read_text(encoding="utf-8"))
PASSED = "the deadline of 1.5 s passed"
FOR_EVER = """
def for_ever(*_, **__):
    while True:
        pass
"""


@pytest.fixture
def plant(tmp_path):
    """Puts a loop in the place of a function: `module:name`."""

    def go(place, body=FOR_EVER):
        module, _, name = place.partition(":")
        text = f"{body}\nimport {module} as module\nassert module.{name}\nmodule.{name} = for_ever\n"
        (tmp_path / "sitecustomize.py").write_text(text)
        return (tmp_path,)

    return go


# In the ladder, in a scenario, in the writing of progress; and in a loop that swallows all that is raised in it.
CHECK = ["rtdoctor.diagnose.rungs:judge_upgrade", "rtdoctor.engine.matrix:judge", "rtdoctor.engine.ladder:distil"]
DEAF = """
def for_ever(*_, **__):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
"""


@pytest.mark.heavy
@pytest.mark.parametrize("body", [FOR_EVER, DEAF], ids=["busy", "deaf"])
@pytest.mark.parametrize("place", CHECK)
def test_check_ends_with_what_was_judged(plant, place, body):
    begun = time.monotonic()
    done = run("check", "--target", "mock", "--deadline", "1.5", "--format", "json", path=plant(place, body))
    took = time.monotonic() - begun
    assert done.returncode == 3, done.stderr
    assert took < 1.5 + 1 + 4, "the start of the interpreter and the writing are in it"
    report = json.loads(done.stdout)
    jsonschema.validate(report, SCHEMA)
    assert (report["summary"]["exit_code"], report["interrupted"]) == (3, False)
    assert PASSED in json.dumps(report["summary"]) + json.dumps(report["results"])
    assert report["ladder"][0]["tried"] is True
    assert len(report["ladder"]) == 10
    assert len(report["results"]) > 40
    assert done.stderr.startswith(b"INCONCLUSIVE (exit 3)")


def test_check_on_the_terminal_says_the_same_once(plant):
    done = run("check", "--target", "mock", "--deadline", "1.5", path=plant(CHECK[1]))
    shown = done.stdout.decode()
    assert done.returncode == 3
    assert PASSED in shown
    assert shown.count("INCONCLUSIVE (exit 3)") == 1
    assert shown.count("Can I connect?") == 1
    assert done.stderr == b""


# When the answer is judged, when a REST answer is compared, when the smallest change is looked for.
PROBE = ["rtdoctor.engine.probe:finding", "rtdoctor.engine.probe:parity", "rtdoctor.engine.probe:find_fix"]


@pytest.mark.heavy
@pytest.mark.parametrize("format", ["json", "terminal"])
@pytest.mark.parametrize("place", PROBE)
def test_probe_ends_with_what_was_judged(plant, place, format):
    with serving() as server:
        url = server.base_url.replace("http", "ws") + "/realtime?model=no-such-model"
        asked = ["probe", url, "--fix", "--deadline", "1.5", "--format", format]
        done = run(*asked, path=plant(place), env={"OPENAI_API_KEY": KEY})
    assert done.returncode == 3
    assert done.stderr[:12] == (b"INCONCLUSIVE" if format == "json" else b"")
    if format == "json":
        document = json.loads(done.stdout)
        jsonschema.validate(document, SCHEMA)
        assert document["summary"]["exit_code"] == 3
        assert PASSED in document["summary"]["sentence"]
    else:
        assert PASSED in " ".join(done.stdout.decode().split())
        assert done.stdout.count(b"Can I connect?") == 1


def test_an_interrupt_is_heard_by_a_loop_that_swallows_it(plant):
    asked = ["check", "--target", "mock", "--format", "json"]
    announced = DEAF.replace("    while True:", "    print('!', file=sys.stderr)\n    while True:", 1)
    with started(*asked, path=plant(CHECK[0], "import sys" + announced)) as process:
        assert process.stderr.readline() == b"!\n"
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
        assert time.monotonic() - sent < 2
    assert process.returncode == 130
    assert err.startswith((b"INTERRUPTED", b"INCONCLUSIVE", b"PASS", b"WARN")) or err == b""
    report = json.loads(out)
    jsonschema.validate(report, SCHEMA)
    assert report["interrupted"] is True
    assert [rung["rung"] for rung in report["ladder"]][:1] == ["config"]


def test_where_not_even_the_report_can_be_made_the_process_ends(plant):
    """The loop is in the very thing that makes the last words."""
    done = run("check", "--target", "mock", "--deadline", "1.5", path=plant("rtdoctor.engine.run:summarise"))
    assert done.returncode == 3
    assert done.stderr == b"rtdoctor: the deadline of 1.5 s passed, and the report could not be written\n"


# What is read before anything is tried: scenarios, a HAR, events, the secrets of a handshake.
BEFORE = {
    "rtdoctor.scenario.load:load_folder": ["check", "--target", "mock"],
    "rtdoctor.wire.audiofile:read_speech": ["check", "--target", "mock"],
    "rtdoctor.engine.commandline:read_har": ["probe", "--har", "x"],
    "rtdoctor.engine.commandline:read_events": ["probe", "ws://127.0.0.1:9/v1/realtime", "--send", __file__],
    "rtdoctor.privacy.quote:opaque_words": ["probe", "ws://127.0.0.1:9/v1/realtime"],
}


@pytest.mark.parametrize("place", BEFORE)
def test_what_is_read_before_anything_is_tried_is_held_to_the_deadline_too(plant, place):
    begun = time.monotonic()
    done = run(*BEFORE[place], "--deadline", "0.5", "--format", "json", path=plant(place, DEAF))
    assert time.monotonic() - begun < 0.5 + GRACE + 4
    assert (done.returncode, done.stdout) == (3, b"")
    assert done.stderr == b"rtdoctor: the deadline of 0.5 s passed before anything was tried\n"


@pytest.mark.parametrize("place", list(BEFORE)[::2])
def test_an_interrupt_before_anything_is_tried_ends_at_once(plant, place):
    announced = DEAF.replace("    while True:", "    print('!', file=sys.stderr)\n    while True:", 1)
    with started(*BEFORE[place], path=plant(place, "import sys" + announced)) as process:
        assert process.stderr.readline() == b"!\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=10) == (b"", b"rtdoctor: interrupted\n")
        assert process.returncode == 130


PAGE = 4096  # bytes that a pipe holds at least
small_pipes = pytest.mark.skipif(not hasattr(fcntl, "F_SETPIPE_SZ"), reason="a pipe's size can be set on Linux only")


def slow_reading(*asked):
    """Runs a command whose output nobody reads until its deadline is long over; its exit code and its output."""
    with started(*asked) as process:
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, PAGE)
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.5 + GRACE + 2 * 3 + 1)
        out, _ = process.communicate(timeout=20)
        return process.returncode, out


@small_pipes
@pytest.mark.heavy
def test_a_report_is_whole_however_late_it_is_read():
    code, out = slow_reading("check", "--target", "mock", "--deadline", "0.5", "--format", "json")
    assert code == json.loads(out)["summary"]["exit_code"] == 3
    code, out = slow_reading("check", "--target", "mock", "--deadline", "6", "--format", "json")
    assert code == json.loads(out)["summary"]["exit_code"] == 0, "the run was over before its deadline"


@small_pipes
def test_an_interrupt_ends_what_waits_for_a_reader_who_sleeps():
    with started("check", "--target", "mock", "--deadline", "0.5", "--format", "json") as process:
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, PAGE)
        with suppress(subprocess.TimeoutExpired):
            process.wait(3)  # nothing is read, and the pipe is full
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130

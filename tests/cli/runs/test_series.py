"""Many runs told as one: percentiles, what is flaky, a memory that stays; no test sleeps."""

import json
import random
import tracemalloc
from dataclasses import replace

import pytest

from rtdoctor.cli.decision import USUAL
from rtdoctor.cli.runs.series import Rhythm, carry_out, rhythm, seconds
from rtdoctor.engine.plan import CheckAsked
from rtdoctor.model.clock import SteppedClock
from rtdoctor.model.series import Gathering, Spread
from rtdoctor.privacy import known
from rtdoctor.privacy.errors import Usage
from tests.cli.commands.test_check import rtdoctor, serving
from tests.conftest import KEY


@pytest.mark.parametrize(("text", "found"), [("30s", 30), ("5m", 300), ("1h", 3600), ("90", 90), ("0.5s", 0.5)])
def test_a_time_is_read(text, found):
    assert seconds("--every", text) == found


@pytest.mark.parametrize("text", ["", "s", "-3s", "0", "1y", "nan", "1e400", "inf", "40d"])
def test_what_is_no_time_is_told(text):
    with pytest.raises(Usage, match="wants a time such as 30s"):
        seconds("--every", text)


def test_flags_that_do_not_go_together_are_told():
    assert rhythm(None, None, None) is None
    assert rhythm(3, None, None) == Rhythm(3)
    assert rhythm(None, "30s", "1h") == Rhythm(None, 30, 3600)
    wrong = {
        (None, "30s", None): "wants an end",
        (0, None, None): "wants 1 to",
        (3, "1s", "1h"): "both",
        (None, None, "1h"): "--for wants --every",
    }
    for flags, why in wrong.items():
        with pytest.raises(Usage, match=why):
            rhythm(*flags)


def test_percentiles_are_right_within_two_per_cent():
    chance, spread = random.Random(7), Spread()
    times = [chance.lognormvariate(3, 1) for _ in range(5_000)]
    for ms in times:
        spread.add(ms)
    for share in (0.5, 0.9, 0.99):
        assert spread.at(share) == pytest.approx(sorted(times)[int(share * len(times)) - 1], rel=0.02)
    assert spread.at(1) == max(times)


def repeated(asked, times, capsys, **more):
    clock, heard = SteppedClock(), []
    code = carry_out(asked, times, format="json", deciding=USUAL, clock=clock, heard=heard.append, **more)
    return code, json.loads(capsys.readouterr().out), heard, clock


def test_every_for_runs_as_often_as_the_clock_says(capsys, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with serving() as server:
        asked = CheckAsked(target=server.base_url, tags=("smoke",))
        start = SteppedClock(start=0.0)
        code = carry_out(asked, Rhythm(None, 1200, 3600), format="json", deciding=USUAL, clock=start)
    told = json.loads(capsys.readouterr().out)
    assert (code, told["runs"], told["exit_codes"]) == (0, 3, {"0": 3})
    assert start.now() == 2400
    assert told["billable"] is False
    upgrade = next(case for case in told["cases"] if case["name"] == "upgrade")
    assert upgrade["tried"] == 3
    assert 0 < upgrade["ms"]["p50"] <= upgrade["ms"]["most"]


def test_what_fails_in_some_runs_is_flaky_with_its_rate(capsys, monkeypatch):
    import rtdoctor as tool

    report = tool.check(CheckAsked(target="mock", tags=("smoke",)))
    first, *others = report.results
    bad = replace(first, finding=replace(first.finding, verdict="fail", cause="peer.silent"))
    broken = replace(report, results=(bad, *others), summary=replace(report.summary, exit_code=1))
    gathered = Gathering()
    for one in (report, broken, report, report):
        gathered.add(one)
    series = gathered.series()
    (flaky,) = [tally for tally in series.tallies if tally.flaky]
    assert (flaky.name, flaky.bad, flaky.tried) == (report.results[0].scenario, 1, 4)
    assert series.exit_code == 1
    assert "3 of 4 runs were as expected; 1 layer or scenarios failed in some of them" in series.sentence


@pytest.mark.heavy
def test_memory_and_known_secrets_do_not_grow_with_the_runs(capsys):
    asked, after, secrets = CheckAsked(target="mock", tags=("smoke",), words=("auth.sub",)), [], []

    def heard(_report):
        after.append(tracemalloc.get_traced_memory()[0])
        secrets.append(len(known._known.secrets()))

    tracemalloc.start()
    try:
        carry_out(asked, Rhythm(10), format="json", deciding=USUAL, clock=SteppedClock(), heard=heard)
    finally:
        tracemalloc.stop()
    assert len(set(secrets)) == 1
    assert after[-1] - after[4] < 1_000_000, "what grows is a bounded cache"


@pytest.mark.heavy
def test_on_the_command_line_it_shows_the_layers_and_refuses_to_spend(tmp_path):
    reports = ("--report", "html", "--report", "junit")
    done = rtdoctor("check", "mock", "--tag", "smoke", "--repeat", "2", *reports, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2 of 2 runs were as expected." in " ".join(done.stdout.split())
    assert "p90" in done.stdout
    assert (tmp_path / "rtdoctor.html").exists()
    assert (tmp_path / "rtdoctor.xml").exists()
    done = rtdoctor("check", "mock", "--repeat", "2", "--spend")
    assert (done.returncode, done.stdout) == (2, "")
    assert "send nothing that may cost money" in done.stderr

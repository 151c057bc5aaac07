"""The exit code: worst wins, and only what decides counts."""

import pytest

from rtdoctor.diagnose.summary import summarise
from rtdoctor.model.finding import Finding
from rtdoctor.model.report import Result, Rung

GOOD = [Rung(name, Finding("pass", "fine")) for name in ("config", "tcp", "upgrade", "first-event", "session")]


def dead(name, verdict, cause):
    return Rung(name, Finding(verdict, "x", cause, "The key is not known"), dead=True)


def result(verdict, *, required=False, cause=None):
    return Result("a.b", "t", (), required, "e", "s", Finding(verdict, "s", cause))


@pytest.mark.parametrize(
    ("rungs", "results", "strict", "code", "verdict"),
    [
        (GOOD, [], False, 0, "pass"),
        (GOOD, [result("warn")], False, 0, "warn"),
        (GOOD, [result("inconclusive")], False, 0, "pass"),
        (GOOD, [result("inconclusive")], True, 3, "inconclusive"),
        (GOOD, [result("inconclusive", required=True)], False, 3, "inconclusive"),
        (GOOD, [result("fail", cause="auth.invalid")], False, 1, "fail"),
        (GOOD, [result("fail", cause="auth.invalid"), result("inconclusive", required=True)], False, 1, "fail"),
        (GOOD, [result("skip", required=True)], False, 0, "pass"),
        ([*GOOD[:1], dead("tcp", "inconclusive", "network.tcp-refused")], [], False, 3, "inconclusive"),
        ([dead("config", "fail", "usage.no-credential")], [], False, 2, "fail"),
        ([dead("config", "fail", "usage.no-credential")], [result("fail", cause="auth.invalid")], False, 2, "fail"),
        ([*GOOD[:3], dead("first-event", "fail", "auth.invalid")], [], False, 1, "fail"),
    ],
)
def test_exit_code(rungs, results, strict, code, verdict):
    summary = summarise(rungs, results, strict=strict)
    assert (summary.exit_code, summary.verdict) == (code, verdict)


def test_the_rung_where_the_ladder_ended_names_the_cause():
    http = Rung("http", Finding("fail", "401", "auth.invalid"))
    summary = summarise([GOOD[0], http, GOOD[2], dead("first-event", "fail", "auth.invalid")])
    assert (summary.rung, summary.cause, summary.can_connect) == ("first-event", "auth.invalid", False)
    assert summary.sentence == "No. It ends at first-event: the key is not known."


def test_a_ladder_that_was_not_climbed_decides_nothing():
    assert summarise(GOOD[:2]).can_connect is None


def test_a_required_scenario_that_could_not_be_decided_is_in_the_sentence_and_another_is_not():
    told = "Yes, the session opens; but a.b could not be decided: s."
    assert summarise(GOOD, [result("inconclusive", required=True)]).sentence == told
    assert summarise(GOOD, [result("inconclusive")], strict=True).sentence == told
    assert "decided" not in summarise(GOOD, [result("inconclusive")]).sentence

"""What a run's findings come to for whoever asked."""

from dataclasses import replace
from datetime import date

from rtdoctor.cli.baseline import KnownFailure
from rtdoctor.cli.decision import Deciding
from rtdoctor.model.finding import Finding
from rtdoctor.model.report import Rung
from tests.report.test_formats import made, scenario

FINE = (Rung("upgrade", Finding("pass", "101")),)


def decided(*results, **asked):
    report = replace(made("pass", cause=None, code=0, results=results), ladder=FINE)
    return Deciding("drift", **asked).report(report).summary


def test_drift_fails_where_it_was_asked_to_and_is_counted_as_it_is_told():
    summary = decided(scenario("a.warn", "warn"), scenario("a.other", "warn"))
    assert summary.exit_code == 1
    assert summary.warnings == ("2 answers differed from what is known (--fail-on drift).",)


def test_what_passes_is_left_out_or_is_known_is_no_drift():
    assert decided(scenario("a.accepted", "pass"), scenario("a.left", "skip")).exit_code == 0
    known = KnownFailure("a.warn", "drift", "ticket 4711", date(2999, 1, 1))
    assert decided(scenario("a.warn", "warn"), baseline=(known,)).exit_code == 0

"""What a run's findings come to for whoever asked: the warnings beside its answer, known failures, what is to fail.

Pure functions over the report, called once between the run and its writers: all reports and the exit code agree.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from rtdoctor.cli.baseline import Known, apply
from rtdoctor.linear import pattern
from rtdoctor.model.finding import Verdict
from rtdoctor.model.report import Report, RunEvent, RunFinished
from rtdoctor.privacy.quote import quote
from rtdoctor.protocol.models import models
from rtdoctor.report.bounded import plural
from rtdoctor.report.digest import untested

FAIL_ON = ("warn", "drift", "never")
RETIRE_WITHIN = 30
_ENDS = pattern(r"(?:ends|ended) (\d{4}-\d\d-\d\d)$")  # as diagnose/rungs.py tells what GET /models says of the model


@dataclass(frozen=True, slots=True)
class Deciding:
    """What was asked for. `fail_on` is None for the usual rule; `retire_within` is in days."""

    fail_on: str | None = None
    retire_within: int = RETIRE_WITHIN
    baseline: tuple[Known, ...] = ()

    def event(self, event: RunEvent) -> RunEvent:
        """The same, with the report at the end decided."""
        return RunFinished(self.report(event.report)) if isinstance(event, RunFinished) else event

    def report(self, report: Report) -> Report:
        """The report with warnings, the baseline and the exit code that follows."""
        if self.baseline and report.results:
            report = apply(report, self.baseline)
        warnings = (*report.summary.warnings, *caveats(report, self.retire_within))
        report = replace(report, summary=replace(report.summary, warnings=warnings))
        return _failing(report, self.fail_on)


USUAL = Deciding()


def caveats(report: Report, retire_within: int) -> tuple[str, ...]:
    """The sentences without which the answer would be read wrongly: nothing was tested, no access, an end in sight."""
    setting = report.setting
    told = [] if setting.account_tested else [untested(setting)]
    http = next((rung for rung in report.ladder if rung.rung == "http"), None)
    model = setting.model
    if http and http.finding.cause == "session.model-no-access" and report.summary.exit_code == 0:
        told.append(f"GET /models does not list {model} for this key: it may have no access to it.")
    if end := _end_of(http.finding.summary if http else "", model):
        left = (end - date.fromisoformat(setting.started_at[:10])).days
        if left <= 0:
            told.append(f"{model} was shut down on {end}.{_successor(model)}")
        elif left <= retire_within:
            told.append(f"{model} will be shut down on {end}, in {plural(left, 'day')}.{_successor(model)}")
    return tuple(told)


def _end_of(summary: str, model: str) -> date | None:
    """The day on which the model ends: as the endpoint says, else as it is known."""
    found = _ENDS.search(summary)
    known = models().get(model)
    told = found.group(1) if found else known.shutdown if known else ""
    try:
        return date.fromisoformat(told or "")
    except ValueError:
        return None


def _successor(model: str) -> str:
    known = models().get(model)
    return f" Move to {quote(known.replacement)}." if known and known.replacement else ""


def _failing(report: Report, fail_on: str | None) -> Report:
    summary = report.summary
    if fail_on == "never" and summary.exit_code in (1, 3):
        return replace(report, summary=replace(summary, exit_code=0))
    why: Sequence[str] = ()
    if fail_on == "drift":
        drifted = [result.scenario for result in report.results if result.verdict == "warn" or result.finding.drift]
        why = drifted and [f"{plural(len(drifted), 'answer')} differed from what is known (--fail-on drift)."]
    elif fail_on == "warn" and (summary.verdict == "warn" or summary.warnings):
        why = ["There are warnings (--fail-on warn)."]
    if not why or summary.exit_code:
        return report
    verdict: Verdict = "fail"
    decided = replace(summary, verdict=verdict, exit_code=1, warnings=(*summary.warnings, *why))
    return replace(report, summary=decided)

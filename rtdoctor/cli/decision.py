"""What a run's findings come to for whoever asked: known failures, and what is to fail.

Pure functions over the report, called once between the run and its writers: all reports and the exit code agree.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rtdoctor.cli.baseline import KnownFailure, apply
from rtdoctor.model.finding import Verdict
from rtdoctor.model.plural import plural
from rtdoctor.model.report import Report, Result, RunEvent, RunFinished


@dataclass(frozen=True, slots=True)
class Deciding:
    """What was asked for. `fail_on` is None for the usual rule."""

    fail_on: str | None = None
    baseline: tuple[KnownFailure, ...] = ()

    def event(self, event: RunEvent) -> RunEvent:
        """The same, with the report at the end decided."""
        return RunFinished(self.report(event.report)) if isinstance(event, RunFinished) else event

    def report(self, report: Report) -> Report:
        """The report with the baseline, and the exit code that follows."""
        if self.baseline and report.results:
            report = apply(report, self.baseline)
        return _failing(report, self.fail_on)


USUAL = Deciding()


def _drifts(result: Result) -> bool:
    return result.verdict == "warn" or bool(result.finding.drift)


def _failing(report: Report, fail_on: str | None) -> Report:
    summary = report.summary
    if fail_on == "never" and summary.exit_code in (1, 3):
        return replace(report, summary=replace(summary, exit_code=0))
    why: Sequence[str] = ()
    if fail_on == "drift":
        # What passes is accepted of such an endpoint, and what is left out was not asked or is known.
        drifted = [result for result in report.results if result.verdict not in ("pass", "skip") and _drifts(result)]
        if drifted:
            why = [f"{plural(len(drifted), 'answer')} differed from what is known (--fail-on drift)."]
    elif fail_on == "warn" and (summary.verdict == "warn" or summary.warnings):
        why = ["There are warnings (--fail-on warn)."]
    elif fail_on == "caveat" and summary.caveats:
        why = [f"That fails here (--fail-on caveat: {', '.join(summary.caveats)})."]
    if not why or summary.exit_code:
        return report
    verdict: Verdict = "fail"
    decided = replace(summary, verdict=verdict, exit_code=1, warnings=(*summary.warnings, *why))
    return replace(report, summary=decided)

"""Of a check and of a series of them."""

from collections.abc import Iterator
from dataclasses import replace

from rtdoctor.model.finding import Verdict
from rtdoctor.model.report import Report, Result, Rung, Setting
from rtdoctor.model.series import Series, Tally
from rtdoctor.model.validation import Placed
from rtdoctor.report.digest import LADDER, SCENARIOS, WORST_FIRST, Case, Digest


def of_report(report: Report) -> Digest:
    """The digest of a check."""
    summary, setting = report.summary, report.setting
    spend, notes = report.spend, []
    if summary.parity:
        notes.append(summary.parity)
    if report.interrupted:
        notes.append("Interrupted: the report is partial.")
    return Digest(
        command="check",
        subject=setting.base_url,
        verdict=summary.verdict,
        exit_code=summary.exit_code,
        sentence=summary.sentence,
        fix=remedy(report),
        cause=summary.cause,
        where=summary.rung or "",
        warnings=summary.warnings,
        notes=tuple(notes),
        facts=(
            *_facts(setting),
            ("events sent", str(sum(count for _, count in spend.events))),
            ("audio sent", f"{spend.audio_ms / 1000:.1f} s"),
            ("billable", "yes" if spend.billable else "no"),
        ),
        cases=(*map(_rung, report.ladder), *(_result(one, mends=not summary.can_connect) for one in report.results)),
        started_at=setting.started_at,
        duration_s=report.duration_s,
        interrupted=report.interrupted,
        version=setting.version,
    )


def of_series(series: Series) -> Digest:
    """The digest of a series of checks."""
    worst = series.worst
    return Digest(
        command="check",
        subject=series.setting.base_url,
        verdict=worst.verdict,
        exit_code=worst.exit_code,
        sentence=series.sentence,
        cause=worst.cause,
        where=worst.rung or "",
        warnings=worst.warnings,
        facts=(*_facts(series.setting), ("runs", str(series.runs)), ("billable", "yes" if series.billable else "no")),
        cases=tuple(map(_tally, series.tallies)),
        started_at=series.setting.started_at,
        duration_s=series.duration_s,
        interrupted=series.interrupted,
        version=series.setting.version,
    )


_WORDS = {
    "pass": "as expected",
    "warn": "a warning",
    "fail": "failed",
    "inconclusive": "could not tell",
    "skip": "not tried",
}


def _tally(tally: Tally) -> Case:
    worst: Verdict = next((verdict for verdict in WORST_FIRST if tally.verdicts.get(verdict)), "skip")
    runs = sum(tally.verdicts.values())
    counted = ", ".join(f"{_WORDS[verdict]} in {count} of {runs}" for verdict, count in tally.verdicts.most_common())
    return Case(
        LADDER if tally.is_layer else SCENARIOS,
        tally.name,
        worst if tally.tried else "skip",
        counted,
        tried=tally.tried > 0,
        ms=tally.spread.at(0.5) if tally.spread.count else None,
        facts=tuple((cause, str(count)) for cause, count in tally.causes.most_common()),
    )


def remedy(report: Report) -> str:
    """What mends the run's cause: of the rung where it shows, for a server's own words may name its own place."""
    if report.summary.verdict not in ("fail", "inconclusive") or report.summary.cause is None:
        return ""
    deciding = [rung.finding for rung in report.ladder if rung.rung == report.summary.rung]
    others = [rung.finding for rung in report.ladder] + [result.finding for result in report.results]
    remedies = (one.remedy for one in (*deciding, *others) if one.cause == report.summary.cause and one.remedy)
    return next(remedies, "")


def _facts(setting: Setting) -> Iterator[tuple[str, str]]:
    yield "endpoint", setting.base_url
    yield "aim", f"{setting.aim} with {setting.model}"
    yield "credential", setting.credential
    for notice in setting.notices:
        yield "notice", notice
    if setting.insecure:
        yield "certificates", "NOT CHECKED (--insecure)"
    if setting.strict:
        yield "strict", "yes"


def _rung(rung: Rung) -> Case:
    finding = rung.finding
    return Case(
        LADDER,
        rung.rung,
        rung.verdict if rung.tried else "skip",
        finding.summary,
        title=finding.title,
        tried=rung.tried and rung.verdict != "skip",
        ms=rung.ms,
        finding=finding,
        outcome=rung.outcome,
    )


def _result(result: Result, *, mends: bool) -> Case:
    """A scenario; where the session opens, what one does wrong on purpose is nobody's to mend, so that a warning of it
    `mends` nothing."""
    finding = result.finding
    if result.verdict == "warn" and not mends:
        finding = replace(finding, remedy="")
    unreached = result.verdict == "inconclusive" and result.outcome is None and result.finding.cause is None
    untold = result.verdict == "skip" or unreached
    return Case(
        SCENARIOS,
        result.scenario,
        "skip" if untold else result.verdict,
        result.seen,
        expected=result.expected,
        title=result.title,
        tried=not untold,
        decides=result.required or result.verdict == "fail",
        ms=result.ms,
        finding=finding,
        outcome=result.outcome,
        violations=tuple(Placed(violation) for violation in result.violations),
        violation_count=len(result.violations),
    )

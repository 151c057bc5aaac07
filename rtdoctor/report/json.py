"""The JSON writer: one document at the end of a run, of the form that `report.schema.json` describes."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any, TextIO

from rtdoctor.model.finding import Finding
from rtdoctor.model.outcome import Outcome
from rtdoctor.model.report import SCHEMA_VERSION, Report, Result, RunEvent, RunFinished, Rung


def make(out: TextIO) -> Callable[[RunEvent], None]:
    """A reader of a run's events that prints the document at the end, in one write."""

    def read(event: RunEvent) -> None:
        if isinstance(event, RunFinished):
            out.write(text(event.report) + "\n")

    return read


def document(report: Report) -> dict[str, Any]:
    """The report as plain JSON values."""
    setting = dataclasses.asdict(report.setting)
    version = setting.pop("version")
    started_at = setting.pop("started_at")
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "rtdoctor", "version": version},
        "started_at": started_at,
        "duration_s": report.duration_s,
        "interrupted": report.interrupted,
        "target": setting,
        "summary": dataclasses.asdict(report.summary),
        "ladder": [_rung(rung) for rung in report.ladder],
        "results": [_result(result) for result in report.results],
        "spend": {
            "events": dict(report.spend.events),
            "events_sent": sum(count for _, count in report.spend.events),
            "audio_bytes": report.spend.audio_bytes,
            "audio_ms": report.spend.audio_ms,
            "billable": report.spend.billable,
        },
    }


def text(report: Report) -> str:
    """The document as text; ASCII only, so that nothing in it can act on a terminal."""
    return json.dumps(document(report), indent=2, ensure_ascii=True, allow_nan=False)


def _rung(rung: Rung) -> dict[str, Any]:
    return {
        "rung": rung.rung,
        "verdict": rung.verdict,
        "tried": rung.tried,
        "dead": rung.dead,
        "ms": rung.ms,
        "finding": _finding(rung.finding),
    }


def _result(result: Result) -> dict[str, Any]:
    return {
        "scenario": result.scenario,
        "title": result.title,
        "tags": list(result.tags),
        "required": result.required,
        "verdict": result.verdict,
        "expected": result.expected,
        "seen": result.seen,
        "ms": result.ms,
        "outcome": _outcome(result.outcome) if result.outcome else None,
        "finding": _finding(result.finding),
        "violations": [dataclasses.asdict(violation) for violation in result.violations],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    told = dataclasses.asdict(finding)
    told.pop("verdict")
    return told


def _outcome(outcome: Outcome) -> dict[str, Any]:
    told = dataclasses.asdict(outcome)
    request = told.pop("asked")
    for pairs in ("http_headers", "fault_details"):
        told[pairs] = [list(pair) for pair in told[pairs]]
    return {"request": request, **told}

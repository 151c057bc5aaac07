"""The JSON writer: one document at the end of a run, of the form that `report.schema.json` describes."""

import dataclasses
import json
from typing import Any, TextIO

from rtdoctor.model.finding import Finding
from rtdoctor.model.outcome import Outcome
from rtdoctor.model.report import SCHEMA_VERSION, Report, Result, Rung


def show(report: Report, out: TextIO) -> None:
    """Print the document, in one write."""
    out.write(text(report) + "\n")


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
        "ladder": [rung_told(rung) for rung in report.ladder],
        "results": [result_told(result) for result in report.results],
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


def rung_told(rung: Rung) -> dict[str, Any]:
    """A rung as plain JSON values."""
    return {
        "rung": rung.rung,
        "verdict": rung.verdict,
        "tried": rung.tried,
        "dead": rung.dead,
        "ms": rung.ms,
        "outcome": _outcome(rung.outcome) if rung.outcome else None,
        "finding": _finding(rung.finding),
    }


def result_told(result: Result) -> dict[str, Any]:
    """A scenario's result as plain JSON values."""
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
    fields = dataclasses.asdict(finding)
    for name in ("verdict", "places"):  # a run has no text in which a fault could stand
        fields.pop(name)
    return fields


def _outcome(outcome: Outcome) -> dict[str, Any]:
    fields = dataclasses.asdict(outcome)
    request = fields.pop("asked")
    for pairs in ("http_headers", "fault_details"):
        fields[pairs] = [list(pair) for pair in fields[pairs]]
    return {"request": request, **fields}

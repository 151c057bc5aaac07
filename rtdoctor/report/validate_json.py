"""The JSON form of a validation."""

import dataclasses
import json
from typing import Any, TextIO

from rtdoctor.model.validation import SCHEMA_VERSION, Connection, FileReport, Validation


def show(validation: Validation, out: TextIO) -> None:
    """Print the document, in one write."""
    out.write(text(validation) + "\n")


def document(validation: Validation) -> dict[str, Any]:
    """The validation as plain JSON values."""
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "rtdoctor", "version": validation.version},
        "knowledge": dict(validation.knowledge),
        "summary": {"verdict": validation.verdict, "exit_code": validation.exit_code},
        "files": [_file(report) for report in validation.files],
    }


def text(validation: Validation) -> str:
    """The document as text; ASCII only, so that nothing in it can act on a terminal."""
    return json.dumps(document(validation), indent=2, ensure_ascii=True)


def _file(report: FileReport) -> dict[str, Any]:
    return {
        "file": report.file,
        "verdict": report.verdict,
        "sentence": report.sentence,
        "exit_code": report.exit_code,
        "entries": report.entries,
        "problem_count": report.problem_count,
        "problems": list(report.problems),
        "more_connections": report.more_connections,
        "connections": [_connection(connection) for connection in report.connections],
    }


def _connection(connection: Connection) -> dict[str, Any]:
    fields = dataclasses.asdict(connection)
    if fields["finding"]:
        del fields["finding"]["places"]  # those are of pasted texts
    fields["events"] = [
        {"sender": sender, "type": kind, "count": count} for (sender, kind), count in connection.events.items()
    ]
    fields["violations"] = [
        {
            "line": placed.line,
            **dataclasses.asdict(placed.violation),
            "before": [{"line": line, "sender": sender, "type": kind} for line, sender, kind in placed.before],
        }
        for placed in connection.violations
    ]
    return fields

"""The JSON form of what a proxy saw."""

import dataclasses
import json
from typing import Any, TextIO

from rtdoctor.model.watched import SCHEMA_VERSION, Passed, Watched


def show(watched: Watched, out: TextIO) -> None:
    """Print the document, in one write; ASCII only, so that nothing in it can act on a terminal."""
    out.write(json.dumps(document(watched), indent=2, ensure_ascii=True) + "\n")


def document(watched: Watched) -> dict[str, Any]:
    """The run as plain JSON values."""
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "rtdoctor", "version": watched.version},
        "listening": watched.listening,
        "to": watched.to,
        "started_at": watched.started_at,
        "duration_s": watched.duration_s,
        "exit_code": watched.exit_code,
        "notes": list(watched.notes),
        "counted": dict(watched.counted),
        "unjudged": watched.unjudged,
        "requests": [_passed(one) for one in watched.passed],
    }


def _passed(one: Passed) -> dict[str, Any]:
    fields = dataclasses.asdict(one)
    fields["verdict"] = one.verdict
    fields["events"] = [
        {"sender": sender, "type": kind, "count": count} for (sender, kind), count in one.events.items()
    ]
    return fields

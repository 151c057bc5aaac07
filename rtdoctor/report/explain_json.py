"""The JSON form of an explanation, of a page and of the list of causes; `explain.schema.json` describes all three."""

import dataclasses
import json
from collections.abc import Iterable
from typing import Any, TextIO

from rtdoctor.model.explanation import SCHEMA_VERSION, Explanation, Page
from rtdoctor.model.finding import Cause, Finding
from rtdoctor.version import __version__


def show(value: Explanation | Page | Iterable[Cause], out: TextIO) -> None:
    """Print the document, in one write; ASCII only, so that nothing in it can act on a terminal."""
    head = {"schema_version": SCHEMA_VERSION, "tool": {"name": "rtdoctor", "version": __version__}}
    out.write(json.dumps(head | _of(value), indent=2, ensure_ascii=True) + "\n")


def _of(value: Explanation | Page | Iterable[Cause]) -> dict[str, Any]:
    if isinstance(value, Explanation):
        return {
            "healthy": value.healthy,
            "findings": [_finding(finding) for finding in value.findings],
            "next": value.next,
        }
    if isinstance(value, Page):
        page = dataclasses.asdict(value)
        del page["cause"]
        cause = {name: getattr(value.cause, name) for name in ("title", "explanation", "remedy", "exit")}
        return {"page": {"cause": value.cause.id, **cause, **page}}
    return {"causes": [{"cause": cause.id, "title": cause.title} for cause in value]}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "cause": finding.cause,
        "title": finding.title,
        "confidence": finding.confidence,
        "facts": list(finding.facts),
        "places": [dataclasses.asdict(place) for place in finding.places],
        "remedy": finding.remedy,
        "explanation": finding.explanation,
        "ruled_out": [dataclasses.asdict(item) for item in finding.ruled_out],
        "evidence": [dataclasses.asdict(item) for item in finding.evidence],
    }

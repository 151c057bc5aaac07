"""The JSON form of a client's grades."""

import dataclasses
import json
from typing import Any, TextIO

from rtdoctor.model.graded import CourseResult, Graded

SCHEMA_VERSION = "1.0"


def show(certificate: CourseResult, out: TextIO) -> None:
    """Print the document, in one write; ASCII only."""
    out.write(json.dumps(document(certificate), indent=2, ensure_ascii=True) + "\n")


def document(certificate: CourseResult) -> dict[str, Any]:
    """The certificate as plain JSON values."""
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "rtdoctor", "version": certificate.version},
        "client": certificate.client,
        "sdk": certificate.sdk or None,
        "started_at": certificate.started_at or None,
        "seconds": None if certificate.seconds is None else round(certificate.seconds, 3),
        "summary": {
            "exit_code": certificate.exit_code,
            "sentence": certificate.sentence,
            "connected": certificate.connected,
            "interrupted": certificate.interrupted,
        },
        "marks": [_mark(one) for one in certificate.marks],
        "lessons": [dataclasses.asdict(one) for one in certificate.lessons],
        "untaken": list(certificate.untaken),
    }


def _mark(one: Graded) -> dict[str, Any]:
    return {
        "id": one.mark.id,
        "title": one.mark.title,
        "grade": one.grade,
        "said": one.judgement.said,
        "lesson": one.lesson or None,
        "shows": list(one.judgement.shows),
        "why": one.mark.why,
        "remedy": one.remedy,
        "evidence": [dataclasses.asdict(evidence) for evidence in one.mark.evidence],
        "others": [
            {"lesson": lesson or None, "grade": judgement.grade, "said": judgement.said}
            for lesson, judgement in one.others
        ],
    }

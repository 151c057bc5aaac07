"""The JSON form of a run of `conform`, of the form that `conform.schema.json` describes."""

import dataclasses
import json
from typing import Any, TextIO

from rtdoctor.model.conformance import SCHEMA_VERSION, VERDICTS, Conformance, Seen


def show(conformance: Conformance, out: TextIO) -> None:
    """Print the document, in one write."""
    out.write(text(conformance) + "\n")


def document(conformance: Conformance) -> dict[str, Any]:
    """The run as plain JSON values."""
    setting = conformance.setting
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "rtdoctor", "version": setting.version},
        "started_at": setting.started_at,
        "duration_s": conformance.duration_s,
        "interrupted": conformance.interrupted,
        "target": {
            "name": setting.name,
            "base_url": setting.base_url,
            "profile": setting.profile,
            "credential": setting.credential,
            "notices": list(setting.notices),
            "insecure": setting.insecure,
            "dialect": conformance.dialect,
        },
        "summary": {
            "verdict": conformance.verdict,
            "exit_code": conformance.exit_code,
            "sentence": conformance.sentence,
            "counts": {verdict: conformance.count(verdict) for verdict in VERDICTS},
        },
        "cases": [
            dataclasses.asdict(result) | {"deviations": list(result.deviations)} for result in conformance.results
        ],
        "deviations": [_deviation(one) for one in conformance.deviations],
        "spend": {
            "events": dict(conformance.spend.events),
            "audio_ms": conformance.spend.audio_ms,
            "billable": conformance.spend.billable,
        },
    }


def text(conformance: Conformance) -> str:
    """The document as text; ASCII only, so that nothing in it can act on a terminal."""
    return json.dumps(document(conformance), indent=2, ensure_ascii=True, allow_nan=False)


def _deviation(one: Seen) -> dict[str, Any]:
    known = one.deviation
    return {
        "id": known.id,
        "weight": known.weight,
        "title": known.title,
        "count": one.count,
        "cases": list(one.cases),
        "seen": list(one.seen),
        "real": known.real,
        "evidence": dataclasses.asdict(known.evidence),
        "breaks": [dataclasses.asdict(client) for client in known.breaks],
        "fix": known.fix,
    }

"""The JSON of `probe`: the document of `check`, with one result, and `fix` and `controls` beside it."""

import dataclasses
import json
from collections.abc import Sequence

from rtdoctor.model.fix import Control, Fix
from rtdoctor.model.report import Report
from rtdoctor.report.json import document


def text(report: Report, fix: Fix | None, controls: Sequence[Control]) -> str:
    """The document as text; ASCII only. `fix` is null when none was looked for."""
    told = document(report) | {
        "fix": dataclasses.asdict(fix) if fix else None,
        "controls": [dataclasses.asdict(control) for control in controls],
    }
    return json.dumps(told, indent=2, ensure_ascii=True, allow_nan=False)

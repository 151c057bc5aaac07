"""The JSON of `probe`: the document of `check`, with one result, and `fix` and `controls` beside it."""

import dataclasses
import json
from typing import TextIO

from rtdoctor.model.probed import Probed
from rtdoctor.report.json import document


def show(probed: Probed, out: TextIO) -> None:
    """Print the document; ASCII only. `fix` is null when none was looked for."""
    told = document(probed.report) | {
        "fix": dataclasses.asdict(probed.fix) if probed.fix else None,
        "controls": [dataclasses.asdict(control) for control in probed.controls],
    }
    out.write(json.dumps(told, indent=2, ensure_ascii=True, allow_nan=False) + "\n")

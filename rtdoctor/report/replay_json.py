"""The JSON form of what came of a replay."""

import dataclasses
import json
from typing import TextIO

from rtdoctor.model.replayed import SCHEMA_VERSION, Replayed


def show(replayed: Replayed, out: TextIO) -> None:
    """Print the document, in one write; ASCII only, so that nothing in it can act on a terminal."""
    fields = dataclasses.asdict(replayed)
    version = fields.pop("version")
    head = {"schema_version": SCHEMA_VERSION, "tool": {"name": "rtdoctor", "version": version}}
    out.write(json.dumps({**head, "exit_code": replayed.exit_code, **fields}, indent=2, ensure_ascii=True) + "\n")

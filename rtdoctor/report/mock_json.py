"""The JSON form of what a mock saw of its clients."""

import dataclasses
import json
from typing import Any, TextIO

from rtdoctor.model.served import SCHEMA_VERSION, Served


def show(served: Served, out: TextIO) -> None:
    """Print the document, in one write; ASCII only, so that nothing in it can act on a terminal."""
    out.write(json.dumps(document(served), indent=2, ensure_ascii=True) + "\n")


def document(served: Served) -> dict[str, Any]:
    """The run as plain JSON values."""
    fields = dataclasses.asdict(served)
    version = fields.pop("version")
    for client, one in zip(fields["clients"], served.clients, strict=True):
        client["verdict"] = one.verdict
    head = {"schema_version": SCHEMA_VERSION, "tool": {"name": "rtdoctor", "version": version}}
    return {**head, "exit_code": served.exit_code, **fields}

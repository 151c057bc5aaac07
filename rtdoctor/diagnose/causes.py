"""The causes by id, from `causes.toml`."""

import tomllib
from functools import cache
from pathlib import Path

from rtdoctor.model.finding import Cause

UNKNOWN = "unknown.unknown"


@cache
def causes() -> dict[str, Cause]:
    """Every cause that rtdoctor can name, in the order of the layers."""
    raw = tomllib.loads(Path(__file__).with_name("causes.toml").read_text(encoding="utf-8"))
    found = {}
    for layer, entries in raw.items():
        for name, entry in entries.items():
            ident = f"{layer}.{name}"
            found[ident] = Cause(ident, entry["title"], entry["explanation"], entry["remedy"], entry.get("exit", 1))
    return found

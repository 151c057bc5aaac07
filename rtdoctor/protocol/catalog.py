"""What is known of events, as data: the generated schemas, their origin, and the names of other dialects.

The files lie in `schemas/` and in `dialects.toml`. Each is read once, when it is first asked for.
"""

import json
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from rtdoctor.model.violation import Direction

ERAS = ("ga", "beta", "translation")
"""The kinds of session that have schemas, the usual one first."""

_HERE = Path(__file__).resolve().parent


@cache
def schema_file(name: str) -> dict[str, Any]:
    """The file `schemas/<name>.json`: `{"$defs", "discriminator": {"mapping": {type: reference}}, ...}`.

    `name` is `<era>-<direction>` or `client-secrets`. Raises ValueError for any other. Do not change what it
    returns.
    """
    path = _HERE / "schemas" / f"{name}.json"
    if not path.is_file():
        raise ValueError(f"there are no schemas for {name!r}")
    text = path.read_text("utf-8")
    data: dict[str, Any] = json.loads(text)
    return data


@cache
def event_types(era: str, direction: Direction) -> frozenset[str]:
    """The names of all events that one side sends in the sessions of an era."""
    return frozenset(schema_file(f"{era}-{direction}")["discriminator"]["mapping"])


@cache
def about() -> dict[str, Any]:
    """Where the schemas come from: `{"sdk", "sdk_seen", "overlay_lines", "overlay_seen", "events"}`."""
    data: dict[str, Any] = json.loads((_HERE / "schemas" / "about.json").read_text("utf-8"))
    return data


@cache
def dialects() -> dict[str, dict[str, Any]]:
    """name -> the table of `dialects.toml`, whose head explains the keys."""
    return tomllib.loads((_HERE / "dialects.toml").read_text("utf-8"))

"""One message as an event: the only place where text that came over a socket is parsed."""

import json
from typing import Any


def parse_event(text: str | None) -> dict[str, Any] | None:
    """A JSON object, or None for everything else; never raises, whatever a server sends."""
    try:
        parsed = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def type_of(text: str | None) -> str | None:
    """The type of the event in a text, or None where there is no event with a type."""
    kind = (parse_event(text) or {}).get("type")
    return kind if isinstance(kind, str) else None

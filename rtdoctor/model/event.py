"""One message as an event: the only place where text that came over a socket is parsed."""

import json
from collections import Counter
from typing import Any


class _NotPlain(ValueError):
    """JSON that parsers read differently; the message says why."""


def parse_event(text: str | None) -> dict[str, Any] | None:
    """A JSON object, or None for everything else; never raises, whatever a server sends.

    What parsers read differently is no event: NaN and Infinity (RFC 8259, section 6), and a name that stands twice in
    one object (section 4).
    """
    try:
        parsed = _DECODER.decode(text) if text else None
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def type_of(text: str | None) -> str | None:
    """The type of the event in a text, or None where there is no event with a type."""
    kind = (parse_event(text) or {}).get("type")
    return kind if isinstance(kind, str) else None


def why_no_event(text: str) -> str:
    """Why a text is no event, as the end of a sentence; empty where it is one."""
    try:
        parsed = _DECODER.decode(text)
    except _NotPlain as error:
        return str(error)
    except json.JSONDecodeError as error:
        return f"no JSON ({error.msg.lower()} at character {error.pos})"
    except ValueError:
        return "JSON with a number of thousands of digits"
    except RecursionError:
        return "JSON nested deeper than parsers go"
    if not isinstance(parsed, dict):
        return "JSON, but no object"
    return "" if isinstance(parsed.get("type"), str) else "a JSON object without a type"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise _NotPlain(f"JSON with the name '{twice[:40]}' twice in one object, which parsers read differently")
    return found


def _no_number(name: str) -> None:
    raise _NotPlain(f"no JSON ({name} is no number there)")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_number)

"""One message as an event: the only place where text that came over a socket is parsed."""

import json
from collections import Counter
from itertools import accumulate
from typing import Any

# A Realtime event has a few hundred values and names of some forty letters. A parsed value takes up to 200 bytes, so
# that a document of nothing but small ones takes sixty times its size.
MOST_VALUES = 50_000
MOST_NAME = 100
_MOST_DEPTH = 900  # Python's parser goes to about 1000
_TOO_DEEP = "JSON nested deeper than parsers go"
_BRACKETS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_BRACKETS = bytes(set(range(256)) - set(_BRACKETS))


class _NotPlain(ValueError):
    """JSON that parsers read differently, or that is not worth its memory; the message says why."""


def cut(text: str, most: int = MOST_NAME) -> str:
    """The text, or its beginning and an ellipsis: so many characters at most."""
    return text if len(text) <= most else text[: most - 1] + "…"


def too_many_values(data: str | bytes) -> bool:
    """Whether a JSON text may hold more than MOST_VALUES values, told without parsing it.

    What stands between values is counted, in strings, too: a long text of a hundred kB and more of commas is refused.
    """
    if len(data) <= MOST_VALUES:
        return False
    if isinstance(data, str):
        return data.count(",") + data.count("[") + data.count("{") > MOST_VALUES
    return data.count(b",") + data.count(b"[") + data.count(b"{") > MOST_VALUES


def parse_event(text: str | None) -> dict[str, Any] | None:
    """A JSON object, or None for everything else; never raises, whatever a server sends.

    What parsers read differently is no event: NaN and Infinity (RFC 8259, section 6), and a name that stands twice in
    one object (section 4). Nor is a document of more than MOST_VALUES values.
    """
    try:
        parsed = _decoded(text) if text else None
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def type_of(text: str | None) -> str | None:
    """The type of the event in a text, cut to MOST_NAME, or None where there is no event with a type."""
    kind = (parse_event(text) or {}).get("type")
    return cut(kind) if isinstance(kind, str) else None


def why_no_event(text: str) -> str:
    """Why a text is no event, as the end of a sentence; empty where it is one."""
    try:
        parsed = _decoded(text)
    except _NotPlain as error:
        return _TOO_DEEP if too_many_values(text) and _depth(text) > _MOST_DEPTH else str(error)
    except json.JSONDecodeError as error:
        return f"no JSON ({error.msg.lower()} at character {error.pos})"
    except ValueError:
        return "JSON with a number of thousands of digits"
    except RecursionError:
        return _TOO_DEEP
    if not isinstance(parsed, dict):
        return "JSON, but no object"
    return "" if isinstance(parsed.get("type"), str) else "a JSON object without a type"


def _depth(text: str) -> int:
    """How deep the brackets go, those in strings counted, too."""
    brackets = text.encode("ascii", "ignore").translate(None, _NO_BRACKETS)
    return max(accumulate(map(_BRACKETS.__getitem__, brackets)), default=0)


def _decoded(text: str) -> Any:
    if too_many_values(text):
        raise _NotPlain(f"JSON with more than {MOST_VALUES} values")
    return _DECODER.decode(text)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise _NotPlain(f"JSON with the name '{twice[:40]}' twice in one object, which parsers read differently")
    return found


def _no_number(name: str) -> None:
    raise _NotPlain(f"no JSON ({name} is no number there)")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_number)

"""One message as an event: the only place where text that came over a socket, or is to go over one, is parsed."""

import json
import unicodedata
from collections import Counter
from collections.abc import Mapping
from typing import Any

MOST_DEPTH = 64  # levels of objects and lists in a client event, itself the first; no event of the API is half as deep


class _NotPlain(ValueError):
    """JSON that parsers read differently; the message says why, and `told` says it without a word of the text."""

    def __init__(self, message: str, told: str) -> None:
        super().__init__(message)
        self.told = told


class NotAnEvent(ValueError):
    """A text is no client event; the message says why, as the end of a sentence, and quotes nothing of it."""


class TooDeep(NotAnEvent):
    """It is nested deeper than a client event may be."""


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


def parse_client_event(text: str, deepest: int = MOST_DEPTH) -> dict[str, Any]:
    """A client event, read so strictly that no server can take the same event, written anew, for another one.

    Beside what `parse_event` refuses: no type, other names that a server without care reads as `type`, numbers beyond
    a float's range, half characters, and more than `deepest` levels.

    Raises:
        NotAnEvent: it is none.
        TooDeep: it is nested too deep, by that or for the parser.
    """
    try:
        event = _DECODER.decode(text)
        if not isinstance(event, dict):
            raise NotAnEvent("JSON, but no object")
        if _deeper(event, deepest):
            raise TooDeep(f"nested deeper than {deepest} levels")
        json.dumps(event, allow_nan=False, ensure_ascii=False).encode()
    except RecursionError as error:
        raise TooDeep(f"nested deeper than {deepest} levels") from error
    except NotAnEvent:
        raise
    except _NotPlain as error:
        raise NotAnEvent(error.told) from error
    except json.JSONDecodeError as error:
        raise NotAnEvent(f"no JSON ({error.msg.lower()} at character {error.pos})") from error
    except UnicodeEncodeError as error:
        raise NotAnEvent("JSON with half of a character in it") from error
    except ValueError as error:
        raise NotAnEvent("JSON with a number that is too large") from error
    if not isinstance(event.get("type"), str):
        raise NotAnEvent("a JSON object without a type")
    if any(name != "type" and folded(name) == "type" for name in event):
        raise NotAnEvent("a JSON object with a second name that can be read as its type")
    return event


def written(event: Mapping[str, Any]) -> str:
    """A client event as it is sent: our own writing of it, in ASCII.

    Raises:
        ValueError: it holds NaN, Infinity or what JSON does not know.
    """
    return json.dumps(event, allow_nan=False)


def folded(name: str) -> str:
    """A name as the most careless reader may take it: no case, no width, nothing but letters and digits."""
    return "".join(char for char in unicodedata.normalize("NFKC", name).casefold() if char.isalnum())


def _deeper(value: Any, most: int) -> bool:
    """True where objects and lists stand in each other on more levels than that."""
    level = [value]
    for _ in range(most):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return False
    return True


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        told = "JSON with {} twice in one object, which parsers read differently"
        raise _NotPlain(told.format(f"the name '{twice[:40]}'"), told.format("a name"))
    return found


def _no_number(name: str) -> None:
    told = f"no JSON ({name} is no number there)"
    raise _NotPlain(told, told)


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_number)

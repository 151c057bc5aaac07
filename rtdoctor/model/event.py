"""One message as an event: the only place where text that came over a socket, or is to go over one, is parsed."""

import json
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Any

from rtdoctor.privacy.quote import quote_start

MOST_DEPTH = 64  # levels of objects and lists in a client event, itself the first; no event of the API is half as deep
# A Realtime event has a few hundred values and names of some forty letters. A parsed value takes up to 200 bytes, so
# that a document of nothing but small ones takes sixty times its size.
MOST_VALUES = 50_000
MOST_NAME = 100
_DEEPEST = 900  # Python's parser goes to about 1000
_TOO_DEEP = "JSON nested deeper than parsers go"
_BRACKETS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_BRACKETS = bytes(set(range(256)) - set(_BRACKETS))


def cut(text: str, most: int = MOST_NAME) -> str:
    """The text, or its beginning and an ellipsis: so many characters at most."""
    return text if len(text) <= most else text[: most - 1] + "…"


def separators(data: str | bytes) -> int:
    """How many commas and opening brackets a JSON text has, in strings, too: about as many values, told without parsing
    it."""
    return sum(map(data.count, ",[{")) if isinstance(data, str) else sum(map(data.count, b",[{"))


def too_many_values(data: str | bytes) -> bool:
    """Whether a JSON text may hold more than MOST_VALUES values.

    A long text of a hundred kB and more of commas is refused, too.
    """
    return len(data) > MOST_VALUES and separators(data) > MOST_VALUES


def text_size(data: bytes | bytearray) -> int:
    """The memory in bytes that the texts of a JSON document take at most: one character beyond Latin-1, in the open or
    escaped, makes each of a text's characters take two bytes or four."""
    return len(data) * (1 if data.isascii() and b"\\u" not in data else 4)


class _NotPlain(ValueError):
    """JSON that parsers read differently, or that is not worth its memory; the message says why, and `told` says it
    without a word of the text."""

    def __init__(self, message: str, told: str = "") -> None:
        super().__init__(message)
        self.told = told or message


class NotAnEvent(ValueError):
    """A text is no client event; the message says why, as the end of a sentence, and quotes nothing of it."""


class TooDeep(NotAnEvent):
    """It is nested deeper than a client event may be."""


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
        return _TOO_DEEP if too_many_values(text) and _depth(text) > _DEEPEST else str(error)
    except json.JSONDecodeError as error:
        return _no_json(error)
    except ValueError:
        return "JSON with a number of thousands of digits"
    except RecursionError:
        return _TOO_DEEP
    if not isinstance(parsed, dict):
        return "JSON, but no object"
    return "" if isinstance(parsed.get("type"), str) else "a JSON object without a type"


def _no_json(error: json.JSONDecodeError) -> str:
    return f"no JSON ({error.msg.lower()} at character {error.pos})"


def _depth(text: str) -> int:
    """How deep the brackets go, those in strings counted, too."""
    brackets = text.encode("ascii", "ignore").translate(None, _NO_BRACKETS)
    return max(accumulate(map(_BRACKETS.__getitem__, brackets)), default=0)


def _decoded(text: str) -> Any:
    if too_many_values(text):
        raise _NotPlain(f"JSON with more than {MOST_VALUES} values")
    return _DECODER.decode(text)


def parse_client_event(text: str, deepest: int = MOST_DEPTH) -> dict[str, Any]:
    """A client event, read so strictly that no server can take the same event, written anew, for another one.

    Beside what `parse_event` refuses: no type, other names that a server without care reads as `type`, numbers beyond
    a float's range, half characters, and more than `deepest` levels.

    Raises:
        NotAnEvent: it is none.
        TooDeep: it is nested too deep, by that or for the parser.
    """
    too_deep = TooDeep(f"nested deeper than {deepest} levels")
    try:
        if _depth(text) > _DEEPEST:
            raise too_deep
        event = _decoded(text)
        if not isinstance(event, dict):
            raise NotAnEvent("JSON, but no object")
        if _deeper(event, deepest):
            raise too_deep
        json.dumps(event, allow_nan=False, ensure_ascii=False).encode()
    except RecursionError as error:
        raise too_deep from error
    except NotAnEvent:
        raise
    except _NotPlain as error:
        raise NotAnEvent(error.told) from error
    except json.JSONDecodeError as error:
        raise NotAnEvent(_no_json(error)) from error
    except UnicodeEncodeError as error:
        raise NotAnEvent("JSON with half of a character in it") from error
    except ValueError as error:
        raise NotAnEvent("JSON with a number that is too large") from error
    if not isinstance(event.get("type"), str):
        raise NotAnEvent("a JSON object without a type")
    if any(name != "type" and folded(name) == "type" for name in event):
        raise NotAnEvent("a JSON object with a second name that can be read as its type")
    if any(not name.isprintable() for name in _names(event)):
        raise NotAnEvent("a JSON object with a name that cannot be printed, of which some readers take the beginning")
    return event


def written(event: Mapping[str, Any]) -> str:
    """A client event as it is sent: our own writing of it, in ASCII.

    Raises:
        ValueError: it holds NaN, Infinity or what JSON does not know.
    """
    return json.dumps(event, allow_nan=False)


def folded(name: str) -> str:
    """A name as the most careless reader may take it: no case, no width, nothing but letters and digits."""
    # Each character by itself: a run of combining marks is put in order in the square of its length.
    plain = "".join(char if char.isascii() else unicodedata.normalize("NFKC", char) for char in name)
    return "".join(char for char in plain.casefold() if char.isalnum())


def _names(value: Any) -> Iterator[str]:
    """Every name in it, on every level."""
    if isinstance(value, dict):
        yield from value
        for inner in value.values():
            yield from _names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _names(inner)


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
    value = dict(pairs)
    if len(value) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        sentence = "JSON with {} twice in one object, which parsers read differently"
        raise _NotPlain(sentence.format(f"the name '{quote_start(twice, 40)}'"), sentence.format("a name"))
    return value


def _no_number(name: str) -> None:
    raise _NotPlain(f"no JSON ({name} is no number there)")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_number)

"""From the bytes of one JSON value to the value, or one clause about what is wrong with it."""

import orjson

from rtdoctor.linear import pattern
from rtdoctor.model.event import MOST_VALUES, too_many_values
from rtdoctor.recording.scan import end_of, has_more_text, has_more_values, is_deeper

MAX_BYTES = 32 << 20
"""The longest line or element that is read. The API takes no event over 15 MiB."""

MAX_WIDE = 8 << 20
"""The most text beyond ASCII: one such character makes each of a text's characters take up to four bytes. What is
larger in real events is base64.
"""

MAX_DEPTH = 200
"""Deeper values are refused: Python's own tools meet their recursion limit on them. Real events stay under
20.
"""

_TOO_DEEP = f"the JSON is nested deeper than {MAX_DEPTH} levels"

# JSON has no such numbers (RFC 8259, 6), but Python's json module writes them
_NO_NUMBER = pattern(r"[^-\w]?(NaN|-?Infinity)\b")


class Unparsable(Exception):
    """`str()` is a clause without a place: "the JSON ends in the middle"."""


def parse(data: bytes) -> object:
    """The value of one JSON text. Raises Unparsable."""
    if too_many_values(data) and has_more_values(data, MOST_VALUES):
        if is_deeper(data, MAX_DEPTH):
            raise Unparsable(_TOO_DEEP)
        raise Unparsable(f"the JSON has more than {MOST_VALUES} values")
    if len(data) > MAX_WIDE and (not data.isascii() or b"\\u" in data) and has_more_text(data, MAX_WIDE):
        raise Unparsable(f"the JSON has more than {MAX_WIDE >> 20} MiB of text that is not ASCII")
    try:
        value: object = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Unparsable(_reason(data, error)) from None
    # a value of that depth has at least two bytes for each level, and events are mostly shorter
    if len(data) > 2 * MAX_DEPTH and data.count(b"{") + data.count(b"[") > MAX_DEPTH and is_deeper(data, MAX_DEPTH):
        raise Unparsable(_TOO_DEEP)
    return value


def _reason(data: bytes, error: orjson.JSONDecodeError) -> str:
    text = data.strip()
    if not text:
        return "there is no JSON"
    if text[0] in b"{[":
        if is_deeper(text, MAX_DEPTH):
            return _TOO_DEEP
        if end_of(text, 0) < 0:
            return "the JSON ends in the middle"
    if text.startswith((b"{'", b"['")):
        return "this is a Python or JavaScript object with single quotes, not JSON"
    if word := _NO_NUMBER.match(data[max(error.pos - 1, 0) :][:16].decode("latin-1")):
        return f"{word[1]} is no JSON number"
    return f"the JSON is not valid: {error.msg} at character {error.pos + 1}"

"""Where JSON objects begin and end in bytes, without parsing them: brackets are counted, strings stepped
over. All of it is linear, also on hostile input.

Outside strings JSON has no backslashes; where there is one, it takes the next character with it all the same. So
a quote is escaped or not wherever one begins to read.
"""

from collections.abc import Iterator

from rtdoctor.linear import byte_pattern

STRING_REST = byte_pattern(rb'(?s)(?:[^"\\]|\\.)*')
"""From after an opening quote to the closing quote (not included), or to the end of the data."""

UP_TO_BRACKET = byte_pattern(rb'(?s)(?:[^"{}\[\]\\]|\\.|"(?:[^"\\]|\\.)*")*')
"""Everything before the next bracket outside strings, or before a string or a backslash at the end of the data."""

_LEVELS = 6


def _balanced(levels: int) -> bytes:
    inner = b"|" + _balanced(levels - 1) if levels > 1 else b""
    return rb'[{\[](?:[^"{}\[\]\\]|\\.|"(?:[^"\\]|\\.)*"%b)*[}\]]' % inner


BALANCED = byte_pattern(b"(?s)" + _balanced(_LEVELS))
"""An object or array as a whole, of at most six levels: nearly every event. Deeper ones are gone through by
brackets.
"""

_NO_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))
_PIECE = 1 << 16
# a log's own braces ("{session=1}", Python's "{'type': …}") are no JSON
_OBJECT = byte_pattern(rb'\{[\s\v]*(?:["}]|\z)')


def end_of(data: bytes, start: int) -> int:
    """The index after the bracket that closes the one at `start`; -1 if the data ends before it."""
    if (whole := BALANCED.end(data, start)) >= 0:
        return whole
    depth = 0
    at = start
    while True:
        at = UP_TO_BRACKET.end(data, at)
        if at >= len(data):
            return -1
        byte = data[at]
        if byte in b"{[":
            depth += 1
        elif byte in b"}]":
            depth -= 1
        else:
            return -1  # a string or an escape that does not end
        at += 1
        if depth <= 0:
            return at


def objects(data: bytes) -> Iterator[tuple[int, int]]:
    """`(start, end)` of each JSON object in a text, outermost ones only; end is -1 for a last one that is
    cut.
    """
    at = 0
    while at >= 0 and (first := data.find(b"{", at)) >= 0 and (start := _OBJECT.find(data, first)) >= 0:
        at = end_of(data, start)
        yield start, at


def balance(data: bytes) -> tuple[int, int, bool]:
    """`(net, lowest, open_string)` of the brackets outside strings.

    `net` is opened less closed, `lowest` the least of that on the way, `open_string` whether a string does
    not end.
    """
    depth = lowest = 0
    open_string = False
    for outside, inside in _outside(data):
        open_string = inside
        for bracket in outside.translate(None, _NO_BRACKETS):
            depth += 1 if bracket in b"{[" else -1
            lowest = min(lowest, depth)
    return depth, lowest, open_string


def is_deeper(data: bytes, limit: int) -> bool:
    """Whether brackets are nested deeper than `limit` anywhere."""
    depth = 0
    for outside, _ in _outside(data):
        for bracket in outside.translate(None, _NO_BRACKETS):
            depth += 1 if bracket in b"{[" else -1
            if depth > limit:
                return True
    return False


def has_more_values(data: bytes, most: int) -> bool:
    """Whether there are more than so many values and keys, told without parsing them."""
    count = 0
    for outside, _ in _outside(data):
        count += sum(map(outside.count, (b",", b"[", b"{", b":")))
        if count > most:
            return True
    return False


def has_more_text(data: bytes, most: int) -> bool:
    """Whether the strings that hold a character that is not ASCII, in the open or escaped, have more than so many
    bytes together: one such character makes all of its string wide."""
    total = start = 0
    while total <= most and (start := data.find(b'"', start) + 1) > 0:
        end = STRING_REST.end(data, start)
        string = data[start:end]
        if not string.isascii() or b"\\u" in string:
            total += len(string)
        start = end + 1
    return total > most


def _outside(data: bytes) -> Iterator[tuple[bytes, bool]]:
    """What stands outside strings, a piece of the data at a time, and whether a string is open after it."""
    inside, held = False, b""
    for place in range(0, len(data), _PIECE):
        piece = held + data[place : place + _PIECE]
        held = b""
        if b"\\" in piece:
            piece = piece.replace(b"\\\\", b"")
            held = b"\\" if piece.endswith(b"\\") else b""
            piece = piece.replace(b'\\"', b"")
        parts = piece.split(b'"')
        outside = b"".join(parts[inside::2])
        if b"\\" in outside:
            for bracket in (b"\\{", b"\\}", b"\\[", b"\\]"):
                outside = outside.replace(bracket, b"")
        inside ^= len(parts) % 2 == 0
        yield outside, inside

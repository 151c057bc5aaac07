"""Where JSON objects begin and end in bytes, without parsing them: brackets are counted, strings stepped
over.

Possessive groups (Python 3.11) keep every scan linear, also on hostile input.
"""

import re
from collections.abc import Iterator

STRING_REST = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
"""From after an opening quote to the closing quote (not included), or to the end of the data."""

UP_TO_BRACKET = re.compile(rb'(?:[^"{}\[\]]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+', re.DOTALL)
"""Everything before the next bracket outside strings, or before a string that does not end."""

# One that does not end goes to the end of the data: looked for again from each of its quotes, it would cost the square.
_STRINGS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+("|\\?\Z)', re.DOTALL)
_LONG = 1 << 16
_NO_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))
# a log's own braces ("{session=1}", Python's "{'type': …}") are no JSON
_OBJECT = re.compile(rb'\{(?=\s*+(?:["}]|\Z))')


def end_of(data: bytes, start: int) -> int:
    """The index after the bracket that closes the one at `start`; -1 if the data ends before it."""
    depth = 0
    at = start
    while True:
        at = _step(data, at)
        if at >= len(data):
            return -1
        byte = data[at]
        if byte in b"{[":
            depth += 1
        elif byte in b"}]":
            depth -= 1
        else:
            return -1  # a string that does not end
        at += 1
        if depth <= 0:
            return at


def objects(data: bytes) -> Iterator[tuple[int, int]]:
    """`(start, end)` of each JSON object in a text, outermost ones only; end is -1 for a last one that is
    cut.
    """
    at = 0
    while found := _OBJECT.search(data, at):
        at = end_of(data, found.start())
        yield found.start(), at
        if at < 0:
            return


def balance(data: bytes) -> tuple[int, int, bool]:
    """`(net, lowest, open_string)` of the brackets outside strings.

    `net` is opened less closed, `lowest` the least of that on the way, `open_string` whether a string does
    not end.
    """
    depth = lowest = 0
    open_string = False
    for gap in _gaps(data):
        for bracket in gap.translate(None, _NO_BRACKETS):
            depth += 1 if bracket in b"{[" else -1
            lowest = min(lowest, depth)
        open_string = open_string or b'"' in gap
    return depth, lowest, open_string


def is_deeper(data: bytes, limit: int) -> bool:
    """Whether brackets are nested deeper than `limit` anywhere."""
    depth = 0
    for gap in _gaps(data):
        for bracket in gap.translate(None, _NO_BRACKETS):
            depth += 1 if bracket in b"{[" else -1
            if depth > limit:
                return True
    return False


def has_more_values(data: bytes, most: int) -> bool:
    """Whether there are more than so many values and keys, told without parsing them."""
    count = 0
    for gap in _gaps(data):
        count += 1 + gap.count(b",") + gap.count(b"[") + gap.count(b"{")
        if count > most:
            return True
    return False


def has_more_text(data: bytes, most: int) -> bool:
    """Whether the strings that hold more than ASCII, in the open or escaped, have more than so many bytes together."""
    size = 0
    for found in _STRINGS.finditer(data):
        if found.end() - found.start() > _LONG:
            text = found[0]
            size += len(text) if not text.isascii() or b"\\u" in text else 0
    return size > most


def _gaps(data: bytes) -> Iterator[bytes]:
    """What stands between strings, one piece after the other: many small strings must not become many objects."""
    at = 0
    for found in _STRINGS.finditer(data):
        if not found[1].startswith(b'"'):
            break
        yield data[at : found.start()]
        at = found.end()
    yield data[at:]


def _step(data: bytes, at: int) -> int:
    found = UP_TO_BRACKET.match(data, at)
    return found.end() if found else at

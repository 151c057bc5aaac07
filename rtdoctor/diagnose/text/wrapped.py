"""Other readings of a short text: without the line breaks that a terminal, a mail or a comment put into it, and without
the escapes of a log that keeps it as a string."""

import json
from collections.abc import Iterator
from itertools import pairwise

from rtdoctor.linear import Match, pattern

MOST = 16_384  # characters of a text that is read in other ways, too
_LEAST_WIDTH, _MOST_WIDTH = 24, 240
_ALIKE = 6  # characters
_LEVELS = 3  # of strings in strings
_MARK = pattern(r"^[ \t]*(?:>+|\||#+|//+|\*|--|;+)[ \t]?")
_ESCAPE = pattern(r'\\(?:(?P<char>[ntr"\'/\\])|u(?P<hex>[0-9A-Fa-f]{4}))')
_CHARS = {"n": "\n", "t": "\t", "r": ""}


def surely(text: str) -> Iterator[str]:
    """Readings that are the text itself, because its form shows that it was wrapped or escaped."""
    if len(text) > MOST:
        return
    for inner in _escaped(text):
        yield inner
        yield from _by_width(inner, least=2)
    yield from _by_width(text, least=2)


def perhaps(text: str) -> Iterator[str]:
    """Readings that may be the text, to be taken where they tell more than it does as it stands."""
    if len(text) > MOST:
        return
    if "\\" in text:
        yield _unescaped(text)
    if "\n" in text:
        yield from _by_width(text, least=1)


def as_one_line(text: str) -> Iterator[str]:
    """The text without any break, for one that tells nothing as it stands: a sentence in a comment or a quotation."""
    lines = text.split("\n")
    if len(text) > MOST or len(lines) < 2:
        return
    bare = [_MARK.sub("", line).strip() for line in lines]
    yield " ".join(bare)
    yield "".join(line.strip("\r") for line in lines)


def _by_width(text: str, least: int) -> Iterator[str]:
    """The text without the breaks at its greatest width, where at least so many lines, and a share of all, reach it."""
    lines = [line.rstrip("\r") for line in text.split("\n")]
    width = max(map(len, lines))
    full = sum(len(line) == width for line in lines[:-1])
    if not _LEAST_WIDTH <= width <= _MOST_WIDTH or full < least or (least > 1 and full * 4 < len(lines)):
        return
    # Lines of a log begin alike, with a date; what a terminal broke does not.
    if any(len(line) == width and line[:_ALIKE] == after[:_ALIKE] for line, after in pairwise(lines)):
        return
    yield "".join(
        line if len(line) == width else f"{line} " if len(line) == width - 1 else f"{line}\n" for line in lines
    )


def _escaped(text: str) -> Iterator[str]:
    """The texts that a line of JSON holds as strings, where one of them has lines or quotes of its own."""
    stripped = text.strip()
    for _ in range(_LEVELS):
        if not stripped.startswith(("{", "[", '"')) or "\\" not in stripped:
            return
        try:
            strings = list(_strings(json.loads(stripped), 6))
        except (ValueError, RecursionError):
            return
        longest = max(strings, key=len, default="")
        if "\n" not in longest and '"' not in longest:
            return
        yield longest
        stripped = longest.strip()


def _strings(value: object, levels: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif levels and isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner, levels - 1)
    elif levels and isinstance(value, list):
        for inner in value:
            yield from _strings(inner, levels - 1)


def _unescaped(text: str) -> str:
    for _ in range(_LEVELS):
        if "\\" not in text:
            break
        text = _ESCAPE.sub(_char, text)
    return text


def _char(match: Match) -> str:
    if code := match.group("hex"):
        return chr(int(code, 16))
    char = match.text("char")
    return _CHARS.get(char, char)

"""Passes over most of a long log: the lines with nothing known in them or near them, and those that say again what was
said often already. What is left out stays as empty lines, so that the numbers of lines are right.

A text is first read as it is (`_WHOLE`): only what is longer is a log in which more of the same adds nothing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from rtdoctor.diagnose.text.errors import ANCHORS, reading
from rtdoctor.diagnose.text.patterns import literals
from rtdoctor.knowledge.causes import known_codes
from rtdoctor.linear import pattern, small

_WHOLE = 1 << 17  # characters that are read as they are
_PART = 1 << 18  # characters that are sifted at once, as far as the last line's end
_AROUND = 15  # lines that are kept before and after one with something new
_OFTEN = 8  # so many lines of a kind are kept
_KINDS = 10_000  # that are remembered, and as many lines
_LONGEST = 500  # characters of a line that is remembered
_FAR = 4_096  # characters that stand for all that was left out: farther apart nothing belongs together
_READ_BESIDE = ("://", " http/1.", "ek_", "intent", "call_id", "model=")  # what is looked for by hand
_CLOSE_CODE = pattern(r"\b(?:10[01]\d|300[0-3]|4\d{3})\b")  # the numbers that tell beside words
# Without one of these a number of four digits is that of a process or a request.
_OF_A_CLOSE = pattern(r"(?i)clos|code|disconn|reason|error|\(")
# A status alone is a number of many; one of these stands beside it where it is one.
_OF_A_STATUS = pattern(
    r"(?i)http|status|code|error|reject|refus|respon|return|answer|fail|\b(?:get|got|gets|with|an?|of)\b|receiv|throw|forbid"
    r"|unauthori|found|method|server|gateway|unavail|time-?out|upgrade|handshake|socket|clos|connect|proxy|[\x1a\"']"
)
_DATE = "0123456789 \t:.,-+/[]()TZ"  # what stands before a log's line


@dataclass(slots=True)
class _Seen:
    """How often each kind of line was met, and lines of which there were enough."""

    kinds: Counter[tuple[object, ...]] = field(default_factory=Counter)
    lines: set[str] = field(default_factory=set)


@cache
def _wanted() -> tuple[str, ...]:
    """Everything that is looked for in any way, in small letters."""
    words = [word for name in ("socket", "service", "rest", "tools") for word in reading()[name]]
    codes = [code.lower() for code in known_codes()]
    return tuple(dict.fromkeys((*literals(), *ANCHORS, *_READ_BESIDE, *words, *codes)))


@cache
def _automaton() -> Any:
    from ahocorasick_rs import AhoCorasick

    return AhoCorasick(list(_wanted()))


@cache
def _numbers() -> frozenset[int]:
    """The places in `_wanted` of what is a number."""
    return frozenset(place for place, word in enumerate(_wanted()) if word.isdigit())


def sifted(chunks: Iterable[str]) -> Iterator[str]:
    """The text, with empty lines for what is passed over."""
    whole, held = 0, ""
    seen = _Seen()
    for chunk in chunks:
        if whole < _WHOLE:
            whole += len(chunk)
            yield chunk
            continue
        held += chunk
        while len(held) >= _PART:
            end = held.rfind("\n", 0, _PART) + 1 or _PART
            yield from _sift(held[:end], seen)
            held = held[end:]
    if held:
        yield from _sift(held, seen)


def _sift(part: str, seen: _Seen) -> Iterator[str]:
    lower = small(part)
    if not lower.isascii():
        lower = lower.encode("utf-8", "replace").decode()
    hits = _automaton().find_matches_as_indexes(lower)
    if not hits:
        yield _empty(part)
        return
    lines = [f"{line}\n" for line in part.split("\n")]
    lines[-1] = lines[-1][:-1]
    for remembered in (seen.kinds, seen.lines):  # each by itself: where all lines differ, their kinds are few
        if len(remembered) > _KINDS:
            remembered.clear()
    kept_to = 0
    for number, indexes in _lines_of(hits, lines, lower):
        if not _new(lines[number], indexes, seen):
            continue
        low, high = max(kept_to, number - _AROUND), min(len(lines), number + _AROUND + 1)
        if low > kept_to:
            yield _empty("".join(lines[kept_to:low]))
        if high > kept_to:
            yield "".join(lines[low:high])
            kept_to = high
    if kept_to < len(lines):
        yield _empty("".join(lines[kept_to:]))


def _lines_of(hits: list[tuple[int, int, int]], lines: list[str], lower: str) -> Iterator[tuple[int, list[int]]]:
    """The numbers of the lines in which something was found, each with what."""
    numbers = _numbers()
    number, end, indexes = 0, len(lines[0]), list[int]()
    for index, start, stop in hits:
        if start >= end and indexes:
            yield number, indexes
            indexes = []
        while start >= end:
            number += 1
            end += len(lines[number])
        if index in numbers and _part_of_more(lower, start, stop):
            continue
        indexes.append(index)
    if indexes:
        yield number, indexes


def _part_of_more(lower: str, start: int, stop: int) -> bool:
    """403 inside of 4031, of a1403f, or of a time to the millisecond is nothing."""
    before = lower[max(start - 2, 0) : start]
    return (
        before[-1:].isalnum()
        or lower[stop : stop + 1].isalnum()
        or (len(before) == 2 and before[0].isdigit() and before[1] in ".,:")
    )


def _new(line: str, indexes: list[int], seen: _Seen) -> bool:
    """True for a line of a kind that was not met often."""
    undated = line.lstrip(_DATE)
    if undated in seen.lines:
        return False
    if _numbers().issuperset(indexes) and _OF_A_STATUS.search(undated) is None:
        return False
    kind = _kind(undated, indexes)
    seen.kinds[kind] += 1
    often = seen.kinds[kind] > _OFTEN
    if often and len(undated) < _LONGEST:
        seen.lines.add(undated)
    return not often


def _kind(line: str, indexes: list[int]) -> tuple[object, ...]:
    """What two lines have in common that say the same: what is known in them, and the numbers that tell."""
    closes = _OF_A_CLOSE.search(line) is not None
    return (*sorted(set(indexes)), *([match.text() for match in _CLOSE_CODE.finditer(line)] if closes else ()))


def _empty(text: str) -> str:
    """What stands in the place of a text that is passed over: its line ends, and as much as keeps things apart."""
    return " " * min(_FAR, len(text)) + "\n" * text.count("\n")

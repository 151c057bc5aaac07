"""The patterns of `clients.toml` and `sentences.toml`, and what they sight in a window of text.

An expression is compiled when one of its literals is met for the first time, and tried around that literal only:
most of a log is passed over by plain searches, and a start costs no compilation.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from rtdoctor.diagnose.text.blocks import Block
from rtdoctor.diagnose.text.sighting import Sighting
from rtdoctor.model.outcome import ErrorEvent

_SPAN = (200, 300)  # how far before and after its literal an expression may reach, where the data says nothing
_LEAD, _LINE = 90, 240  # how much of a line is kept, before a match and in all


@dataclass(frozen=True, slots=True)
class Pattern:
    """One entry of the data: its literals, its expression as text, and the constants that it gives."""

    name: str
    has: tuple[str, ...]
    match: str
    gives: Mapping[str, Any]


@cache
def patterns() -> tuple[Pattern, ...]:
    """All patterns, those of clients first."""
    clients = [Pattern(entry["name"], tuple(entry["has"]), entry["match"], entry) for entry in _read("clients")]
    sentences = [
        Pattern(f"sentence: {entry['example'][:40]}", tuple(entry["has"]), entry["match"], entry | {"sentence": True})
        for entry in _read("sentences")
    ]
    return (*clients, *sentences)


def _read(name: str) -> list[dict[str, Any]]:
    raw: dict[str, list[dict[str, Any]]] = tomllib.loads(
        Path(__file__).with_name(f"{name}.toml").read_text(encoding="utf-8")
    )
    return raw[name.removesuffix("s")]


@cache
def _compiled(match: str) -> re.Pattern[str]:
    return re.compile(match, re.IGNORECASE | re.MULTILINE)


@cache
def _literals() -> dict[str, tuple[Pattern, ...]]:
    found: dict[str, tuple[Pattern, ...]] = {}
    for pattern in patterns():
        for literal in pattern.has:
            found[literal] = (*found.get(literal, ()), pattern)
    return found


def look(block: Block) -> Iterator[Sighting]:
    """What the patterns find in a window, in no order; what begins in the overlap is left to the next window."""
    done: dict[str, set[int]] = {}
    for literal, wanting in _literals().items():
        place = block.lower.find(literal)
        number = literal.isdigit()
        while place >= 0:
            # 403 inside of 4031 is nothing: most numbers of a log are passed over here.
            inside = number and _digit(block.lower, place - 1, place + len(literal))
            for pattern in () if inside else wanting:
                starts = done.setdefault(pattern.name, set())
                found = _near(pattern, block.text, place, place + len(literal))
                if found and found.start() < block.until and found.start() not in starts:
                    starts.add(found.start())
                    yield sighted(pattern, found, block)
            place = block.lower.find(literal, place + len(literal))


def _digit(text: str, before: int, after: int) -> bool:
    return text[max(0, before) : before + 1].isdigit() or text[after : after + 1].isdigit()


def _near(pattern: Pattern, text: str, start: int, end: int) -> re.Match[str] | None:
    """The match that holds the literal's place, looked for from the start of its line."""
    expression = _compiled(pattern.match)
    before, after = pattern.gives.get("span", _SPAN)
    low, high = max(0, start - before, text.rfind("\n", 0, start) + 1), min(len(text), end + after)
    found = expression.search(text, low, high)
    while found and found.end() <= start:
        found = expression.search(text, found.end(), high)
    return found if found and found.start() < end else None


def line_of(text: str, start: int, end: int) -> str:
    """The line around a place, cut at white space to a bound on both sides."""
    first = text.rfind("\n", 0, start) + 1
    low = first if start - first <= _LEAD else text.find(" ", start - _LEAD, start) + 1 or start
    stop = text.find("\n", start)
    stop = stop if stop >= 0 else len(text)
    high = max(end, low + _LINE)
    if high < stop:
        stop = max(end, text.rfind(" ", low, high))
    return " ".join(text[low : min(stop, low + 2 * _LINE)].split())


def sighted(pattern: Pattern, found: re.Match[str], block: Block) -> Sighting:
    """A match as the facts that it holds."""
    groups, gives = found.groupdict(), pattern.gives
    code = groups.get("close_code") or groups.get("code_first") or gives.get("closes")
    status = groups.get("status")
    layer, _, kind = gives.get("fault", "").partition("/")
    plain = Sighting(
        name=pattern.name,
        at=block.start + found.start(),
        end=block.start + found.end(),
        text=found.group(0)[:400],
        line=line_of(block.text, found.start(), found.end()),
        status=int(status) if status else None,
        close_code=int(code) if code else None,
        close_reason=(groups.get("close_reason") or "").strip(" '\""),
        fault=(layer, kind) if kind else None,
        url=groups.get("url") or groups.get("path") or "",
        headers=groups.get("headers") or "",
        body=groups.get("body") or "",
        event=groups.get("event") or gives.get("event", ""),
        sent=groups.get("sent") or groups.get("sent_bare") or "",
        field=groups.get("field") or groups.get("field_bare") or "",
        beta=gives.get("beta", False),
        rest=gives.get("rest", False),
        asgi=gives.get("asgi", False),
    )
    if gives.get("body"):
        return replace(plain, body=plain.text)
    if gives.get("sentence"):
        return replace(plain, error=_sentence(gives, groups, plain.line if len(plain.text) < 12 else _whole(plain)))
    if groups.get("code"):
        return replace(plain, error=ErrorEvent(code=groups["code"]))
    return plain


def _whole(sighting: Sighting) -> str:
    return sighting.text.replace('\\"', '"').replace("\\", "")


def _sentence(gives: Mapping[str, Any], groups: Mapping[str, str | None], message: str) -> ErrorEvent:
    return ErrorEvent(gives.get("type", ""), gives.get("code"), message, groups.get("param") or gives.get("param"))

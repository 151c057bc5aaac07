"""The patterns of `clients.toml`, `principles.toml`, `numbers.toml`, `words.toml` and `sentences.toml`, and what they
sight in a window of text.

All literals are looked for at once (Aho-Corasick). An expression is compiled when one of its literals is met for the
first time, and tried on windows that hold one: most of a log is passed over, and a start costs no compilation. What RE2
cannot say in an expression, that something must not stand before or after, stands beside it in the data.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from rtdoctor.data import table
from rtdoctor.diagnose.text.blocks import Block
from rtdoctor.diagnose.text.sighting import Sighting
from rtdoctor.linear import Match, pattern
from rtdoctor.model.outcome import ErrorEvent

_LEAD, _LINE = 90, 240  # how much of a line is kept, before a match and in all
_BEFORE = 8  # how far before a match `not_before` looks
# What is kept of a match, in characters.
_MOST_TEXT, _MOST_URL, _MOST_HEADERS, _MOST_BODY = 400, 600, 9_000, 2_000
_MOST_NAME = 200  # of a name, a reason or a parameter
# What stands where a close has no reason: the word of a language for nothing, or the name of the field.
NO_REASON = frozenset(("undefined", "null", "none", "nil", "(null)", "reason", "closestatusdescription"))


@dataclass(frozen=True, slots=True)
class TextPattern:
    """One entry of the data: its literals, its expression as text, and the constants that it gives.

    `not_before` is an expression, or empty: see the head of `clients.toml`. Without `match` the literals decide by
    themselves. `faults` is what a number means, where the match is a number's.
    """

    name: str
    has: tuple[str, ...]
    match: str
    gives: Mapping[str, Any]
    not_before: str = ""
    faults: Mapping[int, str] = field(default_factory=dict)

    @property
    def expressions(self) -> tuple[str, ...]:
        """The expressions as they are compiled: of the match, and of what must not stand before it."""
        return (f"(?im){self.match}", *([f"(?i)(?:{self.not_before})$"] if self.not_before else ()))


_FIELDS = ("field", "field_bare", "field_tag", "field_name")  # the groups that name a session field
_FILES = ("clients", "principles", "numbers", "words")


@cache
def patterns() -> tuple[TextPattern, ...]:
    """All patterns, those of clients first."""
    clients = [_pattern(entry["name"], entry) for name in _FILES for entry in _read(name)]
    sentences = [
        _pattern(f"sentence: {entry['example'][:40]}", entry | {"sentence": True}) for entry in _read("sentences")
    ]
    return (*clients, *sentences)


def _pattern(name: str, entry: Mapping[str, Any]) -> TextPattern:
    faults = {number: fault for fault, numbers in entry.get("faults", {}).items() for number in numbers}
    if "words" in entry:
        return TextPattern(name, tuple(_both(entry["words"])), "", {"example": entry["words"][0], **entry})
    return TextPattern(name, tuple(entry["has"]), entry["match"], entry, entry.get("not_before", ""), faults)


_SHORT_FORMS = (
    ("does not", "doesn't"),
    ("did not", "didn't"),
    ("is not", "isn't"),
    ("cannot", "can't"),
    ("could not", "couldn't"),
)


def _both(words: list[str]) -> Iterator[str]:
    """The words, and each again in the short form that another client writes."""
    known = set(words)
    for word in words:
        yield word
        for long, short in _SHORT_FORMS:
            if long in word and (other := word.replace(long, short)) not in known:
                yield other


def _read(name: str) -> list[dict[str, Any]]:
    raw: dict[str, list[dict[str, Any]]] = table(Path(__file__).with_name(f"{name}.toml"))
    return raw[name.removesuffix("s")]


@cache
def _automaton() -> tuple[tuple[tuple[str, tuple[TextPattern, ...]], ...], Any]:
    """Each literal with the patterns that want it, and what finds them by their numbers."""
    from ahocorasick_rs import AhoCorasick

    by_literal: dict[str, tuple[TextPattern, ...]] = {}
    for wanting in patterns():
        for literal in wanting.has:
            by_literal[literal] = (*by_literal.get(literal, ()), wanting)
    return tuple(by_literal.items()), AhoCorasick(list(by_literal))


def literals() -> tuple[str, ...]:
    """All that is looked for, in small letters."""
    return tuple(literal for literal, _ in _automaton()[0])


def look(block: Block) -> Iterator[Sighting]:
    """What the patterns find in a window, in no order; what begins in the overlap is left to the next window."""
    literals, automaton = _automaton()
    wanted: dict[str, TextPattern] = {}
    met: set[int] = set()
    whole = block.whole
    for index, start, end in automaton.find_matches_as_indexes(whole, overlapping=True):
        literal, wanting = literals[index]
        # 403 inside of 4031 is nothing: most numbers of a log are passed over here.
        if index in met or (literal.isdigit() and _digit(block.lower, start - 1, end)):
            continue
        by_itself = [pattern for pattern in wanting if not pattern.match]
        if by_itself:
            if start < block.until and _alone(literal, whole, start, end):
                yield from (_worded(pattern, start, end, block) for pattern in by_itself)
            if len(by_itself) == len(wanting):
                continue
        met.add(index)
        wanted |= {pattern.name: pattern for pattern in wanting if pattern.match}
    for found_by in wanted.values():
        for match in _matches(found_by, block):
            if not found_by.faults:
                yield sighted(found_by, match, block)
            elif fault := _numbered(found_by, match):
                yield replace(sighted(found_by, match, block), fault=fault)


def _alone(literal: str, text: str, start: int, end: int) -> bool:
    """True where no word goes on at either end of a literal; scripts without spaces have no such ends."""
    before, after = text[max(0, start - 1) : start], text[end : end + 1]
    return not (_of_word(literal[0]) and _of_word(before)) and not (_of_word(literal[-1]) and _of_word(after))


def _of_word(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char == "_")


def _worded(wanted: TextPattern, start: int, end: int, block: Block) -> Sighting:
    gives = wanted.gives
    layer, _, kind = gives.get("fault", "").partition("/")
    return Sighting(
        name=wanted.name,
        at=block.start + start,
        end=block.start + end,
        text=block.text[start:end],
        line=line_of(block.text, start, end),
        close_code=gives.get("closes"),
        fault=(layer, kind) if kind else None,
    )


def _digit(text: str, before: int, after: int) -> bool:
    return text[max(0, before) : before + 1].isdigit() or text[after : after + 1].isdigit()


def _matches(wanted: TextPattern, block: Block) -> Iterator[Match]:
    """The matches that begin before the overlap, hold a literal and are not refused."""
    expression, *before = map(pattern, wanted.expressions)
    refusing = [name for name in expression.names() if name.startswith("not_")]
    at = 0
    while match := expression.search(block.text, at, flattened=block.flat):
        start, end = match.span()
        if start >= block.until:
            return
        if (
            any(match.start(name) >= 0 for name in refusing)
            or (before and before[0].search(block.text[max(0, start - _BEFORE) : start]))
            or not _holds(wanted.has, block.lower, start, end)
        ):
            at = start + 1
            continue
        yield match
        at = max(end, start + 1)


def _numbered(wanted: TextPattern, match: Match) -> tuple[str, str] | None:
    """The fault that a number means."""
    digits = match.text("number") or match.text("number_short")
    # A HRESULT is written as hexadecimal, or as the same 32 bits with a sign.
    number = int(digits) + (1 << 32) if digits.startswith("-") else int(digits, wanted.gives.get("base", 10))
    layer, _, kind = wanted.faults.get(number, "").partition("/")
    return (layer, kind) if kind else None


def _holds(literals: tuple[str, ...], text: str, start: int, end: int) -> bool:
    line = text.find("\n", start, end)
    return any(text.find(literal, start, line if line >= 0 else end) >= 0 for literal in literals)


def line_of(text: str, start: int, end: int) -> str:
    """The line around a place, cut at white space to a bound on both sides."""
    first = text.rfind("\n", max(0, start - _LEAD - 1), start) + 1
    low = first if first or start <= _LEAD else text.find(" ", start - _LEAD, start) + 1 or start
    high = max(end, low + _LINE)
    stop = text.find("\n", start, high + 1)
    if stop < 0:
        stop = len(text) if len(text) <= high else max(end, text.rfind(" ", low, high))
    return " ".join(text[low : min(stop, low + 2 * _LINE)].split())


def sighted(wanted: TextPattern, match: Match, block: Block) -> Sighting:
    """A match as the facts that it holds, each cut to a bound."""
    groups, gives = match.groupdict(), wanted.gives
    start, end = match.start(), match.start("then") if groups.get("then") is not None else match.end()
    body = (groups.get("body") or "")[:_MOST_BODY]
    if groups.get("body_from") is not None:
        body = block.text[end : end + _MOST_BODY]
        end += len(body)
    code = groups.get("close_code") or groups.get("code_first") or gives.get("closes")
    status = groups.get("status") or groups.get("status_after")
    reason = (groups.get("close_reason") or "").strip(" '\"")[:_MOST_NAME]
    layer, _, kind = gives.get("fault", "").partition("/")
    plain = Sighting(
        name=wanted.name,
        at=block.start + start,
        end=block.start + end,
        text=block.text[start : min(end, start + _MOST_TEXT)],
        line=line_of(block.text, start, end),
        status=int(status) if status else gives.get("status"),
        close_code=int(code) if code else None,
        close_reason="" if reason.lower() in NO_REASON else reason,
        fault=(layer, kind) if kind else None,
        url=(groups.get("url") or groups.get("path") or "")[:_MOST_URL],
        headers=(groups.get("headers") or "")[:_MOST_HEADERS],
        body=body,
        event=groups.get("event") or gives.get("event", ""),
        sent=groups.get("sent") or groups.get("sent_bare") or "",
        field=next((groups[name] or "" for name in _FIELDS if groups.get(name)), ""),
        beta=gives.get("beta", False),
        rest=gives.get("rest", False),
        answerer=gives.get("answerer", ""),
        coded=gives.get("coded", False),
        of_a_file=gives.get("of_a_file", False),
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

"""Error objects and error codes in a text, whatever wrote them: JSON, a Python dict, a Swift property list, a log."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import ascii_letters
from typing import Any

from rtdoctor.data import table
from rtdoctor.diagnose.close_reason import is_error_type
from rtdoctor.diagnose.text.blocks import Block
from rtdoctor.diagnose.text.patterns import line_of
from rtdoctor.diagnose.text.sighting import Sighting
from rtdoctor.knowledge.causes import known_codes
from rtdoctor.linear import pattern
from rtdoctor.model.outcome import ErrorEvent

# The key with what closes it, then : or =, then the quote of a text or a bare word. Quotes may be escaped, as in JSON
# inside a log's JSON; that those around the key are the same, and where the text ends, is looked at beside it.
_PAIR = pattern(
    r"""(?P<key>type|code|message|param|error)(?P<quote>\\{0,3}["']?)\s{0,8}[:=]\s{0,8}"""
    r"""(?:(?P<open>\\{0,3}["'])|(?P<word>null|None|nil|<null>|[\w.\-\x1a]{1,80}))"""
)
_QUOTE = pattern(r"""\\+(?P<quote>["'])""")
_MOST_TEXT = 2_000  # characters of a quoted text
_MOST_NAME = 200  # of a type, a parameter or an event that are kept
ANCHORS = ("error", '"code', "'code", "code = ", "insufficient_quota")
_LONGEST_TYPE = 60  # characters of an error type
_WORD = ascii_letters + "_"
_GAP = 400  # characters between two fields of one object
_REACH = 2_600
_NOTHING = frozenset(("null", "None", "nil", "<null>", ""))


@cache
def reading() -> dict[str, Any]:
    """The data of `reading.toml`."""
    return table(Path(__file__).with_name("reading.toml"))


@dataclass(frozen=True, slots=True)
class Pair:
    """A field: its key, its text as it stands, whether that was quoted, and its place in the window."""

    key: str
    text: str
    quoted: bool
    start: int
    end: int


def look_for_errors(block: Block) -> Iterator[Sighting]:
    """Error objects, then codes that stand alone."""
    spans: list[tuple[int, int]] = []
    high = 0
    for anchor in _places(block, ANCHORS):
        if anchor < high:
            continue
        low, high = max(high, anchor - 300), min(len(block.text), anchor + _REACH)
        for group in _groups(block, low, high):
            sighting = _error(group, block)
            if sighting and sighting.at - block.start < block.until:
                spans.append((sighting.at - block.start, sighting.end - block.start))
                yield sighting
    lows = [low for low, _ in spans]
    for code in sorted(known_codes() - set(reading()["ordinary"])):
        for place in _places(block, (code.lower(),)):
            at, end = block.start + place, block.start + place + len(code)
            inside = bisect_right(lows, place) - 1  # the objects come in their order and do not overlap
            inside_object = inside >= 0 and place < spans[inside][1]
            if place < block.until and not inside_object and _whole(block.text, place, len(code)):
                line = line_of(block.text, place, place + len(code))
                yield Sighting("error code", at, end, code, line, error=ErrorEvent(code=code))


def _places(block: Block, words: tuple[str, ...]) -> list[int]:
    starts = []
    for word in words:
        place = block.lower.find(word)
        while place >= 0:
            starts.append(place)
            place = block.lower.find(word, place + len(word))
    return sorted(starts) if len(words) > 1 else starts


def _whole(text: str, place: int, length: int) -> bool:
    """True where a code is no part of a longer word; the reason of a close, type.code, counts."""
    before, after = text[max(0, place - 1) : place], text[place + length : place + length + 1]
    if before == ".":
        near = text[max(0, place - _LONGEST_TYPE - 1) : place - 1]
        return is_error_type(near[len(near.rstrip(_WORD)) :])
    return not (before.isalnum() or before == "_" or after.isalnum() or after == "_")


def _groups(block: Block, low: int, high: int) -> Iterator[list[Pair]]:
    """Fields that stand together: a field that comes again, a long gap or a closed object begins the next group."""
    group: list[Pair] = []
    for pair in _pairs(block, low, high):
        if group and _new(group, pair, block.text):
            yield group
            group = []
        group.append(pair)
    if group:
        yield group


def _pairs(block: Block, low: int, high: int) -> Iterator[Pair]:
    text, at = block.text, low
    ends: dict[str, tuple[int, int]] = {}
    while match := _PAIR.search(text, at, high, block.flat):
        key, quote, opening = match.text("key"), match.text("quote"), match.group("open")
        start = match.start() - len(quote)
        at = match.start() + 1
        if start < low or not text.startswith(quote, start) or _of_name(text[max(0, start - 1) : start]):
            continue
        if opening is None:
            pair = Pair(key, match.text("word"), False, start, match.end())
        else:
            end = _end_of_text(text, opening, match.end(), high, ends)
            if end < 0 or end - match.end() > _MOST_TEXT:
                continue
            pair = Pair(key, text[match.end() : end], True, start, end + len(opening))
        yield pair
        low = at = pair.end


def _of_name(char: str) -> bool:
    return char.isalnum() or char in ("_", ".")


def _end_of_text(text: str, quote: str, start: int, high: int, known: dict[str, tuple[int, int]]) -> int:
    """The place of the quote that closes a text, none that is escaped; -1 where there is none before `high`.

    `known` keeps for each quote where it was looked for and found, so that no part of a text is gone through twice.
    """
    since, end = known.get(quote, (high + 1, -1))
    if start < since or 0 <= end < start:
        end = text.find(quote, start, high)
        while end > start and text[end - 1] == "\\":
            end = text.find(quote, end + 1, high)
        known[quote] = (start, end)
    return end


def _new(group: list[Pair], pair: Pair, text: str) -> bool:
    keys = {before.key for before in group}
    between = text[group[-1].end : pair.start]
    if len(between) > _GAP or "}" in between or "\n\n" in between:
        return True
    # An event's own type stands before the type of the error in it.
    return pair.key in keys and bool(keys & {"code", "message"})


def _error(group: list[Pair], block: Block) -> Sighting | None:
    fields: dict[str, str | None] = {}
    event, is_event = "", False
    for pair in group:
        key, value = pair.key, _value(pair)
        is_event = is_event or (key == "type" and value == "error")
        if key == "type" and value and "." in value:
            event = value[:_MOST_NAME]
        if key == "error":
            if pair.quoted and pair.text and "{" not in pair.text[:3]:
                fields.setdefault("message", value)  # vLLM puts a bare text there
            continue
        fields[key] = value
    kind, code, message = (fields.get("type") or "")[:_MOST_NAME], fields.get("code"), fields.get("message") or ""
    param = fields.get("param")
    if code and (code.isdigit() or not _is_code(code)):
        code = None
    sure = is_error_type(kind) or (code is not None and code in known_codes())
    if not (sure or is_event) or not (code or message):
        return None
    start, end = group[0].start, group[-1].end
    return Sighting(
        name="error event" if is_event or event else "error object",
        at=block.start + start,
        end=block.start + end,
        text=block.text[start:end][:400],
        line=line_of(block.text, start, end),
        error=ErrorEvent("" if kind == "error" else kind, code, message, param and param[:_MOST_NAME]),
        event=event,
    )


def _is_code(text: str) -> bool:
    return 2 <= len(text) <= 80 and all(char.isalnum() or char in "_.-" for char in text)


def _value(pair: Pair) -> str | None:
    text = _QUOTE.sub(lambda match: match.text("quote"), pair.text) if "\\" in pair.text else pair.text
    return None if text in _NOTHING else text[:1000]

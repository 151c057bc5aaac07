"""Error objects and error codes in a text, whatever wrote them: JSON, a Python dict, a Swift property list, a log."""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import ascii_letters
from typing import Any

from rtdoctor.diagnose.reason import is_error_type
from rtdoctor.diagnose.rules import known_codes
from rtdoctor.diagnose.text.blocks import Block
from rtdoctor.diagnose.text.patterns import line_of
from rtdoctor.diagnose.text.sighting import Sighting
from rtdoctor.model.outcome import ErrorEvent

# key, then : or =, then a quoted string or a bare word; quotes may be escaped, as in JSON inside a log's JSON.
_PAIR = (
    r"""(?<![\w.])(?P<quote>\\{0,3}["']?)(?P<key>type|code|message|param|error)(?P=quote)\s{0,8}[:=]\s{0,8}"""
    r"""(?:(?P<open>\\{0,3}["'])(?P<text>.{0,2000}?)(?<!\\)(?P=open)|(?P<word>null|None|nil|<null>|[\w.\-]{1,80}))"""
)
_ANCHORS = ("error", '"code', "'code", "code = ", "insufficient_quota")
_LONGEST_TYPE = 60  # characters of an error type
_WORD = ascii_letters + "_"
_GAP = 400  # characters between two fields of one object
_REACH = 2_600
_NOTHING = frozenset(("null", "None", "nil", "<null>", ""))


@cache
def reading() -> dict[str, Any]:
    """The data of `reading.toml`."""
    return tomllib.loads(Path(__file__).with_name("reading.toml").read_text(encoding="utf-8"))


@cache
def _pair() -> re.Pattern[str]:
    return re.compile(_PAIR, re.DOTALL)


def look_for_errors(block: Block) -> Iterator[Sighting]:
    """Error objects, then codes that stand alone."""
    spans: list[tuple[int, int]] = []
    high = 0
    for anchor in _places(block, _ANCHORS):
        if anchor < high:
            continue
        low, high = max(high, anchor - 300), min(len(block.text), anchor + _REACH)
        for group in _groups(block.text, low, high):
            sighting = _error(group, block)
            if sighting and sighting.at - block.start < block.until:
                spans.append((sighting.at - block.start, sighting.end - block.start))
                yield sighting
    for code in sorted(known_codes() - set(reading()["ordinary"])):
        for place in _places(block, (code.lower(),)):
            at, end = block.start + place, block.start + place + len(code)
            told = any(low <= place < high for low, high in spans)
            if place < block.until and not told and _whole(block.text, place, len(code)):
                line = line_of(block.text, place, place + len(code))
                yield Sighting("error code", at, end, code, line, error=ErrorEvent(code=code))


def _places(block: Block, words: tuple[str, ...]) -> list[int]:
    found = []
    for word in words:
        place = block.lower.find(word)
        while place >= 0:
            found.append(place)
            place = block.lower.find(word, place + len(word))
    return sorted(found) if len(words) > 1 else found


def _whole(text: str, place: int, length: int) -> bool:
    """True where a code is no part of a longer word; the reason of a close, type.code, counts."""
    before, after = text[max(0, place - 1) : place], text[place + length : place + length + 1]
    if before == ".":
        near = text[max(0, place - _LONGEST_TYPE - 1) : place - 1]
        return is_error_type(near[len(near.rstrip(_WORD)) :])
    return not (before.isalnum() or before == "_" or after.isalnum() or after == "_")


def _groups(text: str, low: int, high: int) -> Iterator[list[re.Match[str]]]:
    """Fields that stand together: a field that comes again, a long gap or a closed object begins the next group."""
    group: list[re.Match[str]] = []
    for pair in _pair().finditer(text, low, high):
        if group and _new(group, pair, text):
            yield group
            group = []
        group.append(pair)
    if group:
        yield group


def _new(group: list[re.Match[str]], pair: re.Match[str], text: str) -> bool:
    keys = {before.group("key") for before in group}
    between = text[group[-1].end() : pair.start()]
    if len(between) > _GAP or "}" in between or "\n\n" in between:
        return True
    # An event's own type stands before the type of the error in it.
    return pair.group("key") in keys and bool(keys & {"code", "message"})


def _error(group: list[re.Match[str]], block: Block) -> Sighting | None:
    told: dict[str, str | None] = {}
    event, is_event = "", False
    for pair in group:
        key, value = pair.group("key"), _value(pair)
        is_event = is_event or (key == "type" and value == "error")
        if key == "type" and value and "." in value:
            event = value
        if key == "error":
            if pair.group("text") and "{" not in pair.group("text")[:3]:
                told.setdefault("message", value)  # vLLM puts a bare text there
            continue
        told[key] = value
    kind, code, message = told.get("type") or "", told.get("code"), told.get("message") or ""
    if code and (code.isdigit() or not re.fullmatch(r"[\w.\-]{2,80}", code)):
        code = None
    sure = is_error_type(kind) or (code is not None and code in known_codes())
    if not (sure or is_event) or not (code or message):
        return None
    start, end = group[0].start(), group[-1].end()
    return Sighting(
        name="error event" if is_event or event else "error object",
        at=block.start + start,
        end=block.start + end,
        text=block.text[start:end][:400],
        line=line_of(block.text, start, end),
        error=ErrorEvent("" if kind == "error" else kind, code, message, told.get("param")),
        event=event,
    )


def _value(pair: re.Match[str]) -> str | None:
    text = pair.group("text")
    if text is None:
        text = pair.group("word")
    text = re.sub(r'\\+(["\'])', r"\1", text)
    return None if text in _NOTHING else text[:1000]

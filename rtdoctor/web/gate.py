"""The gate before the page: a tape's lines as JSON, redacted once more, bounded, and readable for every browser.

Lines are redacted before they are recorded. Here nobody relies on it: a tape may come from a stranger, or a secret may
have become known since. Most lines hold none, so that many are looked at at once, and only where something was found
each by itself.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rtdoctor.linear import pattern
from rtdoctor.model.event import parse_event
from rtdoctor.privacy.known import holds_secret, known
from rtdoctor.privacy.quote import redact, redacted

MOST = 1 << 18  # characters of a text that a page is given
MOST_AUDIO = 4 << 20  # base64 characters of audio in one event; the API's own limit for an append is 15 MiB
_EDGE = 600  # characters beyond a cut that are looked at with what comes before it
_BLOCK = 60_000  # characters that are looked at at once
_BASE64 = pattern(r"[A-Za-z0-9+/]*={0,2}")

Line = Mapping[str, Any]


def shown(lines: Sequence[Line]) -> str:
    """The lines as a JSON array, as a page may have them."""
    taken = [_Taken(line) for line in lines]
    block: list[_Taken] = []
    size = 0
    for one in taken:
        block.append(one)
        size += len(one.text)
        if size > _BLOCK:
            _look(block)
            block, size = [], 0
    _look(block)
    return f"[{','.join(one.json() for one in taken)}]"


class _Taken:
    """A line apart: what is looked at for secrets, and the audio, which is too much to look at and holds none."""

    def __init__(self, line: Line) -> None:
        self.line = {key: _bounded(value) for key, value in line.items() if key != "data"}
        self.secret = False
        self.event: dict[str, Any] | None = None
        self.audio, self.field, self.data = "", "", ""
        binary = line.get("base64")
        if isinstance(binary, str) and len(binary) > MOST:
            self.line["base64"], self.line["bytes"] = "", len(binary) * 3 // 4
        data = line.get("data")
        if isinstance(data, str):
            self._take_frame(data)
        elif data is not None:
            self.line["data"] = _bounded(data)
        self.text = f"{_dumped(self.line)}\n{self.data}"

    def _take_frame(self, data: str) -> None:
        field = next((name for name in ("audio", "delta") if f'"{name}"' in data), "")
        event = parse_event(data) if field and len(data) <= 4 * MOST_AUDIO else None
        audio = event.get(field) if event is not None and _carries_audio(event, field) else None
        if event is not None and isinstance(audio, str) and _BASE64.fullmatch(audio):
            self.event, self.field = event, field
            if len(audio) > MOST_AUDIO:
                event[field] = {"audio_bytes": len(audio) * 3 // 4}
            elif known() and holds_secret(audio):
                self.secret = True
            else:
                self.audio, event[field] = audio, ""
            data = json.dumps(event)
        if len(data) > MOST:
            self.event, self.audio, self.line["cut"] = None, "", len(data)
            data = redact(data[: MOST + _EDGE])[:MOST]
        self.data = data

    def json(self) -> str:
        line = redacted(self.line) if self.secret else self.line
        data = self.data
        if self.event is not None:
            event = redacted(self.event) if self.secret else self.event
            data = json.dumps({**event, self.field: self.audio} if self.audio else event)
        elif data and self.secret:
            data = _redacted_frame(data)
        return _dumped({**line, "data": data} if data else line)


def _look(block: Sequence[_Taken]) -> None:
    text = "\n".join(one.text for one in block)
    if redact(text) == text:
        return
    for one in block:
        one.secret = one.secret or redact(one.text) != one.text


def _carries_audio(event: Mapping[str, Any], field: str) -> bool:
    kind = event.get("type")
    return isinstance(kind, str) and kind.endswith("audio.delta" if field == "delta" else ".append")


def _redacted_frame(data: str) -> str:
    """As values where it is an event, so that no mark stands in the middle of an escape."""
    event = parse_event(data)
    if event is None:
        return redact(data)
    try:
        return json.dumps(redacted(event))
    except RecursionError:
        return redact(data)


def _bounded(value: Any) -> Any:
    if isinstance(value, str) and len(value) > MOST:
        return redact(value[: MOST + _EDGE])[:MOST]
    if isinstance(value, (list, tuple, dict)):
        text = _dumped(value)
        return value if len(text) <= MOST else f"(left out: {len(text)} characters)"
    return value


def _dumped(value: Any) -> str:
    """ASCII, so that half a character is none of the transport's; what JSON does not know is told in its place."""
    try:
        return json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError, TypeError):
        return json.dumps({"kind": "unreadable", "text": "a line that JSON cannot hold (NaN, or nested too deep)"})

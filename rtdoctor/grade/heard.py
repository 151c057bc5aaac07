"""The messages of a connection. Judges ask of each message what came before and after it, so what they ask for is found
by side, type and time: a tape of many messages takes time that goes with its length.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

_SOUND = "response.output_audio.delta"
_SPEECH = "input_audio_buffer.append"
NOT_SPEECH = "(any but speech)"  # a type that stands for all others than the appends of a microphone


@dataclass(frozen=True, slots=True)
class Heard:
    """One message. `type` is empty for what is no event; `audio` counts the bytes of sound in it."""

    t: float
    sender: str
    type: str
    event: Mapping[str, Any]
    audio: int = 0


class _Row:
    """Messages in their order, with their times beside them."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.held: list[Heard] = []

    def add(self, one: Heard) -> None:
        self.times.append(one.t)
        self.held.append(one)

    def at(self, place: int) -> Heard | None:
        return self.held[place] if 0 <= place < len(self.held) else None


class Messages:
    """What was said on a connection; time never goes back in it."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str | None], _Row] = {}
        self._ids: dict[str, _Row] = {}  # those of the client's, by their event_id
        self._sounds: dict[object, tuple[_Row, list[int]]] | None = None
        self._latest = -math.inf

    def __bool__(self) -> bool:
        return bool(self._rows)

    def add(self, one: Heard) -> None:
        """Take the next one. Where its time is before that of the last one, it is taken for the same."""
        if one.t < self._latest:
            one = Heard(self._latest, one.sender, one.type, one.event, one.audio)
        self._latest = one.t
        kinds = (None, one.type) if one.type == _SPEECH else (None, one.type, NOT_SPEECH)
        for key in ((one.sender, kind) for kind in kinds):
            self._rows.setdefault(key, _Row()).add(one)
        if one.sender == "client" and isinstance(ident := one.event.get("event_id"), str):
            self._ids.setdefault(ident, _Row()).add(one)
        self._sounds = None

    def of(self, sender: str, *types: str) -> list[Heard]:
        """The messages of one side in their order, of these types where some are given."""
        rows = self._rows_of(sender, types)
        if len(rows) == 1:
            return rows[0].held
        return sorted((one for row in rows for one in row.held), key=lambda one: one.t)

    def of_both(self) -> list[Heard]:
        """The messages of both sides in their order."""
        return sorted((*self.of("client"), *self.of("server")), key=lambda one: one.t)

    def first(self, sender: str, *types: str, after: float = -math.inf, since: float = -math.inf) -> Heard | None:
        """The first of those later than `after`, and no earlier than `since`."""
        ones = [
            row.at(max(bisect_right(row.times, after), bisect_left(row.times, since)))
            for row in self._rows_of(sender, types)
        ]
        return min(filter(None, ones), key=lambda one: one.t, default=None)

    def last(self, sender: str, *types: str, until: float) -> Heard | None:
        """The last of those no later than `until`; of several types at one moment, one of the last type named."""
        ones = [row.at(bisect_right(row.times, until) - 1) for row in self._rows_of(sender, types)]
        return max(reversed([*filter(None, ones)]), key=lambda one: one.t, default=None)

    def count(self, sender: str, kind: str, until: float) -> int:
        """How many there are of that type by then."""
        return sum(bisect_right(row.times, until) for row in self._rows_of(sender, (kind,)))

    def with_id(self, ident: object, until: float) -> Heard | None:
        """The last message of the client's with that event_id, by then."""
        row = self._ids.get(ident) if isinstance(ident, str) else None
        return row.at(bisect_right(row.times, until) - 1) if row else None

    def sound_of(self, item: object, until: float) -> tuple[Heard | None, int]:
        """The first delta of the sound of an item by then, and how many bytes of it were sent by then."""
        if self._sounds is None:
            self._sounds = self._sounds_by_item()
        row, sizes = self._sounds.get(_item(item), (_Row(), []))
        count = bisect_right(row.times, until)
        return (row.held[0], sizes[count - 1]) if count else (None, 0)

    def _rows_of(self, sender: str, types: tuple[str, ...]) -> list[_Row]:
        return [row for kind in types or (None,) if (row := self._rows.get((sender, kind)))]

    def _sounds_by_item(self) -> dict[object, tuple[_Row, list[int]]]:
        rows: dict[object, _Row] = {}
        for one in self.of("server", _SOUND):
            rows.setdefault(_item(one.event.get("item_id")), _Row()).add(one)
        return {item: (row, [*accumulate(one.audio for one in row.held)]) for item, row in rows.items()}


def _item(value: object) -> str | None:
    return value if isinstance(value, str) else None

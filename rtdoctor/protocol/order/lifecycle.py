"""Collects the timeline of each item, in memory that does not grow with the stream."""

from collections.abc import Mapping

from rtdoctor.model.timeline import ItemLife, ItemStep, Spread, Timeline
from rtdoctor.protocol.order.stream import CUT, LONGEST_ID, Stream, start

COMMITTED = "input_audio_buffer.committed"
STOPPED = "input_audio_buffer.speech_stopped"
DELTA = "conversation.item.input_audio_transcription.delta"
COMPLETED = "conversation.item.input_audio_transcription.completed"
# name: (from the first event of this type, to the first event of that type)
_KEEP = 200  # items
LATENCIES = {
    "speech_stopped_to_committed": (STOPPED, COMMITTED),
    "commit_to_first_delta": (COMMITTED, DELTA),
    "first_delta_to_completed": (DELTA, COMPLETED),
}
# An item lives through about fifteen types of events; a stream that invents more is not followed.
MOST_STEPS = 64


class _Step:
    __slots__ = ("at", "count", "index", "last_at", "last_index")

    def __init__(self, index: int, at: float | None) -> None:
        self.index = self.last_index = index
        self.at = self.last_at = at
        self.count = 1


class _Life:
    __slots__ = ("kind", "role", "steps")

    def __init__(self) -> None:
        self.kind = ""
        self.role = ""
        self.steps: dict[str, _Step] = {}


class Lifecycle:
    """The last `_KEEP` items. Latencies of older ones are folded into count, least, sum and most."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._lives: dict[str, _Life] = {}
        self._forgotten = 0
        self._folded: dict[str, list[float]] = {}

    def note(self, kind: str, event: Mapping[str, object]) -> None:
        """Remember an event if it names an item."""
        item_id = event.get("item_id")
        described: object = None
        if item_id is None:
            described = event.get("item")
            if not isinstance(described, dict):
                return
            item_id = described.get("id")
        if type(item_id) is not str or len(item_id) > LONGEST_ID:
            return
        life = self._lives.get(item_id)
        if life is None:
            life = self._begin(item_id)
        step = life.steps.get(kind)
        if step is not None:
            step.count += 1
            step.last_index = self._stream.index
            step.last_at = self._stream.at
            return
        if len(life.steps) < MOST_STEPS and len(kind) <= CUT:
            life.steps[kind] = _Step(self._stream.index, self._stream.at)
        if isinstance(described, dict):
            life.kind = life.kind or start(described.get("type"))
            life.role = life.role or start(described.get("role"))

    def _begin(self, item_id: str) -> _Life:
        life = self._lives[item_id] = _Life()
        if len(self._lives) > _KEEP:
            _fold(self._lives.pop(next(iter(self._lives))), self._folded)
            self._forgotten += 1
        return life

    def timeline(self) -> Timeline:
        """The timeline so far."""
        folded = {name: list(values) for name, values in self._folded.items()}
        for life in self._lives.values():
            _fold(life, folded)
        return Timeline(
            items=tuple(_item(item_id, life) for item_id, life in self._lives.items()),
            forgotten=self._forgotten,
            latencies={
                name: Spread(int(count), least, total / count, most)
                for name, (count, least, total, most) in folded.items()
            },
        )


def _latency(life: _Life, name: str) -> float | None:
    begin, end = (life.steps.get(kind) for kind in LATENCIES[name])
    if begin is None or end is None or begin.at is None or end.at is None:
        return None
    # Negative where the order is the other way round: live transcription begins before the commit.
    return end.at - begin.at if end.index > begin.index else None


def _fold(life: _Life, into: dict[str, list[float]]) -> None:
    for name in LATENCIES:
        value = _latency(life, name)
        if value is None:
            continue
        if name not in into:
            into[name] = [0, value, 0.0, value]
        entry = into[name]
        entry[:] = [entry[0] + 1, min(entry[1], value), entry[2] + value, max(entry[3], value)]


def _item(item_id: str, life: _Life) -> ItemLife:
    steps = tuple(
        ItemStep(kind, step.index, step.at, step.count, step.last_index, step.last_at)
        for kind, step in life.steps.items()
    )
    return ItemLife(item_id, life.kind, life.role, steps, **{name: _latency(life, name) for name in LATENCIES})

"""What happened to each item of a conversation, and how long it took: the judge of order's second answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ItemStep:
    """All events of one type that named one item. `index` and `at` are the first one's, the `last_` pair the
    last one's.

    `at` is in seconds on the clock of whoever fed the events; None where no time was known.
    """

    event_type: str
    index: int
    at: float | None
    count: int
    last_index: int
    last_at: float | None


@dataclass(frozen=True, slots=True)
class ItemLife:
    """One item: what it is, its steps in the order of their first event, its latencies in seconds (None = not
    known).

    `commit_to_first_delta` is None where transcription began before the commit, as streaming models do.
    """

    item_id: str
    kind: str
    role: str
    steps: tuple[ItemStep, ...]
    speech_stopped_to_committed: float | None = None
    commit_to_first_delta: float | None = None
    first_delta_to_completed: float | None = None


@dataclass(frozen=True, slots=True)
class Spread:
    """How one latency, in seconds, was spread over the items of a stream."""

    count: int
    least: float
    mean: float
    most: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """The items last begun, the number of older ones no longer kept, and the latencies of all of them.

    `latencies` has the keys `speech_stopped_to_committed`, `commit_to_first_delta` and
    `first_delta_to_completed`, each only where one was measured.
    """

    items: tuple[ItemLife, ...] = ()
    forgotten: int = 0
    latencies: Mapping[str, Spread] = field(default_factory=dict)

"""Where the page's lines come from: a feed that is being filled, or a recording that is read anew for each reader.

Whoever fills a feed never waits for whoever reads it. A feed holds so much and no more; a reader that comes too late
for a line is told how many it missed.
"""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

Line = Mapping[str, Any]
_PASSING = ("text", "binary", "ping", "pong")
_AROUND = 200  # bytes that a line takes beside its texts
_BATCH_LINES, _BATCH_BYTES = 500, 1 << 19


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines in their order, how many were left out before them, and the place to go on from."""

    lines: tuple[Line, ...]
    missed: int
    next: int


class Source(Protocol):
    """What a page can be made of."""

    live: bool

    def batches(self, place: int) -> AsyncGenerator[Batch]:
        """The lines from a place on, as they come; it ends where there will be no more."""
        ...

    def last(self) -> int | None:
        """The place that the lines have come to; None where they are all there."""
        ...


class Feed:
    """Lines that are still coming, kept for pages that open later: so many bytes of them, the newest.

    What says how a connection began and ended (handshake, close, finding) is kept longer than the frames between.
    """

    live = True

    def __init__(self, most_bytes: int = 64 << 20, most_lines: int = 200_000, most_marks: int = 2_000) -> None:
        self._most_bytes, self._most_lines = most_bytes, most_lines
        self._lines: deque[tuple[int, int, Line]] = deque()  # place, bytes, line
        self._marks: deque[tuple[int, Line]] = deque(maxlen=most_marks)
        self._bytes, self._next, self._ended = 0, 0, False
        self._lock = threading.Lock()
        self._waiting: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}

    def put(self, line: Line) -> None:
        """Add a line, which nobody may change afterwards. Never waits, from whichever thread."""
        size = _size(line)
        with self._lock:
            self._lines.append((self._next, size, line))
            self._bytes += size
            self._next += 1
            while len(self._lines) > self._most_lines or (self._bytes > self._most_bytes and len(self._lines) > 1):
                place, gone, oldest = self._lines.popleft()
                self._bytes -= gone
                if oldest.get("kind") not in _PASSING:
                    self._marks.append((place, oldest))
        self._wake()

    def end(self) -> None:
        """There will be no more lines."""
        self._ended = True
        self._wake()

    @property
    def held(self) -> int:
        """The bytes that it holds, about."""
        return self._bytes

    def last(self) -> int | None:
        """See Source."""
        return self._next

    async def batches(self, place: int) -> AsyncGenerator[Batch]:
        """See Source."""
        event = asyncio.Event()
        self._waiting[event] = asyncio.get_running_loop()
        try:
            while True:
                event.clear()
                ended = self._ended  # before looking: what came before the end is given out
                batch = self._after(place)
                if batch.next > place:
                    place = batch.next
                    yield batch
                elif ended:
                    return
                else:
                    await event.wait()
        finally:
            del self._waiting[event]

    def _after(self, place: int) -> Batch:
        with self._lock:
            first = self._lines[0][0] if self._lines else self._next
            batch: list[Line] = [line for at, line in self._marks if at >= place] if place < first else []
            missed = max(0, first - place - len(batch))
            start = max(0, place - first)
            following, total = max(place, first), 0
            for at, size, line in islice(self._lines, start, start + _BATCH_LINES):
                if total and total + size > _BATCH_BYTES:
                    break
                batch.append(line)
                total += size
                following = at + 1
            return Batch(tuple(batch), missed, following)

    def _wake(self) -> None:
        for event, loop in tuple(self._waiting.items()):
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)


class Recorded:
    """A recording. `read` opens it and gives its lines; each reader reads it for itself, as fast as it can take it, so
    that nothing of it is held."""

    live = False

    def __init__(self, read: Callable[[], Iterator[Line]]) -> None:
        self._read = read

    def last(self) -> int | None:
        """See Source."""
        return None

    async def batches(self, place: int) -> AsyncGenerator[Batch]:
        """See Source."""
        lines = await asyncio.to_thread(lambda: islice(self._read(), place, None))
        while got := await asyncio.to_thread(_some, lines):
            place += len(got)
            yield Batch(tuple(got), 0, place)


def _some(lines: Iterator[Line]) -> list[Line]:
    batch, total = [], 0
    for line in lines:
        batch.append(line)
        total += _size(line)
        if len(batch) >= _BATCH_LINES or total >= _BATCH_BYTES:
            break
    return batch


def _size(line: Line) -> int:
    return _AROUND + sum(len(value) for value in line.values() if isinstance(value, str))

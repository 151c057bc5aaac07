"""Takes a copy of what passes to a thread of its own, so that reading and judging it, a slow disk and a terminal that
nobody reads hold up no byte. Bounded: where the thread falls behind, what is too much is left out, and that is told."""

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Literal

from rtdoctor.model.exchange import Fault
from rtdoctor.model.violation import Direction
from rtdoctor.proxy.traffic import Stream, Traffic
from rtdoctor.proxy.watch import Ended

MOST_BEHIND = 32 << 20  # bytes of copies that wait; an entry counts as much as its overhead beside its bytes
MOST_HELD = 17 << 20  # bytes of what is unfinished on all connections together: messages, bodies, handshakes
_TOO_MUCH = f"more than {MOST_HELD >> 20} MiB are unfinished on all connections together, most of it on this one"
_ENTRY = 400
_MOMENT = 0.004  # seconds
_Held = bytes | Fault | Ended | tuple[str, str] | threading.Event | None
_Job = tuple[Literal["data", "lost", "fault", "note", "settle", "end"], int, Direction, _Held, float]


class Aside:
    """The way aside: `data`, `fault` and `end` may be called from the loop's thread only, and never wait.

    `broke` is called in the other thread with a bug that a connection met; that one is not judged any more.
    """

    def __init__(self, traffic: Traffic, broke: Callable[[Exception], object], most: int = MOST_BEHIND) -> None:
        self._traffic, self._broke, self._most = traffic, broke, most
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._given = self._done = 0  # bytes; each is written by one of the threads
        self._lost: set[tuple[int, Direction]] = set()
        self._passing: set[int] = set()  # connections of which bytes passed, and the end was not told yet
        self._thread = threading.Thread(target=self._work, name="judge", daemon=True)

    def start(self) -> None:
        """Begin to take what is given."""
        self._thread.start()

    def data(self, connection: int, side: Direction, data: bytes, at: float) -> None:
        """These bytes passed at that time."""
        size = len(data) + _ENTRY
        self._passing.add(connection)
        if (connection, side) in self._lost:
            return
        if self._given + size - self._done > self._most:
            self._lost.add((connection, side))
            self._jobs.put(("lost", connection, side, None, at))
            return
        self._given += size
        self._jobs.put(("data", connection, side, data, at))

    def fault(self, connection: int, fault: Fault, at: float) -> None:
        """The upstream was not reached for this connection."""
        self._jobs.put(("fault", connection, "server", fault, at))

    def note(self, connection: int, id: str, text: str, at: float) -> None:
        """The proxy did something to it on purpose."""
        self._jobs.put(("note", connection, "server", (id, text), at))

    def end(self, connection: int, by: Direction, how: Ended, at: float) -> None:
        """The connection is over."""
        self._lost -= {(connection, "client"), (connection, "server")}
        self._jobs.put(("end", connection, by, how, at))

    def settle(self, seconds: float) -> bool:
        """Wait, in any thread but these two, until what was given by now is done; False where it is not in time."""
        done = threading.Event()
        self._jobs.put(("settle", 0, "server", done, 0.0))
        return done.wait(seconds)

    @property
    def behind(self) -> int:
        """How many bytes were given and are not read yet."""
        return self._given - self._done

    @property
    def unjudged(self) -> int:
        """How many connections were not judged to their end, once it is stopped."""
        return len(self._passing)

    def stop(self, seconds: float) -> bool:
        """Let it finish what it was given, within so many seconds; False where it could not."""
        self._jobs.put(None)
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _work(self) -> None:
        streams: dict[int, Stream] = {}
        unjudged: set[int] = set()  # connections of which the judgement broke
        held: dict[int, int] = {}  # bytes that each keeps
        total = 0
        while (job := self._next()) is not None:
            if isinstance(job[3], threading.Event):
                job[3].set()
                continue
            if isinstance(job[3], bytes):
                self._done += len(job[3]) + _ENTRY
            if job[1] not in unjudged:
                try:
                    self._take(streams, job)
                    total += self._weigh(streams, held, job[1])
                    while total > MOST_HELD:
                        total -= self._give_up(streams, held, job[4])
                except Exception as error:
                    unjudged.add(job[1])
                    self._broke(error)
            if job[0] == "end":
                total -= held.pop(job[1], 0)
                self._passing.discard(job[1])
                streams.pop(job[1], None)
                unjudged.discard(job[1])
        try:
            self._traffic.watch.stop(time.monotonic())
        except Exception as error:
            self._broke(error)

    def _weigh(self, streams: dict[int, Stream], held: dict[int, int], connection: int) -> int:
        """How many bytes more a connection keeps than before."""
        before = held.get(connection, 0)
        held[connection] = streams[connection].held if connection in streams else 0
        return held[connection] - before

    def _give_up(self, streams: dict[int, Stream], held: dict[int, int], at: float) -> int:
        """Give up the connection that keeps most; how many bytes that frees."""
        largest = max(held, key=held.__getitem__)
        freed = held.pop(largest)
        streams[largest].give_up(_TOO_MUCH, at)
        return freed

    def _next(self) -> _Job | None:
        """The next job. One that comes alone waits a moment: the answer to it, which may be on its way already, must
        not meet a busy interpreter."""
        if self._jobs.empty():
            job = self._jobs.get()
            time.sleep(_MOMENT if job is not None else 0)
            return job
        return self._jobs.get()

    def _take(self, streams: dict[int, Stream], job: _Job) -> None:
        kind, connection, side, held, at = job
        stream = streams.get(connection)
        if stream is None:
            stream = streams[connection] = Stream(self._traffic)
        if isinstance(held, bytes):
            stream.feed(side, held, at)
        elif isinstance(held, Fault):
            stream.fail(held, at)
        elif kind == "lost":
            stream.lose(side, at)
        elif isinstance(held, tuple):
            stream.note(*held, at)
        elif kind == "end" and isinstance(held, str):
            stream.end(side, held, at)

"""Lines for a terminal that come from several threads, and wait for none: whoever does not read loses lines, and is
told how many."""

import threading
from collections.abc import Callable
from queue import SimpleQueue

from rtdoctor.privacy.clean import one_line

_MOST_WAITING = 10_000


class Lines:
    """A thread that prints. `say` never waits."""

    def __init__(self, show: Callable[[str], object]) -> None:
        self._show = show
        self._waiting: SimpleQueue[str | None] = SimpleQueue()
        self._lost = 0
        self._thread = threading.Thread(target=self._work, name="lines", daemon=True)
        self._thread.start()

    def say(self, text: str) -> None:
        """Have a line printed; of several each but the first is marked as one that goes on."""
        first, *more = text.split("\n")
        text = "\n".join(
            (one_line(first), *(part if part.startswith(" ") else f"| {part}" for part in map(one_line, more)))
        )
        if self._waiting.qsize() >= _MOST_WAITING:
            self._lost += 1
            return
        self._waiting.put(text)

    def finish(self, seconds: float) -> None:
        """Print what waits, for so many seconds at most."""
        self._waiting.put(None)
        self._thread.join(seconds)

    def _work(self) -> None:
        while (text := self._waiting.get()) is not None:
            self._show(text)
            if self._lost and self._waiting.empty():
                lost, self._lost = self._lost, 0
                self._show(f"({lost} lines are not shown: nobody read them)")

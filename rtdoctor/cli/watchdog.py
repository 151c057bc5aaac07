"""Holds a run to its end: at the deadline and one second more the process ends with what is known by then, whatever
the interpreter is busy with. An interrupt cancels the run, and is held to it in the same way.

It works as long as Python gives other threads a turn: in a loop of Python it does, in a call into C that keeps the
interpreter's lock it does not until that call returns.
"""

import asyncio
import errno
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Self

from rtdoctor import process
from rtdoctor.cli import exits
from rtdoctor.engine.limits import FEW_FILES

GRACE = 1.0  # seconds beyond the deadline in which a run ends by itself
_HEARD = 0.8  # seconds after an interrupt in which it does
_WRITTEN = 3.0  # seconds that the writing of the partial report may take
_INTERRUPTED, _OVER = "interrupted", "over"


class Watchdog:
    """Holds what is done inside of it to the deadline, which counts from when it was made: files are read inside, then
    a run is carried through. Until that begins there is nothing to report, and an interrupt ends the process at once.

    Whoever writes a piece of the report holds `lock`; `code` is the exit code once the report is out, and None before.
    `begun` is monotonic time.
    """

    def __init__(self, deadline: float) -> None:
        self.lock = threading.Lock()
        self.code: int | None = None
        self.begun = time.monotonic()
        self._deadline = deadline
        self._last_words: Callable[[bool], bool] = lambda _: False
        self._said: queue.SimpleQueue[str] = queue.SimpleQueue()  # the one kind that a signal's handler may put into
        self._interrupted = False
        self._cancel: Callable[[], object] = lambda: None

    def __enter__(self) -> Self:
        threading.Thread(target=self._watch, daemon=True, name="watchdog").start()
        return self

    def __exit__(self, *_: object) -> None:
        self._said.put(_OVER)

    def run(self, whole: Callable[[], Coroutine[Any, Any, None]], last_words: Callable[[bool], bool]) -> int:
        """Carry a run through: it writes its report under `lock` and sets `code`, and takes a cancellation.
        `last_words(interrupted)` writes the partial report, and is False where there is none. The exit code comes
        back."""
        self._last_words = last_words
        with process.on_interrupt(self._hear):
            try:
                with suppress(asyncio.CancelledError):
                    asyncio.run(self._cancellable(whole))
            finally:
                self._said.put(_OVER)
        return process.exit_code(exits.INTERRUPTED if self.code is None else self.code)

    async def _cancellable(self, whole: Callable[[], Coroutine[Any, Any, None]]) -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        loop.set_exception_handler(quiet)
        self._cancel = lambda: loop.call_soon_threadsafe(task.cancel)
        try:
            if not self._interrupted:
                await whole()
        finally:
            self._cancel = lambda: None

    def _hear(self) -> None:
        if not self._interrupted:
            self._interrupted = True
            self._said.put(_INTERRUPTED)
            self._cancel()

    def _watch(self) -> None:
        end, interrupted = self.begun + self._deadline + GRACE, False
        while (left := end - time.monotonic()) > 0:
            try:
                word = self._said.get(timeout=left)
            except queue.Empty:
                break
            if word == _OVER:
                return
            end, interrupted = min(end, time.monotonic() + _HEARD), True
        # In a thread of its own, for the writing may hang as well.
        ending = threading.Thread(target=self._end, args=(interrupted,), daemon=True, name="last words")
        ending.start()
        ending.join(_WRITTEN)
        # A pager is read page by page: what its reader takes is no part of the run, and the report is not cut for it.
        while ending.is_alive() and process.is_waiting() and not self._interrupted:
            ending.join(_WRITTEN)
        if self.code is None:
            why = "interrupted" if interrupted else f"the deadline of {self._deadline:g} s passed"
            process.whisper(f"rtdoctor: {why}, and the report could not be written")
        usual = exits.INTERRUPTED if interrupted else exits.INCONCLUSIVE
        process.leave(process.exit_code(usual if self.code is None or interrupted else self.code), flush=False)

    def _end(self, interrupted: bool) -> None:
        self.lock.acquire()  # and never given back: nothing is written twice
        if self.code is not None:
            return
        try:
            if not self._last_words(interrupted):
                why = "interrupted" if interrupted else f"the deadline of {self._deadline:g} s passed"
                exits.say(f"{why} before anything was tried", 0)
            sys.stdout.flush()
            self.code = exits.INTERRUPTED if interrupted else exits.INCONCLUSIVE
        except Exception as error:
            self.code = exits.tell(error)


_told: set[int] = set()


def quiet(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What asyncio would print with a traceback: that files ran out is told once, what a stranger can bring about at
    will (bytes that are no TLS, a connection that breaks) not at all, and the rest where bugs are looked for."""
    error = context.get("exception")
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
        if not _told:
            _told.add(error.errno)
            exits.say(FEW_FILES, 0)
    elif os.environ.get("RTDOCTOR_DEBUG"):
        loop.default_exception_handler(context)

"""A thread with a loop of its own: what serves in it serves sync and async tests alike."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

PATIENCE = 10.0  # seconds that the thread has to begin and to end


class Served:
    """Runs a server in a thread: `begin` and `end` are awaited in its loop; what `end` gives is `result`."""

    def __init__(self, begin: Callable[[], Awaitable[Any]], end: Callable[[], Awaitable[Any]], name: str) -> None:
        self._begin, self._end, self._name = begin, end, name
        self._over = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self.result: Any = None

    def start(self) -> None:
        """Start, and wait until it serves. What `begin` raises is raised here."""
        began = threading.Event()
        trouble: list[BaseException] = []

        async def run() -> None:
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda *_: None)  # what a client does to its connection is no news of a test's
            self._loop = loop
            try:
                await self._begin()
            except Exception as error:
                trouble.append(error)
                return
            finally:
                began.set()
            await self._over.wait()
            self.result = await self._end()

        self._thread = threading.Thread(target=lambda: asyncio.run(run()), name=self._name, daemon=True)
        self._thread.start()
        began.wait(PATIENCE)
        if trouble:
            raise trouble[0]

    def stop(self) -> None:
        """Let it end, and wait for that."""
        if self._loop and self._thread and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._over.set)
            self._thread.join(PATIENCE)
        self._thread = None

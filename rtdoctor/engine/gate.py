"""How many sockets a run opens at once: few at first, more while the endpoint takes them, one where it pushes back."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from rtdoctor.diagnose.referee import weigh
from rtdoctor.model.outcome import Outcome

Tried = TypeVar("Tried")
# A server with few slots says so; a burst of upgrades is answered 429, by some 403 (claude-code-proxy 87, 2026-07-30).
_PUSHED_BACK = frozenset(("limits.sessions", "refused.rate-limited", "limits.rate"))
# A socket that was just closed holds its slot for a moment (a small server, seen 2026-11-24).
PAUSES = (0.3, 1.0, 2.0)  # seconds before each further try


def pushed_back(outcome: Outcome) -> bool:
    """True where the endpoint takes no more sessions, or not so many so fast."""
    return weigh(outcome).cause in _PUSHED_BACK


class Gate:
    """Lets so many in at once: `width` at first, up to `most`. `narrowed` tells that the endpoint pushed back."""

    def __init__(self, most: int, width: int) -> None:
        self._most, self._width = most, min(most, width)
        self._inside = 0
        self._changed = asyncio.Condition()
        self.narrowed = False

    @asynccontextmanager
    async def entered(self) -> AsyncIterator[None]:
        """Wait for a place, and leave it afterwards."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._inside < self._width)
            self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1
            await asyncio.shield(self._tell())

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def passed(self) -> None:
        """One more is done: let more in, unless the endpoint pushed back before."""
        if not self.narrowed:
            self._width = min(self._most, self._width + 1)

    def narrow(self) -> None:
        """One at a time from now on."""
        self.narrowed, self._width = True, 1


async def patiently(once: Callable[[], Awaitable[Tried]], outcome_of: Callable[[Tried], Outcome]) -> Tried:
    """What a try comes to; where the endpoint pushes back, it is made again after a pause, some times."""
    tried = await once()
    for pause in PAUSES:
        if not pushed_back(outcome_of(tried)):
            break
        await asyncio.sleep(pause)
        tried = await once()
    return tried

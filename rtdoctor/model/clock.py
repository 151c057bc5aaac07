"""Time, ids and chance, from one place that a test can replace."""

import asyncio
import random
import string
import time

_ALPHABET = (string.ascii_letters + string.digits).encode()
_LETTERS = bytes(_ALPHABET[byte % len(_ALPHABET)] for byte in range(256))


class Clock:
    """The machine's clock and chance. `now` is in seconds since the epoch."""

    def __init__(self) -> None:
        self._chance = random.SystemRandom()

    def now(self) -> float:
        return time.time()

    def ident(self, prefix: str, length: int = 21) -> str:
        """A fresh id, such as `event_` and 21 base62 characters (the form the real server uses, seen 2026-08)."""
        return prefix + self._chance.randbytes(length).translate(_LETTERS).decode()

    async def pass_until(self, moment: float) -> None:
        """Wait until the moment has come."""
        await asyncio.sleep(max(0.0, moment - self.now()))


class SteppedClock(Clock):
    """A clock that is moved on instead of waited for: for the built-in mock, which shares it, and for tests."""

    def __init__(self, start: float | None = None) -> None:
        super().__init__()
        self._start = start
        self._ahead = 0.0

    def now(self) -> float:
        return (time.time() if self._start is None else self._start) + self._ahead

    def advance(self, seconds: float) -> None:
        """Move on by so many seconds."""
        self._ahead += seconds

    async def pass_until(self, moment: float) -> None:
        self.advance(max(0.0, moment - self.now()))

"""The keys that the mock knows, and the client secrets that it has minted."""

from dataclasses import dataclass
from typing import Any

from rtdoctor.model.clock import Clock

SHORTEST, LONGEST, USUAL = 10, 7200, 600  # seconds (openai-openapi, 2026-08-21)

_MOST, _MOST_HELD = 1_000, 4 << 20  # secrets, and bytes of their sessions


@dataclass(frozen=True, slots=True)
class Grant:
    """What a credential allows. `session_type` is set for a client secret; `session` is what it was minted with."""

    session_type: str | None = None
    session: dict[str, Any] | None = None
    expired: bool = False
    reused: bool = False
    no_credit: bool = False


class Vault:
    """Keys and secrets. A secret opens any number of sessions until it expires by the clock."""

    def __init__(self, clock: Clock, keys: set[str], poor_keys: set[str]) -> None:
        self._clock = clock
        self.keys = keys
        self.poor_keys = poor_keys
        self._secrets: dict[str, tuple[float, dict[str, Any], int]] = {}
        self._used: set[str] = set()

    def mint(self, session: dict[str, Any], seconds: int, size: int = 0) -> tuple[str, int]:
        """A new secret for a session of that weight, and when it ends, in seconds since the epoch. The oldest are
        forgotten where there are too many."""
        value = self._clock.ident("ek_", 32)
        end = int(self._clock.now()) + seconds
        self._secrets[value] = (end, session, size)
        while len(self._secrets) > _MOST or sum(size for _, _, size in self._secrets.values()) > _MOST_HELD:
            oldest = next(iter(self._secrets))
            del self._secrets[oldest]
            self._used.discard(oldest)
        return value, end

    def look_up(self, token: str) -> Grant | None:
        """What the token allows, or None when nobody knows it."""
        if token in self.keys or token in self.poor_keys:
            return Grant(no_credit=token in self.poor_keys)
        if token not in self._secrets:
            return None
        end, session, _ = self._secrets[token]
        return Grant(session["type"], session, expired=self._clock.now() >= end, reused=token in self._used)

    def use(self, token: str) -> None:
        """Note that the token opened a session."""
        if token in self._secrets:
            self._used.add(token)

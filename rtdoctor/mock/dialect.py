"""The servers that the mock can speak as, from `dialects.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

LIVE_EVENTS = (
    *("session.start", "session.update", "session.input_audio.append", "session.input_audio.mute"),
    *("session.input_audio.unmute", "session.instructions.append", "session.thinking.append"),
    *("session.commentary.append", "response.item.create", "response.create", "session.close"),
)
"""What a client of GPT-Live sends, in the order in which the server names it (observed 2026-09-12)."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One kind of server; dialects.toml says what its fields mean."""

    name: str
    words: str
    evidence: str
    seen: str
    confidence: str
    path: str = "/v1/realtime"
    base: str = "/v1"
    speaks: str = "ga"
    any_model: bool = False
    key_headers: tuple[str, ...] = ()
    key_query: tuple[str, ...] = ()
    forbids: Mapping[str, str] = field(default_factory=dict)
    puts: Mapping[str, str] = field(default_factory=dict)

    def forbidden(self, query: Mapping[str, str], headers: Mapping[str, str]) -> str | None:
        """The behaviour with which it refuses what a handshake holds and must not."""
        for what, behaviour in self.forbids.items():
            place, _, name = what.partition(" ")
            if name in (query if place == "query" else headers):
                return behaviour
        return None


@cache
def dialects() -> dict[str, Dialect]:
    """Every dialect by name."""
    raw = tomllib.loads(Path(__file__).with_name("dialects.toml").read_text(encoding="utf-8"))
    return {name: Dialect(name, **entry) for name, entry in raw.items()}

"""A session of GPT-Live: silent until `session.start`, strict, with its own names (openai 3.54.0, types/live; sokuji,
2026-09-12). It hears and says no speech: what it answers to is the form of a session."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson

from rtdoctor.mock.behaviour import Refusal, refusals
from rtdoctor.mock.room import MOST_EVENT, Room, parseable, weight
from rtdoctor.mock.session import Fatal
from rtdoctor.model.clock import Clock

_MODEL = "gpt-live-1"
_SESSION = frozenset(
    (
        *("model", "instructions", "audio", "delegation", "input", "store", "safety_identifier", "triggers", "client"),
        *("tools", "tool_choice"),
    )
)
_TAKEN = (
    *("session.start", "session.update", "session.input_audio.append", "session.input_audio.mute"),
    *("session.input_audio.unmute", "session.instructions.append", "session.thinking.append"),
    *("session.commentary.append", "response.item.create", "response.create", "session.close"),
)


class LiveSession:
    """One session. Its errors have a `client_event_id`."""

    def __init__(
        self, send: Callable[[dict[str, Any]], Awaitable[None]], clock: Clock, seconds: float, room: Room
    ) -> None:
        self._send, self._clock, self._room = send, clock, room
        self._ident = clock.ident("live_")
        self._expires_at = int(clock.now() + seconds)
        self._began: float | None = None
        self._started: dict[str, Any] | None = None
        self._held = 0

    async def greet(self) -> None:
        """Nothing: the client speaks first."""

    async def take(self, data: bytes, *, binary: bool = False) -> None:
        """One message of the client.

        Raises:
            Fatal: the session ends here.
            Full: what it would hold has no room.
            UnicodeDecodeError: it is no UTF-8.
        """
        if binary:
            await self._refuse(refusals()["binary"], {}, {})
            return
        event: Any = None
        if parseable(data):
            try:
                event = orjson.loads(data)
            except orjson.JSONDecodeError:
                data.decode()
        if not isinstance(event, dict):
            await self._refuse(refusals()["not-json"], {}, {})
            return
        kind = event.get("type")
        if kind not in _TAKEN:
            supported = ", ".join(f"'{name}'" for name in _TAKEN[:-1]) + f", and '{_TAKEN[-1]}'"
            values = {"param": "type", "value": str(kind)[:100], "wanted": supported}
            await self._refuse(refusals()["live-event"], values, event)
        elif kind == "session.start":
            await self._start(event, len(data))
        elif self._started is None:
            await self._refuse(refusals()["live-not-started"], {}, event)
        elif kind == "session.close":
            await self._close("close_requested")
        elif kind == "session.update":
            await self._emit("session.updated", session=self._described())
        elif kind.endswith(("mute", "unmute")):
            await self._emit(kind + "d")
        elif kind.endswith(".append") and "input_audio" not in kind:
            await self._emit(kind + "ed")

    async def expire(self) -> None:
        """The session has lasted as long as one may.

        Raises:
            Fatal: always.
        """
        await self._close("expired")

    def end(self) -> None:
        """Give back what was held."""
        self._room.give(self._held)
        self._held = 0

    async def _start(self, event: Mapping[str, Any], size: int) -> None:
        given = event.get("session")
        if self._started is not None:
            await self._refuse(refusals()["live-started"], {}, event)
        elif not isinstance(given, dict) or "model" not in given:
            param = "session.model" if isinstance(given, dict) else "session"
            await self._refuse(refusals()["missing-parameter"], {"param": param}, event)
        elif strange := next((name for name in given if name not in _SESSION), None):
            await self._refuse(refusals()["unknown-parameter"], {"param": f"session.{strange[:100]}"}, event)
        elif given["model"] != _MODEL:
            values = {"param": "session.model", "value": str(given["model"])[:100], "wanted": f"'{_MODEL}'"}
            await self._refuse(refusals()["invalid-value"], values, event)
        elif size > MOST_EVENT:
            await self._refuse(refusals()["too-large"], {"value": size}, event)
        else:
            held = weight(orjson.dumps(given))
            self._room.take(held)
            self._held, self._began, self._started = held, self._clock.now(), given
            await self._emit("session.started", session=self._described())

    def _described(self) -> dict[str, Any]:
        # `status` is always active, also in session.closed.
        return {**(self._started or {}), "id": self._ident, "status": "active", "expires_at": self._expires_at}

    async def _close(self, reason: str) -> None:
        seconds = self._clock.now() - (self._began if self._began is not None else self._clock.now())
        usage = {"seconds": round(seconds, 1)}
        if self._started is not None:
            await self._emit("session.closed", reason=reason, session=self._described(), usage=usage)
        raise Fatal(refusals()["live-over"], {}, None)

    async def _emit(self, kind: str, **fields: Any) -> None:
        await self._send({"type": kind, "event_id": self._clock.ident("event_"), **fields})

    async def _refuse(self, refusal: Refusal, values: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        told = refusal.error(values, None)
        given = event.get("event_id")
        told["client_event_id"] = given if isinstance(given, str) else None
        del told["event_id"]
        told["code"] = told["code"] or told["type"]  # a code is required here
        await self._emit("error", error=told)

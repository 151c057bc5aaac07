"""A session of GPT-Live: silent until `session.start`, strict, with its own names (openai 3.54.0, types/live; sokuji,
2026-09-12). From then on its audio goes on, silence too, and an utterance that it hears is answered: there are no
turns."""

import asyncio
import base64
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import orjson

from rtdoctor.mock.behaviour import Refusal, refusals
from rtdoctor.mock.dialect import LIVE_EVENTS
from rtdoctor.mock.memory import MOST_APPEND, MOST_EVENT, Full, Room, decoded, parseable, weight
from rtdoctor.mock.respond import Replies, Reply
from rtdoctor.mock.session import Fatal, client_event_id, recoverable
from rtdoctor.mock.template import BadTemplate
from rtdoctor.mock.transcriber import Ear
from rtdoctor.mock.vad import Detector
from rtdoctor.model.clock import Clock
from rtdoctor.protocol.audio import from_g711, from_pcm16, resampled, to_pcm16

_MODEL = "gpt-live-1"
STEP = 0.2  # seconds of audio in one event; how long the real one's are was not seen
_USAGE = 15.0  # seconds between two tellings of it (observed)
_RATE = 24_000
_SILENCE = {"audio/pcmu": b"\xff", "audio/pcma": b"\xd5"}  # ITU-T G.711
_SESSION = frozenset(
    (
        *("model", "instructions", "audio", "delegation", "input", "store", "safety_identifier", "triggers", "client"),
        *("tools", "tool_choice"),
    )
)


class LiveSession:
    """One session. Its errors have a `client_event_id`."""

    def __init__(
        self,
        send: Callable[[dict[str, Any]], Awaitable[None]],
        clock: Clock,
        seconds: float,
        room: Room,
        replies: Replies,
        step: float = STEP,
    ) -> None:
        self._send, self.clock, self._room, self._replies, self._step = send, clock, room, replies, step
        self.conversation = ""  # there is none
        self._ear, self._detector, self._heard_from = Ear(), Detector(), 0
        self._says: deque[tuple[str, bytes]] = deque()  # words, each with its sound
        self._ms, self._muted = 0, False
        self._speaker: asyncio.Task[None] | None = None
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
        if kind not in LIVE_EVENTS:
            supported = ", ".join(f"'{name}'" for name in LIVE_EVENTS[:-1]) + f", and '{LIVE_EVENTS[-1]}'"
            values = {"param": "type", "value": str(kind)[:100], "wanted": supported}
            await self._refuse(refusals()["live-event"], values, event)
        elif kind == "session.start":
            await self._start(event, len(data))
        elif self._started is None:
            await self._refuse(refusals()["live-not-started"], {}, event)
        elif kind == "session.close":
            await self._close("close_requested")
        elif kind == "session.update":
            await self.emit("session.updated", session=self.config)
        elif kind == "session.input_audio.append":
            await self._append(event)
        elif kind.endswith(("mute", "unmute")):
            self._muted = kind.endswith(".mute")
            await self.emit(kind + "d")
        elif kind.endswith(".append") and "input_audio" not in kind:
            await self.emit(kind + "ed")

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
        if self._speaker:
            self._speaker.cancel()

    async def reply(self, reply: Reply, _asked: Mapping[str, Any] | None = None) -> asyncio.Task[None] | None:
        """Say a text, as a script wants it.

        Raises:
            BadTemplate: it is a call.
        """
        if reply.call is not None:
            raise BadTemplate("a session of GPT-Live is given no call by a script; send the event itself")
        self._say(reply.text or "")
        return None

    async def refuse(self, name: str, values: Mapping[str, Any], event: Mapping[str, Any] | None = None) -> None:
        """An error event; a fatal refusal ends the session.

        Raises:
            Fatal: the refusal has a close code.
        """
        await self._refuse(recoverable(name, values), values, event or {})

    async def _append(self, event: Mapping[str, Any]) -> None:
        data = decoded(event.get("audio"))
        kind, rate = self._format()
        if data is None or len(data) > MOST_APPEND or (kind == "audio/pcm" and len(data) % 2):
            await self._refuse(refusals()["bad-audio"], {}, event)
            return
        if self._muted:
            return
        samples = from_pcm16(data) if kind == "audio/pcm" else from_g711(data, kind)
        pcm = to_pcm16(resampled(samples, rate, _RATE))
        size = len(pcm) // 8  # what the ear keeps of it
        self._room.take(size)
        self._held += size
        self._ear.feed(pcm)
        for mark in self._detector.feed(pcm):
            if mark.kind == "started":
                self._heard_from = mark.ms
                self._says.clear()  # somebody speaks into it
            else:
                await self._answer(mark.ms)

    async def _answer(self, ms: int) -> None:
        """Somebody has said something: what was heard, and then the reply."""
        text, self._ear = self._ear.text(), Ear()
        if text:
            await self.emit("session.input_transcript.delta", delta=text, start_ms=self._heard_from, end_ms=ms)
        self._say(self._replies.text)

    def _say(self, text: str) -> None:
        size = 2 * int(_RATE * STEP)
        for place, word in enumerate(text.split()):
            sound = (self._replies.pcm or b"")[place * size : (place + 1) * size].ljust(size, b"\0")
            self._says.append((word if not place else f" {word}", sound))

    async def _speak(self) -> None:
        """The audio of the session goes on until its end, or until nobody takes it."""
        with suppress(ConnectionError, Full):
            await self._speak_on()

    async def _speak_on(self) -> None:
        kind, rate = self._format()
        told_at = 0.0
        while True:
            word, sound = self._says.popleft() if self._says else ("", b"")
            start, self._ms = self._ms, self._ms + int(1000 * STEP)
            if word:
                await self.emit("session.output_transcript.delta", delta=word, start_ms=start, end_ms=self._ms)
            data = _SILENCE.get(kind, b"\0\0") * int(rate * STEP)
            if sound and kind == "audio/pcm":
                data = to_pcm16(resampled(from_pcm16(sound), _RATE, rate))
            await self._send({"type": "session.output_audio.delta", "delta": base64.b64encode(data).decode()})
            if self._ms / 1000 - told_at >= _USAGE:
                told_at = self._ms / 1000
                await self.emit("session.usage.updated", usage={"seconds": told_at})
            await asyncio.sleep(self._step)

    def _format(self) -> tuple[str, int]:
        """The form of the audio, both ways, and its rate."""
        audio = (self._started or {}).get("audio")
        form = audio.get("format") if isinstance(audio, dict) else None
        kind = form.get("type") if isinstance(form, dict) else None
        if kind in _SILENCE:
            return str(kind), 8_000
        return "audio/pcm", 16_000 if isinstance(form, dict) and form.get("rate") == 16_000 else _RATE

    async def _start(self, event: Mapping[str, Any], size: int) -> None:
        session = event.get("session")
        if self._started is not None:
            await self._refuse(refusals()["live-started"], {}, event)
        elif not isinstance(session, dict) or "model" not in session:
            param = "session.model" if isinstance(session, dict) else "session"
            await self._refuse(refusals()["missing-parameter"], {"param": param}, event)
        elif strange := next((name for name in session if name not in _SESSION), None):
            await self._refuse(refusals()["unknown-parameter"], {"param": f"session.{strange[:100]}"}, event)
        elif session["model"] != _MODEL:
            values = {"param": "session.model", "value": str(session["model"])[:100], "wanted": f"'{_MODEL}'"}
            await self._refuse(refusals()["invalid-value"], values, event)
        elif size > MOST_EVENT:
            await self._refuse(refusals()["too-large"], {"value": size}, event)
        else:
            held = weight(orjson.dumps(session))
            self._room.take(held)
            self._held, self._began, self._started = held, self.clock.now(), session
            await self.emit("session.started", session=self.config)
            self._speaker = asyncio.create_task(self._speak())

    @property
    def config(self) -> dict[str, Any]:
        """The session as it is told."""
        # `status` is always active, also in session.closed.
        return {**(self._started or {}), "id": self._ident, "status": "active", "expires_at": self._expires_at}

    async def _close(self, reason: str) -> None:
        if self._speaker:
            self._speaker.cancel()
        seconds = self.clock.now() - (self._began if self._began is not None else self.clock.now())
        usage = {"seconds": round(seconds, 1)}
        if self._started is not None:
            await self.emit("session.closed", reason=reason, session=self.config, usage=usage)
        raise Fatal(refusals()["live-over"], {}, None)

    async def emit(self, kind: str, **fields: Any) -> None:
        await self._send({"type": kind, "event_id": self.clock.ident("event_"), **fields})

    async def _refuse(self, refusal: Refusal, values: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        error = refusal.error(values, None)
        error["client_event_id"] = client_event_id(event)
        del error["event_id"]
        error["code"] = error["code"] or error["type"]  # a code is required here
        await self.emit("error", error=error)

"""A translation session: audio in without an end, and out of it words and sound of another language, until
session.close (openai 3.54.0, types/realtime/realtime_translation_*; what it says is the mock's own)."""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson

from rtdoctor.mock.audio_frames import Frames, levels
from rtdoctor.mock.behaviour import Refusal, refusals
from rtdoctor.mock.memory import MOST_APPEND, Room, decoded, parseable
from rtdoctor.mock.respond import Replies, Reply
from rtdoctor.mock.session import Fatal, client_event_id, recoverable
from rtdoctor.mock.template import BadTemplate
from rtdoctor.mock.transcriber import Ear
from rtdoctor.model.clock import Clock

_FRAME_MS = 200  # what it works in (documented)
_BYTES = 2 * 24 * _FRAME_MS
_LOUD = 0.01
_TAKEN = ("session.update", "session.input_audio_buffer.append", "session.close")
_AUDIO = {
    "input": {"transcription": {"model": str}, "noise_reduction": {"type": str, "strength": float}},
    "output": {"language": str},
}


class TranslationSession:
    """One session. Each 200 ms of speech bring a word of the reply, and its sound; silence brings nothing."""

    def __init__(
        self,
        send: Callable[[dict[str, Any]], Awaitable[None]],
        clock: Clock,
        model: str,
        seconds: float,
        room: Room,
        replies: Replies,
    ) -> None:
        self._send, self.clock, self._room, self._replies = send, clock, room, replies
        heard: dict[str, Any] = {"transcription": None, "noise_reduction": None}
        self.config: dict[str, Any] = {
            "id": clock.ident("sess_"),
            "type": "translation",
            "model": model,
            "expires_at": int(clock.now() + seconds),
            "audio": {"input": heard, "output": {"language": None}},
        }
        self.conversation = ""  # there is none
        self._turn = asyncio.Lock()
        self._rest, self._ear, self._frames = b"", Ear(), Frames()
        self._words, self._said, self._ms, self._held = replies.text.split(), 0, 0, 0

    async def greet(self) -> None:
        """session.created, unasked."""
        await self.emit("session.created", session=self.config)

    async def take(self, data: bytes, *, binary: bool = False) -> None:
        """One message of the client.

        Raises:
            Fatal: the session ends here.
            Full: what it would hold has no room.
            UnicodeDecodeError: it is no UTF-8.
        """
        try:
            event: Any = None if binary or not parseable(data) else orjson.loads(data)
        except orjson.JSONDecodeError:
            data.decode()
            event = None
        async with self._turn:
            if not isinstance(event, dict):
                await self._refuse(refusals()["binary" if binary else "not-json"], {}, {})
                return
            match event.get("type"):
                case "session.update":
                    await self._update(event)
                case "session.input_audio_buffer.append":
                    await self._append(event)
                case "session.close":
                    await self._close()
                case kind:
                    wanted = ", ".join(f"'{name}'" for name in _TAKEN)
                    values = {"param": "type", "value": str(kind)[:100], "wanted": wanted}
                    await self._refuse(refusals()["invalid-value"], values, event)

    async def expire(self) -> None:
        """The session has lasted as long as one may.

        Raises:
            Fatal: always.
        """
        raise Fatal(refusals()["session-expired"], {}, None)

    def end(self) -> None:
        """Give back what was held."""
        self._room.give(self._held)
        self._held = 0

    async def _update(self, event: Mapping[str, Any]) -> None:
        session = event.get("session")
        if not isinstance(session, dict):
            await self._refuse(refusals()["missing-parameter"], {"param": "session"}, event)
        elif strange := _strange(session, {"audio": _AUDIO}, "session"):
            await self._refuse(refusals()["unknown-parameter"], {"param": strange}, event)
        else:
            audio = session.get("audio") or {}
            for side in ("input", "output"):
                self.config["audio"][side] |= audio.get(side) or {}
            await self.emit("session.updated", session=self.config)

    async def _append(self, event: Mapping[str, Any]) -> None:
        pcm = decoded(event.get("audio"))
        if pcm is None or len(pcm) % 2 or len(pcm) > MOST_APPEND:
            await self._refuse(refusals()["bad-audio"], {}, event)
            return
        if self.config["audio"]["input"].get("transcription"):
            self._room.take(len(pcm) // 8)  # what the ear keeps of it
            self._held += len(pcm) // 8
            self._ear.feed(pcm)
        data = self._rest + pcm
        whole = len(data) - len(data) % _BYTES
        self._rest = data[whole:]
        for start in range(0, whole, _BYTES):
            await self._frame(data[start : start + _BYTES])

    async def _frame(self, pcm: bytes) -> None:
        self._ms += _FRAME_MS
        loud = max((level for each in self._frames.feed(pcm) for level in levels(each).tolist()), default=0.0)
        if loud > _LOUD:
            await self._say()

    async def reply(self, reply: Reply, _asked: Mapping[str, Any] | None = None) -> asyncio.Task[None] | None:
        """Say a text, as a script wants it, at once.

        Raises:
            BadTemplate: it is a call.
        """
        if reply.call is not None:
            raise BadTemplate("a translation calls no function; send the event itself")
        async with self._turn:
            self._words, self._said = (reply.text or "").split(), 0
            while self._said < len(self._words):
                await self._say()
        return None

    async def refuse(self, name: str, values: Mapping[str, Any], event: Mapping[str, Any] | None = None) -> None:
        """An error event; a fatal refusal ends the session.

        Raises:
            Fatal: the refusal has a close code.
        """
        await self._refuse(recoverable(name, values), values, event or {})

    async def _say(self) -> None:
        """The next word, and its sound."""
        if self._said >= len(self._words):
            return
        place, times = self._said, {"elapsed_ms": self._ms}
        self._said += 1
        word = self._words[place] if not place else f" {self._words[place]}"
        await self.emit("session.output_transcript.delta", delta=word, **times)
        pcm = (self._replies.pcm or b"")[place * _BYTES : (place + 1) * _BYTES] or bytes(_BYTES)
        sound = base64.b64encode(pcm).decode()
        form = {"format": "pcm16", "sample_rate": 24_000, "channels": 1}
        await self.emit("session.output_audio.delta", delta=sound, **form, **times)

    async def _close(self) -> None:
        """What is left comes out before the end (documented)."""
        if self._rest:
            await self._frame(self._rest)
        while 0 < self._said < len(self._words):
            await self._say()
        if self._ear.size and (heard := self._ear.text()):
            await self.emit("session.input_transcript.delta", delta=heard, elapsed_ms=self._ms)
        await self.emit("session.closed")
        raise Fatal(refusals()["translation-over"], {}, None)

    async def emit(self, kind: str, **fields: Any) -> None:
        """Send one server event."""
        await self._send({"type": kind, "event_id": self.clock.ident("event_"), **fields})

    async def _refuse(self, refusal: Refusal, values: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        await self.emit("error", error=refusal.error(values, client_event_id(event)))


def _strange(table: Mapping[str, Any], shape: Mapping[str, Any], where: str) -> str:
    """The first field that is none of the shape's; empty where there is none."""
    for name, value in table.items():
        inner = shape.get(name)
        if inner is None:
            return f"{where}.{name[:100]}"
        if (
            isinstance(inner, dict)
            and isinstance(value, dict)
            and (strange := _strange(value, inner, f"{where}.{name}"))
        ):
            return strange
    return ""

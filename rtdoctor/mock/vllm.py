"""A session of vLLM's realtime endpoint: transcription alone, events of its own, errors without ids (vLLM's
entrypoints/openai/realtime, read 2026-11-30). What it says is what the mock's ears hear."""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson

from rtdoctor.mock.behaviour import refusals
from rtdoctor.mock.memory import Room, parseable
from rtdoctor.mock.respond import Reply
from rtdoctor.mock.session import Fatal, recoverable
from rtdoctor.mock.template import BadTemplate
from rtdoctor.mock.transcriber import Ear
from rtdoctor.model.clock import Clock
from rtdoctor.protocol.audio import RATE, from_pcm16, resampled, to_pcm16

_ITS_RATE = 16_000
_MOST_AUDIO = 36 << 20  # bytes that wait for a commit


class VllmSession:
    """One session. A commit begins a transcription, one with `final` ends its audio."""

    def __init__(
        self, send: Callable[[dict[str, Any]], Awaitable[None]], clock: Clock, room: Room, pace: float
    ) -> None:
        self._send, self.clock, self._room, self._pace = send, clock, room, pace
        self.conversation = ""  # there is none
        self._validated = self._running = self._ended = False
        self._ear = Ear()
        self._held = 0

    async def greet(self) -> None:
        """session.created, without an event_id and with nothing of a session but its id."""
        await self._send(
            {"type": "session.created", "id": self.clock.ident("sess-", 32), "created": int(self.clock.now())}
        )

    async def take(self, data: bytes, *, binary: bool = False) -> None:
        """One message of the client.

        Raises:
            Fatal: a binary one; the socket ends.
            Full: what it would hold has no room.
            UnicodeDecodeError: it is no UTF-8.
        """
        if binary:
            raise Fatal(refusals()["vllm-binary"], {}, None)
        try:
            event: Any = orjson.loads(data) if parseable(data) else None
        except orjson.JSONDecodeError:
            data.decode()
            event = None
        if not isinstance(event, dict):
            await self._error("Invalid JSON", "invalid_json")
            return
        match event.get("type"):
            case "session.update" if "model" not in event:
                await self._error("'model'", "processing_error")
            case "session.update":
                self._validated = True  # any model will do, and nothing is answered
            case "input_audio_buffer.append":
                await self._append(event.get("audio"))
            case "input_audio_buffer.commit" if not self._validated:
                sentence = "Model not validated. Make sure to validate the model by sending a session.update event."
                await self._error(sentence, "model_not_validated")
            case "input_audio_buffer.commit":
                self._ended = self._ended or bool(event.get("final"))
                self._running = self._running or not event.get("final")
                if self._running and self._ended:
                    await self._transcribe()
            case kind:
                await self._error(f"Unknown event type: {str(kind)[:100]}", "unknown_event")

    async def expire(self) -> None:
        """It ends no session by itself: what --lifetime brings is the end of its server.

        Raises:
            Fatal: always.
        """
        raise Fatal(refusals()["vllm-over"], {}, None)

    def end(self) -> None:
        """Give back what was held."""
        self._room.give(self._held)
        self._held = 0

    @property
    def config(self) -> dict[str, Any]:
        """What is known of the session: nothing."""
        return {}

    async def emit(self, kind: str, **fields: Any) -> None:
        """Send one server event; they have no id."""
        await self._send({"type": kind, **fields})

    async def reply(self, reply: Reply, _asked: Mapping[str, Any] | None = None) -> asyncio.Task[None] | None:
        """Tell a text as what was heard, as a script wants it.

        Raises:
            BadTemplate: it is a call.
        """
        if reply.call is not None:
            raise BadTemplate("vLLM transcribes, and calls no function")
        await self._tell(reply.text or "")
        return None

    async def refuse(self, name: str, values: Mapping[str, Any], _event: Mapping[str, Any] | None = None) -> None:
        """An error event in its form; a fatal refusal ends the session.

        Raises:
            Fatal: the refusal has a close code.
        """
        error = recoverable(name, values).error(values, None)
        await self._error(str(error["message"]), str(error["code"] or error["type"]))

    async def _append(self, audio: object) -> None:
        try:
            pcm = base64.b64decode(audio) if isinstance(audio, str) else b""
        except ValueError:
            pcm = b""
        if len(pcm) < 2 or len(pcm) % 2 or self._ear.size + len(pcm) > _MOST_AUDIO:
            await self._error("Invalid audio data", "invalid_audio")
            return
        self._room.take(len(pcm) // 8)  # what the ear keeps of it
        self._held += len(pcm) // 8
        self._ear.feed(to_pcm16(resampled(from_pcm16(pcm), _ITS_RATE, RATE)))

    async def _transcribe(self) -> None:
        await self._tell(self._ear.text())
        self._ear, self._running, self._ended = Ear(), False, False
        self.end()

    async def _tell(self, text: str) -> None:
        words = 0
        for word in text.split():
            await self._send({"type": "transcription.delta", "delta": f" {word}" if words else word})
            await asyncio.sleep(self._pace)
            words += 1
        heard = int(self._ear.seconds * 12.5)  # tokens of its input, so many a second
        usage = {"prompt_tokens": heard, "total_tokens": heard + words, "completion_tokens": words}
        await self._send({"type": "transcription.done", "text": text, "usage": usage | {"prompt_tokens_details": None}})

    async def _error(self, text: str, code: str) -> None:
        await self._send({"type": "error", "error": text, "code": code})

"""One session on the mock: client events in, server events out, in the order that was recorded (August 2026)."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import orjson

from rtdoctor.mock import behaviour as does
from rtdoctor.mock.behaviour import Refusal, refusals
from rtdoctor.mock.respond import respond
from rtdoctor.mock.room import MOST_APPEND, MOST_EVENT, MOST_ITEMS, MOST_SECONDS, Room, weight
from rtdoctor.mock.transcriber import Ear
from rtdoctor.mock.update import check, fresh_config, merged
from rtdoctor.mock.vad import Detector
from rtdoctor.model.clock import Clock
from rtdoctor.model.event import too_many_values
from rtdoctor.protocol.audio import RATE, from_g711, to_pcm16

SESSION_SECONDS = 3600  # observed since the second half of 2025
_LEAST_MS = 100
_BY_DURATION = frozenset(("whisper-1", "gpt-realtime-whisper"))  # usage in seconds; the others in tokens (2026-09-18)

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Fatal(Exception):
    """The session ends: this refusal goes out as an error event, and the socket is closed after it."""

    def __init__(self, refusal: Refusal, values: Mapping[str, Any], client_event_id: str | None) -> None:
        super().__init__(refusal.id)
        self.refusal, self.values, self.client_event_id = refusal, values, client_event_id


class Session:
    """The state of one conversation. `late_refusal` is what its first session.update is refused with."""

    def __init__(
        self,
        send: Send,
        clock: Clock,
        faults: Mapping[str, str],
        session_type: str,
        model: str | None,
        minted: Mapping[str, Any] | None = None,
        late_refusal: tuple[str, Mapping[str, str]] | None = None,
        room: Room | None = None,
    ) -> None:
        self._send, self.clock, self._faults = send, clock, faults
        self.expires_at = int(clock.now()) + SESSION_SECONDS
        config = fresh_config(session_type, clock.ident("sess_"), self.expires_at, model)
        self.config = merged(config, minted) if minted else config
        self.conversation = clock.ident("conv_")
        self.items: dict[str, dict[str, Any]] = {}
        self.last_item: str | None = None
        self.active_response: str | None = None
        self._size = 0  # the weight of the event that is handled
        self._late_refusal = late_refusal
        self._room = room or Room()
        self._held: dict[str, int] = {}  # bytes of the room by what holds them
        self._weights: dict[str, int] = {}  # of the items
        self._ear = Ear()
        self._speech_item: str | None = None
        self._detector = self._new_detector()
        self._handlers: dict[str, Callable[[dict[str, Any]], Awaitable[None]]] = {
            "session.update": self._update,
            "input_audio_buffer.append": self._append,
            "input_audio_buffer.commit": self._commit,
            "input_audio_buffer.clear": self._clear,
            "conversation.item.create": self._create_item,
            "conversation.item.retrieve": self._retrieve_item,
            "conversation.item.delete": self._delete_item,
            "conversation.item.truncate": self._truncate_item,
            "response.create": self._respond,
            "response.cancel": self._cancel,
            "output_audio_buffer.clear": self._ignore,
        }

    async def emit(self, kind: str, **fields: Any) -> None:
        """Send one server event."""
        ident = {} if self.does(does.EVENT_ID) == does.NO_ANSWER else {"event_id": self.clock.ident("event_")}
        await self._send({"type": kind, **ident, **fields})

    def does(self, name: str) -> str:
        """The behaviour, or the one that a fault switch put in its place."""
        return self._faults.get(name, name)

    async def refuse(self, name: str, values: Mapping[str, Any], event: Mapping[str, Any] | None = None) -> None:
        """An error event; a fatal refusal ends the session.

        Raises:
            Fatal: the refusal has a close code.
        """
        name = self.does(name)
        if name == does.NO_ANSWER:
            return
        if name == does.SESSION_UPDATED:
            await self.emit("session.updated", session=self.config)
            return
        refusal = refusals()[name]
        given = event.get("event_id") if event else None
        echo = given if isinstance(given, str) else None
        if refusal.close is not None:
            raise Fatal(refusal, values, echo)
        await self.emit("error", error=refusal.error(values, echo))

    async def greet(self) -> None:
        """session.created, unasked (observed: 2.6 to 5.7 ms after the 101)."""
        await self.emit("session.created", session=self.config)

    def _hold(self, what: str, size: int) -> None:
        """Hold so many bytes for one thing, in place of what it held before.

        Raises:
            Full: there is no room.
        """
        before = self._held.get(what, 0)
        self._room.take(max(0, size - before))
        self._room.give(max(0, before - size))
        self._held[what] = size

    def end(self) -> None:
        """Give back all that was held."""
        self._room.give(sum(self._held.values()))
        self._held.clear()

    async def take(self, data: bytes, *, binary: bool = False) -> None:
        """One message of the client.

        Raises:
            Fatal: the session ends here.
            Full: what it would hold has no room.
            UnicodeDecodeError: it is no UTF-8.
        """
        if self.clock.now() >= self.expires_at:
            raise Fatal(refusals()["session-expired"], {}, None)
        if binary:
            await self.refuse("binary", {})
            return
        size = weight(data)
        # A large message is base64 in few values: others would take many times their size.
        if too_many_values(data) or (len(data) > MOST_EVENT and size > 2 * len(data)):
            await self.refuse("too-large", {"value": len(data)})
            return
        try:
            event = orjson.loads(data)
        except orjson.JSONDecodeError:
            data.decode()
            event = None
        del data
        if not isinstance(event, dict):
            await self.refuse("not-json", {})
            return
        handler = self._handlers.get(str(event.get("type")))
        if handler is None:
            await self.refuse("unknown-event", {"value": event.get("type")}, event)
            return
        if size > MOST_EVENT and handler not in (self._append, self._create_item):
            await self.refuse("too-large", {"value": size}, event)
            return
        self._size = size
        try:
            await handler(event)
        except (TypeError, AttributeError, KeyError, ValueError, RecursionError) as error:
            # A field of a type that no real client sends; the real one answers with an error and stays (inferred).
            await self.refuse("invalid-value", {"value": type(error).__name__, "wanted": "the documented types"}, event)

    async def _ignore(self, _event: dict[str, Any]) -> None:
        """Accepted without an answer (WebRTC only by its documentation)."""

    # --- session ------------------------------------------------------------------------------------------------------

    async def _update(self, event: dict[str, Any]) -> None:
        if self._late_refusal:
            name, values = self._late_refusal
            await self.refuse(name, values, event)
            return
        bad = check(event.get("session"), self.config["type"])
        if bad:
            await self.refuse(bad.behaviour, bad.values, event)
            return
        behaviour = self.does(does.SESSION_UPDATED)
        if behaviour != does.SESSION_UPDATED:
            values = {
                "param": "session.audio.input.bogus",
                "model": "gpt-4o-mini-transcribe",
                "value": "bogus",
            }
            await self.refuse(does.SESSION_UPDATED, values, event)
            return
        new = merged(self.config, event["session"])
        self._hold("config", weight(orjson.dumps(new)))
        self.config = new
        self._detector = self._new_detector()
        await self.emit("session.updated", session=self.config)

    @property
    def _input(self) -> dict[str, Any]:
        given: dict[str, Any] = self.config["audio"]["input"]
        return given

    def _new_detector(self) -> Detector | None:
        detection = self._input.get("turn_detection")
        if not detection:
            return None
        return Detector(
            float(detection.get("threshold") or 0.5),
            int(detection.get("prefix_padding_ms") or 0),
            int(detection.get("silence_duration_ms") or 200),
        )

    # --- input audio --------------------------------------------------------------------------------------------------

    async def _append(self, event: dict[str, Any]) -> None:
        audio = event.get("audio")
        if isinstance(audio, str) and len(audio) > MOST_APPEND:
            await self.refuse("too-large", {"value": len(audio)}, event)
            return
        try:
            data = base64.b64decode(audio or "", validate=True)
        except (binascii.Error, ValueError, TypeError):
            data = b""
        form = (self._input.get("format") or {}).get("type", "audio/pcm")
        if not data or (form == "audio/pcm" and len(data) % 2):
            await self.refuse("bad-audio", {}, event)
            return
        seconds = len(data) / (2 * RATE if form == "audio/pcm" else 8_000)
        if self._ear.seconds + seconds > MOST_SECONDS:
            await self.refuse("buffer-full", {"value": MOST_SECONDS}, event)
            return
        self._hold("audio", self._ear.size // 12 + len(data) // (12 if form == "audio/pcm" else 2))
        for piece in (data,) if form == "audio/pcm" else _from_telephone(data, form):
            self._ear.feed(piece)
            for mark in self._detector.feed(piece) if self._detector else ():
                if mark.kind == "started":
                    await self._speech_started(mark.ms)
                else:
                    await self._speech_stopped(mark.ms)

    async def _speech_started(self, ms: int) -> None:
        self._speech_item = self.clock.ident("item_")
        await self.emit("input_audio_buffer.speech_started", audio_start_ms=ms, item_id=self._speech_item)

    async def _speech_stopped(self, ms: int) -> None:
        await self.emit("input_audio_buffer.speech_stopped", audio_end_ms=ms, item_id=self._speech_item)
        await self._commit_turn()
        detection = self._input.get("turn_detection") or {}
        if self.config["type"] == "realtime" and detection.get("create_response", True) and not self.active_response:
            await respond(self, {})

    async def _commit(self, event: dict[str, Any]) -> None:
        ms = self._ear.seconds * 1000
        if ms < _LEAST_MS:
            await self.refuse("buffer-empty", {"value": f"{ms:.2f}"}, event)
            return
        if self.does(does.COMMITTED) == does.NO_ANSWER:
            self._empty()
            return
        await self._commit_turn()

    def _empty(self) -> Ear:
        """The buffer as it is, and a fresh one in its place."""
        heard, self._ear = self._ear, Ear()
        self._hold("audio", 0)
        return heard

    async def _clear(self, _event: dict[str, Any]) -> None:
        self._empty()
        self._speech_item = None
        self._detector = self._new_detector()
        await self.emit("input_audio_buffer.cleared")

    async def _commit_turn(self) -> None:
        heard = self._empty()
        ident = self._speech_item or self.clock.ident("item_")
        self._speech_item = None
        item = {
            "id": ident,
            "type": "message",
            "status": "completed",
            "role": "user",
            "content": [{"type": "input_audio", "transcript": None}],
        }
        await self.emit("input_audio_buffer.committed", previous_item_id=self.last_item, item_id=ident)
        previous = await self.add_item(item)
        await self.emit("conversation.item.done", previous_item_id=previous, item=item)
        transcription = self._input.get("transcription")
        if transcription:
            await self._transcribe(item, heard, transcription["model"])

    async def _transcribe(self, item: dict[str, Any], heard: Ear, model: str) -> None:
        kind = "conversation.item.input_audio_transcription"
        behaviour = self.does(does.TRANSCRIBED)
        place = {"item_id": item["id"], "content_index": 0}
        if behaviour == does.NO_ANSWER:
            return
        if behaviour == does.FAILED:
            message = f"Input transcription failed for item '{item['id']}'."
            error = {"type": "server_error", "code": None, "message": message, "param": None}
            await self.emit(f"{kind}.failed", **place, error=error)
            return
        text = heard.text()
        if behaviour == does.GARBLED:
            text = " ".join(word[::-1] for word in text.split())
        # The first delta has a leading space that the transcript lacks (seen in 5 of 6 live streams).
        for word in text.split():
            await self.emit(f"{kind}.delta", **place, delta=" " + word, obfuscation=self.clock.ident("", 11))
        item["content"][0]["transcript"] = text
        await self.emit(f"{kind}.completed", **place, transcript=text, usage=_usage(model, heard.seconds, text))

    # --- conversation -------------------------------------------------------------------------------------------------

    async def add_item(self, item: dict[str, Any], size: int = 1_000) -> str | None:
        """Append an item, of that weight, to the conversation and tell it; the id of the one before comes back.

        The oldest are forgotten where there are too many, as the real one's truncation does (documented).
        """
        previous, self.last_item = self.last_item, item["id"]
        self.items[item["id"]] = item
        self._weights[item["id"]] = size
        while len(self.items) > MOST_ITEMS or (len(self.items) > 1 and sum(self._weights.values()) > MOST_EVENT):
            self._forget(next(iter(self.items)))
        self._hold("items", sum(self._weights.values()))
        await self.emit("conversation.item.added", previous_item_id=previous, item=item)
        return previous

    def _forget(self, ident: str) -> None:
        del self.items[ident], self._weights[ident]

    async def _create_item(self, event: dict[str, Any]) -> None:
        given = event.get("item")
        if not isinstance(given, dict) or not isinstance(given.get("type"), str):
            await self.refuse("missing-parameter", {"param": "item"}, event)
            return
        item = {"id": self.clock.ident("item_"), "status": "completed", **given}
        size = self._size
        if size > MOST_EVENT:
            # Sound and pictures are heard and not kept, nor told again (inferred).
            content = item.get("content")
            item["content"] = [_without_media(part) for part in content] if isinstance(content, list) else []
            size = weight(orjson.dumps(item))
        if size > MOST_EVENT:
            await self.refuse("too-large", {"value": size}, event)
            return
        del event, given
        previous = await self.add_item(item, size)
        await self.emit("conversation.item.done", previous_item_id=previous, item=item)

    async def _known_item(self, event: dict[str, Any]) -> dict[str, Any] | None:
        item = self.items.get(str(event.get("item_id")))
        if item is None:
            await self.refuse("unknown-item", {"value": event.get("item_id")}, event)
        return item

    async def _retrieve_item(self, event: dict[str, Any]) -> None:
        if item := await self._known_item(event):
            await self.emit("conversation.item.retrieved", item=item)

    async def _delete_item(self, event: dict[str, Any]) -> None:
        if item := await self._known_item(event):
            self._forget(item["id"])
            self.last_item = next(reversed(self.items), None)
            await self.emit("conversation.item.deleted", item_id=item["id"])

    async def _truncate_item(self, event: dict[str, Any]) -> None:
        if item := await self._known_item(event):
            place = {
                "content_index": event.get("content_index", 0),
                "audio_end_ms": event.get("audio_end_ms", 0),
            }
            await self.emit("conversation.item.truncated", item_id=item["id"], **place)

    # --- responses ----------------------------------------------------------------------------------------------------

    async def _respond(self, event: dict[str, Any]) -> None:
        if self.config["type"] == "transcription":
            # Not seen; a transcription session has nothing to answer with.
            await self.refuse("unknown-event", {"value": "response.create"}, event)
        elif self.active_response:
            await self.refuse("active-response", {"value": self.active_response}, event)
        else:
            await respond(self, event.get("response") or {})

    async def _cancel(self, event: dict[str, Any]) -> None:
        # A response of the mock is sent in one go, so none is ever active when a cancel is read.
        await self.refuse("nothing-to-cancel", {}, event)


def _without_media(part: object) -> object:
    return (
        {key: held for key, held in part.items() if key not in ("audio", "image_url")}
        if isinstance(part, dict)
        else part
    )


def _from_telephone(data: bytes, form: str) -> Iterator[bytes]:
    """8 kHz G.711 as 24 kHz PCM16, a second at a time. Whether the real one takes it is contradictory (5.4)."""
    import soxr

    for start in range(0, len(data), 8_000):
        yield to_pcm16(soxr.resample(from_g711(data[start : start + 8_000], form), 8_000, RATE))


def _usage(model: str, seconds: float, text: str) -> dict[str, Any]:
    if model in _BY_DURATION:
        return {"type": "duration", "seconds": max(1, round(seconds))}
    heard, said = max(1, round(seconds * 10)), len(text.split()) + 1
    return {
        "type": "tokens",
        "total_tokens": heard + said,
        "input_tokens": heard,
        "input_token_details": {"text_tokens": 0, "audio_tokens": heard},
        "output_tokens": said,
    }

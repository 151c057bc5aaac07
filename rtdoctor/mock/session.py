"""One session on the mock: client events in, server events out, in the order that was recorded (August 2026)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson

from rtdoctor.mock import behaviour as does
from rtdoctor.mock.asked import fault_of
from rtdoctor.mock.behaviour import Refusal, refusals
from rtdoctor.mock.conversation import Conversation
from rtdoctor.mock.items import Items
from rtdoctor.mock.memory import MOST_APPEND, MOST_EVENT, MOST_ITEMS, MOST_SECONDS, Room, decoded, parseable, weight
from rtdoctor.mock.respond import Replies, Reply, Response
from rtdoctor.mock.transcriber import Ear
from rtdoctor.mock.transcribing import Early, from_telephone, transcribe, transcribe_early
from rtdoctor.mock.update import check, fresh_config, merged
from rtdoctor.mock.vad import Detector
from rtdoctor.model.clock import Clock
from rtdoctor.protocol.audio import RATE
from rtdoctor.protocol.models import models

SESSION_SECONDS = 3600  # observed since the second half of 2025
PACE = 0.005  # seconds between two deltas of a response, so that there is a time in which it is in progress
_MOST_RESPONSES = 8  # at once; one in the conversation, the others out of band (the mock's own bound)
_MOST_TOKENS = 4096
_LEAST_MS = 100
# The delta before which somebody barges in, after so many seconds in which the deltas before it are heard, and how long
# that takes (faults.toml). What is sent in a moment and heard for less than it lasts shows who cuts at what was heard.
_BARGED_AT, _HEARD_SECONDS, _BARGED_SECONDS = 3, 0.6, 0.4

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Fatal(Exception):
    """The session ends: this refusal goes out as an error event, and the socket is closed after it."""

    def __init__(self, refusal: Refusal, values: Mapping[str, Any], client_event_id: str | None) -> None:
        super().__init__(refusal.id)
        self.refusal, self.values, self.client_event_id = refusal, values, client_event_id


def client_event_id(event: Mapping[str, Any] | None) -> str | None:
    """The id that a client gave its event; None where it gave none that is a text."""
    ident = event.get("event_id") if event else None
    return ident if isinstance(ident, str) else None


def recoverable(name: str, values: Mapping[str, Any], echo: str | None = None) -> Refusal:
    """The refusal of that name, after which a session goes on.

    Raises:
        Fatal: it has a close code.
    """
    refusal = refusals()[name]
    if refusal.close is not None:
        raise Fatal(refusal, values, echo)
    return refusal


class Session:
    """The state of one conversation. `does` tells of a behaviour what a fault puts in its place, and is asked once each
    time that it may happen. `late_refusal` is what its first session.update is refused with."""

    def __init__(
        self,
        send: Send,
        clock: Clock,
        does: Callable[[str], str],
        session_type: str,
        model: str | None,
        minted: Mapping[str, Any] | None = None,
        late_refusal: tuple[str, Mapping[str, str]] | None = None,
        room: Room | None = None,
        replies: Replies | None = None,
        seconds: float = SESSION_SECONDS,
        pace: float = PACE,
        broken: Callable[[BaseException], Awaitable[None]] | None = None,
        greets: bool = True,
    ) -> None:
        self._send, self.clock, self.does, self._greets = send, clock, does, greets
        self.replies, self._pace, self._broken = replies or Replies(), pace, broken
        self._ends = clock.now() + seconds
        self.expires_at = int(self._ends)
        config = fresh_config(session_type, clock.ident("sess_"), self.expires_at, model)
        self.config = merged(config, minted) if minted else config
        self.conversation = clock.ident("conv_")
        self.items = Conversation(MOST_ITEMS)
        self.audio_ms: dict[str, int] = {}  # of the assistant's items: what was sent
        self.audio_present = False  # the assistant has spoken
        self._responses: dict[str, Response] = {}  # in progress
        self._tasks: set[asyncio.Task[None]] = set()
        # What belongs together goes out together: a client's event and its answer, one step of a response.
        self._turn = asyncio.Lock()
        self.size = 0  # the weight of the event that is handled
        self._late_refusal = late_refusal
        self._room = room or Room()
        self._held: dict[str, int] = {}  # bytes of the room by what holds them
        self._ear, self._early = Ear(), Early()
        self._speech_item: str | None = None
        self._ms = 0.0  # of audio since the session began
        self._detector = self._new_detector()
        items = Items(self)
        self._handlers: dict[str, Callable[[dict[str, Any]], Awaitable[object]]] = {
            "session.update": self._update,
            "input_audio_buffer.append": self._append,
            "input_audio_buffer.commit": self._commit,
            "input_audio_buffer.clear": self._clear,
            "conversation.item.create": items.create,
            "conversation.item.retrieve": items.retrieve,
            "conversation.item.delete": items.delete,
            "conversation.item.truncate": items.truncate,
            "response.create": self._respond,
            "response.cancel": self._cancel,
            "output_audio_buffer.clear": self._not_here,
        }

    async def emit(self, kind: str, **fields: Any) -> None:
        """Send one server event."""
        ident = {} if self.does(does.EVENT_ID) == does.NO_ANSWER else {"event_id": self.clock.ident("event_")}
        await self._send({"type": kind, **ident, **fields})

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
        echo = client_event_id(event)
        await self.emit("error", error=recoverable(name, values, echo).error(values, echo))

    async def greet(self) -> None:
        """session.created, unasked (observed: 2.6 to 5.7 ms after the 101)."""
        if not self._greets:
            return
        async with self._turn:
            await self.emit("session.created", session=self.config)

    def hold(self, what: str, size: int) -> None:
        """Hold so many bytes for one thing, in place of what it held before.

        Raises:
            Full: there is no room.
        """
        before = self._held.get(what, 0)
        self._room.take(max(0, size - before))
        self._room.give(max(0, before - size))
        self._held[what] = size

    def end(self) -> None:
        """Give back all that was held, and let no response go on."""
        for task in self._tasks:
            task.cancel()
        self._room.give(sum(self._held.values()))
        self._held.clear()

    async def take(self, data: bytes, *, binary: bool = False) -> None:
        """One message of the client.

        Raises:
            Fatal: the session ends here.
            Full: what it would hold has no room.
            UnicodeDecodeError: it is no UTF-8.
        """
        async with self._turn:
            await self._take(data, binary=binary)

    async def expire(self) -> None:
        """The session has lasted as long as one may.

        Raises:
            Fatal: always.
        """
        async with self._turn:
            raise Fatal(refusals()["session-expired"], {}, None)

    async def _take(self, data: bytes, *, binary: bool) -> None:
        if self.clock.now() >= self._ends:
            raise Fatal(refusals()["session-expired"], {}, None)
        if binary:
            await self.refuse("binary", {})
            return
        size = weight(data)
        if not parseable(data):
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
        if size > MOST_EVENT and handler not in (self._append, self._handlers["conversation.item.create"]):
            await self.refuse("too-large", {"value": size}, event)
            return
        self.size = size
        try:
            # An append is judged by its handler, and an update by rules of its own first: both in the real one's words.
            if handler not in (self._append, self._update) and (bad := fault_of(event)):
                await self.refuse(bad.behaviour, bad.values, event)
                return
            await handler(event)
        except (TypeError, AttributeError, KeyError, ValueError, RecursionError) as error:
            # A field of a type that no real client sends; the real one answers with an error and stays (inferred).
            await self.refuse("invalid-value", {"value": type(error).__name__, "wanted": "the documented types"}, event)

    async def _not_here(self, event: dict[str, Any]) -> None:
        await self.refuse("websocket-only", {"value": event["type"]}, event)

    # --- session ------------------------------------------------------------------------------------------------------

    async def _update(self, event: dict[str, Any]) -> None:
        if self._late_refusal:
            name, values = self._late_refusal
            await self.refuse(name, values, event)
            return
        bad = check(event.get("session"), self.config["type"]) or fault_of(event)
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
        asked = event["session"]
        if asked.get("model") not in (None, self.config.get("model")):
            await self.refuse("model-fixed", {"value": self.config.get("model")}, event)
            return
        if await self._voice_refused((asked.get("audio") or {}).get("output"), event):
            return
        new = merged(self.config, asked)
        self.hold("config", weight(orjson.dumps(new)))
        self.config = new
        self._detector = self._new_detector()
        await self.emit("session.updated", session=self.config)

    async def _voice_refused(self, output: Mapping[str, Any] | None, event: dict[str, Any]) -> bool:
        voice = (output or {}).get("voice")
        if not self.audio_present or voice in (None, self.config["audio"]["output"]["voice"]):
            return False
        await self.refuse("voice-fixed", {}, event)
        return True

    @property
    def detects(self) -> bool:
        """Whether turns are detected."""
        return self._detector is not None

    @property
    def _input(self) -> dict[str, Any]:
        audio_input: dict[str, Any] = self.config["audio"]["input"]
        return audio_input

    def _new_detector(self) -> Detector | None:
        detection = self._input.get("turn_detection")
        if not detection:
            return None
        return Detector(
            float(detection.get("threshold") or 0.5),
            int(detection.get("prefix_padding_ms") or 0),
            int(detection.get("silence_duration_ms") or 200),
        ).after(int(self._ms), speaking=self._speech_item is not None)

    # --- input audio --------------------------------------------------------------------------------------------------

    async def _append(self, event: dict[str, Any]) -> None:
        audio = event.get("audio")
        if isinstance(audio, str) and len(audio) > MOST_APPEND:
            await self.refuse("too-large", {"value": len(audio)}, event)
            return
        data = decoded(audio)
        form = (self._input.get("format") or {}).get("type", "audio/pcm")
        if not data or (form == "audio/pcm" and len(data) % 2):
            await self.refuse("bad-audio", {}, event)
            return
        seconds = len(data) / (2 * RATE if form == "audio/pcm" else 8_000)
        if self._ear.seconds + seconds > MOST_SECONDS:
            await self.refuse("buffer-full", {"value": MOST_SECONDS}, event)
            return
        self.hold("audio", self._ear.size // 12 + len(data) // (12 if form == "audio/pcm" else 2))
        for piece in (data,) if form == "audio/pcm" else from_telephone(data, form):
            self._ear.feed(piece)
            self._ms += len(piece) * 1000 / (2 * RATE)
            for mark in self._detector.feed(piece) if self._detector else ():
                if mark.kind == "started":
                    await self._speech_started(mark.ms)
                else:
                    await self._speech_stopped(mark.ms)
        if self._streams:
            await transcribe_early(self, self._early, self._ear, self._open_item)

    @property
    def _streams(self) -> bool:
        """Whether deltas come while the turn is open. With turn detection on, that turn is open only in speech."""
        transcription = self._input.get("transcription")
        known = models().get(transcription["model"]) if transcription else None
        return known is not None and known.streams and (not self.detects or self._speech_item is not None)

    def _open_item(self) -> str:
        return self._speech_item or self.clock.ident("item_")

    async def _speech_started(self, ms: int) -> None:
        self._speech_item = self.clock.ident("item_")
        await self.emit("input_audio_buffer.speech_started", audio_start_ms=ms, item_id=self._speech_item)
        detection = self._input.get("turn_detection") or {}
        if detection.get("interrupt_response", True) and (active := self._active):
            await active.finish("cancelled", {"reason": "turn_detected"})

    async def _speech_stopped(self, ms: int) -> None:
        await self.emit("input_audio_buffer.speech_stopped", audio_end_ms=ms, item_id=self._speech_item)
        await self._commit_turn()
        detection = self._input.get("turn_detection") or {}
        if self.config["type"] == "realtime" and detection.get("create_response", True) and not self._active:
            await self._begin({})

    async def _commit(self, event: dict[str, Any]) -> None:
        ms = self._ear.seconds * 1000
        if ms < _LEAST_MS:
            await self.refuse("buffer-empty", {"value": f"{ms:.2f}"}, event)
            return
        if self.does(does.COMMITTED) == does.NO_ANSWER:
            self._empty()
            return
        await self._commit_turn()
        self._detector = self._new_detector()

    def _empty(self) -> Ear:
        """The buffer as it is, and a fresh one in its place."""
        heard, self._ear = self._ear, Ear()
        self._early = Early()
        self.hold("audio", 0)
        return heard

    async def _clear(self, _event: dict[str, Any]) -> None:
        self._empty()
        self._speech_item = None
        self._detector = self._new_detector()
        await self.emit("input_audio_buffer.cleared")

    async def _commit_turn(self) -> None:
        early = self._early
        heard = self._empty()
        ident = self._speech_item or early.item_id or self.clock.ident("item_")
        self._speech_item = None
        item = {
            "id": ident,
            "type": "message",
            "status": "completed",
            "role": "user",
            "content": [{"type": "input_audio", "transcript": None}],
        }
        await self.emit("input_audio_buffer.committed", previous_item_id=self.items.last, item_id=ident)
        previous = await self.add_item(item)
        await self.emit("conversation.item.done", previous_item_id=previous, item=item)
        transcription = self._input.get("transcription")
        if transcription:
            await transcribe(self, item, heard, transcription["model"], early)

    # --- conversation -------------------------------------------------------------------------------------------------

    async def add_item(self, item: dict[str, Any], size: int = 1_000, after: str | None = None) -> str | None:
        """Put an item, of that weight, into the conversation and tell it; the id of the one before comes back."""
        previous = self.items.add(item, size, after)
        for ident in self.audio_ms.keys() - set(self.items.order):
            del self.audio_ms[ident]
        self.hold("items", self.items.weight)
        await self.emit("conversation.item.added", previous_item_id=previous, item=item)
        return previous

    def item_gone(self, item: dict[str, Any]) -> None:
        """An item was deleted, perhaps that of a response in progress."""
        for response in self._responses.values():
            response.item_gone |= response.item is item

    # --- responses ----------------------------------------------------------------------------------------------------

    @property
    def _active(self) -> Response | None:
        """The response that the conversation waits for."""
        return next((response for response in self._responses.values() if response.inside), None)

    async def _respond(self, event: dict[str, Any], reply: Reply | None = None) -> asyncio.Task[None] | None:
        asked = event.get("response") or {}
        inside = asked.get("conversation") != "none"
        refused = self.does(does.TAKES_RESPONSE)
        if self.config["type"] == "transcription":
            # Not seen; a transcription session has nothing to answer with.
            await self.refuse("unknown-event", {"value": "response.create"}, event)
        elif refused != does.TAKES_RESPONSE:
            await self.refuse(refused, {"value": self.clock.ident("resp_")}, event)
        elif (inside and (active := self._active)) or len(self._responses) >= _MOST_RESPONSES:
            shown = active if inside and active else next(iter(self._responses.values()))
            await self.refuse("active-response", {"value": shown.ident}, event)
        elif bad := self._unfit(asked):
            await self.refuse(*bad, event)
        elif not await self._voice_refused((asked.get("audio") or {}).get("output"), event):
            return await self._begin(asked, reply)
        return None

    def _unfit(self, asked: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
        """What the shape of a response.create does not say."""
        most = asked.get("max_output_tokens")
        if isinstance(most, int) and not 1 <= most <= _MOST_TOKENS:
            wanted = f"1 to {_MOST_TOKENS} and 'inf'"
            return "invalid-value", {"param": "response.max_output_tokens", "value": most, "wanted": wanted}
        if asked.get("conversation") not in (None, "auto", "none"):
            value = {"param": "response.conversation", "value": asked["conversation"], "wanted": "'auto' and 'none'"}
            return "invalid-value", value
        if sorted(asked.get("output_modalities") or ["text"]) not in (["text"], ["audio"]):
            wanted = "['text'] and ['audio']"
            modalities = asked["output_modalities"]
            return "invalid-value", {"param": "response.output_modalities", "value": modalities, "wanted": wanted}
        return None

    async def reply(self, reply: Reply, event: dict[str, Any] | None) -> asyncio.Task[None] | None:
        """A response that says this, to a response.create or by itself; None where it is refused, or one is active."""
        async with self._turn:
            if event is None:
                return None if self._active else await self._begin({}, reply)
            if bad := fault_of(event):
                await self.refuse(bad.behaviour, bad.values, event)
                return None
            return await self._respond(event, reply)

    async def _begin(self, asked: Mapping[str, Any], reply: Reply | None = None) -> asyncio.Task[None]:
        """A response begins here and goes on beside what the client sends."""
        response = Response(self, asked, reply)
        await response.begin()
        self._responses[response.ident] = response
        task = asyncio.create_task(self._go_on(response))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _go_on(self, response: Response) -> None:
        try:
            await self._all_of(response)
        except ConnectionError:
            pass
        except Exception as error:
            if self._broken is None:
                raise
            await self._broken(error)

    async def _barge_in(self, response: Response) -> None:
        """Somebody speaks into a response, as if the client had sent it."""
        async with self._turn:
            if response.over:
                return
            await self._speech_started(int(self._ms))
            await response.finish("cancelled", {"reason": "turn_detected"})
        await asyncio.sleep(_BARGED_SECONDS)
        async with self._turn:
            await self._speech_stopped(int(self._ms + 1000 * _BARGED_SECONDS))

    async def _all_of(self, response: Response) -> None:
        if response.how in (does.BARGED_EARLY, does.BARGED_UNHEARD):
            await asyncio.sleep(self._pace)
            await self._barge_in(response)
            return
        if response.how not in (does.RESPONDS, does.BARGED):
            await asyncio.sleep(self._pace)
            async with self._turn:
                if not response.over:
                    await response.fail()
            return
        cap = response.cap
        for number, (words, audio) in enumerate(response.pieces()):
            await asyncio.sleep(self._pace)
            if response.how == does.BARGED and number == _BARGED_AT:
                await asyncio.sleep(_HEARD_SECONDS)
                await self._barge_in(response)
                return
            async with self._turn:
                if response.over:
                    return
                if number == cap:
                    await response.finish("incomplete", {"reason": "max_output_tokens"})
                    return
                await response.send_piece(words, audio)
        async with self._turn:
            await response.finish("completed")

    def ended(self, response: Response) -> None:
        """A response is over."""
        self._responses.pop(response.ident, None)

    async def _cancel(self, event: dict[str, Any]) -> None:
        ident = event.get("response_id")
        response = self._responses.get(ident) if isinstance(ident, str) else self._active
        if response is None:
            await self.refuse("nothing-to-cancel", {}, event)
        else:
            await response.finish("cancelled", {"reason": "client_cancelled"})

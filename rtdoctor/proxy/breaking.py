"""Faults on the way through the proxy: what a server sends reaches the client as a bad network, or a bad server, would
bring it. The faults are the mock's (mock/faults.toml), by the same names; who has none on passes by `splice` alone."""

import asyncio
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Literal, Protocol

import orjson

from rtdoctor.mock import behaviour as does
from rtdoctor.mock.acts import CHANGES, ENDS
from rtdoctor.mock.behaviour import Refusal, refusals
from rtdoctor.mock.faults import Course, Fault, Faults
from rtdoctor.model.clock import Clock
from rtdoctor.model.url import split_url
from rtdoctor.protocol.models import defaults
from rtdoctor.proxy.frames import Frames, Message, Unreadable
from rtdoctor.recording.parse import Unparsable, parse
from rtdoctor.wire import rawframes
from rtdoctor.wire.messages import Head, Messages, parse_head, with_headers, without_header
from rtdoctor.wire.rawframes import FrameReader, RawFrame, TooLarge

_MOST_FRAME = 32 << 20
_MOST_WAITING = 1 << 20  # bytes that wait for their turn
_GOOD_BYE = 2.0  # seconds that the client has for its own close frame
_SHAKES = frozenset(("slow-answer", "no-answer", "wrong-accept", "no-upgrade", "other-subprotocol", "slots", "expiry"))
_FIRST = (does.OPEN_REALTIME, does.OPEN_TRANSCRIPTION)
_PUT = frozenset((*_FIRST, "subprotocol", does.EVENT_ID))


def can_pass(fault: Fault) -> bool:
    """True for a fault that can be put on what passes; the others want the mock's own conversation."""
    if fault.act:
        return fault.act in CHANGES or fault.act in ENDS or fault.act in _SHAKES
    return set(fault.puts) <= _PUT


def faults_of(texts: Iterable[str]) -> Faults:
    """The faults of a proxy, by the names and the form of the mock's.

    Raises:
        BadFault: one makes no sense, or wants the mock.
    """
    return Faults(texts, can=can_pass)


class Sides(Protocol):
    """What a connection is to its faults: the way to the client, and to the upstream."""

    def to_client(self, data: bytes) -> None:
        """Send to the client; a copy is judged."""

    def to_server(self, data: bytes, *, send: bool = True) -> None:
        """Send to the upstream; a copy is judged, and that alone where it is not to be sent."""

    async def drained(self) -> None:
        """Wait until the client has taken what it was sent, but for what the system holds."""

    def hold(self, full: bool) -> None:
        """Read no more, or again, of the upstream."""

    def cut(self) -> None:
        """End the connection to the upstream, and tell the client nothing of it."""

    def leave(self, how: str) -> None:
        """End both: "reset", "eof" or "close" is how the client sees it."""

    def note(self, id: str, text: str) -> None:
        """Tell who watches."""


class Breaker:
    """The faults of a proxy, and its sockets."""

    def __init__(self, faults: Faults) -> None:
        self.faults, self.clock = faults, Clock()
        self.open: set[Breaking] = set()
        self._count = 0

    def begin(self, sides: Sides, head: Head) -> "Breaking":
        """The next socket that is asked for."""
        self._count += 1
        return Breaking(self, Course(self.faults, self._count, {}), sides, head)

    def changed(self) -> None:
        """A fault came: where it ends what is open, it does so now."""
        for one in list(self.open):
            one.changed()


class Breaking:
    """One socket of a client, with its faults. What the server sends is worked off in its order, in a task."""

    def __init__(self, breaker: Breaker, course: Course, sides: Sides, head: Head) -> None:
        self._breaker, self._course, self._sides, self._asked = breaker, course, sides, head
        self.clock = breaker.clock
        self.over = False
        self.held: str | None = None
        self._deaf = False  # nothing of the client goes on, nor of the server
        self.refused = False  # the server said no: what the client asks next is another request
        self._closed = False  # a close frame of ours was sent
        self._answers, self._frames = Messages(answers=True), FrameReader(_MOST_FRAME)
        self._client = Frames("client")
        self._parts: list[RawFrame] = []
        self._state: Literal["answer", "frames", "raw"] = "answer"  # raw: nothing is looked at any more
        self._first: Refusal | None = None  # comes in the place of the first event
        self._jobs: asyncio.Queue[bytes | str | Fault] = asyncio.Queue()
        self._size = self._sent = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._silent = False

    # --- the handshake ------------------------------------------------------------------------------------------------

    def ask(self, raw: bytes) -> None:
        """Send the request on, or answer it here, as the faults have it."""
        course, sides = self._course, self._sides
        slots = course.value("slots")
        behaviour = course.does(_FIRST[0])
        if slots is not None and len(self._breaker.open) >= slots:
            behaviour = "rate-limited"
        refusal = refusals().get(behaviour)
        self._breaker.open.add(self)
        self._first = refusal if refusal is not None and refusal.status is None else None
        self._silent = behaviour == does.SILENT
        if refusal is not None and refusal.status is not None:
            sides.to_server(raw, send=False)
            self._refuse_before(refusal)
        elif course.value("no-answer"):
            sides.to_server(raw, send=False)
            self._tell("no-answer", "the handshake is not answered")
            self.vanish()
        else:
            # Events that may be changed must be read: no compression is offered.
            sides.to_server(without_header(raw, "sec-websocket-extensions"))
            self._begin(self._work())

    def _refuse_before(self, refusal: Refusal) -> None:
        self._sides.cut()
        head = f"HTTP/1.1 {refusal.status} {_reason(refusal.status or 0)}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in refusal.headers.items())
        if not any(name.lower() == "content-length" for name in refusal.headers):
            head += f"Content-Length: {len(refusal.body.encode())}\r\n"
        self._tell(refusal.id, refusal.why or f"refused with {refusal.status}")
        self._sides.to_client(f"{head}\r\n{refusal.body}".encode())
        self._sides.leave("close")
        self.end()

    # --- what comes ---------------------------------------------------------------------------------------------------

    def from_server(self, data: bytes) -> None:
        """Bytes of the server."""
        if self._deaf:
            return
        self._size += len(data)
        self._jobs.put_nowait(data)
        if self._size > _MOST_WAITING:
            self._sides.hold(True)

    def server_over(self, how: str) -> None:
        """The server ended its connection; that comes in its turn."""
        if not self._deaf:
            self._jobs.put_nowait(how)

    def from_client(self, data: bytes) -> None:
        """Bytes of the client, after its request. They go on at once, and as they are."""
        if not self._deaf:
            self._sides.to_server(data, send=not self.over)
        if self._state == "frames":
            with suppress(Unreadable):
                self._client.feed(data, self._said)

    def changed(self) -> None:
        """A fault came while the socket is open."""
        if self._state == "frames" and not self.over:
            for fault in self._course.at_once():
                self._jobs.put_nowait(fault)

    def end(self) -> None:
        """The connection is over."""
        self._breaker.open.discard(self)
        if self._timer:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()

    def _said(self, message: Message) -> None:
        """The client still speaks after the server is gone: that it closes, or pings, is answered here."""
        if not self.over or self._deaf:
            return
        if message.kind == "ping" and not self._closed:
            self._sides.to_client(rawframes.frame(rawframes.PONG, message.data, mask=False))
        if message.kind == "close":
            if not self._closed:
                self._sides.to_client(rawframes.frame(rawframes.CLOSE, message.data, mask=False))
            self._sides.leave("close")

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self) -> None:
        if late := self._course.value("slow-answer"):
            await asyncio.sleep(late)
        while True:
            job = await self._jobs.get()
            if isinstance(job, str):
                self._sides.leave(job)
                return
            if isinstance(job, Fault):
                await self._break_off(job)
                continue
            await self._take(job)
            self._size -= len(job)
            if self._size <= _MOST_WAITING:
                self._sides.hold(False)

    async def _take(self, data: bytes) -> None:
        if self._state == "raw":
            await self._write(data)
        elif self._state == "answer":
            for piece in self._answers.feed(data):
                if piece.kind == "head":
                    await self._answer(piece.raw)
                elif piece.raw:
                    await self._frame_bytes(piece.raw) if self._open() else await self._write(piece.raw)
        else:
            await self._frame_bytes(data)

    def _open(self) -> bool:
        return self._state == "frames"

    async def _answer(self, raw: bytes) -> None:
        """The answer's head, as the faults let it."""
        if (status := parse_head(raw).status) != 101:
            self.refused = status >= 200
            await self._write(raw)
            return
        course, changed = self._course, dict[str, str]()
        if course.value("wrong-accept"):
            changed["sec-websocket-accept"] = "AAAAAAAAAAAAAAAAAAAAAAAAAAA="
        if course.value("other-subprotocol"):
            changed["sec-websocket-protocol"] = "mqtt"
        elif course.does("subprotocol") == does.NO_ANSWER:
            raw = without_header(raw, "sec-websocket-protocol")
        if course.value("no-upgrade"):
            raw = without_header(without_header(raw, "upgrade"), "connection")
        self._answers.go_raw()
        self._state = "frames"
        await self._write(with_headers(raw, changed) if changed else raw)
        if seconds := course.value("expiry"):
            loop, gone = asyncio.get_running_loop(), refusals()["session-expired"]
            self._timer = loop.call_later(seconds, lambda: self._begin(self._refuse(gone)))
        if self._first is not None:
            await self._refuse(self._first)
        elif self._silent:
            self._tell("no-first-event", "nothing of the server goes on")
            self.over = True
            self._sides.cut()

    # --- frames -------------------------------------------------------------------------------------------------------

    async def _frame_bytes(self, data: bytes) -> None:
        if self.over:
            return
        try:
            for frame in self._frames.feed(data):
                await self._frame(frame)
                if self.over:
                    return
        except TooLarge:
            self._tell("too-large", f"a frame has more than {_MOST_FRAME >> 20} MiB: what comes now passes as it is")
            self._state = "raw"

    async def _frame(self, frame: RawFrame) -> None:
        text = frame.opcode == rawframes.TEXT or (frame.opcode == rawframes.CONTINUATION and bool(self._parts))
        if not text:
            await self._write(_bytes(frame))
            return
        self._parts.append(frame)
        if frame.fin:
            parts, self._parts = self._parts, []
            await self._text(parts)

    async def _text(self, parts: list[RawFrame]) -> None:
        """A text message: changed by the faults, or as it is."""
        data = b"".join(part.payload for part in parts)
        text, kind = _event(data)
        self._sent += 1
        faults = self._course.at_event(self._sent, kind)
        texts = [text]
        for fault in faults:
            if fault.act in ENDS or fault.refusal:
                await self._break_off(fault)
                return
            texts = [changed for one in texts for changed in await CHANGES[fault.act](self, fault, one)]
            if self.over:
                return
        if kind and self._course.does(does.EVENT_ID) == does.NO_ANSWER:
            texts = [_without_id(one) for one in texts]
        if texts == [text]:
            for part in parts:
                await self._write(_bytes(part))
            return
        for one in texts:
            await self._write(rawframes.frame(rawframes.TEXT, one.encode("utf-8", "replace"), mask=False))

    # --- what faults do -----------------------------------------------------------------------------------------------

    async def _break_off(self, fault: Fault) -> None:
        if fault.act in ENDS:
            self._tell(fault.name, f"the fault {fault}: {fault.words}")
            await ENDS[fault.act](self, fault)
            self._sides.cut()
        elif fault.refusal:
            await self._refuse(refusals()[fault.refusal])

    async def _refuse(self, refusal: Refusal) -> None:
        """An error event, and the close frame behind it."""
        if self.over:
            return
        values = {"model": _model(self._asked), "echo": "sk-…"}
        error = refusal.error(values, None)
        self._tell(refusal.id, refusal.why or str(error["message"]))
        if refusal.message:
            event = {"type": "error", "event_id": self.clock.ident("event_"), "error": error}
            await self._write(rawframes.frame(rawframes.TEXT, orjson.dumps(event), mask=False))
        await self.close(refusal.close if refusal.close is not None else 1000, refusal.close_reason)

    def chance(self) -> float:
        """A number from 0 to 1."""
        return self._course.chance()

    def abort(self, *, reset: bool = True) -> None:
        """Go, by RST or FIN, without a close frame."""
        self.over = True
        self._sides.leave("reset" if reset else "eof")

    def vanish(self) -> None:
        """Send nothing more, and hear nothing more."""
        self.over = self._deaf = True
        self._sides.cut()

    async def close(self, code: int, reason: str = "") -> None:
        """Send a close frame, and go when the client has answered it."""
        if self.over:
            return
        payload = code.to_bytes(2, "big") + reason.encode()[:123]
        await self._write(rawframes.frame(rawframes.CLOSE, payload, mask=False))
        self.over = self._closed = True
        self._sides.cut()
        self._timer = asyncio.get_running_loop().call_later(_GOOD_BYE, self._sides.leave, "close")

    async def write_raw(self, data: bytes, times: int = 1) -> None:
        """Send bytes as they are."""
        for _ in range(times):
            await self._write(data)

    async def _write(self, data: bytes) -> None:
        """Send, when the client has taken most of what it was sent before."""
        await self._sides.drained()
        self._sides.to_client(data)

    def _tell(self, id: str, text: str) -> None:
        self._sides.note(f"proxy.{id}", text)


def _bytes(frame: RawFrame) -> bytes:
    return rawframes.frame(frame.opcode, frame.payload, fin=frame.fin, rsv=frame.rsv, mask=False)


def _event(data: bytes) -> tuple[str, str]:
    """A text, and the type of the event that it is; empty for what is none."""
    text = data.decode("utf-8", "replace")
    try:
        event = parse(data)
    except Unparsable:
        return text, ""
    kind = event.get("type") if isinstance(event, dict) else None
    return text, kind if isinstance(kind, str) else ""


def _without_id(text: str) -> str:
    with suppress(orjson.JSONDecodeError):
        event = orjson.loads(text)
        event.pop("event_id", None)
        return orjson.dumps(event).decode()
    return text


def _model(head: Head) -> str:
    return dict(split_url(head.words[1]).query).get("model", "")[:100] or defaults().realtime


def _reason(status: int) -> str:
    return HTTPStatus(status).phrase

"""One connection of a case: what goes out as it is wanted, what comes kept as events, close, pongs and faults."""

import asyncio
import json
import time
import zlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rtdoctor.model.event import parse_event, separators
from rtdoctor.model.exchange import Answer
from rtdoctor.wire.link import Link
from rtdoctor.wire.rawframes import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    FrameReader,
    RawFrame,
    TooLarge,
    frame,
)
from rtdoctor.wire.session import Ledger, share_of

Event = dict[str, Any]
Where = Callable[[Event], bool]
_LEAST_ROOM, _MOST_FRAMES = 1 << 20, 10_000
_ENTRY, _VALUE = 400, 70  # bytes that an event takes, and each value in it, beside its text
_TURN = 50  # frames after which others have a turn: what is there already is read without waiting
_PIECE = 64 * 1024
_LOCAL = 1006  # never on the wire (RFC 6455, section 7.4.1): here for an end without a close frame


@dataclass(frozen=True, slots=True)
class Ended:
    """How the server ended the connection: the code of its close frame, None where that held none, 1006 where there was
    no close frame."""

    code: int | None
    reason: str = ""

    def __str__(self) -> str:
        if self.code == _LOCAL:
            return self.reason or "the connection ended without a close frame"
        return "close without a code" if self.code is None else f"close {self.code} {self.reason}".rstrip()


class Talk:
    """A connection after its 101, one of so many `sockets` at once. `events` are what the server sent, `log` what both
    sides sent, in order, with seconds since the 101; `faults` what breaks RFC 6455 in the server's frames."""

    def __init__(
        self,
        link: Link,
        answer: Answer,
        ledger: Ledger,
        patience: float,
        *,
        sockets: int,
        inflate: bool = False,
        rest: bytes = b"",
    ) -> None:
        self._link, self._rest = link, rest  # what came behind the head is read first
        self.answer, self._ledger, self.patience = answer, ledger, patience
        self._most = max(_LEAST_ROOM, share_of(sockets))  # bytes that are listened to
        self._frames = FrameReader(self._most)
        self._waiting: deque[RawFrame] = deque()
        self._parts: list[bytes] = []
        self._opcode = TEXT
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS) if inflate else None
        self._squeezed = False
        self._begun = time.monotonic()
        self._bytes = self._count = 0
        self.events: list[Event] = []
        self.log: list[tuple[str, Event, float]] = []
        self.pongs: list[bytes] = []
        self.faults: list[str] = []
        self.ended: Ended | None = None
        self.gone = False  # the server's end of the TCP connection is closed, too
        self.mark = 0  # how many events had come when something was sent last

    # --- out ----------------------------------------------------------------------------------------------------------

    async def send(self, event: Mapping[str, Any]) -> None:
        """Send a client event as a text frame."""
        text = json.dumps(event)
        self._book(event, text)
        await self.send_raw(frame(TEXT, text.encode()))

    async def send_text(self, text: str) -> None:
        """Send a text frame that is no event."""
        self._ledger.book_raw(text)
        await self.send_raw(frame(TEXT, text.encode()))

    async def send_binary(self, data: bytes) -> None:
        """Send a binary frame."""
        self._ledger.book_raw(data)
        await self.send_raw(frame(BINARY, data))

    async def send_event_in(self, event: Mapping[str, Any], pieces: int, between: bytes = b"") -> None:
        """Send a client event in so many fragments, with these bytes between them."""
        data = json.dumps(event).encode()
        self._book(event, data.decode())
        size = max(1, len(data) // pieces)
        cuts = [data[place * size : (place + 1) * size] for place in range(pieces - 1)] + [data[(pieces - 1) * size :]]
        out = b""
        for place, piece in enumerate(cuts):
            last = place == pieces - 1
            out += frame(CONTINUATION if place else TEXT, piece, fin=last) + (b"" if last else between)
        await self.send_raw(out)

    def _book(self, event: Mapping[str, Any], text: str) -> None:
        self._ledger.book_event(text)
        self.log.append(("client", dict(event), time.monotonic() - self._begun))

    async def send_raw(self, data: bytes) -> None:
        """Send bytes as they are; a peer that is gone is seen when it is read from."""
        self.mark = len(self.events)
        try:
            async with asyncio.timeout(self.patience):
                for start in range(0, len(data), _PIECE):
                    await self._link.write(data[start : start + _PIECE])
        except (TimeoutError, OSError):
            pass

    # --- in -----------------------------------------------------------------------------------------------------------

    async def wait(
        self, *types: str, where: Where | None = None, since: int | None = None, timeout: float | None = None
    ) -> Event | None:
        """The first event of one of the types (any, where none is named) that came after what was sent last, or after
        the `since`-th; None where none comes in time or the connection ends."""
        place = self.mark if since is None else since
        wanted = frozenset(types)
        try:
            async with asyncio.timeout(self.patience if timeout is None else timeout):
                while True:
                    while place < len(self.events):
                        event = self.events[place]
                        place += 1
                        if (not wanted or event.get("type") in wanted) and (where is None or where(event)):
                            return event
                    if self.ended:
                        return None
                    await self._receive()
        except TimeoutError:
            return None

    async def answer_to(self, event: Mapping[str, Any], *types: str, timeout: float | None = None) -> Event | None:
        """Send an event and wait for one of these types, or an error."""
        await self.send(event)
        return await self.wait(*types, "error", timeout=timeout)

    async def pong(self, payload: bytes, timeout: float | None = None) -> bool:
        """True once a pong with that payload came."""
        try:
            async with asyncio.timeout(self.patience if timeout is None else timeout):
                while payload not in self.pongs and not self.ended:
                    await self._receive()
        except TimeoutError:
            pass
        return payload in self.pongs

    async def end(self, timeout: float | None = None) -> Ended | None:
        """How the server ends the connection; None where it does not in time."""
        try:
            async with asyncio.timeout(self.patience if timeout is None else timeout):
                while not self.ended:
                    await self._receive()
        except TimeoutError:
            pass
        return self.ended

    async def stands(self) -> bool:
        """True where the connection answers a ping."""
        payload = b"stand" + str(len(self.pongs)).encode()
        await self._quiet_raw(frame(PING, payload))
        return await self.pong(payload)

    async def hang_up(self, timeout: float) -> bool:
        """True once the server closed its end of the TCP connection."""
        try:
            async with asyncio.timeout(timeout):
                while not self.gone:
                    await self._receive()
        except TimeoutError:
            pass
        return self.gone

    async def leave(self) -> None:
        """Say good-bye where that was not done, and let go."""
        if self.ended is None:
            await self._quiet_raw(frame(CLOSE, b"\x03\xe8"))
            await self.end(min(self.patience, 0.5))
        self.cut()

    def cut(self) -> None:
        """Drop the connection."""
        self._link.abort()

    async def _quiet_raw(self, data: bytes) -> None:
        mark = self.mark
        await self.send_raw(data)
        self.mark = mark

    async def _receive(self) -> None:
        """Take the next frame; an end that is no frame is one of 1006."""
        while not self._waiting:
            try:
                data, self._rest = self._rest or await self._link.read(), b""
            except OSError:
                data = b""
            if not data:
                self.gone = True
                self.ended = self.ended or Ended(_LOCAL)
                if not self._waiting:
                    return
            self._bytes += len(data)
            try:
                self._waiting += self._frames.feed(data)
            except TooLarge:
                self._break(f"it sent a message of more than {self._most >> 20} MiB")
                return
            if self._bytes > self._most or self._count > _MOST_FRAMES:
                self._break("it sent more than a case listens to")
                return
        self._count += 1
        if self._count % _TURN == 0:
            await asyncio.sleep(0)
        await self._take(self._waiting.popleft())

    def _break(self, why: str) -> None:
        """Listen no more: to us the connection is over."""
        self.ended = self.ended or Ended(_LOCAL, why)
        self.gone = True

    async def _take(self, one: RawFrame) -> None:
        if one.fault:
            self.faults.append(one.fault)
        allowed = 4 if self._inflate is not None else 0
        if one.rsv & ~allowed:
            self.faults.append("sets a reserved bit that no extension gave a meaning (section 5.2)")
        if one.opcode == PING:
            await self._quiet_raw(frame(PONG, one.payload))
        elif one.opcode == PONG:
            self.pongs.append(one.payload)
        elif one.opcode == CLOSE:
            self._closed(one.payload)
        elif one.opcode in (TEXT, BINARY, CONTINUATION):
            self._part(one)

    def _closed(self, payload: bytes) -> None:
        code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else None
        if len(payload) == 1 or (code is not None and not _may_be_sent(code)):
            self.faults.append(f"closes with what is no close code, {code} (section 7.4)")
        try:
            reason = payload[2:].decode()
        except UnicodeDecodeError:
            self.faults.append("closes with a reason that is no UTF-8 (section 5.5.1)")
            reason = ""
        self.ended = self.ended or Ended(code, reason)

    def _part(self, one: RawFrame) -> None:
        if one.opcode == CONTINUATION and not self._parts:
            self.faults.append("sends a continuation of nothing (section 5.4)")
            return
        if one.opcode != CONTINUATION:
            if self._parts:
                self.faults.append("begins a message in the midst of another one (section 5.4)")
                self._parts.clear()
            self._opcode, self._squeezed = one.opcode, bool(one.rsv & 4)
        self._parts.append(one.payload)
        if one.fin:
            data = b"".join(self._parts)
            self._parts.clear()
            self._message(data)

    def _message(self, data: bytes) -> None:
        if self._squeezed and self._inflate is not None:
            try:
                data = self._inflate.decompress(data + b"\0\0\xff\xff", self._most)
            except zlib.error:
                self.faults.append("sends a compressed message that cannot be read (RFC 7692)")
                return
        if self._opcode == BINARY:
            self._keep({"type": "(binary frame)"})
            return
        try:
            text = data.decode()
        except UnicodeDecodeError:
            self.faults.append("sends text that is no UTF-8 (section 8.1)")
            return
        # What is read of a text takes more memory than the text: so much that some megabytes of wire are hundreds.
        self._bytes += _ENTRY + _VALUE * separators(text)
        self._keep(parse_event(text) or {"type": "(no event)"})

    def _keep(self, event: Event) -> None:
        if not isinstance(event.get("type"), str):
            event = event | {"type": "(no type)"}
        self.events.append(event)
        self.log.append(("server", event, time.monotonic() - self._begun))


def _may_be_sent(code: int) -> bool:
    """True for a code that may stand in a close frame (RFC 6455, section 7.4, and the registry of IANA)."""
    return code in (1000, 1001, 1002, 1003, *range(1007, 1015)) or 3000 <= code <= 4999

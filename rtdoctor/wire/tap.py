"""Looks at the bytes of a peer before aiohttp reads them: how an answer begins that is no HTTP, and whether frames
are masked, which RFC 6455 (section 5.1) forbids a server and aiohttp lets pass (3.14.5, read 2026-11-22).
"""

import asyncio
from collections import deque
from collections.abc import Iterator, MutableSet
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from aiohttp.client_proto import ResponseHandler

FIRST = 200  # so many bytes of an answer are kept
_MOST_HEAD = 64 * 1024
_PIECE = 4 * 1024  # bytes of HTTP that aiohttp gets at once: it makes objects of every answer that is in them
_taps: ContextVar["list[Tap] | None"] = ContextVar("taps", default=None)


class Tap(asyncio.Protocol):
    """Stands before aiohttp's protocol of one connection, and hands everything on; what comes before a 101 in pieces,
    so that whoever waits for the answer can leave before a flood of further ones is in memory."""

    def __init__(self, inner: asyncio.Protocol, transport: asyncio.Transport | None = None) -> None:
        self._inner = inner
        self._transport = transport
        self._waiting: deque[bytes] = deque()
        self._head: bytearray | None = bytearray()  # None once the head of the last answer is over
        self._frames = False
        self._header = bytearray()
        self._skip = 0
        self.first = b""
        self.broken = ""

    def data_received(self, data: bytes) -> None:
        if self._waiting:
            self._waiting.append(data)
        elif self._frames or self._transport is None or len(data) <= _PIECE:
            self._give(data)
        else:
            self._waiting.extend(data[at : at + _PIECE] for at in range(0, len(data), _PIECE))
            self._transport.pause_reading()
            self._hand_on(self._transport)

    def _give(self, data: bytes) -> None:
        self._see(data)
        self._inner.data_received(data)

    def _hand_on(self, transport: asyncio.Transport) -> None:
        """Give the next piece, and the others when whoever waits for it has had a turn; after a 101 all at once."""
        if transport.is_closing():
            return  # `connection_lost` follows, and tells whether it was ours
        if self._waiting:
            self._give(self._waiting.popleft())
        if self._frames:
            self._give_all()
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._hand_on, transport)
        elif not transport.is_closing():
            transport.resume_reading()

    def _give_all(self) -> None:
        """Give what is left when nothing more can come."""
        while self._waiting:
            self._give(self._waiting.popleft())

    def eof_received(self) -> bool | None:
        self._give_all()
        return self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:  # the peer's doing; what we end ourselves, nobody waits for
            self._give_all()
        self._waiting.clear()
        self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def _see(self, data: bytes) -> None:
        if len(self.first) < FIRST:
            self.first += data[: FIRST - len(self.first)]
        if self._head is not None:
            data = self._read_head(data)
        if self._frames and not self.broken:
            self._read_frames(data)

    def _read_head(self, data: bytes) -> bytes:
        """What follows the head. An interim answer (1xx but 101) is followed by another head."""
        assert self._head is not None
        self._head += data
        while self._head is not None:
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                if len(self._head) > _MOST_HEAD:
                    self._head = None
                return b""
            words = bytes(self._head[:64]).split(None, 2)
            status = words[1] if len(words) > 1 else b""
            rest = bytes(self._head[end + 4 :])
            if status == b"101" or not status.startswith(b"1"):
                self._frames, self._head = status == b"101", None
                return rest
            self._head = bytearray(rest)
        return b""

    def _read_frames(self, data: bytes) -> None:
        """Walk from header to header (RFC 6455, section 5.2) and look at the mask bit."""
        place = 0
        while place < len(data):
            if self._skip:
                step = min(self._skip, len(data) - place)
                self._skip -= step
                place += step
                continue
            self._header.append(data[place])
            place += 1
            if len(self._header) < 2:
                continue
            if self._header[1] & 0x80:
                self.broken = "the server masked a frame, which only a client may (RFC 6455, section 5.1)"
                return
            length = self._header[1] & 0x7F
            extended = {126: 2, 127: 8}.get(length, 0)
            if len(self._header) < 2 + extended:
                continue
            self._skip = int.from_bytes(self._header[2:], "big") if extended else length
            self._header.clear()


class TappedHandler(ResponseHandler):
    """aiohttp's protocol with a tap before it, which `tapped` finds again. `transports` gets to know the connection."""

    def __init__(self, loop: asyncio.AbstractEventLoop, transports: MutableSet[asyncio.BaseTransport]) -> None:
        super().__init__(loop)
        self._transports = transports

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._transports.add(transport)
        tap = Tap(self, transport)
        transport.set_protocol(tap)
        found = _taps.get()
        if found is not None:
            found.append(tap)


@contextmanager
def tapped() -> Iterator[list[Tap]]:
    """The taps of the connections that are opened inside, the last one last."""
    found: list[Tap] = []
    token = _taps.set(found)
    try:
        yield found
    finally:
        _taps.reset(token)

"""Joins a client's connection with one to the upstream: what comes on one side goes out on the other, at once and as it
is, and a copy of it goes aside. Ends and resets pass, too; a side that is full stops the other from being read."""

import asyncio
import os
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson

from rtdoctor.model.exchange import Fault
from rtdoctor.model.violation import Direction
from rtdoctor.proxy.aside import Aside
from rtdoctor.proxy.breaking import Breaker, Breaking
from rtdoctor.proxy.upstream import Unreached, Upstream
from rtdoctor.wire.messages import Messages, parse_head, with_headers

_RESET = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)  # SO_LINGER of no seconds: the close is a reset
_NO_GATEWAY = 502


@dataclass(frozen=True, slots=True)
class Way:
    """What all connections share. `headers` gives what to change in a request's head; `stranger` why it is not passed
    on, or nothing; `reached` hears of each try to reach the upstream, with the fault where it failed; `at_once` tells
    how many bytes are read at once; `breaker` has the faults that are put on sockets, if any may be."""

    upstream: Upstream
    aside: Aside
    headers: Callable[[bytes], dict[str, str]]
    stranger: Callable[[bytes], str]
    reached: Callable[[Fault | None], object]
    over: Callable[["Splice"], object]
    at_once: Callable[[], int]
    breaker: Breaker | None = None


class Splice:
    """One connection of a client and its own one to the upstream."""

    def __init__(self, way: Way, number: int) -> None:
        self._way, self._number = way, number
        self.client, self.server = _Side(self, "client"), _Side(self, "server")
        self.client.other, self.server.other = self.server, self.client
        self._requests, self._answers = Messages(), Messages(answers=True)
        self._asks = False  # for an upgrade that was not answered yet
        self._spliced = False  # after a 101: nothing is looked at any more
        self._fault: Fault | None = None
        self._over = False
        self._over_here = False  # we answered ourselves: nothing of either side passes any more
        self._first: Direction | None = None  # who ended it, where only one direction did so far
        self._task: asyncio.Task[None] | None = None
        self._breaking: Breaking | None = None
        self._leaving = False
        self._drained = asyncio.Event()
        self._drained.set()
        self._cut = False  # the upstream was let go, and the client is not told of it

    def at_once(self) -> int:
        """How many bytes are read at once."""
        return self._way.at_once()

    def begin(self) -> None:
        """The client has come: go to the upstream. Until it is reached the client is not read."""
        self.client.pause()
        self._task = asyncio.get_running_loop().create_task(self._reach())

    async def _reach(self) -> None:
        try:
            await self._way.upstream.connect(lambda: self.server)
        except Unreached as error:
            self._fault = error.fault
            self._way.aside.fault(self._number, error.fault, time.monotonic())
        self._way.reached(self._fault)
        if self._over and self.server.transport is not None:
            self.server.transport.abort()
        self.client.resume()

    def came(self, side: Direction, data: bytes) -> None:
        """Bytes came on a side."""
        at = time.monotonic()
        if self._over_here:
            return
        if side == "client" and self._breaking is not None and self._breaking.refused:
            self._breaking.end()
            self._breaking, self._asks = None, False
            self._requests.go_http()
        if self._breaking is not None:
            self._breaking.from_server(data) if side == "server" else self._breaking.from_client(data)
        elif side == "server":
            self.client.write(data)
            self._way.aside.data(self._number, side, data, at)
            if not self._spliced:
                self._look(data)
        elif self._spliced:
            self.server.write(data)
            self._way.aside.data(self._number, side, data, at)
        else:
            for piece in self._requests.feed(data):
                raw = piece.raw
                if piece.kind == "head":
                    if why := self._way.stranger(raw):
                        self._answer(403, "Forbidden", "request_refused", f"the request is not passed on: {why}")
                        return
                    raw = with_headers(raw, self._way.headers(raw))
                    if (head := parse_head(raw)).upgrades:
                        self._asks = True
                        self._requests.go_raw()
                        if self._way.breaker is not None and self._fault is None:
                            self._breaking = self._way.breaker.begin(self, head)
                            self._breaking.ask(raw)
                            continue
                if self._breaking is not None:
                    self._breaking.from_client(piece.raw)
                    continue
                if raw:
                    self.server.write(raw)
                    self._way.aside.data(self._number, side, raw, at)
                if self._fault is not None and piece.kind == "end":
                    self._refuse(self._fault)
                    return

    def _look(self, data: bytes) -> None:
        """What an answer means for the bytes of the client that follow."""
        for piece in self._answers.feed(data):
            if piece.kind == "head" and (status := parse_head(piece.raw).status) == 101:
                self._spliced = True
                return
            if piece.kind == "head" and status >= 200 and self._asks:
                self._asks = False
                self._requests.go_http()

    def _refuse(self, fault: Fault) -> None:
        """Tell the client that its request went nowhere."""
        self._answer(
            _NO_GATEWAY, "Bad Gateway", "upstream_unreachable", f"the upstream cannot be reached: {fault.text}"
        )

    def _answer(self, status: int, reason: str, code: str, why: str) -> None:
        """Answer the client ourselves, and let it go."""
        self._over_here = True
        body = orjson.dumps({"error": {"type": "proxy_error", "code": code, "message": f"rtdoctor proxy: {why}"}})
        head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\n"
        self.client.write(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
        self.client.close()

    def over(self, side: Direction, how: Any) -> None:
        """A side ended; the other one ends the same way. The first end is the one that is told."""
        if self._over or (side == "server" and self._cut):
            return
        if side == "server" and self._breaking is not None and not self._leaving:
            self._breaking.server_over(how)
            return
        self._over = True
        if self._breaking is not None:
            self._breaking.end()
        self._way.aside.end(self._number, self._first or side, how, time.monotonic())
        other = self.server if side == "client" else self.client
        other.reset() if how == "reset" else other.close()
        self._way.over(self)

    # --- what faults ask for ------------------------------------------------------------------------------------------

    def to_client(self, data: bytes) -> None:
        """Send to the client; a copy is judged."""
        self.client.write(data)
        self._way.aside.data(self._number, "server", data, time.monotonic())

    def to_server(self, data: bytes, *, send: bool = True) -> None:
        """Send to the upstream; a copy is judged, and that alone where it is not to be sent."""
        if send:
            self.server.write(data)
        self._way.aside.data(self._number, "client", data, time.monotonic())

    async def drained(self) -> None:
        """Wait until the client has taken what it was sent, but for what the system holds."""
        await self._drained.wait()

    def full(self, side: Direction, is_full: bool) -> None:
        """A side takes no more for now, or again: the other one is not read, or what is to be sent waits."""
        if side == "client" and self._breaking is not None:
            self._drained.clear() if is_full else self._drained.set()
            return
        other = self.client if side == "server" else self.server
        other.pause() if is_full else other.resume()

    def hold(self, full: bool) -> None:
        """Read no more, or again, of the upstream."""
        self.server.pause() if full else self.server.resume()

    def cut(self) -> None:
        """End the connection to the upstream, and tell the client nothing of it."""
        self._cut = True
        if self.server.transport is not None:
            self.server.transport.abort()

    def leave(self, how: str) -> None:
        """End both: "reset", "eof" or "close" is how the client sees it."""
        self._cut, self._leaving = False, True
        self.over("server", how)
        self.cut()

    def note(self, id: str, text: str) -> None:
        """Tell who watches."""
        self._way.aside.note(self._number, id, text, time.monotonic())

    @property
    def is_broken(self) -> bool:
        """True where faults stand between the two sides: they see to what is full."""
        return self._breaking is not None

    def half_over(self, side: Direction) -> None:
        """A side will send no more."""
        self._first = self._first or side

    def drop(self) -> None:
        """End both sides now; the proxy goes away."""
        if self._task is not None:
            self._task.cancel()
        self.over("server", "eof" if self._first else "stopped")
        for side in (self.client, self.server):
            side.close()


class _Side(asyncio.BufferedProtocol):
    """The protocol of one of the two connections."""

    other: "_Side"

    def __init__(self, splice: Splice, name: Direction) -> None:
        self._splice, self._name = splice, name
        self.transport: asyncio.Transport | None = None
        self._ended = False  # by the peer, which may still read
        self._read = memoryview(b"")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        if self._name == "client":
            self._splice.begin()

    def get_buffer(self, _: int) -> memoryview:
        self._read = memoryview(bytearray(self._splice.at_once()))
        return self._read

    def buffer_updated(self, nbytes: int) -> None:
        data, self._read = bytes(self._read[:nbytes]), memoryview(b"")
        self._splice.came(self._name, data)

    def eof_received(self) -> bool:
        self._ended = True
        self._splice.half_over(self._name)
        if self._splice.is_broken:
            return False
        if self.other.can_half_close() and not self.other.has_ended:
            self.other.half_close()
            return self.transport is not None and self.transport.get_extra_info("ssl_object") is None
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._splice.over(self._name, "reset" if isinstance(exc, ConnectionError) else "eof")

    def pause_writing(self) -> None:
        self._splice.full(self._name, True)

    def resume_writing(self) -> None:
        self._splice.full(self._name, False)

    # --- what the other side asks for ---------------------------------------------------------------------------------

    @property
    def has_ended(self) -> bool:
        """True when the peer will send no more."""
        return self._ended

    def write(self, data: bytes) -> None:
        """Send, as soon as the socket takes it."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)

    def can_half_close(self) -> bool:
        """True where the peer can be told that nothing more comes, while it is still read: not over TLS."""
        return self.transport is not None and not self.transport.is_closing() and self.transport.can_write_eof()

    def half_close(self) -> None:
        """Tell the peer that nothing more comes."""
        if self.transport is not None:
            with suppress(OSError):
                self.transport.write_eof()

    def close(self) -> None:
        """Close when all is out."""
        if self.transport is not None:
            self.transport.close()

    def reset(self) -> None:
        """Close as the other side was closed: by a reset. What waits to be sent is sent before."""
        if self.transport is None:
            return
        held: socket.socket | None = self.transport.get_extra_info("socket")
        if held is not None:
            with suppress(OSError):
                held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        plain = self.transport.get_extra_info("ssl_object") is None
        if plain or self.transport.get_write_buffer_size():
            self.transport.close()
        else:
            self.transport.abort()  # a good-bye of TLS would be none

    def pause(self) -> None:
        """Read no more for now."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()

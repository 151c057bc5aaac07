"""One socket of the mock: what goes out on it, and what faults make of that."""

import asyncio
import json
import logging
import os
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from aiohttp import WebSocketError, WSCloseCode, WSMessage, WSMsgType, web

from rtdoctor.mock.acts import CHANGES, ENDS
from rtdoctor.mock.behaviour import refusals
from rtdoctor.mock.faults import Course, Fault
from rtdoctor.mock.hearing import Heard
from rtdoctor.mock.listening import Connection
from rtdoctor.mock.memory import Full, Room
from rtdoctor.mock.session import Fatal
from rtdoctor.model.clock import Clock
from rtdoctor.model.event import cut
from rtdoctor.privacy.quote import quote

PING_SECONDS = 20.26  # observed 2026-09-18
_LONGEST_WHY = 200  # characters
_MOST_WAITING = 256 << 10  # bytes of what is written beside aiohttp
_LOG = logging.getLogger("rtdoctor.mock")


class Line:
    """One open socket. When it is `over`, nothing more is sent."""

    def __init__(
        self,
        ws: web.WebSocketResponse[Any],
        connection: Connection,
        course: Course,
        room: Room,
        clock: Clock,
        heard: Heard,
    ) -> None:
        self.ws, self.connection, self.clock, self.heard = ws, connection, clock, heard
        self._course, self._room = course, room
        self.over = False
        self.held: str | None = None  # an event that waits for the next one, to come after it
        self.sent = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def send(self, event: dict[str, Any]) -> None:
        """Send an event, as the faults let it. A client that left while we speak is no fault of the mock."""
        if self.ws.closed or self.over:
            return
        self.sent += 1
        texts = [json.dumps(event)]
        for fault in self._course.at_event(self.sent, str(event.get("type"))):
            if self.over:
                return
            if fault.act in ENDS or fault.refusal:
                await self.break_off(fault)
                return
            texts = [changed for text in texts for changed in await CHANGES[fault.act](self, fault, text)]
        for text in texts:
            await self.send_text(text)

    def chance(self) -> float:
        """A number from 0 to 1, from the chance of the faults."""
        return self._course.chance()

    async def send_text(self, text: str) -> None:
        """Send a text as it is."""
        if self.ws.closed or self.over:
            return
        # A client that does not read lets us wait here, and what waits is held twice.
        size = 2 * len(text)
        self._room.take(size)
        try:
            self.heard.text("server", text)
            await self.ws.send_str(text)
        finally:
            self._room.give(size)

    async def break_off(self, fault: Fault) -> None:
        """End, as the fault says."""
        if fault.act in ENDS:
            self.heard.finding("info", f"mock.{fault.name}", f"the fault {fault}: {fault.words}")
            await ENDS[fault.act](self, fault)
        elif fault.refusal:
            await self.refuse(Fatal(refusals()[fault.refusal], {}, None))

    def faults_changed(self) -> None:
        """A fault came while the connection is open: one that ends it does so now."""
        for fault in self._course.at_once():
            task = asyncio.create_task(self._end_now(fault))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _end_now(self, fault: Fault) -> None:
        with suppress(ConnectionError):
            if not self.over and not self.ws.closed:
                await self.break_off(fault)

    async def close(self, code: int, reason: str = "") -> None:
        """A close frame."""
        self.over = True
        if not self.ws.closed:
            self.heard.close("server", code, reason)
            self.heard.end("server", "close")
        await self.ws.close(code=code, message=reason.encode()[:123])

    async def refuse(self, fatal: Fatal) -> None:
        """An error event, if the refusal has words, and the close frame in the same moment (observed 2026-09-18)."""
        refusal = fatal.refusal
        error = refusal.error(fatal.values, fatal.client_event_id)
        event = {"type": "error", "event_id": self.clock.ident("event_"), "error": error}
        if refusal.message:
            self.heard.finding("error", f"mock.{refusal.id}", refusal.why or str(error["message"]))
        try:
            _hold_back(self.ws)  # so that both leave in one packet
            if refusal.message:
                await self.send_text(json.dumps(event))
            asyncio.get_running_loop().call_soon(_let_go, self.ws)  # when the close frame is written
            await self.close(refusal.close if refusal.close is not None else int(WSCloseCode.OK), refusal.close_reason)
        except ConnectionError:
            pass

    def abort(self, *, reset: bool = True) -> None:
        """The connection is gone, with a RST where `reset`, else with a FIN, and without a close frame."""
        self.over = True
        self.heard.end("server", "reset" if reset else "eof")
        transport = self.connection.transport
        if transport is None:
            return
        if reset:
            with suppress(OSError):  # with nothing to linger for, the system sends RST (socket(7), SO_LINGER)
                plain = transport.get_extra_info("socket")
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        else:
            transport.close()

    def vanish(self) -> None:
        """As if the network were gone: nothing more is sent, and what still comes is not looked at."""
        self.over = True
        self.connection.made = True

    async def write_raw(self, data: bytes, times: int = 1) -> None:
        """Bytes as they are, so many times, never more of them waiting than a client reads."""
        transport = self.connection.transport
        for _ in range(times):
            while transport is not None and not transport.is_closing():
                if transport.get_write_buffer_size() <= _MOST_WAITING:
                    transport.write(data)
                    break
                await asyncio.sleep(0.01)

    async def messages(self) -> AsyncIterator[WSMessage]:
        """What comes, each counted until the next is asked for; between two of them the others have a turn."""
        connection = self.connection
        while True:
            message = await self.ws.receive()
            if connection.made and not connection.lost.is_set():
                return  # half-open: what had come before is not looked at either
            kind = message.type
            if kind is WSMsgType.CLOSE:
                self.heard.close("client", message.data, message.extra or "")
                self.heard.end("client", "close")
                return
            if connection.unmasked:
                self._broken_frames(WSCloseCode.PROTOCOL_ERROR, "a frame without a mask (section 5.1)")
                return
            if kind is WSMsgType.ERROR and isinstance(message.data, WebSocketError):
                self._broken_frames(message.data.code, str(message.data))
                return
            if kind in (WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR):
                self.heard.end("client", "eof")
                return
            if kind is WSMsgType.PING:
                self.heard.frame("client", "ping", message.data)
                with suppress(ConnectionError):
                    await self.ws.pong(message.data)
            elif kind is WSMsgType.TEXT:
                self.heard.text("client", message.data)
            else:
                self.heard.frame("client", "pong" if kind is WSMsgType.PONG else "binary", message.data)
            yield message
            await asyncio.sleep(0)
            if connection.transport is None or connection.transport.is_closing():
                return  # it was cut off: what it has sent before is nobody's any more
            connection.handled(len(message.data) if isinstance(message.data, (bytes, bytearray)) else 0)

    def _broken_frames(self, code: int, why: str) -> None:
        """The client broke the protocol, and the close frame that says so is sent already."""
        reason = cut(quote(why), _LONGEST_WHY)
        self.heard.finding("error", "frame.broken", f"what the client sends is not as RFC 6455 has it: {reason}")
        self.heard.close("server", code, "")
        self.heard.end("server", "close")

    @property
    def first_ping(self) -> float:
        """Seconds after which the first ping is due."""
        return PING_SECONDS / 2

    async def ping(self) -> None:
        """A ping of four bytes every 20.26 s (observed 2026-09-18), from now on. A client from which nothing came since
        the last one is gone."""
        connection = self.connection
        with suppress(ConnectionError, RuntimeError):
            while not self.over:
                await self.ws.ping(os.urandom(4))
                await asyncio.sleep(PING_SECONDS / 2)
                if not connection.heard:
                    break
                connection.heard = False
                await asyncio.sleep(PING_SECONDS / 2)
        if connection.transport is not None and not connection.heard and not self.over:
            connection.transport.abort()

    async def broken(self, error: BaseException) -> None:
        """What a response ran into, beside the client's events."""
        if isinstance(error, Full):
            await self.close(WSCloseCode.TRY_AGAIN_LATER)
        elif isinstance(error, Fatal):
            await self.refuse(error)
        else:
            _LOG.error("a response ended in %s", type(error).__name__)


def _hold_back(response: web.WebSocketResponse[Any]) -> None:
    """Where the system can: what is written from here on waits for the connection's end, or 200 ms, or a full packet
    (tcp(7), TCP_CORK)."""
    plain = response.get_extra_info("socket")
    if plain is not None and hasattr(socket, "TCP_CORK"):
        with suppress(OSError):
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)


def _let_go(response: web.WebSocketResponse[Any]) -> None:
    plain = response.get_extra_info("socket")
    if plain is not None and hasattr(socket, "TCP_CORK"):
        with suppress(OSError):
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)

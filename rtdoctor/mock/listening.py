"""The mock's way in: a listener, its connections, and the count of the bytes that they receive."""

import asyncio
import logging
import os
import select
import socket
import sys
import time
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from rtdoctor.mock.masks import NOT_MASKED, Masks
from rtdoctor.mock.memory import Full, Room

MOST_CONNECTIONS, MOST_SECURED = 140, 48  # each has buffers of half a megabyte, and under TLS twice that and more
_MESSAGE = 2  # bytes that one of a message or a body takes while its parts are put together
_HEAD = 4  # bytes that one of an unfinished head takes, as a list of names and values
_PATIENCE = 1.0  # seconds that a client waits for the place of one that is gone
_LINGERING = 2.0  # seconds that a client may go on with its body once the answer is sent
# aiohttp logs offered subprotocols that it does not know, and a key may be among them.
logging.getLogger("aiohttp.websocket").setLevel(logging.ERROR)
# asyncio warns of each write to a client that has left.
logging.getLogger("asyncio").setLevel(logging.ERROR)


def _one_line(record: logging.LogRecord) -> bool:
    """aiohttp logs a traceback for a request that cannot be parsed. Whoever sent it has been told; of another error the
    kind is worth a line."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError | web.RequestPayloadError | OSError):
        return False
    if error is not None:
        record.msg, record.exc_info = f"mock: {record.msg} ({type(error).__name__})", None
    return True


LOG = logging.getLogger("rtdoctor.mock")
LOG.addFilter(_one_line)


class Server(web.Server):
    """aiohttp's server, which counts what its connections receive."""

    def __init__(self, handle: Any, room: Room) -> None:
        super().__init__(handle, access_log=None, logger=LOG)
        self.room = room

    def __call__(self) -> web.RequestHandler:
        # A body is unpacked by nobody: what is little on its way may be much in memory.
        more: dict[str, Any] = {"access_log": None, "logger": LOG, "auto_decompress": False}
        return Connection(self, loop=asyncio.get_running_loop(), lingering_time=_LINGERING, **more)


class Listener(socket.socket):
    """A socket that accepts so many at once, counted before TLS begins on them."""

    def __init__(self, host: str, port: int, most: int) -> None:
        super().__init__(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        self._most = most
        self._accepted: list[socket.socket] = []
        self._waited_since: float | None = None
        try:
            if os.name == "posix":
                self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.bind((host, port))
        except (OSError, OverflowError):
            self.close()
            raise

    def accept(self) -> tuple[socket.socket, Any]:
        """The next connection; one for which there is no place is closed, and asyncio asks again.

        Raises:
            ConnectionAbortedError: it was closed.
            BlockingIOError: a place is about to come, and it waits for that.
        """
        self._accepted = [before for before in self._accepted if before.fileno() >= 0]
        is_full = len(self._accepted) >= self._most
        if not (is_full and _any_gone(self._accepted)):
            self._waited_since = None
        else:
            # asyncio, busy with what others sent, has not looked at it yet; what it holds is free only then.
            now = time.monotonic()
            self._waited_since = self._waited_since or now
            if now - self._waited_since < _PATIENCE:
                raise BlockingIOError
        accepted, address = super().accept()
        if is_full:
            accepted.close()
            raise ConnectionAbortedError
        self._accepted.append(accepted)
        return accepted, address


def _any_gone(sockets: list[socket.socket]) -> bool:
    """True where the peer of one of them reset or closed it; the system may not tell."""
    if sys.platform == "win32":
        return False
    poll = select.poll()
    for one in sockets:
        poll.register(one, getattr(select, "POLLRDHUP", 0))  # errors and hang-ups are told unasked
    return bool(poll.poll(0))


class Connection(web.RequestHandler):
    """One connection. The bytes of its head, and of a body or a message that is not handled yet, are counted; a client
    for whose next ones there is no room is cut off. It has one head, which has `begun` to be read at its blank line.
    When the answer is `made`, nothing that still comes is looked at."""

    __slots__ = ("_masks", "_room", "begun", "heard", "lost", "made", "unmasked", "upgraded", "waiting")

    def __init__(self, server: Server, **more: Any) -> None:
        super().__init__(server, **more)
        self._room = server.room
        self.begun = self.made = self.unmasked = self.upgraded = False
        self.heard = True
        self.waiting = 0
        self._masks = Masks()
        self.lost = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.heard = True
        if self.made:
            return
        # A blank line ends the head; those before it are skipped (RFC 9112, section 2.2).
        self.begun = self.begun or b"\r\n\r\n" in data.lstrip(b"\r\n")
        weight = (_MESSAGE if self.begun else _HEAD) * len(data)
        try:
            self._room.take(weight)
        except Full:
            self._cut()
            return
        self.waiting += weight
        if not self._masks.all_masked(data) and self.upgraded and self.transport is not None:
            self.unmasked = True
            self.transport.write(NOT_MASKED)
            self.transport.close()
            self.force_close()
            return
        super().data_received(data)

    def _cut(self) -> None:
        if self.transport is not None:
            self.transport.abort()  # what waits to be sent waits no more
        self.force_close()

    def handled(self, size: int) -> None:
        """A message of so many bytes, and the head of its frame (RFC 6455, section 5.2), need not be held any more."""
        size = min(self.waiting, _MESSAGE * (size + (6 if size < 126 else 8 if size < 65536 else 14)))
        self.waiting -= size
        self._room.give(size)

    def connection_lost(self, exc: BaseException | None) -> None:
        self.made = True
        self.handled(self.waiting)
        self.lost.set()
        super().connection_lost(exc)

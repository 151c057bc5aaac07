"""The seam of the wire: one connection, of which everything above reads and writes bytes. Name, TCP, the proxy's tunnel
and TLS are behind it, each with its time and its own word for what went wrong.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from rtdoctor.model.exchange import Fault
from rtdoctor.model.target import DIRECT, Route, is_address
from rtdoctor.wire.dns import resolve
from rtdoctor.wire.proxy import TunnelRefused, absent, ask_for_tunnel
from rtdoctor.wire.tcp import PIECE, Stream, dial, fault_in_tcp
from rtdoctor.wire.tls import fault_in_tls

Whom = tuple[str, int, bool]  # host, port, and whether under TLS
FIRST = 200  # so many bytes of what came first are kept


class Unreachable(Exception):
    """No connection stands; it carries the fault of the layer that failed."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.text)
        self.fault = fault


@dataclass(slots=True)
class Link:
    """An open connection. `first` are the first bytes that came over it, `layers` the milliseconds that each layer
    below HTTP took, by its name. `by_proxy`: an HTTP proxy is at the other end, and wants whole URLs."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    socket: socket.socket
    layers: tuple[tuple[str, float], ...] = ()
    by_proxy: bool = False
    first: bytes = b""

    async def read(self) -> bytes:
        """The next bytes, at most 64 KiB; empty at the end.

        Raises:
            OSError: the connection broke; ssl.SSLError, which is one, where TLS did.
        """
        data = await self.reader.read(PIECE)
        if len(self.first) < FIRST:
            self.first += data[: FIRST - len(self.first)]
        return data

    async def write(self, data: bytes) -> None:
        """Send bytes, and wait while the peer is behind.

        Raises:
            OSError: the connection broke.
        """
        if self.writer.transport.is_closing():
            raise ConnectionResetError("the connection is closed")
        self.writer.write(data)
        await self.writer.drain()

    @property
    def is_over(self) -> bool:
        """True where the connection is gone: it may have been closed, and what was written wait for a peer that does
        not read."""
        return self.socket.fileno() < 0

    def close(self) -> None:
        """End it; what was written still goes out."""
        self.writer.close()

    def abort(self) -> None:
        """End it at once."""
        self.writer.transport.abort()


@dataclass(slots=True)
class Links:
    """How connections are opened in a run: by a route, under a TLS context; and those that are open. `seconds` is the
    time that a name may take. `ready` is one that stands already, and whom it leads to."""

    context: ssl.SSLContext
    route: Route = DIRECT
    seconds: float = 10.0
    open: list[Link] = field(default_factory=list)
    ready: tuple[Whom, Link] | None = None

    def adopt(self, stream: Stream, *, by_proxy: bool = False) -> Link:
        """The link of a connection that was opened elsewhere; it ends with the run."""
        reader, writer = stream
        link = Link(reader, writer, writer.get_extra_info("socket"), by_proxy=by_proxy)
        self.open = [*(one for one in self.open if not one.is_over), link]
        return link

    def keep_ready(self, link: Link, host: str, port: int, *, secured: bool) -> None:
        """Let what is asked next be asked over this one, if it is for that host."""
        self.ready = (host, port, secured), link

    def take_ready(self, url: str) -> Link | None:
        """The connection that was kept ready, where it leads to the host of a URL and stands; otherwise it ends."""
        if self.ready is None:
            return None
        led, link = self.ready
        if led == _whom(url) and not link.is_over and not link.reader.at_eof():
            self.ready = None
            return link
        self.end_ready()
        return None

    def end_ready(self) -> None:
        """End the connection that was kept ready, if there is one: what nobody takes holds no slot of a server's."""
        if self.ready is not None:
            self.ready[1].abort()
            self.ready = None

    async def connect(self, url: str, *, tunnel: bool) -> Link:
        """A connection to the host of a URL, under TLS where its scheme says so. By a proxy it is a tunnel, or, without
        `tunnel` and TLS, the proxy itself, which is then asked for the whole URL.

        Raises:
            Unreachable: it cannot be opened.
        """
        host, port, secured = _whom(url)
        clock = _Stopwatch()
        self.end_ready()
        tunnel = self.route.proxy is not None and (tunnel or secured)
        by_proxy = self.route.proxy is not None and not tunnel
        link = self.adopt(await self._open(host, port, clock), by_proxy=by_proxy)
        try:
            if tunnel:
                with clock.layer("proxy"):
                    await ask_for_tunnel(link.reader, link.writer, self.route, host, port)
            if secured:
                with clock.layer("tls"):
                    await link.writer.start_tls(self.context, server_hostname=host)
        except TunnelRefused as refused:
            link.abort()
            raise Unreachable(refused.fault) from refused
        except OSError as error:
            link.abort()
            raise Unreachable(fault_in_tls(error)) from error
        except BaseException:
            link.abort()
            raise
        link.layers = clock.layers
        return link

    async def _open(self, host: str, port: int, clock: "_Stopwatch") -> Stream:
        """A TCP connection to the host, or to the proxy."""
        by_proxy = self.route.proxy is not None
        if by_proxy:
            host, port = self.route.proxy_address
        addresses: tuple[str, ...] = (host,)
        if not is_address(host):
            with clock.layer("dns"):
                resolved = await resolve(host, port, self.seconds, self.route)
            if resolved.fault is not None:
                raise Unreachable(absent(resolved.fault.text) if by_proxy else resolved.fault)
            addresses = resolved.addresses
        try:
            with clock.layer("tcp"):
                return await asyncio.open_connection(sock=await dial(addresses, port), limit=PIECE)
        except OSError as error:
            fault = fault_in_tcp(error, addresses, port)
            raise Unreachable(absent(fault.text) if by_proxy else fault) from error

    async def close(self) -> None:
        """Leave no connection; two turns of the loop are what an abort takes."""
        for link in self.open:
            link.abort()
        self.open.clear()
        await asyncio.sleep(0)
        await asyncio.sleep(0)


def _whom(url: str) -> Whom:
    parts = urlsplit(url)
    secured = parts.scheme in ("https", "wss")
    return parts.hostname or "", parts.port or (443 if secured else 80), secured


class _Stopwatch:
    """The time that each layer took, in milliseconds."""

    def __init__(self) -> None:
        self.layers: tuple[tuple[str, float], ...] = ()

    @contextmanager
    def layer(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        try:
            yield
        finally:
            self.layers += ((name, (time.monotonic() - started) * 1000),)

"""A proxy between sockets of the test's own."""

import asyncio
import os
import ssl
from contextlib import asynccontextmanager
from dataclasses import replace

import trustme

from rtdoctor.knowledge.profiles import target_at
from rtdoctor.model.target import DIRECT
from rtdoctor.proxy.server import Asked, Proxy
from rtdoctor.proxy.upstream import Upstream

HEAD = (
    b"GET /v1/realtime?model=gpt-realtime HTTP/1.1\r\nhost: 127.0.0.1:1\r\nX-Odd:  Kept As It Is \r\n"
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


def authority():
    """`(server's context, client's context)` of a CA made for the test."""
    ca = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost", "127.0.0.1").configure_cert(server)
    client = ssl.create_default_context()
    ca.configure_trust(client)
    return server, client


def frame(opcode, payload, *, fin=True, masked=False, mask=b"\x01\x02\x03\x04"):
    """A frame as RFC 6455 has it."""
    size = len(payload)
    head = bytes([opcode | (0x80 if fin else 0)])
    bit = 0x80 if masked else 0
    if size < 126:
        head += bytes([bit | size])
    elif size < 1 << 16:
        head += bytes([bit | 126]) + size.to_bytes(2, "big")
    else:
        head += bytes([bit | 127]) + size.to_bytes(8, "big")
    if not masked:
        return head + payload
    whole = int.from_bytes(payload, "big") ^ int.from_bytes((mask * (size // 4 + 1))[:size], "big")
    return head + mask + whole.to_bytes(size, "big")


class Far:
    """A server that keeps what it got, and does with each connection what `talk` says."""

    def __init__(self, talk, context=None):
        self.talk, self.context, self.got, self.connections = talk, context, bytearray(), 0

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._one, "127.0.0.1", 0, ssl=self.context)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()

    async def _one(self, reader, writer):
        self.connections += 1
        try:
            await self.talk(self, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def head(self, reader):
        """One request's head; kept."""
        raw = await reader.readuntil(b"\r\n\r\n")
        self.got += raw
        return raw

    async def keep(self, reader):
        """All that comes, to its end."""
        while data := await reader.read(1 << 16):
            self.got += data


@asynccontextmanager
async def proxied(url, *, upstream_context=None, broke=None, route=DIRECT, **more):
    """`(proxy, lines of its tape, what it said)`; at the end it was stopped, and its summary is `proxy.watched`."""
    lines, said = [], []
    broken = []
    more.setdefault("tells", [lines.append])
    upstream = Upstream(replace(target_at(url), route=route), upstream_context, 5.0)
    asked = Asked(upstream=upstream, say=lambda *told: said.append(told), broke=broke or broken.append, **more)
    proxy = Proxy(asked)
    await proxy.start()
    try:
        yield proxy, lines, said
    finally:
        seen.append(await proxy.stop())
        assert broken == []


seen = []


async def until(true, seconds=5.0):
    """Wait for something that another thread or task brings about."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - another thread does it, and tells nobody
            await asyncio.sleep(0.005)


def noise(size):
    """Bytes that nothing is known of."""
    return os.urandom(size)

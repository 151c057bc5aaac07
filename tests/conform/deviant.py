"""A server that deviates in one way: a relay in front of the mock, which changes what passes."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from rtdoctor.mock.server import MockServer
from rtdoctor.wire.rawframes import CLOSE, CONTINUATION, PING, PONG, TEXT, FrameReader, RawFrame, frame

KEY = "sk-proj-testkey7f3a9c0d5e1b2468"
Event = dict[str, Any]


@dataclass
class Ask:
    """A request head that can be changed on its way."""

    line: str
    headers: list[tuple[str, str]]

    @classmethod
    def read(cls, raw: bytes) -> "Ask":
        line, *rest = raw.decode("latin-1").rstrip("\r\n").split("\r\n")
        return cls(line, [(name, value.strip()) for name, _, value in (one.partition(":") for one in rest)])

    def get(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def put(self, name: str, value: str | None) -> None:
        self.headers = [(key, held) for key, held in self.headers if key.lower() != name.lower()]
        if value is not None:
            self.headers.append((name, value))

    def written(self) -> bytes:
        return "\r\n".join((self.line, *(f"{name}: {value}" for name, value in self.headers), "", "")).encode("latin-1")


class Link:
    """One connection through the relay; `memory` is what a way of deviating keeps of it."""

    def __init__(self, up: asyncio.StreamWriter, down: asyncio.StreamWriter) -> None:
        self._up, self._down = up, down
        self.memory: dict[str, Any] = {}

    def to_server(self, event: Event) -> None:
        self.raw_to_server(frame(TEXT, json.dumps(event).encode()))

    def to_client(self, event: Event) -> None:
        self.raw_to_client(frame(TEXT, json.dumps(event).encode(), mask=False))

    def raw_to_server(self, data: bytes) -> None:
        self._up.write(data)

    def raw_to_client(self, data: bytes) -> None:
        self._down.write(data)

    def close(self, code: int) -> None:
        self.raw_to_client(frame(CLOSE, code.to_bytes(2, "big"), mask=False))


# What each hook gives back takes the place of what came; None lets nothing pass.
OnAsk = Callable[[Ask], bytes | None]  # an answer of its own, or None to let the request pass as it is now
OnReply = Callable[[Ask, Ask], None]
OnEvent = Callable[[Link, Event], Event | None]
OnFrame = Callable[[Link, RawFrame], RawFrame | None]


@dataclass
class Way:
    """One way of deviating."""

    ask: OnAsk = lambda _: None
    reply: OnReply = lambda _ask, _reply: None
    client: OnEvent = lambda _link, event: event
    server: OnEvent = lambda _link, event: event
    client_frame: OnFrame = lambda _link, one: one
    server_frame: OnFrame = lambda _link, one: one
    stays: bool = False  # the connection is not ended when the mock ends it
    faults: dict[str, str] = field(default_factory=dict)  # of the mock itself


@asynccontextmanager
async def deviant(way: Way) -> AsyncIterator[str]:
    """Serve on loopback; gives the base URL."""
    links: set[asyncio.Task[Any] | None] = set()
    async with MockServer({KEY}, faults=way.faults, pace=0.002) as mock:

        async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            links.add(asyncio.current_task())
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await _relay(way, mock.port, reader, writer)
            links.discard(asyncio.current_task())
            writer.close()

        server = await asyncio.start_server(take, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        finally:
            server.close()
            left = [link for link in links if link is not None]
            for link in left:
                link.cancel()
            await asyncio.gather(*left, return_exceptions=True)


async def _relay(way: Way, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    ask = Ask.read(await reader.readuntil(b"\r\n\r\n"))
    if (own := way.ask(ask)) is not None:
        writer.write(own)
        await writer.drain()
        return
    above, up = await asyncio.open_connection("127.0.0.1", port)
    try:
        up.write(ask.written())
        reply = Ask.read(await above.readuntil(b"\r\n\r\n"))
        way.reply(ask, reply)
        writer.write(reply.written())
        if " 101 " not in reply.line:
            writer.write(await above.read())
            await writer.drain()
            return
        link = Link(up, writer)
        tasks = [
            asyncio.create_task(_frames(above, way.server_frame, way.server, link, link.raw_to_client, mask=False)),
            asyncio.create_task(_frames(reader, way.client_frame, way.client, link, link.raw_to_server)),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.ALL_COMPLETED if way.stays else asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        up.close()


async def _frames(
    reader: asyncio.StreamReader,
    on_frame: OnFrame,
    on_event: OnEvent,
    link: Link,
    pass_on: Callable[[bytes], None],
    *,
    mask: bool = True,
) -> None:
    frames, parts = FrameReader(1 << 24), bytearray()
    with suppress(OSError):
        while data := await reader.read(65536):
            for came in frames.feed(data):
                one = on_frame(link, came)
                if one is None:
                    continue
                if one.opcode in (TEXT, CONTINUATION) and not one.rsv:
                    # Events are whole where they are looked at; what is no event passes as it is.
                    if one.opcode == TEXT:
                        parts.clear()
                    parts += one.payload
                    event = _event(bytes(parts)) if one.fin else None
                    if event is not None and len(parts) == len(one.payload):
                        changed = on_event(link, event)
                        if changed is not None:
                            text = one.payload if changed is event and _event(one.payload) == event else None
                            pass_on(frame(TEXT, text or json.dumps(changed).encode(), mask=mask and came.masked))
                        continue
                pass_on(frame(one.opcode, one.payload, fin=one.fin, rsv=one.rsv, mask=mask and came.masked))


def _event(data: bytes) -> Event | None:
    with suppress(ValueError):
        found = json.loads(data)
        if isinstance(found, dict):
            return found
    return None


__all__ = ["CLOSE", "KEY", "PING", "PONG", "Ask", "Event", "Link", "Way", "deviant"]

"""Faults of names and of TCP."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.hostile.servers import HOST, Handle, Met, reset, serving


@contextmanager
def closed_port() -> Iterator[int]:
    """A port that is taken, so that nobody else gets it, and where nothing listens."""
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        yield taken.getsockname()[1]


@contextmanager
def full_backlog() -> Iterator[int]:
    """A port that listens and takes no more connections: the kernel drops every further SYN."""
    with ExitStack() as sockets:
        listening = sockets.enter_context(socket.socket())
        listening.bind((HOST, 0))
        listening.listen(0)
        port = listening.getsockname()[1]
        for _ in range(4):
            waiting = sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex((HOST, port))
        yield port


@contextmanager
def answering(handle: Handle, scheme: str = "http") -> Iterator[Met]:
    """A raw server; a connection that sends something, or is answered without, is a hit."""
    hits: list[object] = []

    async def counted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hits.append("connected")
        await handle(reader, writer)

    with serving(counted) as port:
        yield Met(f"{scheme}://{HOST if scheme == 'http' else 'localhost'}:{port}/v1", hits=hits)


async def reset_when_asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Break the connection as soon as the client has said something."""
    if await reader.read(65536):
        await reset(reader, writer)

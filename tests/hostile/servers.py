"""Fault servers on loopback: each runs in a thread with an event loop of its own, and leaves nothing behind.

A handler takes a connection's reader and writer, as with asyncio.start_server. It waits for what the client does and
never sleeps; where it ends, or the server ends, its connection is closed.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from ssl import SSLContext

Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HOST = "127.0.0.1"
_GONE = (OSError, EOFError, asyncio.LimitOverrunError)  # what a handler sees of a client that has left


@dataclass(frozen=True, slots=True)
class Met:
    """What a fault gives to a run: the base URL, more arguments and environment.

    `hits` gets an entry whenever the fault was met, and must not stay empty (None: nothing can be counted);
    `never` gets one for what must not be asked, and must stay empty.
    """

    base: str
    arguments: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    hits: list[object] | None = None
    never: list[object] = field(default_factory=list)


@contextmanager
def serving(handle: Handle, tls: SSLContext | None = None) -> Iterator[int]:
    """Serve with this handler on a free port, which is yielded; everything is closed at the end."""
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)  # handshakes that break are the point of it
    running: set[asyncio.Task[None]] = set()
    writers: set[asyncio.StreamWriter] = set()

    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        try:
            with suppress(*_GONE):
                await handle(reader, writer)
            writer.close()
            with suppress(*_GONE):
                await writer.wait_closed()
        finally:
            writer.transport.abort()
            writers.discard(writer)

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        running.add(task := loop.create_task(guarded(reader, writer)))  # or nobody holds it
        task.add_done_callback(running.discard)

    async def end() -> None:
        listening.close()
        # A transport is closed one turn of the loop after it was aborted, one under TLS a few turns later; and who is
        # just being accepted gets a task in a turn to come.
        for _ in range(10):
            for writer in list(writers):
                writer.transport.abort()
            rest = asyncio.all_tasks() - {asyncio.current_task()}
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)
            await asyncio.sleep(0)

    listening = loop.run_until_complete(asyncio.start_server(accept, HOST, 0, ssl=tls))
    thread = threading.Thread(target=loop.run_forever, name="fault server")
    thread.start()
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say nothing until the client leaves."""
    while await reader.read(65536):
        pass


async def end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say that nothing more comes (FIN), and let the client leave: a close with unread bytes would be a reset."""
    writer.write_eof()
    await hold(reader, writer)


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Break the connection with a RST."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def pace(reader: asyncio.StreamReader, seconds: float) -> None:
    """Wait for the client to leave, but no longer than so many seconds.

    Raises:
        EOFError: it left.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while await reader.read(65536):
                pass
            raise EOFError


async def pour(writer: asyncio.StreamWriter, piece: bytes) -> None:
    """Send the same bytes again and again, as fast as they are taken, until the client leaves."""
    while True:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0)  # drain() does not yield while the client keeps up


async def relay(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    port: int,
    *,
    tls: SSLContext | None = None,
    first: bytes = b"",
    edit: Callable[[bytes], bytes] | None = None,
) -> None:
    """Pass everything on to another port of loopback, and back; `edit` changes the head of the first answer."""
    far_reader, far_writer = await asyncio.open_connection(
        HOST, port, ssl=tls, server_hostname="localhost" if tls else None
    )
    try:
        far_writer.write(first)
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer, edit))
    finally:
        far_writer.transport.abort()


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, edit: Callable[[bytes], bytes] | None = None
) -> None:
    with suppress(*_GONE):
        if edit:
            writer.write(edit(await reader.readuntil(b"\r\n\r\n")))
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    with suppress(*_GONE):
        writer.write_eof() if writer.can_write_eof() else writer.close()

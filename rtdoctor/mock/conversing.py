"""A session of the mock on its socket, from the greeting to the end."""

import asyncio
from contextlib import suppress
from typing import Protocol

from aiohttp import WSCloseCode, WSMsgType

from rtdoctor.mock.line import Line
from rtdoctor.mock.memory import Full
from rtdoctor.mock.session import Fatal
from rtdoctor.mock.stage import Play


class Talk(Protocol):
    """A session of any dialect."""

    async def greet(self) -> None:
        """What it says unasked."""

    async def take(self, data: bytes, *, binary: bool = False) -> None:
        """One message of the client; Fatal, Full and UnicodeDecodeError end the socket."""

    async def expire(self) -> None:
        """The end of its time; raises Fatal."""

    def end(self) -> None:
        """Give back what was held."""


async def hold(line: Line, session: Talk, play: Play | None, seconds: float) -> None:
    """Hold a session, for so many seconds at most; what comes goes by the play, if there is one."""
    beside = [asyncio.create_task(work) for work in (line.ping(), _end(line, session, seconds))]
    # What comes while the greeting is held back is heard, and waits for its turn.
    beside.append(asyncio.create_task(_greet(line, session, play)))
    await asyncio.sleep(0)
    try:
        await _converse(line, session, play)
        if line.connection.made and not line.connection.lost.is_set():  # half-open
            await line.connection.lost.wait()
    finally:
        for task in beside:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await beside[-1]
        if play:
            play.end()
        session.end()


async def _converse(line: Line, session: Talk, play: Play | None) -> None:
    take = play.take if play else session.take
    try:
        async for message in line.messages():
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY) and not line.over:
                await take(message.data, binary=message.type is WSMsgType.BINARY)
    except UnicodeDecodeError:
        await line.close(WSCloseCode.INVALID_TEXT)
    except Full:
        await line.close(WSCloseCode.TRY_AGAIN_LATER)
    except Fatal as fatal:
        await line.refuse(fatal)
    except ConnectionError:
        line.heard.end("client", "reset")


async def _greet(line: Line, session: Talk, play: Play | None) -> None:
    try:
        await session.greet()
        if play:
            play.begin()
    except ConnectionError:
        pass
    except Exception as error:
        await line.broken(error)


async def _end(line: Line, session: Talk, seconds: float) -> None:
    """The end of a session's time, also when the client says nothing."""
    await asyncio.sleep(seconds)
    try:
        await session.expire()
    except Fatal as fatal:
        if not line.over:
            await line.refuse(fatal)

"""A session of the mock on its socket, from the greeting to the end."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Protocol

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


class _Later:
    """Work that begins after so many seconds; until then it is a timer, for most sessions are over before."""

    def __init__(self, seconds: float, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._work = work
        self._waits: asyncio.TimerHandle | asyncio.Task[None] = asyncio.get_running_loop().call_later(
            seconds, self._begin
        )

    def _begin(self) -> None:
        self._waits = asyncio.get_running_loop().create_task(self._work())

    def cancel(self) -> None:
        """Let it not begin, or end it."""
        self._waits.cancel()


async def hold(line: Line, session: Talk, play: Play | None, seconds: float) -> None:
    """Hold a session, for so many seconds at most; what comes goes by the play, if there is one."""
    line.connection.heard = False
    beside = [_Later(line.first_ping, line.ping), _Later(seconds, lambda: _end(line, session))]
    # What comes while the greeting is held back is heard, and waits for its turn.
    greeting = asyncio.create_task(_greet(line, session, play))
    await asyncio.sleep(0)
    try:
        await _converse(line, session, play)
        if line.connection.made and not line.connection.lost.is_set():  # half-open
            await line.connection.lost.wait()
    finally:
        for work in beside:
            work.cancel()
        greeting.cancel()
        with suppress(asyncio.CancelledError):
            await greeting
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


async def _end(line: Line, session: Talk) -> None:
    """The end of a session's time, also when the client says nothing."""
    try:
        await session.expire()
    except Fatal as fatal:
        if not line.over:
            await line.refuse(fatal)

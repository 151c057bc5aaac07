"""One lesson: a mock of its own with the lesson's faults, the client as a child, and what was heard of it."""

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rtdoctor.grade.child import Child, environment, start
from rtdoctor.grade.course import Lesson
from rtdoctor.grade.run import Ending, Notes, Run
from rtdoctor.mock.faults import Faults
from rtdoctor.mock.respond import Replies
from rtdoctor.mock.server import MockServer
from rtdoctor.protocol.audio import RATE

KEY = "sk-mock-0123456789abcdefghijklmn"  # accepted by the mock and by nobody else
_LOOK = 0.25  # seconds between two looks whether a client has connected
_HEARING = 0.3  # seconds after the client's end in which the mock hears of it
_BASE_URL, _WS_URL = "{base_url}", "{ws_url}"  # in the command: for a client that takes its URL as an argument


@dataclass(frozen=True, slots=True)
class Setup:
    """How each lesson is run: the command, its time limit in seconds, TLS and the file of its CA, more variables."""

    command: Sequence[str]
    seconds: float
    tls: ssl.SSLContext | None = None
    ca_file: str | None = None
    more: Mapping[str, str] | None = None


async def take(lesson: Lesson, setup: Setup, listen: Callable[[dict[str, Any]], object] | None = None) -> Run:
    """Run the client through the lesson. `listen` is given every line of the tape, as it comes.

    Raises:
        NotStarted: the command cannot be run.
        OSError: the mock cannot listen.
    """
    began = time.monotonic()
    notes = Notes(lambda: time.monotonic() - began)

    def hear(line: dict[str, Any]) -> None:
        notes.take(line)
        if listen is not None:
            listen(line)

    replies = Replies(pcm=bytes(int(lesson.sound * RATE) * 2)) if lesson.sound else None
    async with MockServer({KEY}, named=Faults(lesson.faults), hear=hear, tls=setup.tls, replies=replies) as mock:
        command = [_with_url(word, mock.base_url) for word in setup.command]
        env = {**environment(mock.base_url, KEY, setup.ca_file), **(setup.more or {})}
        started = time.monotonic() - began
        child = await start(command, env)
        ended_at, stopped_at, exit_code, printed = None, None, None, ""
        try:
            if await _ended(child, notes, started, setup.seconds):
                ended_at, exit_code = time.monotonic() - began, child.exit_code
            else:
                stopped_at = time.monotonic() - began
                printed = child.output  # what it says when it is asked to end was not its own doing
                await child.ask_to_end()
            await _heard_of_it(notes)
        finally:
            await child.kill()
    printed = child.output if stopped_at is None else printed
    return notes.run(lesson.id, Ending(started, ended_at, stopped_at, exit_code, printed))


async def _ended(child: Child, notes: Notes, started: float, seconds: float) -> bool:
    """Wait for the client's end, so many seconds from its first connection on; it may take as long to come to that."""
    until = started + seconds
    while notes.first_at is None and notes.now < until:
        if await child.took(min(_LOOK, max(0.0, until - notes.now))):
            return True
    first = notes.first_at
    return first is not None and await child.took(max(0.0, first + seconds - notes.now))


async def _heard_of_it(notes: Notes) -> None:
    until = time.monotonic() + _HEARING
    while not notes.all_over and time.monotonic() < until:  # noqa: ASYNC110 - what ends is told by nobody's event
        await asyncio.sleep(0.01)


def _with_url(word: str, base_url: str) -> str:
    return word.replace(_BASE_URL, base_url).replace(_WS_URL, "ws" + base_url.removeprefix("http"))

"""Carries out `rtdoctor replay`."""

import asyncio
import ssl
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rtdoctor import process
from rtdoctor.cli import exits
from rtdoctor.cli.lines import Lines
from rtdoctor.cli.mocktls import server_context
from rtdoctor.cli.outputs import Outputs
from rtdoctor.cli.watchdog import quiet
from rtdoctor.model.replayed import Replayed
from rtdoctor.privacy.clean import clean
from rtdoctor.privacy.errors import Usage
from rtdoctor.recording.source import UnreadableSource, open_source
from rtdoctor.replay.cassette import NotPlayable, Take, read_cassette
from rtdoctor.replay.conversation import Pace
from rtdoctor.replay.match import Policy
from rtdoctor.replay.server import Replay

_FINISH = 5.0


@dataclass(frozen=True, slots=True)
class Asked:
    """The flags of the command."""

    file: str
    port: int
    pace: Pace
    policy: Policy
    once: bool
    cert: Path | None = None
    key: Path | None = None


def carry_out(asked: Asked, *, format: str, reports: Sequence[str] = ()) -> int:
    """Serve the file until it is interrupted; the exit code comes back.

    Raises:
        Usage: the file cannot be read or replayed, a certificate cannot be used, or the port is taken.
    """
    file = asked.file
    context = server_context(asked.cert, asked.key)
    takes = read_takes(file)
    with Outputs("replay", format, reports, [0 if file == "-" else file]) as outputs:
        shown = sys.stdout if format == "terminal" else sys.stderr
        lines = Lines(lambda text: print(clean(text), file=shown, flush=True))
        replay = Replay(takes, file=file, policy=asked.policy, pace=asked.pace, say=lines.say)
        replayed = asyncio.run(_until_interrupted(replay, asked, context, lines))
        lines.finish(_FINISH)
        with process.telling():
            outputs(replayed)
        return outputs.code(replayed.exit_code)


def read_takes(file: str) -> list[Take]:
    """What a file holds to be played.

    Raises:
        Usage: it cannot be read, or holds nothing.
    """
    try:
        with open_source(file) as source:
            return read_cassette(source)
    except (UnreadableSource, NotPlayable) as error:
        raise Usage("{}", error) from error


async def _until_interrupted(replay: Replay, asked: Asked, context: ssl.SSLContext | None, lines: Lines) -> Replayed:
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    loop.set_exception_handler(quiet)
    try:
        await replay.start(asked.port, context=context)
    except OSError as error:
        raise exits.not_listening(asked.port, error) from error
    with process.on_interrupt(lambda: loop.call_soon_threadsafe(over.set)):
        lines.say(f"OPENAI_BASE_URL={replay.base_url}")
        lines.say("# plays a recording; Ctrl-C ends it" + (", or its end" if asked.once else ""))
        waits = [loop.create_task(over.wait())]
        if asked.once:
            waits.append(loop.create_task(replay.done.wait()))
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in waits:
            task.cancel()
        return await replay.stop()

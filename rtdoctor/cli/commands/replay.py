"""`rtdoctor replay`: a recording as an endpoint."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtdoctor import process
from rtdoctor.cli import exits
from rtdoctor.cli.options import TERMINAL, PortHere, Recorded, format_option, report_option
from rtdoctor.cli.tlsfiles import mend_tls_variables
from rtdoctor.privacy.clean import clean

if TYPE_CHECKING:
    import ssl

    from rtdoctor.cli.lines import Lines
    from rtdoctor.model.replayed import Replayed
    from rtdoctor.replay.server import Replay


_FINISH = 5.0  # seconds that the lines that wait are printed for


class Pace(StrEnum):
    """When the server's messages come."""

    real = "real"
    none = "none"


class Match(StrEnum):
    """How what the client sends is held against the recording."""

    exact = "exact"
    order = "order"
    loose = "loose"


def replay(
    file: Recorded,
    port: PortHere = 8901,
    pace: Annotated[Pace, typer.Option(help="As it was recorded, or all at once.")] = Pace.none,
    match: Annotated[
        Match,
        typer.Option(
            help="exact: same values. order: same types and fields in order, but ids, audio, times. loose: types."
        ),
    ] = Match.order,
    cert: Annotated[Path | None, typer.Option(help="A PEM certificate: serve TLS (on https://localhost).")] = None,
    key: Annotated[Path | None, typer.Option("--key", help="The PEM key of the certificate.")] = None,
    once: Annotated[bool, typer.Option("--once", help="End when everything was played.")] = False,
    format: Annotated[str, format_option("replay")] = TERMINAL,
    report: Annotated[list[str] | None, report_option("replay")] = None,
) -> None:
    """Serve a recording until Ctrl-C: refusals, closes and resets included. Each connection is played once."""
    mend_tls_variables()
    import asyncio

    from rtdoctor.cli.lines import Lines
    from rtdoctor.cli.outputs import Outputs
    from rtdoctor.cli.read_takes import read_takes
    from rtdoctor.cli.server_tls import server_context
    from rtdoctor.replay.server import Replay

    context = server_context(cert, key)
    takes = read_takes(file)
    with Outputs("replay", format, report or (), [0 if file == "-" else file]) as outputs:
        shown = sys.stdout if format == "terminal" else sys.stderr
        lines = Lines(lambda text: print(clean(text), file=shown, flush=True))
        replay = Replay(takes, file=file, policy=match.value, pace=pace.value, say=lines.say)
        replayed = asyncio.run(_until_interrupted(replay, port, context, once, lines))
        lines.finish(_FINISH)
        with process.telling():
            outputs(replayed)
        code = outputs.code(replayed.exit_code)
    raise typer.Exit(code)


async def _until_interrupted(
    replay: Replay, port: int, context: ssl.SSLContext | None, once: bool, lines: Lines
) -> Replayed:
    import asyncio

    from rtdoctor.cli.watchdog import quiet

    loop, over = asyncio.get_running_loop(), asyncio.Event()
    loop.set_exception_handler(quiet)
    try:
        await replay.start(port, context=context)
    except OSError as error:
        raise exits.not_listening(port, error) from error
    with process.on_interrupt(lambda: loop.call_soon_threadsafe(over.set)):
        lines.say(f"OPENAI_BASE_URL={replay.base_url}")
        lines.say("# plays a recording; Ctrl-C ends it" + (", or its end" if once else ""))
        waits = [loop.create_task(over.wait())]
        if once:
            waits.append(loop.create_task(replay.done.wait()))
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in waits:
            task.cancel()
        return await replay.stop()

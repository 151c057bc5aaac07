"""`rtdoctor view`: a recording on a page of one's own, or in the terminal."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtdoctor import process
from rtdoctor.cli import exits
from rtdoctor.cli.exits import say
from rtdoctor.cli.options import Knowledge, PortHere
from rtdoctor.cli.tlsfiles import mend_tls_variables

if TYPE_CHECKING:
    from rtdoctor.web.feed import Recorded


def view(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A recording, in any form that validate reads.")],
    knowledge: Knowledge = None,  # noqa: ARG001 - it acts when it is read
    port: PortHere = 0,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the browser.")] = True,
    terminal: Annotated[bool, typer.Option("--terminal", help="Show it here, and serve no page.")] = False,
) -> None:
    """Show a recording: connections, events both ways with latencies, audio to see and to hear, transcripts, findings.

    The page is served on this machine only, to who has its URL, until Ctrl-C. It loads nothing from elsewhere.
    """
    mend_tls_variables()
    from rtdoctor.cli.recorded_lines import Recording

    if terminal:
        from rtdoctor.report.live_terminal import LiveTerminal

        recording = Recording(file)
        with process.telling(), LiveTerminal(sys.stdout) as shown:
            for line in recording.lines(shown=False):
                if process.is_interrupted():
                    say("interrupted; this is what was read until then", 0)
                    break
                shown.take(line)
        return
    import asyncio

    from rtdoctor.web.feed import Recorded

    asyncio.run(_serve(Recorded(Recording(file).lines), port, open_browser))


async def _serve(source: Recorded, port: int, open_browser: bool) -> None:
    import asyncio

    from rtdoctor.cli.watchdog import quiet
    from rtdoctor.protocol.models import models
    from rtdoctor.web.server import serve_page

    loop, over = asyncio.get_running_loop(), asyncio.Event()
    loop.set_exception_handler(quiet)
    prices = {model.id: model.usd_per_minute for model in models().values() if model.usd_per_minute is not None}
    page = serve_page(source, port=port, prices=prices)
    try:
        url = await page.__aenter__()
    except OSError as error:
        raise exits.not_listening(port, error) from error
    try:
        with process.on_interrupt(lambda: loop.call_soon_threadsafe(over.set)):
            print(url, flush=True)
            print("# only on this machine, and only with this URL; Ctrl-C ends it", flush=True)
            if open_browser and not await asyncio.to_thread(_open, url):
                say("no browser could be opened; open the URL yourself", 0)
            await over.wait()
    finally:
        await page.__aexit__(None, None, None)


def _open(url: str) -> bool:
    import webbrowser

    # Without a screen a browser of text would take this terminal.
    if sys.platform.startswith("linux") and not any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))):
        return False
    try:
        return webbrowser.open(url)
    except webbrowser.Error:
        return False

"""`rtdoctor view`: a recording on a page of one's own, or in the terminal."""

from pathlib import Path
from typing import Annotated

import typer

from rtdoctor.cli.options import Knowledge
from rtdoctor.cli.tlsfiles import mend_tls_variables


def view(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A recording, in any form that validate reads.")],
    knowledge: Knowledge = None,  # noqa: ARG001 - it acts when it is read
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port on 127.0.0.1; 0 takes a free one.")] = 0,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the browser.")] = True,
    terminal: Annotated[bool, typer.Option("--terminal", help="Show it here, and serve no page.")] = False,
) -> None:
    """Show a recording: connections, events both ways with latencies, audio to see and to hear, transcripts, findings.

    The page is served on this machine only, to who has its URL, until Ctrl-C. It loads nothing from elsewhere.
    """
    mend_tls_variables()
    from rtdoctor.cli.viewing import on_page, on_terminal

    if terminal:
        on_terminal(file)
    else:
        on_page(file, port, open_browser)

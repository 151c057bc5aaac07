"""Options that several commands share. Imports only typer: it lies on the way to `--help`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from rtdoctor.cli.exits import Usage
from rtdoctor.report.writers import WRITERS

TERMINAL = "terminal"  # the writer that is taken where none is named
KeyEnv = Annotated[str | None, typer.Option(metavar="NAME", help="The environment variable that holds the key.")]
KeyFile = Annotated[Path | None, typer.Option(help="A file that holds the key.")]
CaFile = Annotated[Path | None, typer.Option(help="A PEM file with a CA to trust beside the system's.")]
Proxy = Annotated[
    str | None, typer.Option(metavar="URL", help="Go by this HTTP proxy, http://host:port (CONNECT for https).")
]
Timeout = Annotated[float, typer.Option(help="Seconds to wait for each answer.")]


def format_option(command: str) -> Any:
    """The option --format of a command: one of its writers in the table."""
    names = list(WRITERS[command])

    def known(value: str) -> str:
        if value not in names:
            raise typer.BadParameter(f"{value!r} is not one of {', '.join(map(repr, names))}.")
        return value

    return typer.Option(metavar=f"[{'|'.join(names)}]", callback=known, help="How the report is written.")


def check_timeout(seconds: float) -> None:
    """Hold --timeout against its bounds.

    Raises:
        Usage: it is outside them.
    """
    if not 0 < seconds <= 600:
        raise Usage(f"--timeout {seconds:g}: wants more than 0 and at most 600 seconds")

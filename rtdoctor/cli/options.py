"""Options that several commands share. Imports only typer: it lies on the way to `--help`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rtdoctor.cli.exits import Usage


class Format(StrEnum):
    """How the report is written."""

    terminal = "terminal"
    json = "json"


FormatOption = Annotated[Format, typer.Option(help="How the report is written.")]
KeyEnv = Annotated[str | None, typer.Option(metavar="NAME", help="The environment variable that holds the key.")]
KeyFile = Annotated[Path | None, typer.Option(help="A file that holds the key.")]
CaFile = Annotated[Path | None, typer.Option(help="A PEM file with a CA to trust beside the system's.")]
Proxy = Annotated[
    str | None, typer.Option(metavar="URL", help="Go by this HTTP proxy, http://host:port (CONNECT for https).")
]
Timeout = Annotated[float, typer.Option(help="Seconds to wait for each answer.")]


def check_timeout(seconds: float) -> None:
    """Hold --timeout against its bounds.

    Raises:
        Usage: it is outside them.
    """
    if not 0 < seconds <= 600:
        raise Usage(f"--timeout {seconds:g}: wants more than 0 and at most 600 seconds")

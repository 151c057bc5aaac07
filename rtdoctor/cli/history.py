"""`rtdoctor history`: what a folder of saved reports tells over time."""

from pathlib import Path
from typing import Annotated

import typer


def history(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of check --save DIR.", show_default=False)],
    last: Annotated[int, typer.Option(min=2, max=1000, metavar="N", help="The last N reports of each target.")] = 100,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show the answers of saved runs over time, a row for each layer and scenario, and when each of them changed."""
    from rtdoctor.cli.remembering import show

    raise typer.Exit(show(folder, last, as_json=json))

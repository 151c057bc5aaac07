"""`rtdoctor report-bundle`: one zip for a public issue."""

from pathlib import Path
from typing import Annotated

import typer


def bundle(
    reports: Annotated[
        list[Path] | None, typer.Argument(metavar="[REPORT]...", help="JSON reports of check or probe (--report json).")
    ] = None,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The zip.")] = Path(
        "rtdoctor-bundle.zip"
    ),
    yes: Annotated[bool, typer.Option("--yes", help="Write it without asking.")] = False,
) -> None:
    """Make one zip for a public issue: reports, versions, the names of the variables that count, the targets.

    What will stand in it is listed first. Every text is quoted anew: no key, no password, no opaque text. Read it all
    the same before you publish it: hosts and models are shown.
    """
    from rtdoctor.cli.bundling import carry_out

    raise typer.Exit(carry_out(reports or [], output, yes=yes))

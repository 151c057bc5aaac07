"""`rtdoctor diff`: what two reports answer otherwise."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from rtdoctor import process
from rtdoctor.cli import exits
from rtdoctor.privacy.clean import clean


def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A JSON report of check or probe.", show_default=False)],
    new: Annotated[str, typer.Argument(metavar="NEW", help="A later one.", show_default=False)],
) -> None:
    """Tell what a later run answered otherwise, one sentence each: the verdict, each layer, each scenario.

    Times do not count.
    """
    from rtdoctor.cli.differences import differences, read_report

    sentences = list(differences(read_report(Path(old)), read_report(Path(new))))
    with process.telling():
        for sentence in sentences or ["Both reports answer the same."]:
            sys.stdout.write(clean(sentence) + "\n")
    raise typer.Exit(exits.WRONG if sentences else exits.OK)

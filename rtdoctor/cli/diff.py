"""`rtdoctor diff`: what two reports answer otherwise."""

from typing import Annotated

import typer


def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A JSON report of check or probe.", show_default=False)],
    new: Annotated[str, typer.Argument(metavar="NEW", help="A later one.", show_default=False)],
) -> None:
    """Tell what a later run answered otherwise, one sentence each: the verdict, each layer, each scenario.

    Times do not count.
    """
    from rtdoctor.cli.differing import carry_out

    raise typer.Exit(carry_out(old, new))

"""`rtdoctor explain`: what an error text, a log, a piece of code or a cause means. Offline."""

from typing import Annotated

import typer

from rtdoctor.cli import completing
from rtdoctor.cli.options import TERMINAL, Knowledge, ShowOpaque, format_option, report_option


def explain(
    text: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TEXT | FILE… | FOLDER | -]", help="What you have; - is standard input.", show_default=False
        ),
    ] = None,
    cause: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            autocompletion=completing.causes_known,
            help="The page of a cause; also for a close code, an HTTP status, an error code.",
        ),
    ] = None,
    list_only: Annotated[bool, typer.Option("--list", help="List the causes and leave.")] = False,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on as the FILE grows; each cause is told once, Ctrl-C ends it.")
    ] = False,
    knowledge: Knowledge = None,  # noqa: ARG001 - it acts when it is read
    show_opaque: ShowOpaque = False,  # noqa: ARG001 - it acts when it is read
    format: Annotated[str, format_option("explain")] = TERMINAL,
    report: Annotated[list[str] | None, report_option("explain")] = None,
) -> None:
    """Name the cause behind whatever you can paste, and what to change. Nothing is sent anywhere.

    A traceback of any client, an error event, a close code, an HTTP answer, a URL with headers, a piece of client
    code, a whole log of any length: statuses, codes, messages and close codes are found anywhere in it. Several
    problems are told in the order in which you would meet them. Keys are masked in what is printed.
    """
    from rtdoctor.cli.explaining import carry_out

    raise typer.Exit(
        carry_out(
            tuple(text or ()), cause=cause, list_only=list_only, follow=follow, format=format, reports=report or ()
        )
    )

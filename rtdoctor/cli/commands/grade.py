"""`rtdoctor grade`: a client is driven through faults on the mock and judged by what it does."""

from pathlib import Path
from typing import Annotated

import typer

from rtdoctor.cli.options import TERMINAL, ShowOpaque, format_option, report_option
from rtdoctor.cli.tlsfiles import mend_tls_variables


def grade(
    command: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CMD…", help="The client, quoted as one text or as words behind --.", show_default=False
        ),
    ] = None,
    lesson: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Take only this lesson (and the plain one). Repeatable.")
    ] = None,
    list_only: Annotated[bool, typer.Option("--list", help="Show the lessons and the marks, and end.")] = False,
    tape: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Grade a recorded client, without running it.")
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Write a tape of each lesson there, redacted, for validate, view and --tape."
        ),
    ] = None,
    tls: Annotated[
        bool, typer.Option("--tls", help="Serve TLS with a throw-away CA, which the client is told of by variables.")
    ] = False,
    shell: Annotated[bool, typer.Option("--shell", help="Run CMD through the shell.")] = False,
    lesson_timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=1, max=3600, help="Seconds that the client has for one lesson.")
    ] = 20.0,
    jobs: Annotated[int, typer.Option(min=1, max=32, help="So many lessons at once; with one, times are truest.")] = 1,
    deadline: Annotated[
        float, typer.Option(metavar="SECONDS", min=1, max=86_400, help="Seconds for the whole course.")
    ] = 600.0,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Show what the client printed, too.")] = False,
    show_opaque: ShowOpaque = False,  # noqa: ARG001 - it acts when it is read
    format: Annotated[str, format_option("grade")] = TERMINAL,
    report: Annotated[list[str] | None, report_option("grade")] = None,
) -> None:
    """Run a client of yours against the mock, once for each fault, and grade what it does.

    The client is started with OPENAI_BASE_URL and OPENAI_API_KEY set; {base_url} and {ws_url} in CMD are replaced. It
    should do what it does for one user, and end.
    """
    mend_tls_variables()
    from rtdoctor.cli.runs.grade import Asked, carry_out

    asked = Asked(
        tuple(command or ()),
        tuple(lesson or ()),
        tape,
        tls,
        shell,
        lesson_timeout,
        deadline,
        list_only,
        verbose,
        jobs,
        record,
    )
    raise typer.Exit(carry_out(asked, format=format, reports=report or ()))

"""`rtdoctor validate`: judges recorded event streams."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rtdoctor.cli.options import TERMINAL, Knowledge, ShowOpaque, format_option, report_option
from rtdoctor.cli.tlsfiles import mend_tls_variables


class Era(StrEnum):
    """The era that a stream is judged by."""

    auto = "auto"
    ga = "ga"
    beta = "beta"
    translation = "translation"


def validate(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE…", help="Recordings; - is standard input.", show_default=False)
    ],
    knowledge: Knowledge = None,  # noqa: ARG001 - it acts when it is read
    show_opaque: ShowOpaque = False,  # noqa: ARG001 - it acts when it is read
    format: Annotated[str, format_option("validate")] = TERMINAL,
    report: Annotated[list[str] | None, report_option("validate")] = None,
    era: Annotated[Era, typer.Option(help="Judge by this era; auto takes it from the stream.")] = Era.auto,
    strict: Annotated[bool, typer.Option(help="Let warnings fail, too.")] = False,
    migrate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the stream in its GA form, a line an event.")
    ] = None,
) -> None:
    """Judge recorded Realtime events: shape by JSON Schema, order by a state machine, era by their names.

    Reads, without being told which: events one a line, {dir, event} lines, lines with a time stamp, rtdoctor's own
    recording, HAR with WebSocket messages, an array, a log with JSON behind a prefix; each also gzipped.
    """
    mend_tls_variables()  # its hashes are OpenSSL's
    from rtdoctor.cli.validating import carry_out

    raise typer.Exit(
        carry_out(
            files,
            format=format,
            reports=report or (),
            era=None if era is Era.auto else era.value,
            strict=strict,
            migrate_to=migrate,
        )
    )

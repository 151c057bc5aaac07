"""`rtdoctor export`: a recording in another form."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rtdoctor.cli.tlsfiles import mend_tls_variables


class Form(StrEnum):
    """What it becomes."""

    har = "har"
    markdown = "markdown"
    wav = "wav"


def export(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A tape, a HAR, or JSON lines; - is standard input.")],
    form: Annotated[
        Form,
        typer.Option("--as", help="har: for a browser's network panel; markdown: for an issue; wav."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Where to; by default standard output, and for wav recording.wav here."),
    ] = None,
) -> None:
    """Write a recording as HAR, as Markdown, or the speech in it as WAV, a file for each side: NAME-1-client.wav."""
    mend_tls_variables()
    from rtdoctor.cli.exporting import carry_out

    carry_out(file, form.value, out)

"""`rtdoctor export`: a recording in another form."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtdoctor import process
from rtdoctor.cli.options import Recorded
from rtdoctor.cli.tlsfiles import mend_tls_variables
from rtdoctor.files import NotWritten, writing
from rtdoctor.privacy.errors import Usage

if TYPE_CHECKING:
    from rtdoctor.replay.cassette import Take


_WAV = Path("recording.wav")


class Form(StrEnum):
    """What it becomes."""

    har = "har"
    markdown = "markdown"
    wav = "wav"


def export(
    file: Recorded,
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
    from rtdoctor.cli.read_takes import read_takes
    from rtdoctor.replay.exports import har, markdown, speech

    takes = read_takes(file)
    taken = [0 if file == "-" else file, 1, 2]
    try:
        if form is not Form.wav:
            pieces = har(takes) if form is Form.har else iter([markdown(takes)])
            if out is None:
                with process.telling():
                    for piece in pieces:
                        sys.stdout.write(piece.decode("utf-8", "backslashreplace"))
                return
            with writing(out, taken) as write:
                for piece in pieces:
                    write(piece)
            return
        many = 0
        place = out or _WAV
        if out is None:
            _refuse_existing(takes)
        for one in speech(takes):
            many += 1
            path = _of_side(place, one.number, one.side)
            with writing(path, taken) as write:
                for piece in one.wav():
                    write(piece)
            print(path)
    except (NotWritten, ValueError) as error:
        raise Usage("--out {}", error) from error
    if not many:
        raise Usage("{}: there is no audio in it", file)


def _of_side(place: Path, number: int, side: str) -> Path:
    return place.with_name(f"{place.stem}-{number}-{side}{place.suffix or '.wav'}")


def _refuse_existing(takes: list[Take]) -> None:
    """Files that the user did not name are never replaced; nothing is written where one of them is there.

    Raises:
        Usage: one is.
    """
    from rtdoctor.replay.exports import speech

    if not any(_WAV.parent.glob(f"{_WAV.stem}-*{_WAV.suffix}")):
        return  # speech is decoded twice only where it matters
    for one in speech(takes):
        if os.path.lexists(path := _of_side(_WAV, one.number, one.side)):
            raise Usage("{}: is there already; --out {} replaces the files of that name", path, _WAV)

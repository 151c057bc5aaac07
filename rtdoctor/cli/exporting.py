"""Carries out `rtdoctor export`."""

import os
import sys
from pathlib import Path

from rtdoctor import process
from rtdoctor.cli.replaying import read_takes
from rtdoctor.files import NotWritten, writing
from rtdoctor.privacy.errors import Usage
from rtdoctor.replay.cassette import Take
from rtdoctor.replay.forms import har, markdown, speech

_WAV = Path("recording.wav")


def carry_out(file: str, form: str, out: Path | None) -> None:
    """Write the file in that form.

    Raises:
        Usage: it cannot be read or written, or holds no speech where that was asked for.
    """
    takes = read_takes(file)
    taken = [0 if file == "-" else file, 1, 2]
    try:
        if form != "wav":
            data = har(takes) if form == "har" else markdown(takes)
            if out is None:
                with process.telling():
                    sys.stdout.write(data.decode("utf-8", "backslashreplace"))
                return
            with writing(out, taken) as write:
                write(data)
            return
        many = 0
        place = out or _WAV
        if out is None:
            _refuse_existing(takes)
        for one in speech(takes):
            many += 1
            path = _of_side(place, one.number, one.side)
            with writing(path, taken) as write:
                write(one.wav)
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
    if not any(_WAV.parent.glob(f"{_WAV.stem}-*{_WAV.suffix}")):
        return  # speech is decoded twice only where it matters
    for one in speech(takes):
        if os.path.lexists(path := _of_side(_WAV, one.number, one.side)):
            raise Usage("{}: is there already; --out {} replaces the files of that name", path, _WAV)

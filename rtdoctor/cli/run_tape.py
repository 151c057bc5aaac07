"""`--record` of `check` and `probe`: a tape of the sockets of a run."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from rtdoctor.cli import exits
from rtdoctor.engine.taping import taped
from rtdoctor.files import NotWritten
from rtdoctor.privacy.errors import Usage
from rtdoctor.recording.tape import durable, open_tape


@contextmanager
def run_tape(path: Path | None, by: Literal["check", "probe"], to: str) -> Iterator[None]:
    """Record into the file, if there is one. When the disk is full the run goes on, and that is told once.

    Raises:
        Usage: the file cannot be written, or holds something.
    """
    if path is None:
        yield
        return
    try:
        with (
            open_tape(path) as tell,
            taped(durable(tell, lambda error: exits.say(f"--record {error}; the tape ends here", 0)), by=by, to=to),
        ):
            yield
    except NotWritten as error:
        raise Usage("--record {}", error) from error

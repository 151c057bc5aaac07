"""The console that every command prints with: plain text only, and quiet when its reader has left."""

from typing import TextIO

from rich.console import Console

from rtdoctor.report.encoding import legible

_LEAST_WIDTH = 20


class _Quiet(Console):
    def on_broken_pipe(self) -> None:
        """Let the error through: `main` ends with exit code 0, for what was asked for has been done."""
        raise BrokenPipeError


def console(out: TextIO) -> Console:
    """A console without markup, emoji or highlighting: what a server sends is text and nothing else. Characters that
    the encoding of `out` lacks get a stand-in."""
    legible(out)
    made = _Quiet(file=out, markup=False, emoji=False, highlight=False)
    if made.width < _LEAST_WIDTH:
        made.width = _LEAST_WIDTH  # COLUMNS=0 would leave nothing of a report
    return made

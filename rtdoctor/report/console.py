"""The console that every command prints with: plain text only."""

import os
from typing import TextIO

from rich.console import Console

from rtdoctor.encoding import legible

_LEAST_WIDTH = 20
_LONGEST_NUMBER = 6


def console(out: TextIO) -> Console:
    """A console without markup, emoji or highlighting: what a server sends is text and nothing else. Characters that
    the encoding of `out` lacks get a stand-in."""
    legible(out)
    for name in ("COLUMNS", "LINES"):
        if not (size := os.environ.get(name, "80")).isascii() or len(size) > _LONGEST_NUMBER:
            del os.environ[name]  # what is no number there is no width
    made = Console(file=out, markup=False, emoji=False, highlight=False)
    if made.width < _LEAST_WIDTH:
        made.width = _LEAST_WIDTH  # COLUMNS=0 would leave nothing of a report
    return made

"""The console that every command prints with: plain text only."""

import os
from typing import Any, TextIO, cast

from rich.console import Console

from rtdoctor.encoding import legible
from rtdoctor.linear import pattern

_LEAST_WIDTH = 20
_LONGEST_NUMBER = 6
_PADDING = pattern(r" +\n")


class _Trimmed:
    """A stream that is no terminal: the blanks with which a table fills its lines are not written."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, text: str) -> int:
        """Write it without blanks at the ends of lines."""
        return self._out.write(_PADDING.sub("\n", text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._out, name)


def console(out: TextIO) -> Console:
    """A console without markup, emoji or highlighting: what a server sends is text and nothing else. Characters that
    the encoding of `out` lacks get a stand-in."""
    legible(out)
    for name in ("COLUMNS", "LINES"):
        if not (size := os.environ.get(name, "80")).isascii() or len(size) > _LONGEST_NUMBER:
            del os.environ[name]  # what is no number there is no width
    made = Console(
        file=out if out.isatty() else cast(TextIO, _Trimmed(out)), markup=False, emoji=False, highlight=False
    )
    if made.width < _LEAST_WIDTH:
        made.width = _LEAST_WIDTH  # COLUMNS=0 would leave nothing of a report
    return made

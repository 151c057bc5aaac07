"""The console that every command prints with: plain text only, and quiet when its reader has left."""

import sys

from rich.console import Console


class _Quiet(Console):
    def on_broken_pipe(self) -> None:
        """Let the error through: `main` ends with exit code 0, for what was asked for has been done."""
        raise BrokenPipeError


def console(*, stderr: bool = False) -> Console:
    """A console without markup, emoji or highlighting: what a server sends is text and nothing else. Characters that
    the terminal's encoding lacks are replaced, not fatal."""
    stream = sys.stderr if stderr else sys.stdout
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")
    return _Quiet(stderr=stderr, markup=False, emoji=False, highlight=False)

"""The live line on stderr that names what is pending. Shown only on a terminal."""

import sys

from rich.console import Console
from rich.status import Status
from rich.text import Text

from rtdoctor.model.report import Pending, RunEvent


class Progress:
    """A reader of the run's events. `hide` takes the line away before anything else is printed."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None

    def __call__(self, event: RunEvent) -> None:
        """Show what is pending now."""
        if not isinstance(event, Pending) or not sys.stderr.isatty() or self._console.is_dumb_terminal:
            return
        if not event.what:
            self.hide()
            return
        names = ", ".join(event.what[:3]) + (" …" if len(event.what) > 3 else "")
        line = Text(f"{event.done}/{event.total}  waiting for {names}", overflow="ellipsis", no_wrap=True)
        if self._status is None:
            self._status = self._console.status(line, spinner="line")
            self._status.start()
        else:
            self._status.update(line)

    def hide(self) -> None:
        """Take the line away."""
        if self._status is not None:
            self._status.stop()
            self._status = None

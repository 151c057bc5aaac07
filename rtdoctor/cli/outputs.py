"""Where a command's report goes: standard output in one form, the files of --report, and what a GitHub runner reads.

A file is opened before anything is tried, so that a path that cannot be written is told at once, and appears whole at
the end. What fails later costs neither the other reports nor the run's answer: it is told, and the exit code is 2.
"""

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from rtdoctor.cli import exits
from rtdoctor.files import NotWritten, read_bounded, renewed, writing
from rtdoctor.model.progress import Last, OnTheWay
from rtdoctor.privacy.errors import Usage
from rtdoctor.privacy.guard import Guarded, say
from rtdoctor.report.writers import FILES, WRITERS, writer

_TERMINALS = ("terminal", "verbose")
_MOST_SUMMARY = 1_000_000  # bytes; GitHub takes 1 MiB a step, of whatever wrote it


class _File:
    """A report in a file: a text stream for its writer, bytes for the file."""

    def __init__(self, command: str, name: str, path: Path, inputs: Iterable[int | str | Path]) -> None:
        self.name, self.path = name, path
        self.failed: NotWritten | None = None
        self._open: AbstractContextManager[Callable[[bytes], None]] | None = writing(path, inputs)
        try:
            self._write = self._open.__enter__()
        except NotWritten as error:
            raise Usage("--report {}={}", name, error) from error
        self._guarded = Guarded(cast(Any, self))
        self._reader = writer(command, name)(cast(Any, self._guarded))

    def write(self, text: str) -> int:
        """Write it as UTF-8; half of a character is an escape."""
        self._write(text.encode("utf-8", "backslashreplace"))
        return len(text)

    def flush(self) -> None:
        """There is nothing to do: a device gets each write at once, and a file appears at the end."""

    def take(self, value: Any) -> None:
        """Let the writer read it; what cannot be written is kept, and nothing more is."""
        if self.failed is None and self._open is not None:
            try:
                self._reader(value)
            except NotWritten as error:
                self.failed = error

    def close(self, error: BaseException | None = None) -> None:
        """The end. After an error nothing is left of it."""
        if self._open is None:
            return
        held, self._open = self._open, None
        try:
            error = error or self.failed
            if error is None:
                held.__exit__(None, None, None)
            else:
                with suppress(BaseException):  # what was thrown in comes back
                    held.__exit__(type(error), error, None)
        except NotWritten as failed:
            self.failed = failed
        if self._guarded.masked:
            names = ", ".join(self._guarded.masked)
            exits.say(f"a piece of a secret was masked in the {self.name} report at the last moment ({names})", 0)


class Outputs:
    """Reads what a command tells, and lets every report that was asked for show it.

    Raises (when made):
        Usage: a file cannot be written, or two reports want one file.
    """

    def __init__(
        self, command: str, format: str, asked: Sequence[str] = (), inputs: Iterable[int | str | Path] = ()
    ) -> None:
        self._command, self._format = command, format
        self._stdout = writer(command, format)(sys.stdout)
        self._files: list[_File] = []
        self._on_runner = os.environ.get("GITHUB_ACTIONS") == "true"
        self._annotates = "github" in WRITERS[command] and (self._on_runner or format == "github")
        self._summary = (
            Path(step_summary) if (step_summary := os.environ.get("GITHUB_STEP_SUMMARY")) and self._annotates else None
        )
        self._token = ""
        self._finished = False
        self._state = 0
        taken = [*inputs, 1, 2]
        try:
            for one in asked:
                self._ask(one, taken)
        except BaseException as error:
            self._close(error)
            raise

    def _ask(self, one: str, taken: Iterable[int | str | Path]) -> None:
        name, _, path = one.partition("=")
        if name == "github":
            self._annotates = True
            self._summary = Path(path) if path else self._summary
            return
        file = Path(path or FILES[name])
        if any(file == other.path for other in self._files):
            raise Usage("--report {}: two reports want this file", file)
        self._files.append(_File(self._command, name, file, taken))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._unfence()
        self._close(error or (None if self._finished else Usage("nothing was told")))

    def __call__(self, value: Any) -> None:
        """Take an event of a run, or the one value that a command tells; with the last one all reports are closed."""
        self._fence()
        try:
            self._stdout(value)
            last = not isinstance(value, OnTheWay)
        finally:
            if not isinstance(value, OnTheWay):
                self._unfence()
                sys.stdout.flush()
        for file in self._files:
            file.take(value)
        if last:
            self._finish(value.report if isinstance(value, Last) else value)

    def ahead(self, value: Any) -> None:
        """Show a value on standard output alone, now: there is more to come, or `rest` ends it."""
        self._fence()
        try:
            self._stdout(value)
        finally:
            sys.stdout.flush()

    def rest(self, value: Any) -> None:
        """Write the files of what was shown `ahead` and is all."""
        self._unfence()
        for file in self._files:
            file.take(value)
        self._finish(value)

    def code(self, code: int) -> int:
        """The exit code: the run's own, 2 where a report could not be written, Nagios' where that is what it is for."""
        if any(file.failed for file in self._files):
            return exits.USAGE
        return self._state if self._format == "nagios" and code in (0, 1, 2, 3) else code

    def _finish(self, value: Any) -> None:
        self._finished = True
        if self._format not in _TERMINALS and self._command != "explain":
            self._tell(value)
        if self._annotates:
            self._annotate(value)
        self._close(None)
        for file in self._files:
            if file.failed:
                exits.say(f"--report {file.name}: {file.failed}", 0)

    def _tell(self, value: Any) -> None:
        """The answer for people, where standard output is for a machine."""
        from rtdoctor.report.digest import verdict_line
        from rtdoctor.report.digests import digest
        from rtdoctor.report.nagios import state

        of = digest(value)
        self._state = state(of)
        if self._format not in ("nagios", "github") and not (self._annotates and self._on_runner):
            say(verdict_line(of))
            if of.fix:
                say(f"Fix: {of.fix}")

    def _annotate(self, value: Any) -> None:
        if self._format in _TERMINALS:
            writer(self._command, "github")(sys.stdout)(value)
            sys.stdout.flush()
        elif self._format != "github":
            import io

            out = io.StringIO()
            writer(self._command, "github")(out)(value)
            say(out.getvalue().rstrip("\n"))
        if self._summary is not None:
            try:
                self._summarise(value, self._summary)
            except (NotWritten, OSError) as error:
                exits.say(f"the summary of the step was not written: {error}", 0)

    def _summarise(self, value: Any, path: Path) -> None:
        """Put the Markdown behind what the step's summary holds already."""
        from rtdoctor.report.markdown import text

        before = read_bounded(path, _MOST_SUMMARY) if path.exists() else b""
        if before and not before.endswith(b"\n"):
            before += b"\n"
        guarded = Guarded(cast(Any, None))
        ours = guarded.without_secrets(text(value, _MOST_SUMMARY - len(before)))
        renewed(path)
        with writing(path, (1, 2)) as write:
            write(before + ours.encode("utf-8", "backslashreplace"))

    def _close(self, error: BaseException | None) -> None:
        for file in self._files:
            file.close(error)

    # --- what a runner would obey -------------------------------------------------------------------------------------

    def _fence(self) -> None:
        """On a GitHub runner, let no line of the terminal's report be a command: a server may have written one."""
        if self._on_runner and self._format in _TERMINALS and not self._token and not self._finished:
            self._token = os.urandom(16).hex()
            sys.stdout.write(f"::stop-commands::{self._token}\n")

    def _unfence(self) -> None:
        if self._token:
            sys.stdout.write(f"::{self._token}::\n")
            self._token = ""

"""Carries out `rtdoctor validate`."""

import json
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rtdoctor import process
from rtdoctor.cli.exits import USAGE, Usage
from rtdoctor.engine.validate import Room, Sink, validate_file, validation_of
from rtdoctor.files import NotWritten, writing
from rtdoctor.model.validation import FileReport
from rtdoctor.privacy.quote import redacted
from rtdoctor.recording.source import UnreadableSource, open_source
from rtdoctor.report.writers import writer


def carry_out(files: Sequence[str], *, format: str, era: str | None, strict: bool, migrate_to: Path | None) -> int:
    """Judge the files and print; the exit code comes back.

    Raises:
        Usage: a file cannot be opened, none holds an event, or the migrated stream cannot be written.
    """
    if migrate_to is not None and len(files) != 1:
        raise Usage("--migrate writes one stream; give one file")
    if files.count("-") > 1:
        raise Usage("- was given twice; standard input can be read once")
    reports: list[FileReport] = []
    room = Room()
    try:
        with ExitStack() as stack:
            taken = [*map(_place, files), 1, 2]
            sink = _sink(stack.enter_context(writing(migrate_to, taken))) if migrate_to else None
            for name in files:
                with open_source(name) as source:
                    reports.append(validate_file(name, source, era=era, strict=strict, sink=sink, room=room))
            if sink and not (reports[0].connections or reports[0].more_connections):
                raise Usage("{}: the recording holds no event, so --migrate wrote nothing", files[0])
    except NotWritten as error:
        raise Usage("--migrate {}", error) from error
    except (UnreadableSource, OSError) as error:
        raise Usage("{}", error) from error
    validation = validation_of(reports)
    with process.telling():
        writer("validate", format)(validation, sys.stdout)
    judged = any(report.connections or report.more_connections for report in reports)
    return process.exit_code(validation.exit_code if judged else USAGE)


def _place(name: str) -> int | str:
    """What a recording is known by to the system: its path, or the descriptor of standard input."""
    return 0 if name == "-" else name


def _sink(write: Callable[[bytes], None]) -> Sink:
    """Writes a line an event."""

    def sink(line: dict[str, Any]) -> None:
        # Redacted as values, not as the line: a mark must not stand in the middle of an escape.
        text = json.dumps(redacted(line), ensure_ascii=False)
        # Half of a character is no UTF-8; as an escape it is what it was in the JSON that was read.
        write((text + "\n").encode("utf-8", "backslashreplace"))

    return sink

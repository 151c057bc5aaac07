"""Carries out `rtdoctor validate`."""

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rtdoctor.cli.exits import Usage
from rtdoctor.engine.validate import Room, Sink, validate_file, validation_of
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
    with _writing(migrate_to) as sink:
        for name in files:
            try:
                with open_source(name) as source:
                    reports.append(validate_file(name, source, era=era, strict=strict, sink=sink, room=room))
            except (UnreadableSource, OSError) as error:
                raise Usage(str(error)) from error
    validation = validation_of(reports)
    writer("validate", format)(validation, sys.stdout)
    if not any(report.connections or report.more_connections for report in reports):
        return 2
    return validation.exit_code


@contextmanager
def _writing(target: Path | None) -> Iterator[Sink | None]:
    """A sink that writes a line an event. The file appears whole at the end, mode 0600, never behind a link."""
    if target is None:
        yield None
        return
    if target.is_symlink() or target.is_dir():
        raise Usage(f"--migrate {target}: is a {'link' if target.is_symlink() else 'folder'}, not a file to write")
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=target.name, suffix=".part")
    except OSError as error:
        raise Usage(f"--migrate {target}: {error.strerror or error}") from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:

            def sink(line: dict[str, Any]) -> None:
                # Redacted as values, not as the line: a mark must not stand in the middle of an escape.
                text = json.dumps(redacted(line), ensure_ascii=False)
                out.write(text + "\n")

            yield sink
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise

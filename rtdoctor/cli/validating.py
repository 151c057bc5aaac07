"""Carries out `rtdoctor validate`."""

import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rtdoctor.cli.console import console
from rtdoctor.cli.exits import Usage
from rtdoctor.engine.validate import Sink, validate_file, validation_of
from rtdoctor.model.secret import Redactor
from rtdoctor.model.validation import FileReport
from rtdoctor.recording.source import UnreadableSource, open_source
from rtdoctor.report import validation_json, validation_terminal


def carry_out(files: Sequence[str], *, json: bool, era: str | None, strict: bool, migrate_to: Path | None) -> int:
    """Judge the files and print; the exit code comes back.

    Raises:
        Usage: a file cannot be opened, none holds an event, or the migrated stream cannot be written.
    """
    if migrate_to is not None and len(files) != 1:
        raise Usage("--migrate writes one stream; give one file")
    if files.count("-") > 1:
        raise Usage("- was given twice; standard input can be read once")
    redactor = Redactor()
    reports: list[FileReport] = []
    with _writing(migrate_to, redactor) as sink:
        for name in files:
            try:
                with open_source(name) as source:
                    reports.append(validate_file(name, source, era=era, strict=strict, sink=sink))
            except (UnreadableSource, OSError) as error:
                raise Usage(str(error)) from error
    validation = redactor.value(validation_of(reports))
    if json:
        print(validation_json.text(validation))
    else:
        validation_terminal.show(validation, console())
    if not any(report.connections for report in reports):
        return 2
    return validation.exit_code


@contextmanager
def _writing(target: Path | None, redactor: Redactor) -> Iterator[Sink | None]:
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
                out.write(redactor.text(json.dumps(line, ensure_ascii=False)) + "\n")

            yield sink
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise

"""Carries out `rtdoctor validate`."""

import errno
import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rtdoctor import process
from rtdoctor.cli.exits import USAGE, say
from rtdoctor.cli.outputs import Outputs
from rtdoctor.engine.validate import Room, Sink, validate_file, validation_of
from rtdoctor.files import NotWritten, is_regular, until_interrupted, writing
from rtdoctor.model.validation import FileReport
from rtdoctor.privacy.errors import Usage
from rtdoctor.privacy.quote import redacted
from rtdoctor.recording.source import UnreadableSource, open_source


def carry_out(
    files: Sequence[str],
    *,
    format: str,
    era: str | None,
    strict: bool,
    migrate_to: Path | None,
    reports: Sequence[str] = (),
) -> int:
    """Judge the files and print; the exit code comes back.

    Raises:
        Usage: a file cannot be opened, none holds an event, or the migrated stream cannot be written.
    """
    if migrate_to is not None and len(files) != 1:
        raise Usage("--migrate writes one stream; give one file")
    if files.count("-") > 1:
        raise Usage("- was given twice; standard input can be read once")
    with Outputs("validate", format, reports, [*map(_place, files)]) as outputs:
        return outputs.code(_judged(files, era, strict, migrate_to, outputs))


def _judged(files: Sequence[str], era: str | None, strict: bool, migrate_to: Path | None, outputs: Outputs) -> int:
    reports: list[FileReport] = []
    unwritten: list[NotWritten] = []
    try:
        _judge(files, era, strict, migrate_to, reports, unwritten)
    except NotWritten as error:
        if not reports:
            raise Usage("--migrate {}", error) from error
        unwritten.append(error)
    except UnreadableSource as error:
        raise Usage("{}", error) from error
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            raise  # told in one way for all commands
        raise Usage("{}", error) from error
    validation = validation_of(reports)
    with process.telling():
        outputs(validation)
    if process.is_interrupted():
        say("interrupted; this is the judgement on what was read until then", 0)
    if unwritten:
        return process.exit_code(say(f"--migrate {unwritten[0]}", USAGE))
    if migrate_to is not None and (left_out := reports[0].problem_count):
        say(f"--migrate left out {left_out} line(s) that could not be read", 0)
    judged = any(report.connections or report.more_connections for report in reports)
    return process.exit_code(validation.exit_code if judged else USAGE)


def _judge(
    files: Sequence[str],
    era: str | None,
    strict: bool,
    migrate_to: Path | None,
    reports: list[FileReport],
    unwritten: list[NotWritten],
) -> None:
    """Judge each file, and write the migrated stream; an interrupt ends the reading, and what was read is judged. That
    something cannot be written costs the stream, not the judgement."""
    room = Room()
    with ExitStack() as stack:
        taken = [*map(_place, files), 1, 2]
        sink = _sink(stack.enter_context(writing(migrate_to, taken)), unwritten) if migrate_to else None
        ending = stack.enter_context(until_interrupted())
        for name in files:
            with open_source(name) as source:
                reports.append(validate_file(name, ending(source), era=era, strict=strict, sink=sink, room=room))
            if process.is_interrupted():
                break
        if unwritten:
            raise unwritten.pop()
        if sink and process.is_interrupted() and files[0] != "-" and is_regular(Path(files[0])):
            raise NotWritten("{}: interrupted, so nothing was written", migrate_to)
        if sink and not (reports[0].connections or reports[0].more_connections):
            raise Usage("{}: the recording holds no event, so --migrate wrote nothing", files[0])


def _place(name: str) -> int | str:
    """What a recording is known by to the system: its path, or the descriptor of standard input."""
    return 0 if name == "-" else name


def _sink(write: Callable[[bytes], None], unwritten: list[NotWritten]) -> Sink:
    """Writes a line an event, until one cannot be written."""

    def sink(line: dict[str, Any]) -> None:
        if unwritten:
            return
        # Redacted as values, not as the line: a mark must not stand in the middle of an escape.
        text = json.dumps(redacted(line), ensure_ascii=False)
        # Half of a character is no UTF-8; as an escape it is what it was in the JSON that was read.
        try:
            write((text + "\n").encode("utf-8", "backslashreplace"))
        except NotWritten as error:
            unwritten.append(error)

    return sink

"""`rtdoctor validate`: judges recorded event streams."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rtdoctor import process
from rtdoctor.cli.exits import USAGE, say
from rtdoctor.cli.options import TERMINAL, Knowledge, ShowOpaque, format_option, report_option
from rtdoctor.cli.tlsfiles import mend_tls_variables
from rtdoctor.files import NotWritten, is_regular, until_interrupted, writing
from rtdoctor.model.plural import plural
from rtdoctor.privacy.errors import Usage
from rtdoctor.privacy.quote import redacted

if TYPE_CHECKING:
    from rtdoctor.cli.outputs import Outputs
    from rtdoctor.engine.validate import Sink
    from rtdoctor.model.validation import FileReport


class Era(StrEnum):
    """The era that a stream is judged by."""

    auto = "auto"
    ga = "ga"
    beta = "beta"
    translation = "translation"


def validate(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE…", help="Recordings; - is standard input.", show_default=False)
    ],
    knowledge: Knowledge = None,  # noqa: ARG001 - it acts when it is read
    show_opaque: ShowOpaque = False,  # noqa: ARG001 - it acts when it is read
    format: Annotated[str, format_option("validate")] = TERMINAL,
    report: Annotated[list[str] | None, report_option("validate")] = None,
    era: Annotated[Era, typer.Option(help="Judge by this era; auto takes it from the stream.")] = Era.auto,
    strict: Annotated[bool, typer.Option(help="Let warnings fail, too.")] = False,
    summary: Annotated[
        bool,
        typer.Option("--summary", help="Show what each session held: speech, calls, usage, latencies."),
    ] = False,
    migrate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the stream in its GA form, a line an event.")
    ] = None,
) -> None:
    """Judge recorded Realtime events: shape by JSON Schema, order by a state machine, era by their names.

    Reads, without being told which: events one a line, {dir, event} lines, lines with a time stamp, rtdoctor's own
    recording, HAR with WebSocket messages, an array, a log with JSON behind a prefix; each also gzipped.
    """
    mend_tls_variables()  # its hashes are OpenSSL's
    from rtdoctor.cli.outputs import Outputs

    if migrate is not None and len(files) != 1:
        raise Usage("--migrate writes one stream; give one file")
    if files.count("-") > 1:
        raise Usage("- was given twice; standard input can be read once")
    with Outputs("validate", format, report or (), [*map(_place, files)]) as outputs:
        code = outputs.code(
            _judged(files, None if era is Era.auto else era.value, strict, migrate, outputs, short=summary)
        )
    raise typer.Exit(code)


def _judged(
    files: Sequence[str], era: str | None, strict: bool, migrate_to: Path | None, outputs: Outputs, *, short: bool
) -> int:
    from rtdoctor.engine.validate import validation_of
    from rtdoctor.recording.source import UnreadableSource

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
    validation = replace(validation_of(reports), short=short)
    with process.telling():
        outputs(validation)
    if process.is_interrupted():
        say("interrupted; this is the judgement on what was read until then", 0)
    if unwritten:
        return process.exit_code(say(f"--migrate {unwritten[0]}", USAGE))
    if migrate_to is not None and (left_out := reports[0].problem_count):
        say(f"--migrate left out {plural(left_out, 'line')} that could not be read", 0)
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
    from rtdoctor.engine.validate import Room, validate_file
    from rtdoctor.recording.source import open_source

    room = Room()
    with ExitStack() as stack:
        taken = [*map(_place, files), 1, 2]
        sink = migrated(stack.enter_context(writing(migrate_to, taken)), unwritten) if migrate_to else None
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


def migrated(write: Callable[[bytes], None], unwritten: list[NotWritten]) -> Sink:
    """Writes a line an event, until one cannot be written."""
    import json

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

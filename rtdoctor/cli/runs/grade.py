"""Carries out `rtdoctor grade`."""

import asyncio
import os
import shlex
import ssl
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from rtdoctor import process
from rtdoctor.cli import exits
from rtdoctor.cli.mock_tape import recording
from rtdoctor.cli.options import shown_as
from rtdoctor.cli.outputs import Outputs
from rtdoctor.cli.server_tls import made_certificate
from rtdoctor.cli.watchdog import Watchdog
from rtdoctor.grade.child import NotStarted
from rtdoctor.grade.course import PLAIN, Lesson, always, lessons, marks
from rtdoctor.grade.lesson import KEY, Setup, take
from rtdoctor.grade.result import certificate
from rtdoctor.grade.run import Run, TooMuch, read_run
from rtdoctor.model.graded import CourseResult
from rtdoctor.privacy.errors import Usage
from rtdoctor.privacy.known import keep
from rtdoctor.privacy.secret import Secret
from rtdoctor.recording.source import UnreadableSource, open_source
from rtdoctor.recording.tape import BadTape, read_tape
from rtdoctor.report.console import console


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for on the command line."""

    command: tuple[str, ...]
    lessons: tuple[str, ...] = ()
    tape: Path | None = None
    tls: bool = False
    shell: bool = False
    lesson_timeout: float = 20.0
    deadline: float = 600.0
    list_only: bool = False
    verbose: bool = False
    jobs: int = 1
    record: Path | None = None


@dataclass(slots=True)
class _Course:
    """What has been done of a course."""

    client: str
    wanted: list[Lesson]
    record: Path | None = None
    began: float = field(default_factory=time.monotonic)
    started_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    runs: list[Run] = field(default_factory=list)
    current: str = ""

    def certificate(self, *, interrupted: bool = False) -> CourseResult:
        """What the runs until now come to."""
        order = [lesson.id for lesson in self.wanted]
        return certificate(
            self.client,
            sorted(self.runs, key=lambda run: order.index(run.lesson)),
            self.wanted,
            interrupted=interrupted,
            started_at=self.started_at,
            seconds=time.monotonic() - self.began,
        )


def carry_out(asked: Asked, *, format: str, reports: Sequence[str] = ()) -> int:
    """Run the course, or read the tape; the exit code comes back.

    Raises:
        Usage: the command cannot be run, there is no such lesson, or the tape cannot be read.
    """
    if asked.list_only:
        with process.telling():
            _list()
        return exits.OK
    if bool(asked.command) == (asked.tape is not None):
        raise Usage("give a command to run, or --tape FILE")
    keep([Secret(KEY, "key", "the mock")])
    shown = shown_as(format, asked.verbose)
    if asked.tape is not None:
        if asked.record is not None:
            raise Usage("--record records a client that runs, and --tape runs none")
        with Watchdog(asked.deadline) as watchdog, Outputs("grade", shown, reports, [asked.tape]) as outputs:
            result = _of_tape(asked.tape)
            with watchdog.lock, process.telling():
                outputs(result)
                watchdog.code = result.exit_code
            return outputs.code(result.exit_code)
    wanted = _wanted(asked.lessons)
    command = _command(asked)
    with (
        Watchdog(asked.deadline) as watchdog,
        _tls(asked.tls) as (tls, ca_file),
        Outputs("grade", shown, reports) as to,
    ):
        setup = Setup(command, asked.lesson_timeout, tls, ca_file)
        return to.code(
            _run(watchdog, setup, _Course(shlex.join(command), wanted, _folder(asked.record)), to, asked.jobs)
        )


def _run(watchdog: Watchdog, setup: Setup, course: _Course, outputs: Outputs, jobs: int) -> int:
    failed: list[Usage] = []

    def tell(certificate: CourseResult) -> None:
        with watchdog.lock:
            outputs(certificate)
            watchdog.code = exits.INTERRUPTED if certificate.interrupted else certificate.exit_code

    def last_words(interrupted: bool) -> bool:
        outputs(course.certificate(interrupted=interrupted))
        return True

    free = asyncio.Semaphore(jobs)

    async def one(lesson: Lesson) -> None:
        async with free:
            _progress(lesson, course)
            with _taped(course.record, lesson) as listen:
                course.runs.append(await take(lesson, setup, listen))

    async def whole() -> None:
        try:
            plain, *others = course.wanted
            await one(plain)
            if course.runs[0].talks:
                await asyncio.gather(*map(one, others))
        except NotStarted as error:
            failed.append(Usage("{}: {}", setup.command[0], error))
            return
        except Usage as error:
            failed.append(error)
            return
        tell(course.certificate())

    code = watchdog.run(whole, last_words)
    if failed:
        raise failed[0]
    if code == exits.INTERRUPTED and watchdog.code is None:
        tell(course.certificate(interrupted=True))
    return code


def _progress(lesson: Lesson, course: _Course) -> None:
    if sys.stderr.isatty():
        exits.say(f"lesson {len(course.runs) + 1} of {len(course.wanted)}: {lesson.title}", 0)


def _folder(path: Path | None) -> Path | None:
    if path is not None:
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Usage("--record {}: {}", path, error) from error
    return path


@contextmanager
def _taped(folder: Path | None, lesson: Lesson) -> Iterator[Callable[[dict[str, Any]], object] | None]:
    """What writes the lesson's tape; nothing without --record.

    Raises:
        Usage: the file cannot be written, or holds something.
    """
    if folder is None:
        yield None
        return
    with recording(folder / f"{lesson.id}.tape", "ws://localhost/v1", _tell) as tape:
        tape.begin()
        yield tape


def _tell(sentence: str) -> None:
    exits.say(sentence, 0)


def _wanted(names: Sequence[str]) -> list[Lesson]:
    known = lessons()
    for name in names:
        if name not in known:
            raise Usage("--lesson {}: there is no such lesson; --list shows them", name)
    return [lesson for lesson in known.values() if not names or lesson.id in (*names, PLAIN)]


def _command(asked: Asked) -> list[str]:
    """The words of the command: typed as one text, or word by word behind `--`."""
    words = list(asked.command)
    if asked.shell:
        if os.name != "posix":
            return [os.environ.get("COMSPEC", "cmd.exe"), "/c", " ".join(words)]
        return ["/bin/sh", "-c", " ".join(words)]
    if len(words) > 1:
        return words
    try:
        split = shlex.split(words[0], posix=os.name == "posix")
    except ValueError as error:
        raise Usage("{}: {}", words[0], error) from error
    if not split:
        raise Usage("the command is empty")
    return split


@contextmanager
def _tls(wanted: bool) -> Iterator[tuple[ssl.SSLContext | None, str | None]]:
    """TLS for the mock, and the file of the CA that the client is told to trust; nothing without --tls."""
    if not wanted:
        yield None, None
        return
    context, authority = made_certificate("localhost")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ca.pem"
        file.write_bytes(authority)
        yield context, str(file)


def _of_tape(path: Path) -> CourseResult:
    try:
        with open_source(str(path)) as source:
            run = read_run(line for _, line in read_tape(source))
    except (UnreadableSource, BadTape) as error:
        raise Usage("--tape {}", error) from error
    except (OSError, TooMuch) as error:
        raise Usage("--tape {}: {}", path, error) from error
    return certificate(str(path), [run])


def _list() -> None:
    on = console(sys.stdout)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("lesson", "what happens", "marks"):
        table.add_column(name, overflow="fold")
    for lesson in lessons().values():
        told = [name for name in lesson.marks if name not in always()] if lesson.id != PLAIN else lesson.marks
        table.add_row(Text(lesson.id), Text(lesson.title), Text(" ".join(told)))
    on.print(table)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("mark", "what is graded", "known from"):
        table.add_column(name, overflow="fold")
    for mark in marks().values():
        newest = max(mark.evidence, key=lambda one: one.seen)
        table.add_row(Text(mark.id), Text(mark.title), Text(f"{newest.seen} {newest.confidence}"))
    on.print()
    on.print(table)

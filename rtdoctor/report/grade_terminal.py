"""The terminal form of a client's grades: what is wrong first, with the events that show it, then the others."""

from typing import TextIO

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rtdoctor.model.graded import WORST_FIRST, CourseResult, Graded
from rtdoctor.privacy.clean import clean
from rtdoctor.report.console import console as console_on

_STYLE = {"pass": "green", "warn": "yellow", "fail": "bold red", "not seen": "dim"}
_WORD = {"pass": "pass", "warn": "warn", "fail": "FAIL", "not seen": "not seen"}


def show(certificate: CourseResult, out: TextIO) -> None:
    """Print the grades."""
    _show(certificate, console_on(out), verbose=False)


def show_verbose(certificate: CourseResult, out: TextIO) -> None:
    """Print the grades, each lesson, and what the client printed in it."""
    _show(certificate, console_on(out), verbose=True)


def _show(certificate: CourseResult, console: Console, *, verbose: bool) -> None:
    made_with = f", made with {certificate.sdk}" if certificate.sdk else ""
    console.print(Text(f"{clean(certificate.client)}{made_with}", "bold"))
    if verbose:
        _lessons(certificate, console)
    for grade in WORST_FIRST[:2]:
        for one in certificate.of(grade):
            console.print()
            _wrong(one, console)
    console.print()
    grid = Table.grid(padding=(0, 2))
    grid.add_column(width=8)
    grid.add_column()
    grid.add_column(overflow="fold")
    for grade in WORST_FIRST[2:]:
        for one in certificate.of(grade):
            grid.add_row(Text(_WORD[grade], _STYLE[grade]), Text(one.mark.id), Text(clean(one.judgement.said)))
    console.print(grid)
    console.print()
    console.print(Text(certificate.sentence, "bold"))
    if certificate.untaken and certificate.connected:
        console.print(Text(f"Not taken: {', '.join(certificate.untaken)}.", "yellow"))
    if not certificate.connected and (printed := _last(certificate)):
        console.print(Padding(Text(printed, "dim"), (0, 0, 0, 2)))


def _wrong(one: Graded, console: Console) -> None:
    where = f" (lesson {one.lesson})" if one.lesson else ""
    head = Text.assemble((f"{_WORD[one.grade]}  ", _STYLE[one.grade]), (one.mark.id, "bold"), f"  {one.mark.title}")
    console.print(head)
    _indented(console, clean(f"{one.judgement.said}{where}"))
    for proof in one.judgement.shows:
        _indented(console, clean(proof), "dim")
    _indented(console, one.mark.why)
    _indented(console, one.remedy, "bold")


def _lessons(certificate: CourseResult, console: Console) -> None:
    for taken in certificate.lessons:
        console.print()
        console.print(Text.assemble((taken.lesson or "tape", "bold"), f"  {taken.title}: {taken.happened}"))
        for line in taken.output.splitlines():
            _indented(console, clean(line), "dim")


def _last(certificate: CourseResult) -> str:
    printed = certificate.lessons[0].output if certificate.lessons else ""
    return "\n".join(map(clean, printed.splitlines()[-10:]))


def _indented(console: Console, text: str, style: str = "") -> None:
    console.print(Padding(Text(text, style), (0, 0, 0, 6), expand=False))

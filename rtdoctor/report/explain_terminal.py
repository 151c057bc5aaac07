"""The terminal form of an explanation, of a page and of the list of causes. All text is cleaned.

The layout is made here, line by line, and rich only colours it: in a pipe it is not even loaded, since `explain` is to
be quick.
"""

import os
import shutil
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from rtdoctor.model.explanation import Explanation, Page
from rtdoctor.model.finding import Cause, Finding, Place
from rtdoctor.privacy.clean import clean

_LABEL = 11
_WIDEST = 110
_PASTED = 80  # columns of a command that is to be pasted
Line = tuple[str, str]  # a line and its style


def show(value: Explanation | Page | Iterable[Cause], out: TextIO) -> None:
    """Print it, in colour where a terminal (or FORCE_COLOR) wants it."""
    if not (out.isatty() or os.environ.get("FORCE_COLOR")):
        out.write("".join(f"{text}\n" for text, _ in _lines(value)))
        return
    from rich.text import Text

    from rtdoctor.report.console import console

    printer = console(out)
    for text, style in _lines(value):
        printer.print(Text(text, style), soft_wrap=True)


def _lines(value: Explanation | Page | Iterable[Cause]) -> Iterator[Line]:
    if isinstance(value, Explanation):
        return _explanation(value)
    return _page(value) if isinstance(value, Page) else _list(value)


def _explanation(explanation: Explanation) -> Iterator[Line]:
    """Every finding in the order in which it is met, or that all is well."""
    if explanation.healthy:
        if explanation.next:
            yield (
                "Healthy: nothing that the client asks for is known to be wrong.",
                "green",
            )
            yield from _next(explanation.next)
            return
        yield "Healthy: a session was opened, and nothing in the text tells of an error.", "green"
        return
    for number, finding in enumerate(explanation.findings, 1):
        if number > 1:
            yield "", ""
        yield from _finding(f"{number}. " if len(explanation.findings) > 1 else "", finding)
    if explanation.next:
        yield from _next(explanation.next)


def _next(step: str) -> Iterator[Line]:
    """What the step does, and under it the command, broken before an option where it is wider than the screen: a shell
    takes both as they stand."""
    command, _, does = clean(step).partition("   # ")
    yield "", ""
    yield f"next: # {does}" if does else "next:", "bold"
    line = ""
    for part in command.replace(" --", "\n--").replace(" -H ", "\n-H ").split("\n"):
        if line and len(line) + len(part) + 3 > _PASTED:
            yield f"{line} \\", "bold"
            line = f"  {part}"
        else:
            line = f"{line} {part}" if line else part
    yield line, "bold"


def _finding(number: str, finding: Finding) -> Iterator[Line]:
    rivals = [item for item in finding.ruled_out if item.fits]
    sure = f" ({finding.confidence})" if finding.confidence else ""
    # Where others fit as well and nothing was observed to decide, the headline is no fact.
    may = " may be it" if rivals and finding.confidence == "inferred" else ""
    for line in textwrap.wrap(clean(f"{number}{finding.cause}{may}: {finding.title}{sure}"), _width()):
        yield line, "bold red"
    yield from _rows("why", [finding.explanation])
    yield from _rows("seen", list(_grouped(finding)))
    for place in finding.places:
        yield from _placed(place)
    yield from _rows("or", [f"{item.cause}: {item.reason}" for item in rivals])
    yield from _rows("not it", [f"{item.cause}: {item.reason}" for item in finding.ruled_out if not item.fits])
    yield from _rows("fix", [finding.remedy])
    yield from _rows("known", [str(item) for item in finding.evidence])


def _grouped(finding: Finding) -> Iterator[str]:
    """The facts, each file's name once before its own; a file whose places are shown needs none."""
    files = sorted({place.file for place in finding.places if place.file}, key=len, reverse=True)
    for fact in finding.facts:
        file = next((name for name in files if fact.startswith(f"{clean(name)}: ")), None)
        yield fact[len(clean(file)) + 2 :] if file else fact


def _placed(place: Place) -> Iterator[Line]:
    """The line of a fault with a caret under it, and the line that it should be."""
    number = f"{place.file}:{place.line}" if place.file else f"line {place.line}"
    yield f"  {clean(number)}", ""
    indent = len(place.source) - len(place.source.lstrip())
    source = clean(place.source[indent:])
    minus = "-" if place.instead or place.removed else " "
    yield f"    {minus} {source}", ""
    before = " " * len(clean(place.source[indent : place.column]))
    yield f"      {before}{'^' * max(1, min(place.length, len(source) - len(before)))}", "bold"
    if place.instead:
        yield f"    + {clean(place.instead[indent:])}", "green"


def _page(page: Page) -> Iterator[Line]:
    """All that is known of a cause."""
    yield clean(f"{page.cause.id}: {page.cause.title}"), "bold"
    yield from _rows("means", [page.cause.explanation])
    yield from _rows("meets it", [page.who])
    yield from _rows("fix", [page.cause.remedy])
    yield from _rows("shows", page.shows, whole=True)
    yield from _rows("mended", page.mended, whole=True)
    yield from _rows("known", [str(item) for item in page.evidence])


def _list(causes: Iterable[Cause]) -> Iterator[Line]:
    """One line a cause."""
    for cause in causes:
        yield f"{cause.id:31} {cause.title}", ""


def _rows(label: str, texts: Sequence[str], *, whole: bool = False) -> Iterator[Line]:
    """Texts beside their label, wrapped; with `whole` a line of an exchange stays one line."""
    style = "bold" if label == "fix" else ""
    first = f"  {label}"
    for text in texts:
        plain = clean(text)
        wrapped = [plain] if whole else textwrap.wrap(plain, max(20, _width() - _LABEL), break_on_hyphens=False)
        for line in wrapped:
            yield f"{first:{_LABEL}}{line}", style
            first = ""


def _width() -> int:
    return min(shutil.get_terminal_size((80, 24)).columns, _WIDEST)

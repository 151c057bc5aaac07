"""Carries out `rtdoctor view`."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from rtdoctor.engine.validate import validate_file
from rtdoctor.files import is_regular
from rtdoctor.model.entry import Entry
from rtdoctor.model.validation import Connection
from rtdoctor.privacy.errors import Usage
from rtdoctor.protocol.catalog import event_types
from rtdoctor.recording.chunks import Chunks as Bytes
from rtdoctor.recording.direction import infer_direction
from rtdoctor.recording.source import UnreadableSource, open_source
from rtdoctor.recording.stream import read_stream
from rtdoctor.recording.tape import BadTape, is_tape, read_tape, shown_line
from rtdoctor.version import __version__

_HEAD = 64
_FOREIGN = "recording"  # what stands in a header for who recorded it, where it is no tape
_LEVELS = {"error": "error", "warning": "warning", "notice": "info"}
_OPENED = {"fail": "error", "inconclusive": "error", "warn": "warning"}


class Recording:
    """A recording as lines of a tape, read anew as often as it is asked for. What a tape does not tell is judged once:
    its findings come last.

    Raises (when made):
        Usage: it cannot be opened, can be read only once, is a tape of a form that is not known, or holds nothing.
    """

    def __init__(self, file: Path) -> None:
        self._name = str(file)
        self._judged: list[Mapping[str, Any]] | None = None
        if self._name == "-":
            raise Usage("view reads its recording more than once; write standard input to a file first")
        with self._opened():
            pass  # what cannot be opened is told in its own words
        if not is_regular(file):
            raise Usage("{} is no regular file; view reads its recording more than once", self._name)
        try:
            with self._opened() as source:
                lines = _lines(source, self._name)
                self._is_tape = next(lines, {}).get("by") != _FOREIGN
                if all("tape" in line or line.get("kind") == "problem" for line in lines):
                    raise Usage("{} holds no event and no handshake", self._name)
        except BadTape as error:
            raise Usage("{}: {}", self._name, error) from error

    def lines(self, *, shown: bool = True) -> Iterator[Mapping[str, Any]]:
        """The lines, from the first on, as they may be shown; or as they are, for who quotes what he shows of them."""
        judged = False
        with self._opened() as source:
            for line in _lines(source, self._name):
                judged = judged or line.get("kind") == "finding"
                yield shown_line(line) if shown else line
        if not judged:
            if self._judged is None:
                self._judged = self._findings()
            yield from self._judged

    def _findings(self) -> list[Mapping[str, Any]]:
        with self._opened() as source:
            report = validate_file(self._name, source)
        # The connections of a tape have numbers from 1; in other recordings they are counted from 0.
        first = 0 if self._is_tape else 1
        return [line for connection in report.connections for line in _findings_of(connection, first)]

    def _opened(self) -> BinaryIO:
        try:
            return open_source(self._name)
        except UnreadableSource as error:
            raise Usage("{}", error) from error


def _lines(source: BinaryIO, name: str) -> Iterator[Mapping[str, Any]]:
    bytes_ = Bytes(source)
    head = b""
    for chunk in bytes_:
        head += chunk
        if len(head) >= _HEAD:
            break
    bytes_.put_back(head)
    if is_tape(head):
        for _, line in read_tape(bytes_):
            yield line
        return
    source.seek(0)
    yield {"tape": 1, "by": _FOREIGN, "tool": f"rtdoctor {__version__}", "to": name}
    first: float | None = None
    for entry in read_stream(source):
        first = entry.at if first is None else first
        yield _line(entry, first)


def _line(entry: Entry, first: float | None) -> dict[str, Any]:
    """An entry of a foreign recording as a line; its time counts from the first, and is None where it has none."""
    t = None if entry.at is None or first is None else round(entry.at - first, 6)
    common: dict[str, Any] = {"t": t, "connection": entry.socket + 1}
    event = entry.event
    if entry.problem:
        return {**common, "kind": "problem", "text": entry.problem}
    if entry.direction == "close":
        close = event if isinstance(event, dict) else {}
        code, reason = close.get("code", close.get("close_code")), close.get("reason", "")
        return {**common, "kind": "close", "from": close.get("by", "server"), "code": code, "reason": reason}
    kind = event.get("type") if isinstance(event, dict) else None
    side = entry.direction or infer_direction(kind, *_known_names()) or "server"
    return {**common, "kind": "text", "from": side, "data": json.dumps(event)}


@cache
def _known_names() -> tuple[frozenset[str], frozenset[str]]:
    eras = ("ga", "beta", "translation")
    server, client = (frozenset().union(*(event_types(era, side) for era in eras)) for side in ("server", "client"))
    return server, client


def _findings_of(connection: Connection, first: int) -> Iterator[Mapping[str, Any]]:
    """What the judges say of a connection, as lines. Quoted already."""
    common = {"t": None, "connection": first + connection.socket, "kind": "finding"}
    for placed in connection.violations:
        violation = placed.violation
        where = f"line {placed.line}: " if placed.line else ""
        level = _LEVELS[violation.severity]
        yield {
            **common,
            "level": level,
            "id": violation.rule,
            "text": where + violation.message,
            "remedy": violation.hint,
        }
    if (finding := connection.finding) is not None:
        text = finding.title or finding.summary
        level = _OPENED.get(finding.verdict, "info")
        yield {**common, "level": level, "id": finding.cause or finding.verdict, "text": text, "remedy": finding.remedy}

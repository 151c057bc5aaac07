"""Judges recorded streams of any length: era, shape, order, latencies, and the GA form of what is beta."""

import json
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, BinaryIO

from rtdoctor.diagnose.distil import Gist
from rtdoctor.diagnose.recorded import Told, judge_recorded
from rtdoctor.diagnose.text.findings import explain
from rtdoctor.engine.content import Heard
from rtdoctor.knowledge.causes import causes
from rtdoctor.model.entry import Entry
from rtdoctor.model.event import cut
from rtdoctor.model.exchange import Close, Exchange
from rtdoctor.model.explanation import Explanation
from rtdoctor.model.finding import Finding, Verdict
from rtdoctor.model.validation import Connection, FileReport, Migrated, Placed, ToldError, Validation
from rtdoctor.model.violation import Direction, Violation
from rtdoctor.privacy.quote import quote, quote_start, quoted
from rtdoctor.protocol.catalog import about, event_types
from rtdoctor.protocol.era import title
from rtdoctor.protocol.judging import StreamJudge
from rtdoctor.protocol.migrate import migrate
from rtdoctor.recording.direction import infer_direction
from rtdoctor.recording.stream import read_stream
from rtdoctor.version import __version__

# A report is for people: so many violations a connection, of one rule, broken lines and migrated events are shown, and
# so many types that nobody knows are counted one by one.
MOST_VIOLATIONS, MOST_OF_A_RULE, MOST_PROBLEMS, MOST_MIGRATED = 100, 5, 20, 20
MOST_AT_ONCE = 100  # connections of a tape that go on at the same time
MOST_UNKNOWN, MOST_MIGRATED_TEXT, MOST_ERRORS = 50, 4_000, 20
OTHERS = "(others)"
_MOST_KIND, _MOST_READ = 80, 200  # characters of a type that are told, and that are looked at
_FIRST = 8  # lines that something may be told of when others have come
_CONTEXT = 3  # events before a violation that are told with it
_OURS = ("ga", "translation")
_CODES, _DIGITS = ("code", "close_code", "closeCode", "status"), 4

Sink = Callable[[dict[str, Any]], None]


@dataclass(slots=True)
class Room:
    """What the report of a whole run has still place for, however many files and connections there are. What has none
    is judged and counted all the same."""

    connections: int = 100
    violations: int = 1_000
    migrated: int = 100
    items: int = 2_000


@dataclass(slots=True)
class _State:
    """One connection while it is read."""

    judge: StreamJudge
    room: Room
    events: Counter[tuple[str, str]] = field(default_factory=Counter)
    unknown: int = 0
    severities: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    kept: list[Placed] = field(default_factory=list)
    migrated: list[Migrated] = field(default_factory=list)
    recent: deque[tuple[int, str, str]] = field(default_factory=lambda: deque(maxlen=_CONTEXT))
    gist: Gist = field(default_factory=Gist)
    heard: Heard = field(default_factory=Heard)
    errors: list[ToldError] = field(default_factory=list)  # the first ones
    errors_told: int = 0  # of all
    went_on: bool = True  # after the last error, by an event that is none
    close: Close | None = None
    first: list[int] = field(default_factory=list)  # the lines of the first events
    handshake: Exchange | None = None  # of a tape
    began: float = 0.0  # when it was answered
    rest: bool = False
    dropped: bool = False  # it ended without a close frame

    def add(self, violations: Iterable[Violation], line: int) -> None:
        here = line
        for violation in violations:
            # What is told later of a first line is told at that line.
            early = self.first[violation.index] if 0 <= violation.index < len(self.first) else 0
            line = here and (early or here)
            self.severities[violation.severity] += 1
            self.rules[violation.rule] += 1
            few = len(self.kept) < MOST_VIOLATIONS and self.rules[violation.rule] <= MOST_OF_A_RULE
            if few and self.room.violations > 0:
                self.room.violations -= 1
                before = tuple((place, sender, quote_start(kind, _MOST_KIND)) for place, sender, kind in self.recent)
                self.kept.append(Placed(violation.quoted(), line, before))

    def hear(self, direction: Direction, kind: str, entry: Entry) -> None:
        """Keep what decides of an event."""
        event = entry.event if isinstance(entry.event, dict) else {}
        self.heard.hear(direction, kind, event, entry.line)
        if direction == "client":
            self.gist.say(kind, event)
            return
        error = self.gist.hear(kind, event, None if entry.at is None else entry.at - self.began)
        self.went_on = error is None
        self.errors_told += error is not None
        if error is not None and len(self.errors) < MOST_ERRORS:
            self.errors.append(ToldError(entry.line, quote_start(kind, _MOST_KIND), error))

    def finding(self) -> Finding | None:
        """What the referee says of it; None where nothing is wrong."""
        ended_so = Told(bool(self.errors), self.went_on, self.rest, self.dropped)
        return judge_recorded(self.handshake, self.gist, self.close, ended_so)

    def count(self, sender: str, kind: str, *, known: bool) -> None:
        if not known and (sender, kind) not in self.events:
            self.unknown += 1
            kind = kind if self.unknown <= MOST_UNKNOWN else OTHERS
        self.events[sender, kind] += 1


@dataclass(slots=True)
class _Sum:
    """All connections of a file together: what its verdict rests on."""

    number: int = 0
    errors: int = 0
    warnings: int = 0
    other_dialect: str = ""  # what people call the first that is not GA's
    errors_told: int = 0  # errors that servers told of
    exit_code: int = 0  # of the worst of them
    worst: str = ""  # what that one is


def validate_file(
    name: str,
    source: BinaryIO,
    *,
    era: str | None = None,
    strict: bool = False,
    sink: Sink | None = None,
    room: Room | None = None,
) -> FileReport:
    """Judge one recording; never raises for its content. `sink` takes every event in its GA form, with its sender.

    `room` is shared by the files of a run. Memory does not grow with the recording, whatever it holds.
    """
    room = room or Room()
    whole = _Sum()
    connections: list[Connection] = []
    problems: list[str] = []
    broken = entries = 0
    taped = False
    states: dict[int, _State] = {}  # those that go on; of a tape several at once

    def end(socket: int) -> None:
        state = states.pop(socket, None)
        if state is not None and (connection := _ended(socket, state, whole)) is not None:
            connections.append(connection)

    for entry in read_stream(source):
        entries += 1
        if entry.problem:
            broken += 1
            if len(problems) < MOST_PROBLEMS:
                problems.append(quote(entry.problem))
            continue
        if entry.ended:
            end(entry.socket)
            continue
        if entry.handshake is not None:
            taped = True
            end(entry.socket)
        if entry.socket not in states:
            # In every form but a tape one connection follows the other.
            while states and len(states) >= (MOST_AT_ONCE if taped else 1):
                end(next(iter(states)))
            states[entry.socket] = _State(StreamJudge(era, begins=entry.handshake is not None), room)
        _take(states[entry.socket], entry, sink)
    for socket in list(states):
        end(socket)
    verdict, sentence = _verdict(whole, broken, strict=strict, fixed_era=era)
    return FileReport(
        quote(name),
        verdict,
        sentence,
        tuple(connections),
        tuple(problems),
        broken,
        entries,
        more_connections=whole.number - len(connections),
        exit_code=_worse(whole.exit_code, 1 if verdict == "fail" else 0),
    )


def _ended(socket: int, state: _State, whole: _Sum) -> Connection | None:
    """The judgement on a connection that has come to its end, added to the whole; None where there is no room."""
    state.add(state.judge.finish(), 0)
    whole.number += 1
    finding = state.finding()
    if finding is not None and finding.cause is not None and finding.verdict in ("fail", "inconclusive"):
        before, whole.exit_code = whole.exit_code, _worse(whole.exit_code, causes()[finding.cause].exit)
        if whole.exit_code != before:
            whole.worst = f"{finding.cause}: {finding.title}"
    whole.errors_told += state.errors_told
    whole.errors += state.severities["error"]
    whole.warnings += state.severities["warning"]
    if state.judge.dialect not in _OURS:
        whole.other_dialect = whole.other_dialect or title(state.judge.dialect)
    if state.room.connections <= 0:
        return None
    state.room.connections -= 1
    return _connection(socket, state, finding)


def _worse(one: int, two: int) -> int:
    """The worse of two exit codes: wrong before could not be decided."""
    return min(one, two) if one and two else one or two


def _take(state: _State, entry: Entry, sink: Sink | None) -> None:
    if entry.handshake is not None:
        state.handshake, state.rest, state.began = entry.handshake, entry.rest, entry.at or 0.0
        return
    if entry.direction == "close":
        state.judge.close()
        state.count("close", _kind(entry.event), known=False)
        # The second of two is the other side's echo, or a library's word on the same end.
        if state.close is None or state.close.code is None:
            state.close = _close(entry)
            state.dropped = state.close.by == "server" and isinstance(entry.event, dict) and "how" in entry.event
        if sink is not None and isinstance(entry.event, dict):
            sink(_line("close", entry, entry.event))
        return
    kind = _kind(entry.event)
    server, client = _known_names()
    sender = entry.direction or infer_direction(kind, server, client)
    # A name that nobody knows is most likely a server's: clients of the API are few, servers that differ are many.
    direction: Direction = "client" if sender == "client" else "server"
    state.count(direction, kind, known=kind in server or kind in client)
    state.hear(direction, kind, entry)
    if len(state.first) < _FIRST:
        state.first.append(entry.line)
    state.add(state.judge.feed(direction, entry.event, entry.at), entry.line)
    state.recent.append((entry.line, direction, kind))
    migration = migrate(entry.event, direction) if state.judge.dialect in ("ga", "beta") else None
    if migration is not None and len(state.migrated) < MOST_MIGRATED and state.room.migrated > 0:
        state.room.migrated -= 1
        written = json.dumps(migration.event, ensure_ascii=False)
        text = cut(quote_start(written, MOST_MIGRATED_TEXT + 1), MOST_MIGRATED_TEXT)
        state.migrated.append(
            Migrated(entry.line, quote_start(kind, _MOST_KIND), text, tuple(map(quote, migration.changes)))
        )
    if sink is not None and isinstance(entry.event, dict):
        sink(_line(direction, entry, migration.event if migration else entry.event))


def _line(direction: str, entry: Entry, event: dict[str, Any]) -> dict[str, Any]:
    """A line of a stream that is written anew: rtdoctor's own form, with the time where there was one."""
    at = {} if entry.at is None else {"at": entry.at}
    return {**at, "dir": direction, "event": event}


def _close(entry: Entry) -> Close:
    """The close of a socket as recorders write it. Who closed is told by few; a code that tells of trouble is the
    server's as a rule."""
    event = entry.event if isinstance(entry.event, dict) else {}
    code = next((code for name in _CODES if (code := _code(event.get(name))) is not None), None)
    reason = next((event[name] for name in ("reason", "close_reason") if isinstance(event.get(name), str)), "")
    return Close(code, reason, "client" if event.get("by") == "client" else "server", entry.at or 0.0)


def _code(value: object) -> int | None:
    """A close code as recorders write it: a number, with a point or without, or its digits."""
    if isinstance(value, str) and len(value) == _DIGITS and value.isascii() and value.isdigit():
        return int(value)
    return int(value) if isinstance(value, int | float) and 1000 <= value <= 4999 else None


def _kind(event: object) -> str:
    kind = event.get("type") if isinstance(event, dict) else None
    return kind[:_MOST_READ] if isinstance(kind, str) else "(no event)"


@cache
def _known_names() -> tuple[frozenset[str], frozenset[str]]:
    names = {
        side: frozenset().union(*(event_types(era, side) for era in ("ga", "beta", "translation")))
        for side in ("server", "client")
    }
    return names["server"], names["client"]


def _connection(number: int, state: _State, finding: Finding | None) -> Connection:
    dialect = state.judge.dialect
    timeline = state.judge.timeline()
    shown = timeline.items[max(0, len(timeline.items) - state.room.items) :]
    state.room.items -= len(shown)
    return Connection(
        socket=number,
        dialect=dialect,
        dialect_title=title(dialect),
        events=_quoted_names(state.events),
        severities={name: state.severities[name] for name in ("error", "warning", "notice")},
        rules=dict(state.rules.most_common()),
        violations=tuple(state.kept),
        timeline=replace(
            timeline, items=quoted(shown), forgotten=timeline.forgotten + len(timeline.items) - len(shown)
        ),
        migrated=tuple(state.migrated),
        errors=tuple(state.errors),
        finding=finding,
        content=state.heard.content(),
    )


def _quoted_names(events: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    counts: Counter[tuple[str, str]] = Counter()
    for (sender, kind), count in events.items():
        counts[sender, quote_start(kind, _MOST_KIND)] += count
    return dict(counts)


def _verdict(whole: _Sum, broken: int, *, strict: bool, fixed_era: str | None) -> tuple[Verdict, str]:
    """Errors and broken lines fail; a stream of another era than GA fails too, unless that era was asked for."""
    errors, warnings = whole.errors, whole.warnings
    other = whole.other_dialect if fixed_era is None else ""
    if not whole.number:
        return "fail", "no event could be read"
    parts: list[str] = []
    if other:
        parts.append(f"this is {other}, not the GA Realtime API")
    if errors:
        parts.append(f"{errors} error{'s' if errors > 1 else ''}")
    if broken:
        parts.append(f"{broken} line{'s' if broken > 1 else ''} could not be read")
    if warnings:
        parts.append(f"{warnings} warning{'s' if warnings > 1 else ''}")
    if whole.errors_told:
        parts.append(f"the server told of {whole.errors_told} error{'s' if whole.errors_told > 1 else ''}")
    if whole.worst:
        parts.append(whole.worst)
    if other or errors or broken or (strict and warnings):
        return "fail", "; ".join(parts)
    return (
        ("warn", "; ".join(parts))
        if warnings
        else ("pass", "; ".join(("no error of form", *parts) if parts else ("no error",)))
    )


def validation_of(files: Iterable[FileReport]) -> Validation:
    """The whole: worst wins."""
    every = tuple(files)
    verdicts = {item.verdict for item in every}
    verdict: Verdict = "fail" if "fail" in verdicts else "warn" if "warn" in verdicts else "pass"
    code = 0
    for item in every:
        code = _worse(code, item.exit_code)
    if code and verdict != "fail":
        verdict = "inconclusive" if code == 3 else "fail"
    return Validation(__version__, about(), every, verdict, code)


def explain_tape(source: BinaryIO) -> Explanation:
    """What went wrong on a tape, each cause once, in the order of its connections."""
    report = validate_file("the tape", source)
    findings: dict[str | None, Finding] = {}
    for one in report.connections:
        if one.finding is not None and one.finding.cause not in findings:
            findings[one.finding.cause] = one.finding
    healthy = not findings and bool(report.connections)
    return Explanation(tuple(findings.values()) or (() if healthy else explain([""]).findings), healthy)

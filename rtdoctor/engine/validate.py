"""Judges recorded streams of any length: era, shape, order, latencies, and the GA form of what is beta."""

import json
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, BinaryIO

from rtdoctor import __version__
from rtdoctor.engine.judging import StreamJudge
from rtdoctor.model.entry import Entry
from rtdoctor.model.finding import Verdict
from rtdoctor.model.validation import Connection, FileReport, Migrated, Placed, Validation
from rtdoctor.model.violation import Direction, Violation
from rtdoctor.protocol.catalog import about, event_types
from rtdoctor.protocol.era import title
from rtdoctor.protocol.migrate import migrate
from rtdoctor.recording.direction import infer_direction
from rtdoctor.recording.stream import read_stream

# A report is for people: so many violations a connection, of one rule, broken lines and migrated events are shown.
MOST_VIOLATIONS, MOST_OF_A_RULE, MOST_PROBLEMS, MOST_MIGRATED = 100, 5, 20, 20
MOST_CONNECTIONS = 1_000
_MOST_SHOWN = 1 << 16  # characters of a migrated event in a report; `validate --migrate` writes it whole
_CONTEXT = 3  # events before a violation that are told with it
_OURS = ("ga", "translation")

Sink = Callable[[dict[str, Any]], None]


@dataclass(slots=True)
class _State:
    """One connection while it is read."""

    judge: StreamJudge
    events: Counter[tuple[str, str]] = field(default_factory=Counter)
    severities: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    kept: list[Placed] = field(default_factory=list)
    migrated: list[Migrated] = field(default_factory=list)
    recent: deque[tuple[int, str, str]] = field(default_factory=lambda: deque(maxlen=_CONTEXT))

    def add(self, found: Iterable[Violation], line: int) -> None:
        for violation in found:
            self.severities[violation.severity] += 1
            self.rules[violation.rule] += 1
            if len(self.kept) < MOST_VIOLATIONS and self.rules[violation.rule] <= MOST_OF_A_RULE:
                self.kept.append(Placed(violation, line, tuple(self.recent)))


def validate_file(
    name: str, source: BinaryIO, *, era: str | None = None, strict: bool = False, sink: Sink | None = None
) -> FileReport:
    """Judge one recording; never raises for its content. `sink` takes every event in its GA form, with its sender."""
    states: dict[int, _State] = {}
    problems: list[str] = []
    broken = entries = 0
    for entry in read_stream(source):
        entries += 1
        if entry.problem:
            broken += 1
            if len(problems) < MOST_PROBLEMS:
                problems.append(entry.problem)
            continue
        if entry.socket not in states:
            if len(states) >= MOST_CONNECTIONS:
                continue
            states[entry.socket] = _State(StreamJudge(era))
        _take(states[entry.socket], entry, sink)
    for state in states.values():
        state.add(state.judge.finish(), 0)
    connections = tuple(_connection(number, state) for number, state in sorted(states.items()))
    verdict, sentence = _verdict(connections, broken, strict=strict, fixed_era=era)
    return FileReport(name, verdict, sentence, connections, tuple(problems), broken, entries)


def _take(state: _State, entry: Entry, sink: Sink | None) -> None:
    if entry.direction == "close":
        state.judge.close()
        state.events["close", _kind(entry.event)] += 1
        return
    kind = _kind(entry.event)
    server, client = _known_names()
    sender = entry.direction or infer_direction(kind, server, client)
    # A name that nobody knows is most likely a server's: clients of the API are few, servers that differ are many.
    direction: Direction = "client" if sender == "client" else "server"
    state.events[direction, kind] += 1
    state.add(state.judge.feed(direction, entry.event, entry.at), entry.line)
    state.recent.append((entry.line, direction, kind))
    told = migrate(entry.event, direction) if state.judge.dialect in ("ga", "beta") else None
    if told is not None and len(state.migrated) < MOST_MIGRATED:
        text = json.dumps(told.event, ensure_ascii=False)[:_MOST_SHOWN]
        state.migrated.append(Migrated(entry.line, kind, text, told.changes))
    if sink is not None and isinstance(entry.event, dict):
        sink({"dir": direction, "event": told.event if told else entry.event})


def _kind(event: object) -> str:
    kind = event.get("type") if isinstance(event, dict) else None
    return kind[:80] if isinstance(kind, str) else "(no event)"


@cache
def _known_names() -> tuple[frozenset[str], frozenset[str]]:
    names = {
        side: frozenset().union(*(event_types(era, side) for era in ("ga", "beta", "translation")))
        for side in ("server", "client")
    }
    return names["server"], names["client"]


def _connection(number: int, state: _State) -> Connection:
    dialect = state.judge.dialect
    return Connection(
        socket=number,
        dialect=dialect,
        dialect_title=title(dialect),
        events=dict(state.events),
        severities={name: state.severities[name] for name in ("error", "warning", "notice")},
        rules=dict(state.rules.most_common()),
        violations=tuple(state.kept),
        timeline=state.judge.timeline(),
        migrated=tuple(state.migrated),
    )


def _verdict(
    connections: tuple[Connection, ...], broken: int, *, strict: bool, fixed_era: str | None
) -> tuple[Verdict, str]:
    """Errors and broken lines fail; a stream of another era than GA fails too, unless that era was asked for."""
    errors = sum(item.severities["error"] for item in connections)
    warnings = sum(item.severities["warning"] for item in connections)
    others = [item for item in connections if item.dialect not in _OURS and fixed_era is None]
    if not connections:
        return "fail", "no event could be read"
    told: list[str] = []
    if others:
        told.append(f"this is {others[0].dialect_title}, not the GA Realtime API")
    if errors:
        told.append(f"{errors} error{'s' if errors > 1 else ''}")
    if broken:
        told.append(f"{broken} line{'s' if broken > 1 else ''} could not be read")
    if warnings:
        told.append(f"{warnings} warning{'s' if warnings > 1 else ''}")
    if others or errors or broken or (strict and warnings):
        return "fail", "; ".join(told)
    return ("warn", "; ".join(told)) if warnings else ("pass", "no error")


def validation_of(files: Iterable[FileReport]) -> Validation:
    """The whole: worst wins."""
    every = tuple(files)
    verdicts = {item.verdict for item in every}
    verdict: Verdict = "fail" if "fail" in verdicts else "warn" if "warn" in verdicts else "pass"
    return Validation(__version__, about(), every, verdict, 1 if verdict == "fail" else 0)

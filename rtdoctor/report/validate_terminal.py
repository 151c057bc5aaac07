"""The terminal form of a validation: the verdict, events by type, the first violations in context, items, latencies."""

from collections.abc import Sequence
from typing import TextIO

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rtdoctor.model.plural import plural
from rtdoctor.model.timeline import ItemLife
from rtdoctor.model.validation import Connection, Content, FileReport, Placed, Validation
from rtdoctor.privacy.clean import clean
from rtdoctor.report.console import console as console_on
from rtdoctor.report.layout import beside
from rtdoctor.report.terminal import TerminalWriter

_STYLE = {
    "error": "bold red",
    "warning": "yellow",
    "notice": "dim",
    "pass": "green",
    "warn": "yellow",
    "fail": "bold red",
}
_LEAST = 0.05  # seconds of audio that are told
_MOST_SHOWN, _MOST_ITEMS, _MOST_MIGRATED = 12, 12, 5
_LATENCIES = {
    "speech_stopped_to_committed": "speech stop to committed",
    "commit_to_first_delta": "commit to first delta",
    "first_delta_to_completed": "first delta to completed",
}


def show(validation: Validation, out: TextIO) -> None:
    """Print the whole validation, or in short what each session held and whether it is as it should be."""
    console = console_on(out)
    for report in validation.files:
        _file(report, console, short=validation.short)
    if len(validation.files) > 1:
        _total(validation, console)
    knowledge = validation.knowledge
    console.print(
        Text(
            f"Judged by {knowledge.get('sdk')} of {knowledge.get('sdk_seen')} and rtdoctor's overlay of "
            f"{knowledge.get('overlay_seen')}.",
            "dim",
        )
    )


def _total(validation: Validation, console: Console) -> None:
    """All files together."""
    every = [connection for report in validation.files for connection in report.connections]
    good = sum(report.overall == "pass" for report in validation.files)
    errors = sum(connection.severities.get("error", 0) for connection in every)
    counts = [f"{good} of {plural(len(validation.files), 'recording')} as they should be", plural(errors, "error")]
    events = sum(sum(connection.events.values()) for connection in every)
    counts += [plural(events, "event"), *_amounts([connection.content for connection in every])]
    for line in beside(console, Text(), Text(f"In all: {', '.join(counts)}.", "bold"), 0):
        console.print(line, soft_wrap=True)


def _file(report: FileReport, console: Console, *, short: bool) -> None:
    word = {"pass": "ok", "warn": "warn", "fail": "FAIL"}[report.overall]
    style = _STYLE[report.overall]
    head = Text.assemble((clean(report.file), "bold"), f": {clean(report.sentence)}")
    for line in beside(console, Text.assemble((f"{word}  ", style)), head, len(word) + 2):
        console.print(line, soft_wrap=True)
    for problem in report.problems[:_MOST_SHOWN]:
        console.print(Text(f"  unread  {clean(problem)}", "yellow"))
    if report.problem_count > _MOST_SHOWN:
        console.print(Text(f"  unread  and {report.problem_count - _MOST_SHOWN} more", "yellow"))
    for connection in report.connections:
        if len(report.connections) > 1:
            console.print(Text(f"connection {connection.socket}", "bold"))
        _connection(connection, console, short=short)
    if report.more_connections:
        console.print(Text(f"and {report.more_connections} more connections, judged and not shown", "bold"))
    console.print()


def _connection(connection: Connection, console: Console, *, short: bool) -> None:
    total = sum(connection.events.values())
    console.print(Text(f"  {plural(total, 'event')}, {clean(connection.dialect_title)}"))
    if short:
        _content(connection.content, console)
        _latencies(connection, console)
        return
    grid = Table.grid(padding=(0, 2))
    grid.add_column(justify="right", width=9)
    grid.add_column(width=6, style="dim")
    grid.add_column(overflow="fold")
    for (sender, kind), count in sorted(connection.events.items(), key=lambda item: -item[1]):
        grid.add_row(str(count), sender, Text(clean(kind)))
    console.print(grid)
    _content(connection.content, console)
    _told(connection, console)
    _violations(connection, console)
    _timeline(connection, console)
    _migrations(connection, console)


def _content(content: Content, console: Console) -> None:
    """What was said and called, and how much of it there was."""
    rows = [(one.speaker, one.text) for one in content.spoken[:_MOST_SHOWN]]
    if more := content.more_spoken + max(0, len(content.spoken) - _MOST_SHOWN):
        rows.append(("", f"and {plural(more, 'turn')} more"))
    rows += [("calls", f"{call.name} {call.arguments}") for call in content.calls[:_MOST_SHOWN]]
    if more := content.more_calls + max(0, len(content.calls) - _MOST_SHOWN):
        rows.append(("", f"and {plural(more, 'call')} more"))
    if amounts := _amounts([content]):
        rows.append(("in all", ", ".join(amounts)))
    for label, text in rows:
        for line in beside(console, Text(f"  {label}", "dim"), Text(clean(text)), 10):
            console.print(line, soft_wrap=True)


def _amounts(every: Sequence[Content]) -> list[str]:
    """Responses, tokens and seconds of audio of these sessions together; what there is none of is not told."""
    amounts = []
    if responses := sum(content.responses for content in every):
        amounts.append(plural(responses, "response"))
    if calls := sum(len(content.calls) + content.more_calls for content in every):
        amounts.append(plural(calls, "function call"))
    for name, label in (("input_tokens", "tokens in"), ("output_tokens", "tokens out")):
        if count := sum(content.tokens.get(name, 0) for content in every):
            amounts.append(f"{count:,} {label}")
    labels = {"client": "of audio sent", "server": "of audio received", "transcribed": "billed as transcribed"}
    for name, label in labels.items():
        if (seconds := sum(content.seconds.get(name, 0.0) for content in every)) >= _LEAST:
            amounts.append(f"{seconds:.1f} s {label}")
    return amounts


def _told(connection: Connection, console: Console) -> None:
    """What the server told of, and what the referee makes of it."""
    if connection.finding is not None:
        writer = TerminalWriter(console)
        writer.explain("what the server told", connection.finding)
    for told_error in connection.errors[4:_MOST_SHOWN]:  # the first ones stand among the facts
        error = told_error.error
        name = error.code or error.type or "(no code)"
        _indented(
            console, f"line {told_error.line}, {clean(told_error.event_type)}: {clean(name)} {clean(error.message)}"
        )


def _indented(console: Console, text: str, style: str = "") -> None:
    console.print(Padding(Text(text, style), (0, 0, 0, 4), expand=False))


def _violations(connection: Connection, console: Console) -> None:
    order = {"error": 0, "warning": 1, "notice": 2}
    worst_first = sorted(connection.violations, key=lambda placed: order[placed.violation.severity])
    for placed in worst_first[:_MOST_SHOWN]:
        console.print()
        _violation(placed, console)
    counted = sum(connection.severities.values())
    if counted > min(len(worst_first), _MOST_SHOWN):
        rules = ", ".join(f"{rule} ×{count}" for rule, count in list(connection.rules.items())[:8])
        console.print()
        console.print(Text(f"  {counted} in all: {rules}", "dim"))


def _violation(placed: Placed, console: Console) -> None:
    violation = placed.violation
    where = f"line {placed.line}" if placed.line else "at the end"
    head = Text.assemble(
        (f"  {violation.severity} ", _STYLE[violation.severity]),
        f"{where}, {clean(violation.event_type)} {clean(violation.pointer)} ".replace("  ", " "),
        (f"[{violation.rule}]", "dim"),
    )
    console.print(head)
    _indented(console, f"{clean(violation.message)}")
    if violation.wanted or violation.got:
        pairs = (("wanted", violation.wanted), ("got", violation.got))
        _indented(console, "; ".join(f"{name} {clean(text)}" for name, text in pairs if text))
    if violation.hint:
        _indented(console, f"{clean(violation.hint)}", "bold")
    for line, sender, kind in placed.before:
        _indented(console, f"after line {line} {sender} {clean(kind)}", "dim")
    if violation.evidence:
        _indented(console, f"known: {clean(violation.evidence)} ({violation.seen})", "dim")


def _timeline(connection: Connection, console: Console) -> None:
    timeline = connection.timeline
    if timeline.items:
        console.print()
        console.print(Text("  items", "bold"))
    for life in timeline.items[:_MOST_ITEMS]:
        console.print(Text(f"  {clean(life.item_id)} {clean(f'{life.role} {life.kind}'.strip())}"))
        _indented(console, f"{_steps(life)}", "dim")
    left = len(timeline.items) - _MOST_ITEMS + timeline.forgotten
    if left > 0:
        console.print(Text(f"  and {left} more items", "dim"))
    _latencies(connection, console)


def _latencies(connection: Connection, console: Console) -> None:
    for name, label in _LATENCIES.items():
        spread = connection.timeline.latencies.get(name)
        if spread:
            reach = f"{_ms(spread.least)} to {_ms(spread.most)}"
            console.print(Text(f"  {label}: {_ms(spread.mean)} on average, {reach}, {spread.count} measured"))


def _steps(life: ItemLife) -> str:
    """The item's way in short: the last parts of the event names, with counts and times since its first step."""
    start = next((step.at for step in life.steps if step.at is not None), None)
    steps = []
    for step in life.steps:
        name = step.event_type.removeprefix("conversation.item.").removeprefix("input_audio_buffer.")
        name = name.replace("input_audio_transcription.", "transcription.")
        count = f" ×{step.count}" if step.count > 1 else ""
        after = f" +{_ms(step.at - start)}" if step.at is not None and start is not None else ""
        steps.append(clean(f"{name}{count}{after}"))
    return " → ".join(steps)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


def _migrations(connection: Connection, console: Console) -> None:
    for migrated in connection.migrated[:_MOST_MIGRATED]:
        console.print()
        console.print(
            Text.assemble(("  beta ", "yellow"), f"line {migrated.line}, {clean(migrated.event_type)}; in GA it is")
        )
        _indented(console, f"{clean(migrated.event)}", "bold")
        for change in migrated.changes:
            _indented(console, f"{clean(change)}", "dim")
    left = len(connection.migrated) - _MOST_MIGRATED
    if left > 0:
        console.print(Text(f"  and {left} more; --migrate FILE writes the whole stream in its GA form", "dim"))

"""The terminal form of a probe: what was sent, what came back and when, the finding, the controls, the fix."""

import json
from collections import Counter
from typing import TextIO

from rich.console import Console
from rich.text import Text

from rtdoctor.model.exchange import Exchange, Frame
from rtdoctor.model.fix import Fix, Handover
from rtdoctor.model.plural import plural
from rtdoctor.model.probed import Probed
from rtdoctor.privacy.clean import clean
from rtdoctor.report.console import console as console_on
from rtdoctor.report.digests import digest
from rtdoctor.report.layout import beside
from rtdoctor.report.terminal import UNCHECKED, TerminalWriter, in_short

_MOST_TEXT = 300
_MOST_ANSWERS = 3
_STYLES = {"-": "red", "+": "bold green"}


def show(probed: Probed, out: TextIO) -> None:
    """Print the probe: what was sent and came back, what is wrong, and what to paste."""
    _show(probed, console_on(out), verbose=False)


def show_verbose(probed: Probed, out: TextIO) -> None:
    """Print it with every handshake that was tried, and where what is known of a cause comes from."""
    _show(probed, console_on(out), verbose=True)


def _show(probed: Probed, console: Console, *, verbose: bool) -> None:
    report, fix = probed.report, probed.fix
    writer = TerminalWriter(console, verbose=verbose)
    if not probed.shown:
        _first(probed, console, writer)
    if fix is not None:
        _fix(fix, probed.handover, console, verbose=verbose)
    if probed.handover is not None:
        _hand_over(probed.handover, console)
    # What decides stands at the end, where it is not scrolled away; who was asked for a search has read it.
    if not probed.shown or fix is None:
        console.print()
        writer.verdict(digest(probed))
    if report.setting.insecure:
        console.print(Text(UNCHECKED, "bold red"))


def _first(probed: Probed, console: Console, writer: TerminalWriter) -> None:
    """The handshake, its answer, and what is wrong."""
    report, handshake, exchange = probed.report, probed.handshake, probed.exchange
    if report.setting.insecure:
        console.print(Text(UNCHECKED, "bold red"))
    console.print(Text("The handshake", "bold"))
    _indented(console, f"GET {handshake.url}")
    for name, value in handshake.headers:
        _indented(console, f"{name}: {value}")
    if handshake.subprotocols:
        _indented(console, f"Sec-WebSocket-Protocol: {', '.join(handshake.subprotocols)}")
    for notice in report.setting.notices:
        _indented(console, notice, "dim")
    console.print()
    for rung in report.ladder:
        writer.rung(rung)
    writer.climbed()
    if exchange is not None:
        _answer(exchange, console)
    console.print()
    style = "bold green" if report.summary.can_connect else "bold red"
    console.print(Text.assemble(("Can I connect?  ", "bold"), (clean(in_short(report.summary)), style)))
    if report.summary.parity:
        console.print(Text(clean(report.summary.parity), "bold"))
    for rung in report.ladder:
        if rung.dead:
            writer.explain(rung.rung, rung.finding, fix=False)
    for result in report.results:
        if result.finding.cause is not None:
            writer.explain("", result.finding, fix=False)


def _indented(console: Console, text: str, style: str = "") -> None:
    for line in beside(console, Text(), Text(clean(text), style), 2):
        console.print(line, soft_wrap=True)


def _answer(exchange: Exchange, console: Console) -> None:
    console.print()
    console.print(Text("What came back", "bold"))
    answer = exchange.answer
    if answer is not None:
        _indented(console, f"HTTP {answer.status} {answer.reason} after {answer.ms:.0f} ms")
        for name, value in answer.headers:
            _indented(console, f"{name}: {value[:_MOST_TEXT]}", "dim")
        if answer.body:
            _indented(console, _cut(answer.body.decode("utf-8", "replace")))
    for frame in exchange.frames:
        _frame(frame, console)
    if exchange.more_frames:
        _indented(console, f"and {exchange.more_frames} more frames")
    if exchange.close is not None and exchange.close.by == "server":
        _indented(
            console, f"+{exchange.close.at * 1000:.0f} ms  server  close {exchange.close.code} {exchange.close.reason}"
        )
    if exchange.fault is not None:
        _indented(console, f"{exchange.fault.layer}: {exchange.fault.text}")


def _frame(frame: Frame, console: Console) -> None:
    held = frame.text if frame.text is not None else f"({frame.size} bytes, binary)"
    _indented(console, f"+{frame.at * 1000:.0f} ms  {frame.direction}  {_cut(_compact(held))}")


def _compact(text: str) -> str:
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, separators=(", ", ": "))
    except (ValueError, RecursionError):
        return text


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_TEXT else text[: _MOST_TEXT - 1] + "…"


def _fix(fix: Fix, handed: Handover | None, console: Console, *, verbose: bool) -> None:
    console.print()
    made = plural(fix.connections, "connection")
    if fix.works:
        console.print(Text.assemble(("The smallest change that works ", "bold"), f"(proven, {made})"))
        for number, edit in enumerate(fix.edits, 1):
            _indented(console, f"{number}. {edit}" if len(fix.edits) > 1 else edit, "bold green")
        for line in handed.change if handed else ():
            _whole(console, f"  {line}", _STYLES.get(line[:1], ""))
    else:
        console.print(Text(f"No change to the handshake that rtdoctor knows makes it work ({made} tried).", "bold"))
        if fix.nearest:
            change = " and ".join(fix.nearest)
            _indented(console, f"It comes furthest with this: {change}.", "bold")
            _indented(console, f"What is wrong then: {fix.nearest_cause}", "bold")
        came = Counter(tried.seen for tried in fix.tried).most_common()
        for seen, count in came[:_MOST_ANSWERS]:
            _indented(console, f"{plural(count, 'connection')} came to: {seen}", "dim")
        if len(came) > _MOST_ANSWERS:
            _indented(console, f"and {plural(len(came) - _MOST_ANSWERS, 'other answer')} (-v)", "dim")
    if verbose:
        console.print(Text("Every handshake that was tried", "bold"))
        for tried in fix.tried:
            _indented(console, f"{' and '.join(tried.edits)}: {tried.seen}", "dim")


def _hand_over(handed: Handover, console: Console) -> None:
    """The commands as they stand: no line of them is wrapped, so that they can be pasted."""
    console.print()
    holds = f" ({handed.variable} must hold your key)" if handed.variable else ""
    console.print(Text.assemble(("The whole handshake, to paste into a shell", "bold"), holds))
    if handed.events:
        _indented(console, "events.jsonl, what to send after the first event:", "dim")
        for event in handed.events:
            _whole(console, event)
    for tool, command in handed.commands:
        limit = ", which opens the socket and sends nothing" if tool == "curl" and handed.events else ""
        _indented(console, f"with {tool}{limit}:", "dim")
        for line in command.splitlines():
            _whole(console, line)
    if handed.snippet:
        _indented(console, f"in {handed.language}:", "dim")
        for line in handed.snippet.splitlines():
            _whole(console, line)


def _whole(console: Console, text: str, style: str = "") -> None:
    console.print(Text(clean(text), style), soft_wrap=True)

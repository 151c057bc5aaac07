"""The terminal form of a probe: what was sent, what came back and when, the finding, the controls, the fix."""

import json
from typing import TextIO

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from rtdoctor.model.exchange import Exchange, Frame
from rtdoctor.model.fix import Fix
from rtdoctor.model.probed import Probed
from rtdoctor.privacy.clean import clean
from rtdoctor.report.console import console as console_on
from rtdoctor.report.terminal import UNCHECKED, TerminalWriter

_MOST_TEXT = 300


def show(probed: Probed, out: TextIO) -> None:
    """Print the whole probe."""
    report, given, exchange, fix = probed.report, probed.given, probed.exchange, probed.fix
    console = console_on(out)
    writer = TerminalWriter(console)
    if report.setting.insecure:
        console.print(Text(UNCHECKED, "bold red"))
    console.print(Text("The handshake", "bold"))
    _indented(console, f"GET {given.url}")
    for name, value in given.headers:
        _indented(console, f"{name}: {value}")
    if given.subprotocols:
        _indented(console, f"Sec-WebSocket-Protocol: {', '.join(given.subprotocols)}")
    for notice in report.setting.notices:
        _indented(console, notice, "dim")
    console.print()
    for rung in report.ladder:
        writer.rung(rung)
    if exchange is not None:
        _answer(exchange, console)
    console.print()
    style = "bold green" if report.summary.can_connect else "bold red"
    console.print(Text.assemble(("Can I connect?  ", "bold"), (clean(report.summary.sentence), style)))
    if report.interrupted:
        console.print(Text("Interrupted: the report is partial.", "yellow"))
    if report.summary.parity:
        console.print(Text(clean(report.summary.parity), "bold"))
    for rung in report.ladder:
        if rung.dead:
            writer.explain(rung.rung, rung.finding)
    for result in report.results:
        if result.finding.cause is not None:
            writer.explain(result.scenario, result.finding)
    if fix is not None:
        _fix(fix, console)
    if report.setting.insecure:
        console.print(Text(UNCHECKED, "bold red"))


def _indented(console: Console, text: str, style: str = "") -> None:
    console.print(Padding(Text(clean(text), style, overflow="fold"), (0, 0, 0, 2), expand=False))


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


def _fix(fix: Fix, console: Console) -> None:
    console.print()
    if fix.works:
        console.print(
            Text.assemble(("The smallest change that works ", "bold"), f"(proven, {fix.connections} connections)")
        )
        for number, edit in enumerate(fix.edits, 1):
            _indented(console, f"{number}. {edit}", "bold green")
        if fix.needless:
            _indented(console, f"shown to be needless: {'; '.join(fix.needless)}", "dim")
    else:
        console.print(Text(f"No change that works was found in {fix.connections} connections.", "bold"))
        for tried in fix.tried[:10]:
            _indented(console, f"{' and '.join(tried.edits)}: {tried.seen}", "dim")

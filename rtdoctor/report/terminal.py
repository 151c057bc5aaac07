"""The terminal writer: can I connect; if not, at which rung and why; what to change; then the matrix.

Everything is plain text to rich (no markup, no emoji, no highlighting), and every text from outside goes through
`clean`. Readable at 80 columns, without colour and in a pipe.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rtdoctor.model.finding import Candidate, Finding
from rtdoctor.model.report import (
    LadderDone,
    Report,
    Result,
    RunEvent,
    RunFinished,
    Rung,
    RungDone,
    RunStarted,
    Setting,
)
from rtdoctor.privacy.clean import clean
from rtdoctor.report.console import console

_STYLE = {"pass": "green", "warn": "yellow", "fail": "bold red", "inconclusive": "magenta", "skip": "dim"}
_WORD = {"pass": "ok", "warn": "warn", "fail": "FAIL", "inconclusive": "??", "skip": "skip"}
_NOT_TRIED = "--"
_UNKNOWN = "unknown.unknown"  # says nothing: each is told with its own facts
UNCHECKED = "CERTIFICATES WERE NOT CHECKED (--insecure): whoever sits on the way can answer in the endpoint's place."


def make(out: TextIO) -> Callable[[RunEvent], None]:
    """A reader of a run's events that prints to `out`."""
    return TerminalWriter(console(out))


class TerminalWriter:
    """Reads the events of a run and prints the parts of the report as they are known."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __call__(self, event: RunEvent) -> None:
        """Take one event of the run."""
        match event:
            case RunStarted(setting=setting):
                self._header(setting)
            case RungDone(rung=rung):
                self.rung(rung)
            case LadderDone(summary=summary, rungs=rungs):
                self._line()
                self._say("Can I connect?  ", summary.sentence, "bold " + _STYLE[summary.verdict])
                if summary.parity:
                    self._say("", summary.parity, "bold")
                for rung in _worth_explaining(rungs):
                    self.explain(rung.rung, rung.finding)
            case RunFinished(report=report):
                self._finish(report)

    # --- parts --------------------------------------------------------------------------------------------------------

    def _header(self, setting: Setting) -> None:
        if setting.insecure:
            self._say("", UNCHECKED, "bold red")
        if not setting.account_tested:
            self._say("", untested(setting), "yellow")
        self._say("", f"rtdoctor {setting.version} · {setting.base_url}", "bold")
        self._say("", f"aim: {setting.aim} with {setting.model}", "dim")
        self._line()

    def rung(self, rung: Rung) -> None:
        """One line of the ladder."""
        word = _WORD[rung.verdict] if rung.tried else _NOT_TRIED
        row = Table.grid(padding=(0, 1), expand=False)
        row.add_column(width=4)
        row.add_column(width=13)
        row.add_column(width=max(20, min(self._console.width, 100) - 32), overflow="fold")
        row.add_column(width=8, justify="right")
        row.add_row(
            Text(word, _STYLE[rung.verdict] if rung.tried else "dim"),
            Text(rung.rung),
            Text(clean(rung.finding.summary), "" if rung.tried and rung.verdict != "skip" else "dim"),
            Text(f"{rung.ms:.0f} ms" if rung.ms is not None else "", "dim"),
        )
        self._console.print(row)

    def explain(self, name: str, finding: Finding) -> None:
        """One finding in full: cause, why, facts, what was ruled out, what to change, evidence."""
        self._line()
        head = f"{finding.cause}: {finding.title}" if finding.cause else finding.summary
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=10, style="dim")
        grid.add_column(overflow="fold", max_width=max(20, min(self._console.width, 100) - 12))
        self._say("", f"{name} · {head}", _STYLE[finding.verdict])
        for label, texts in (
            ("  why", [finding.explanation]),
            ("  drift", [finding.drift]),
            ("  seen", finding.facts),
            ("  or", [f"{item.cause}: {item.reason}" for item in finding.ruled_out if _fits(item)]),
            ("  not it", [f"{item.cause}: {item.reason}" for item in finding.ruled_out if not _fits(item)]),
            ("  change", [finding.remedy]),
            ("  known", [str(item) for item in finding.evidence]),
        ):
            shown = [clean(text) for text in texts if text]
            for place, text in enumerate(shown):
                grid.add_row(label if place == 0 else "", Text(text, "bold" if label == "  change" else ""))
        self._console.print(grid)

    def _finish(self, report: Report) -> None:
        if report.results:
            self._matrix(report.results, report.ladder)
        self._line()
        spend, summary = report.spend, report.summary
        events = sum(count for _, count in spend.events)
        cost = f"{spend.audio_ms / 1000:.1f} s of audio" if spend.audio_bytes else "0 bytes of audio"
        if not spend.billable:
            cost += ", nothing billable"
        elif not spend.audio_bytes:
            cost += ", some of it may cost money"
        self._say("", f"Sent: {events} client events, {cost}. Took {report.duration_s:.1f} s.", "dim")
        if report.interrupted:
            self._say("", "Interrupted: the report is partial.", "yellow")
        self._say(
            "",
            f"{summary.verdict.upper()} (exit {130 if report.interrupted else summary.exit_code})  {summary.sentence}",
            "bold " + _STYLE[summary.verdict],
        )
        remedy = _remedy(report)
        if remedy:
            self._say("To mend it: ", remedy)
        if not report.setting.account_tested:
            self._say("", untested(report.setting), "yellow")
        if report.setting.insecure:
            self._say("", UNCHECKED, "bold red")

    def _matrix(self, results: Sequence[Result], ladder: Sequence[Rung]) -> None:
        counts = ", ".join(f"{number} {name}" for name in _STYLE if (number := _count(results, name)))
        self._line()
        self._say("", f"Does the endpoint behave as known?  {len(results)} scenarios: {counts}.", "bold")
        self._line()
        table = Table(box=None, pad_edge=False, padding=(0, 1), show_edge=False, header_style="dim")
        table.add_column("", width=4, no_wrap=True)
        table.add_column("scenario", no_wrap=self._console.width >= 72, overflow="fold")
        table.add_column("expected", overflow="fold", min_width=8)
        table.add_column("seen", overflow="fold", min_width=4)
        tried = [result for result in results if result.outcome is not None]
        for result in tried:
            same = result.verdict == "pass" and not result.finding.drift
            table.add_row(
                Text(_WORD[result.verdict], _STYLE[result.verdict]),
                Text(result.scenario + (" *" if result.required else "")),
                Text(clean(result.expected)),
                Text("same" if same else clean(result.seen), "dim" if same else ""),
            )
        if tried:
            self._console.print(table)
        if any(result.required for result in tried):
            self._say("", "* required: it decides whether the run passes", "dim")
        for reason in dict.fromkeys(result.seen for result in results if result.outcome is None):
            names = [result.scenario for result in results if result.outcome is None and result.seen == reason]
            several = f"{len(names)} scenarios" if len(names) > 4 else ", ".join(names)
            self._say(f"{several}: ", reason)
        # A cause is explained once: where it comes again, only where.
        told = {rung.finding.cause for rung in _worth_explaining(ladder) if rung.finding.cause}
        unknown = {rung.finding.summary for rung in ladder if rung.finding.cause == _UNKNOWN}
        again: dict[str, list[str]] = {}
        for result in results:
            cause, verdict = result.finding.cause, result.verdict
            if verdict in ("fail", "warn") or (verdict == "inconclusive" and cause):
                if cause in told and (cause != _UNKNOWN or result.seen in unknown):
                    again.setdefault(cause, []).append(result.scenario)
                else:
                    self.explain(result.scenario, result.finding)
                    told |= {cause} if cause else set()
            self._violations(result)
        for cause, names in again.items():
            self._line()
            self._say(f"{cause}, as told above: ", ", ".join(names))
        self._lessons(results)

    def _violations(self, result: Result) -> None:
        for violation in result.violations[:5]:
            if violation.severity != "notice":
                text = f"  {violation.severity}: {result.scenario} event {violation.index} {violation.event_type}: "
                self._say(text, clean(f"{violation.message} {violation.pointer}"))

    def _lessons(self, results: Iterable[Result]) -> None:
        """What each refusal means that came as expected, once a cause."""
        causes = {
            result.finding.cause: result.finding
            for result in results
            if result.verdict == "pass" and result.finding.cause
        }
        if not causes:
            return
        self._line()
        self._say("", "What the expected refusals mean", "bold")
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=25, style="dim", overflow="fold")
        grid.add_column(overflow="fold", max_width=max(20, min(self._console.width, 110) - 27))
        for cause, finding in causes.items():
            grid.add_row(Text(cause or ""), Text(f"{finding.title}. {finding.remedy}"))
        self._console.print(grid)

    # --- printing -----------------------------------------------------------------------------------------------------

    def _say(self, label: str, text: str, style: str = "") -> None:
        self._console.print(Text.assemble((clean(label), "bold" if label else ""), (clean(text), style)))

    def _line(self) -> None:
        self._console.print()


def _remedy(report: Report) -> str:
    """What mends the run's cause, for its last lines: on a small screen the explanation has scrolled away."""
    if report.summary.verdict not in ("fail", "inconclusive") or report.summary.cause is None:
        return ""
    findings = [rung.finding for rung in report.ladder] + [result.finding for result in report.results]
    return next((found.remedy for found in findings if found.cause == report.summary.cause and found.remedy), "")


def _worth_explaining(rungs: Sequence[Rung]) -> list[Rung]:
    """Where the ladder ended comes first; a rung with the same cause as one before it adds nothing."""
    told: dict[str | None, Rung] = {}
    unnamed = []
    for rung in sorted(rungs, key=lambda rung: not rung.dead):
        if not rung.tried or rung.verdict in ("pass", "skip"):
            continue
        if rung.finding.cause is None:
            unnamed.append(rung)
        else:
            told.setdefault(rung.finding.cause, rung)
    return [*told.values(), *unnamed]


def _fits(candidate: Candidate) -> bool:
    """True for the next best cause, which fits too; the others are ruled out."""
    return candidate.reason.startswith("fits too")


def _count(results: Iterable[Result], verdict: str) -> int:
    return sum(result.verdict == verdict for result in results)


def untested(setting: Setting) -> str:
    """The warning that a green mock says nothing about an account."""
    if setting.profile == "mock":
        why = "; ".join(setting.notices) or "this was the built-in mock"
        return f"Nothing about your account was tested: {why}."
    why = (
        "the key was not sent (--insecure)" if setting.insecure and setting.credential != "none" else "there is no key"
    )
    return f"Nothing about your account was tested: {why}."

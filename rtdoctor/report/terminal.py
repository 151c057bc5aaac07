"""The terminal writer: can I connect; if not, at which rung and why; what to change; then the matrix.

Everything is plain text to rich (no markup, no emoji, no highlighting), and every text from outside goes through
`clean`. Readable at 80 columns, without colour and in a pipe.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rtdoctor.model.finding import Finding
from rtdoctor.model.plural import plural
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
    Summary,
    untested,
)
from rtdoctor.privacy.clean import clean
from rtdoctor.report.console import console
from rtdoctor.report.digest import UNKNOWN, digest, verdict_line

_STYLE = {"pass": "green", "warn": "yellow", "fail": "bold red", "inconclusive": "magenta", "skip": "dim"}
_WORD = {"pass": "ok", "warn": "warn", "fail": "FAIL", "inconclusive": "??", "skip": "skip"}
_NOT_TRIED = "--"
_STAR = "* required: it decides whether the run passes"
_WRONG = ("fail", "warn", "inconclusive")
_MOST_WANTED, _MOST_NAMES, _MOST_VIOLATIONS = 3, 12, 7
UNCHECKED = "CERTIFICATES WERE NOT CHECKED (--insecure): whoever sits on the way can answer in the endpoint's place."


def make(out: TextIO) -> Callable[[RunEvent], None]:
    """A reader of a run's events that prints to `out`."""
    return TerminalWriter(console(out))


def make_verbose(out: TextIO) -> Callable[[RunEvent], None]:
    """The same, with everything that a run tells."""
    return TerminalWriter(console(out), verbose=True)


class TerminalWriter:
    """Reads the events of a run and prints the parts of the report as they are known."""

    def __init__(self, console: Console, *, verbose: bool = False) -> None:
        self._console = console
        self._verbose = verbose

    def __call__(self, event: RunEvent) -> None:
        """Take one event of the run."""
        match event:
            case RunStarted(setting=setting):
                self._header(setting)
            case RungDone(rung=rung):
                self.rung(rung)
            case LadderDone(summary=summary, rungs=rungs):
                self._line()
                # In short: the whole sentence stands at the end, and the cause right below.
                self._say("Can I connect?  ", _in_short(summary), "bold " + _STYLE[summary.verdict])
                if summary.parity:
                    self._say("", summary.parity, "bold")
                for rung in _worth_explaining(rungs):
                    # What mends the run's cause stands at its end, where it is not scrolled away.
                    self.explain(rung.rung, rung.finding, fix=self._verbose or rung.finding.cause != summary.cause)
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

    def explain(self, name: str, finding: Finding, *, fix: bool = True) -> None:
        """One finding in full: cause, why, facts, what was ruled out, what to change, evidence. `fix` False leaves out
        what to change: it is told elsewhere."""
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
            ("  or", [f"{item.cause}: {item.reason}" for item in finding.ruled_out if item.fits]),
            ("  not it", [f"{item.cause}: {item.reason}" for item in finding.ruled_out if not item.fits]),
            ("  fix", [finding.remedy] if fix else []),
            ("  known", [str(item) for item in finding.evidence] if self._verbose else []),
        ):
            shown = [clean(text) for text in texts if text]
            for place, text in enumerate(shown):
                grid.add_row(label if place == 0 else "", Text(text, "bold" if label == "  fix" else ""))
        self._console.print(grid)

    def _finish(self, report: Report) -> None:
        if report.results:
            self._matrix(report)
        self._line()
        spend, of = report.spend, digest(report)
        events = plural(sum(count for _, count in spend.events), "client event")
        cost = f"{spend.audio_ms / 1000:.1f} s of audio" if spend.audio_bytes else "no audio"
        if not spend.billable:
            cost += ", nothing billable"
        elif not spend.audio_bytes:
            cost += ", some of it may cost money"
        self._say("", f"Sent: {events}, {cost}. Took {report.duration_s:.1f} s.", "dim")
        if report.interrupted:
            self._say("", "Interrupted: the report is partial.", "yellow")
        self._say("", verdict_line(of), "bold " + _STYLE[report.summary.verdict])
        if of.fix:
            self._say("Fix: ", of.fix)
        if report.setting.insecure:
            self._say("", UNCHECKED, "bold red")

    # --- the matrix ---------------------------------------------------------------------------------------------------

    def _matrix(self, report: Report) -> None:
        """What differs, once for all scenarios that came to the same; the whole of it with -v."""
        results = report.results
        counts = ", ".join(f"{number} {name}" for name in _STYLE if (number := _count(results, name)))
        self._line()
        self._say("", f"Does the endpoint behave as known?  {plural(len(results), 'scenario')}: {counts}.", "bold")
        if self._verbose:
            self._whole_table([result for result in results if result.outcome is not None])
        told = {rung.finding.cause for rung in _worth_explaining(report.ladder) if rung.finding.cause}
        wrong = [result for result in results if result.outcome is not None and result.verdict in _WRONG]
        for same in _same(wrong, lambda result: (result.verdict, result.finding.cause, result.seen)):
            self._group(same)
        if any(result.required for result in wrong) and not self._verbose:
            self._say("", _STAR, "dim")
        untried = [result for result in results if result.outcome is None]
        if untried:
            self._line()
        for same in _same(untried, lambda result: result.seen):
            names = _listed(same, None) if len(same) < 5 or self._verbose else plural(len(same), "scenario")
            self._say(f"{_WORD[same[0].verdict]:4} {names}: ", same[0].seen)
        self._violations(results)
        self._causes(report, wrong, told)
        if self._verbose:
            self._lessons(results)

    def _group(self, same: Sequence[Result]) -> None:
        """Scenarios with one answer: how many, the answer, what was expected, in which field it differs, which."""
        first = same[0]
        self._line()
        name = plural(len(same), "scenario") if len(same) > 1 else _starred(first)
        cause = f"  {first.finding.cause}" if first.finding.cause else ""
        head = (f"{_WORD[first.verdict]:4} ", _STYLE[first.verdict]), f"{name}: ", (clean(first.seen), "bold")
        self._console.print(Text.assemble(*head, (cause, "dim")))
        wanted = list(dict.fromkeys(_wanted(result) for result in same))
        rows = [("expected", text) for text in wanted[:_MOST_WANTED]]
        if len(wanted) > _MOST_WANTED:
            rows.append(("", f"and {plural(len(wanted) - _MOST_WANTED, 'other answer')} (-v)"))
        fields = list(dict.fromkeys(field for result in same if (field := _field(result))))
        rows += [("differs", field) for field in fields[: None if self._verbose else 1]]
        if len(same) > 1:
            rows.append(("at", _listed(same, None if self._verbose else _MOST_NAMES)))
        self._rows(rows)

    def _rows(self, rows: Sequence[tuple[str, str]]) -> None:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=13, style="dim")
        grid.add_column(overflow="fold", max_width=max(20, min(self._console.width, 100) - 15))
        last = ""
        for label, text in rows:
            grid.add_row(f"     {label}" if label != last else "", Text(clean(text)))
            last = label
        self._console.print(grid)

    def _whole_table(self, tried: Sequence[Result]) -> None:
        if not tried:
            return
        self._line()
        table = Table(box=None, pad_edge=False, padding=(0, 1), show_edge=False, header_style="dim")
        table.add_column("", width=4, no_wrap=True)
        table.add_column("scenario", no_wrap=self._console.width >= 72, overflow="fold")
        table.add_column("expected", overflow="fold", min_width=8)
        table.add_column("seen", overflow="fold", min_width=4)
        for result in tried:
            same = result.verdict == "pass" and not result.finding.drift
            table.add_row(
                Text(_WORD[result.verdict], _STYLE[result.verdict]),
                Text(result.scenario + (" *" if result.required else "")),
                Text(clean(_wanted(result))),
                Text("same" if same else clean(result.seen), "dim" if same else ""),
            )
        self._console.print(table)
        if any(result.required for result in tried):
            self._say("", _STAR, "dim")

    def _causes(self, report: Report, wrong: Sequence[Result], told: set[str]) -> None:
        """Each cause once: in full the one that decides, and all with -v; of the others title and fix. Of what has no
        cause the facts are all there is."""
        short: dict[str, Finding] = {}
        unknown = {rung.finding.summary for rung in report.ladder if rung.finding.cause == UNKNOWN}
        for result in wrong:
            cause, finding = result.finding.cause, result.finding
            if cause is None or cause in told or cause in short:
                continue
            if cause == UNKNOWN:
                if result.seen not in unknown:
                    self.explain(result.scenario, finding)
                unknown.add(result.seen)
            elif self._verbose or cause == report.summary.cause:
                self.explain(result.scenario, finding, fix=self._verbose)
                told.add(cause)
            else:
                short[cause] = finding
        if short:
            self._line()
            self._rows([row for cause, found in short.items() for row in _short(cause, found)])

    def _violations(self, results: Sequence[Result]) -> None:
        """What is wrong with the form and order of events, once for all sessions in which it is the same."""
        seen: dict[tuple[str, ...], dict[str, int]] = {}
        for result in results:
            for one in result.violations:
                if one.severity != "notice":
                    key = (one.severity, one.rule, one.event_type, one.pointer, one.message)
                    seen.setdefault(key, {}).setdefault(result.scenario, one.index)
        if not seen:
            return
        sessions = sum(bool(result.outcome and result.outcome.first_event) for result in results)
        worst = sorted(seen.items(), key=lambda item: (item[0][0] != "error", -len(item[1])))
        shown = worst if self._verbose else worst[:_MOST_VIOLATIONS]
        self._line()
        for (severity, _, kind, pointer, message), held in shown:
            place = " ".join(part for part in (kind, pointer) if part)
            self._say(f"  {severity}: ", f"{_where(held, sessions)}: {place}: {message}" if place else message)
            if self._verbose and len(held) > 1:
                self._rows([("at", ", ".join(f"{name} event {index}" for name, index in held.items()))])
        if len(worst) > len(shown):
            self._say("", f"  and {len(worst) - len(shown)} more (-v)", "dim")

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
        for cause, finding in causes.items():
            self._say(f"{cause}: ", f"{finding.title}. {finding.remedy}")

    # --- printing -----------------------------------------------------------------------------------------------------

    def _say(self, label: str, text: str, style: str = "") -> None:
        self._console.print(Text.assemble((clean(label), "bold" if label else ""), (clean(text), style)))

    def _line(self) -> None:
        self._console.print()


def _in_short(summary: Summary) -> str:
    if summary.can_connect:
        return "Yes."
    return f"No. It ends at {summary.rung}." if summary.rung else summary.sentence


def _worth_explaining(rungs: Sequence[Rung]) -> list[Rung]:
    """Where the ladder ended comes first; a rung with the same cause as one before it adds nothing."""
    told: dict[str | None, Rung] = {}
    unnamed = []
    about_model = any(rung.dead and _about_model(rung.finding) for rung in rungs)
    for rung in sorted(rungs, key=lambda rung: not rung.dead):
        if not rung.tried or rung.verdict in ("pass", "skip"):
            continue
        if about_model and not rung.dead and _about_model(rung.finding):
            continue  # the list of models told before what the session tells more exactly
        if rung.finding.cause is None:
            if rung.finding.facts or rung.finding.drift:  # its row says all the rest
                unnamed.append(rung)
        else:
            told.setdefault(rung.finding.cause, rung)
    return [*told.values(), *unnamed]


def _about_model(finding: Finding) -> bool:
    return bool(finding.cause and finding.cause.startswith("session.model-"))


def _same(results: Iterable[Result], key: Callable[[Result], object]) -> list[list[Result]]:
    """The results with one key together, the worst first."""
    found: dict[object, list[Result]] = {}
    for result in results:
        found.setdefault(key(result), []).append(result)
    return sorted(found.values(), key=lambda same: ("fail", "inconclusive", "warn", "skip").index(same[0].verdict))


def _wanted(result: Result) -> str:
    """What was expected; that it was only inferred is said."""
    return result.expected + (" (inferred)" if _is_inferred(result.finding) else "")


def _is_inferred(finding: Finding) -> bool:
    return "(inferred " in finding.drift


def _field(result: Result) -> str:
    """In what the answer differs, as the referee tells it at the end of the drift."""
    return result.finding.drift.partition("Differs in ")[2].rstrip(".")


def _listed(results: Sequence[Result], most: int | None) -> str:
    names = ", ".join(map(_starred, results[:most]))
    return names + (f" and {len(results) - most} more (-v)" if most and len(results) > most else "")


def _where(held: Mapping[str, int], sessions: int) -> str:
    """In how many sessions; `held` are the events, by scenario."""
    name, index = next(iter(held.items()))
    if len(held) == 1:
        return f"in {name}, event {index}"
    if len(held) >= sessions:
        return f"in all {len(held)} sessions"
    return f"in {len(held)} of {sessions} sessions (first: {name})"


def _starred(result: Result) -> str:
    return result.scenario + ("*" if result.required else "")


def _short(cause: str, finding: Finding) -> list[tuple[str, str]]:
    return [("cause", f"{cause}: {finding.title}"), *([("fix", finding.remedy)] if finding.remedy else [])]


def _count(results: Iterable[Result], verdict: str) -> int:
    return sum(result.verdict == verdict for result in results)

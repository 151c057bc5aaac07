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
)
from rtdoctor.privacy.clean import clean
from rtdoctor.report.console import console
from rtdoctor.report.digest import UNKNOWN, Digest, verdict_line
from rtdoctor.report.digests import digest
from rtdoctor.report.layout import beside, wrapped

_STYLE = {"pass": "green", "warn": "yellow", "fail": "bold red", "inconclusive": "magenta", "skip": "dim"}
_WORD = {"pass": "ok", "warn": "warn", "fail": "FAIL", "inconclusive": "??", "skip": "skip"}
_NOT_TRIED = "--"
_NO_ANSWER = "not tried"
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
        self._untried: list[Rung] = []

    def __call__(self, event: RunEvent) -> None:
        """Take one event of the run."""
        match event:
            case RunStarted(setting=setting):
                self._header(setting)
            case RungDone(rung=rung):
                self.rung(rung)
            case LadderDone(summary=summary, rungs=rungs):
                self.climbed()
                self._line()
                # In short: the whole sentence stands at the end, and the cause right below.
                self._say("Can I connect?  ", in_short(summary), "bold " + _STYLE[summary.verdict])
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
        mock = "the built-in mock, " if setting.profile == "mock" else ""
        self._say("", f"rtdoctor {setting.version} · {mock}{setting.base_url}", "bold")
        self._say("", f"aim: {setting.aim} with {setting.model}", "dim")
        self._line()

    def rung(self, rung: Rung) -> None:
        """One line of the ladder. What was not tried is one line for all that have the same reason: see `climbed`."""
        if not rung.tried and not self._verbose:
            self._untried.append(rung)
            return
        self.climbed()
        word = _WORD[rung.verdict] if rung.tried else _NOT_TRIED
        label = Text.assemble((f"{word:4} ", _STYLE[rung.verdict] if rung.tried else "dim"), f"{rung.rung:14}")
        summary = Text(clean(rung.finding.summary), "" if rung.tried and rung.verdict != "skip" else "dim")
        self._beside(label, summary, 19, right=f"{rung.ms:.0f} ms" if rung.ms is not None else "")

    def climbed(self) -> None:
        """The rungs that were not tried, once for each reason."""
        reasons: dict[str, list[str]] = {}
        for rung in self._untried:
            reasons.setdefault(rung.finding.summary, []).append(rung.rung)
        self._untried.clear()
        for reason, names in reasons.items():
            names_shown = ", ".join(names) if len(names) < 3 else f"{names[0]} to {names[-1]}"
            self._beside(Text(f"{_NOT_TRIED:4} ", "dim"), Text(f"{names_shown}  {clean(reason)}", "dim"), 5)

    def explain(self, name: str, finding: Finding, *, fix: bool = True) -> None:
        """One finding in full: cause, why, facts, what was ruled out, what to change, evidence. `fix` False leaves out
        what to change: it is told elsewhere."""
        self._line()
        head = f"{finding.cause}: {finding.title}" if finding.cause else finding.summary
        self._say("", f"{name} · {head}" if name else head, _STYLE[finding.verdict])
        ruled = [(f"{item.cause}: {item.reason}", item.fits) for item in finding.ruled_out]
        for label, texts in (
            ("why", [finding.explanation]),
            ("drift", [finding.drift]),
            ("seen", finding.facts),
            ("or", [text for text, fits in ruled if fits]),
            ("not it", [text for text, fits in ruled if not fits]),
            ("fix", [finding.remedy] if fix else []),
            ("known", [str(item) for item in finding.evidence] if self._verbose else []),
        ):
            self._rows([(f"  {label}", text) for text in texts if text], 11, "bold" if label == "fix" else "")

    def _finish(self, report: Report) -> None:
        if report.results:
            self._matrix(report)
        self._line()
        spend, of = report.spend, digest(report)
        sent = sum(count for _, count in spend.events)
        events = plural(sent, "client event") if sent else "no client events"
        cost = f"{spend.audio_ms / 1000:.1f} s of audio" if spend.audio_bytes else "no audio"
        if not spend.billable:
            cost += ", nothing billable"
        elif not spend.audio_bytes:
            cost += ", some of it may cost money"
        self._say("", f"Sent: {events}, {cost}. Took {report.duration_s:.1f} s.", "dim")
        self.verdict(of)
        if report.setting.insecure:
            self._say("", UNCHECKED, "bold red")

    def verdict(self, of: Digest) -> None:
        """The answer with its exit code, and what to change first."""
        if of.interrupted:
            self._say("", "Interrupted: the report is partial.", "yellow")
        self._say("", verdict_line(of), "bold " + _STYLE[of.verdict])
        if of.fix:
            self._say("Fix: ", of.fix)

    # --- the matrix ---------------------------------------------------------------------------------------------------

    def _matrix(self, report: Report) -> None:
        """What differs, once for all scenarios that came to the same; the whole of it with -v."""
        results = report.results
        self._line()
        self._say("", f"Does the endpoint behave as known?  {_counted(results)}.", "bold")
        if self._verbose:
            self._whole_table([result for result in results if result.outcome is not None])
        explained = {rung.finding.cause for rung in _worth_explaining(report.ladder) if rung.finding.cause}
        wrong = [result for result in results if result.outcome is not None and result.verdict in _WRONG]
        ended = next((rung.finding.cause for rung in report.ladder if rung.dead), None)
        for same in _same(wrong, lambda result: (result.verdict, result.finding.cause, result.seen)):
            # What ended the ladder and comes to the same again tells nothing new.
            self._group(same, known=not self._verbose and ended is not None and same[0].finding.cause == ended)
        if any(result.required for result in wrong) and not self._verbose and ended is None:
            self._say("", _STAR, "dim")
        untried = [result for result in results if result.outcome is None]
        if self._verbose or not any(rung.dead for rung in report.ladder):
            self._left_out(untried, {rung.finding.summary: rung.rung for rung in report.ladder})
        self._violations(results)
        self._causes(report, wrong, explained)
        if self._verbose:
            self._lessons(results)

    def _left_out(self, untried: Sequence[Result], seen_above: Mapping[str, str]) -> None:
        """What was not tried, by its reason; `seen_above` are the reasons that a rung gave already."""
        if untried:
            self._line()
        for same in _same(untried, lambda result: result.seen):
            names = _listed(same, None) if len(same) < 5 or self._verbose else plural(len(same), "scenario")
            why = f"as {seen_above[same[0].seen]}, above" if same[0].seen in seen_above else clean(same[0].seen)
            text = Text.assemble((f"{names}: ", "bold"), why)
            self._beside(Text(f"{_WORD[same[0].verdict]:4} ", _STYLE[same[0].verdict]), text, 5)

    def _group(self, same: Sequence[Result], *, known: bool) -> None:
        """Scenarios with one answer: how many, the answer, what was expected, in which field it differs, which. Of what
        is `known` from the ladder only how many."""
        first = same[0]
        if not known:
            self._line()
        name = plural(len(same), "scenario") if len(same) > 1 else _starred(first)
        cause = f"  {first.finding.cause}" if first.finding.cause else ""
        text = Text.assemble(f"{name}: ", (clean(first.seen), "bold"), (cause, "dim"))
        self._beside(Text(f"{_WORD[first.verdict]:4} ", _STYLE[first.verdict]), text, 5)
        if known:
            return
        wanted = list(dict.fromkeys(_wanted(result) for result in same))
        rows = [("expected", text) for text in wanted[:_MOST_WANTED]]
        if len(wanted) > _MOST_WANTED:
            rows.append(("expected", f"and {plural(len(wanted) - _MOST_WANTED, 'other answer')} (-v)"))
        fields = list(dict.fromkeys(field for result in same if (field := _field(result))))
        rows += [("differs", field) for field in fields[: None if self._verbose else 1]]
        if len(same) > 1:
            rows.append(("at", _listed(same, None if self._verbose else _MOST_NAMES)))
        self._rows([(f"     {label}", text) for label, text in rows])

    def _rows(self, rows: Sequence[tuple[str, str]], indent: int = 14, style: str = "") -> None:
        """Texts beside their labels; a label that was just told is not told again."""
        last = ""
        for label, text in rows:
            self._beside(Text(label if label != last else "", "dim"), Text(clean(text), style), indent)
            last = label

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

    def _causes(self, report: Report, wrong: Sequence[Result], explained: set[str]) -> None:
        """Each cause once: in full the one that decides, and all with -v; of the others title and fix. Of what has no
        cause the facts are all there is."""
        short: dict[str, Finding] = {}
        unknown = {rung.finding.summary for rung in report.ladder if rung.finding.cause == UNKNOWN}
        for result in wrong:
            cause, finding = result.finding.cause, result.finding
            if cause is None or cause in explained or cause in short:
                continue
            if cause == UNKNOWN:
                if result.seen not in unknown:
                    self.explain(result.scenario, finding)
                unknown.add(result.seen)
            elif self._verbose or cause == report.summary.cause:
                self.explain(result.scenario, finding, fix=self._verbose)
                explained.add(cause)
            else:
                short[cause] = finding
        if short:
            self._line()
            # Where the session opens, what a scenario did wrong on purpose is nobody's to mend.
            mends = not report.summary.can_connect
            rows = [row for cause, results in short.items() for row in _short(cause, results, fix=mends)]
            self._rows([(f"     {label}", text) for label, text in rows])

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
                self._rows([("     at", ", ".join(f"{name} event {index}" for name, index in held.items()))])
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
        whole = Text.assemble((clean(label), "bold" if label else ""), (clean(text), style))
        for line in wrapped(whole, self._console.width):
            self._console.print(line, soft_wrap=True)

    def _beside(self, label: Text, text: Text, indent: int, *, right: str = "") -> None:
        for line in beside(self._console, label, text, indent, right=right):
            self._console.print(line, soft_wrap=True)

    def _line(self) -> None:
        self._console.print()


def in_short(summary: Summary) -> str:
    """Yes or no; where it is not decided, why."""
    if summary.can_connect is None:
        return summary.sentence
    return "Yes." if summary.can_connect else "No."


def _counted(results: Sequence[Result]) -> str:
    """How many scenarios came to what; one that was not tried is neither wrong nor undecided."""
    words = [_NO_ANSWER if result.outcome is None else result.verdict for result in results]
    if set(words) == {_NO_ANSWER}:
        return f"Not tried ({plural(len(results), 'scenario')})"
    counts = ", ".join(f"{number} {word}" for word in (*_STYLE, _NO_ANSWER) if (number := words.count(word)))
    return f"{plural(len(results), 'scenario')}: {counts}"


def _worth_explaining(rungs: Sequence[Rung]) -> list[Rung]:
    """Where the ladder ended comes first; a rung with the same cause as one before it adds nothing."""
    by_cause: dict[str | None, Rung] = {}
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
            by_cause.setdefault(rung.finding.cause, rung)
    return [*by_cause.values(), *unnamed]


def _about_model(finding: Finding) -> bool:
    return bool(finding.cause and finding.cause.startswith("session.model-"))


def _same(results: Iterable[Result], key: Callable[[Result], object]) -> list[list[Result]]:
    """The results with one key together, the worst first."""
    alike: dict[object, list[Result]] = {}
    for result in results:
        alike.setdefault(key(result), []).append(result)
    return sorted(alike.values(), key=lambda same: ("fail", "inconclusive", "warn", "skip").index(same[0].verdict))


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


def _short(cause: str, finding: Finding, *, fix: bool) -> list[tuple[str, str]]:
    return [("cause", f"{cause}: {finding.title}"), *([("fix", finding.remedy)] if fix and finding.remedy else [])]

"""The terminal form of a run of `conform`: the answer, one table by group, the deviations by weight, what is left."""

from collections.abc import Iterable
from typing import TextIO

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rtdoctor.model.conformance import UNKNOWN_DIALECT, VERDICTS, CaseResult, Conformance, Seen, Verdict
from rtdoctor.privacy.clean import clean
from rtdoctor.report.console import console as console_on
from rtdoctor.report.terminal import UNCHECKED

_STYLE = {"pass": "green", "warn": "yellow", "fail": "bold red", "inconclusive": "magenta"}
_WEIGHT = {"high": "bold red", "medium": "yellow", "low": "dim"}
_OF = {"conforms": "green", "deviates": "red", "not served": "dim", "could not tell": "magenta"}
_MOST_LOW, _MOST_LEFT, _MOST_CASES = 25, 12, 4


def show(conformance: Conformance, out: TextIO) -> None:
    """Print it in short: of what weighs little a line each."""
    _Writer(console_on(out)).whole(conformance)


def show_verbose(conformance: Conformance, out: TextIO) -> None:
    """Print every case, and every deviation in full."""
    _Writer(console_on(out), verbose=True).whole(conformance)


def _dialect(conformance: Conformance) -> str:
    return (
        "no session opened, so its dialect is unknown"
        if conformance.dialect == UNKNOWN_DIALECT
        else conformance.dialect
    )


class _Writer:
    def __init__(self, console: Console, *, verbose: bool = False) -> None:
        self._console, self._verbose = console, verbose

    def whole(self, conformance: Conformance) -> None:
        """All of it."""
        setting = conformance.setting
        if setting.insecure:
            self._say(UNCHECKED, "bold red")
        self._say(f"{setting.base_url}  ({_dialect(conformance)}; credential: {setting.credential})", "dim")
        for notice in setting.notices:
            self._say(notice, "dim")
        self._say(conformance.sentence, _STYLE[conformance.verdict])
        if conformance.interrupted:
            self._say("Interrupted: the report is partial.", "magenta")
        self._console.print()
        self._groups(conformance.results)
        for one in conformance.deviations:
            if self._verbose or one.deviation.weight != "low":
                self._deviation(one)
        if not self._verbose:
            self._low([one for one in conformance.deviations if one.deviation.weight == "low"])
        if self._verbose:
            self._cases(conformance.results)
        else:
            self._left(conformance.results, "could not tell")
            self._left(conformance.results, "not served")
        self._console.print()
        events = sum(count for _, count in conformance.spend.events)
        self._say(
            f"{events} events and {conformance.spend.audio_ms / 1000:.0f} s of audio in {conformance.duration_s:g} s.",
            "dim",
        )

    def _groups(self, results: Iterable[CaseResult]) -> None:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        table.add_column("group")
        for verdict in VERDICTS:
            table.add_column(verdict, justify="right")
        counts: dict[str, dict[Verdict, int]] = {}
        for result in results:
            of = counts.setdefault(result.group, {})
            of[result.verdict] = of.get(result.verdict, 0) + 1
        for group, of in counts.items():
            cells = (Text(str(of[verdict]) if verdict in of else "-", _OF[verdict]) for verdict in VERDICTS)
            table.add_row(clean(group), *cells)
        self._console.print(table)

    def _deviation(self, one: Seen) -> None:
        known = one.deviation
        self._console.print()
        times = f"  ×{one.count}" if one.count > 1 else ""
        head = Text.assemble((f"{known.weight:6}  ", _WEIGHT[known.weight]), (known.id, "bold"), (times, "dim"))
        self._console.print(head)
        grid = Table.grid(padding=(0, 2))
        grid.add_column(width=6, style="dim")
        grid.add_column(overflow="fold")
        rows = [("", known.title)]
        rows += [("seen" if place == 0 else "", text) for place, text in enumerate(one.seen)]
        more = f" and {len(one.cases) - _MOST_CASES} more" if len(one.cases) > _MOST_CASES else ""
        rows.append(("cases", ", ".join(one.cases[:_MOST_CASES]) + more))
        evidence = known.evidence
        whose = f" ({evidence.confidence} {evidence.seen}, {evidence.source})" if self._verbose else ""
        rows.append(("real", f"{known.real}{whose}"))
        rows += [
            ("breaks", f"{one.client}: {one.how}" + (f" ({one.evidence})" if self._verbose else ""))
            for one in known.breaks
        ]
        rows.append(("fix", known.fix))
        for label, text in rows:
            grid.add_row(label, Text(clean(text), "bold" if label == "fix" else ""))
        self._console.print(Padding(grid, (0, 0, 0, 2)))

    def _low(self, deviations: list[Seen]) -> None:
        if not deviations:
            return
        self._console.print()
        self._say("Of low weight (-v tells each in full)", "bold")
        grid = Table.grid(padding=(0, 2))
        grid.add_column(overflow="fold")
        grid.add_column(overflow="fold")
        for one in deviations[:_MOST_LOW]:
            grid.add_row(Text(clean(one.deviation.id)), Text(clean(one.deviation.title), "dim"))
        self._console.print(Padding(grid, (0, 0, 0, 2)))
        if len(deviations) > _MOST_LOW:
            self._say(f"  and {len(deviations) - _MOST_LOW} more (-v)", "dim")

    def _left(self, results: Iterable[CaseResult], verdict: Verdict) -> None:
        alike: dict[str, list[str]] = {}
        for result in results:
            if result.verdict == verdict:
                alike.setdefault(result.seen, []).append(result.case)
        if not alike:
            return
        self._console.print()
        self._say(verdict[:1].upper() + verdict[1:], "bold")
        for seen, names in list(alike.items())[:_MOST_LEFT]:
            more = f" and {len(names) - _MOST_CASES} more" if len(names) > _MOST_CASES else ""
            self._say(f"  {', '.join(names[:_MOST_CASES])}{more}: {seen}")
        if len(alike) > _MOST_LEFT:
            self._say(f"  and {len(alike) - _MOST_LEFT} more (-v)", "dim")

    def _cases(self, results: Iterable[CaseResult]) -> None:
        self._console.print()
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for name in ("case", "verdict", "what it asks, and what was seen"):
            table.add_column(name, overflow="fold")
        for result in results:
            text = f"{result.title}: {result.seen}" if result.seen else result.title
            table.add_row(clean(result.case), Text(result.verdict, _OF[result.verdict]), Text(clean(text)))
        self._console.print(table)

    def _say(self, text: str, style: str = "") -> None:
        self._console.print(Text(clean(text), style))

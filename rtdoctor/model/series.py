"""Many runs of one check, in a size that does not grow with their number: what each layer and scenario answered how
often, and how long it took."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from rtdoctor.model.report import Report, Setting, Summary

_STEPS = 40  # buckets for each factor of e: a percentile is right within 1.3 %
_WORST_FIRST = (2, 1, 3, 0)
_GOOD = frozenset(("pass", "warn"))


@dataclass(slots=True)
class Spread:
    """How times in milliseconds are spread, in buckets of one ratio."""

    least: float = math.inf
    most: float = 0.0
    count: int = 0
    _buckets: Counter[int] = field(default_factory=Counter)

    def add(self, ms: float) -> None:
        """Count a time."""
        self.count += 1
        self.least, self.most = min(self.least, ms), max(self.most, ms)
        self._buckets[round(math.log(max(ms, 0.01)) * _STEPS)] += 1

    def at(self, share: float) -> float:
        """The time below which that share of them lies, 0 to 1; 0 where there is none."""
        left = share * self.count
        for bucket in sorted(self._buckets):
            left -= self._buckets[bucket]
            if left <= 0:
                return min(self.most, max(self.least, math.exp(bucket / _STEPS)))
        return self.most


@dataclass(slots=True)
class Tally:
    """What one layer or scenario answered: how often each verdict, each cause and each time."""

    name: str
    is_layer: bool
    verdicts: Counter[str] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)
    spread: Spread = field(default_factory=Spread)

    @property
    def tried(self) -> int:
        """In how many runs it was tried."""
        return sum(count for verdict, count in self.verdicts.items() if verdict != "skip")

    @property
    def bad(self) -> int:
        """In how many it failed or could not be told."""
        return sum(count for verdict, count in self.verdicts.items() if verdict in ("fail", "inconclusive"))

    @property
    def flaky(self) -> bool:
        """True where it failed in some runs and not in others."""
        return 0 < self.bad < self.tried


@dataclass(frozen=True, slots=True)
class Series:
    """All runs so far. `worst` is the summary of the worst one, `exit_codes` how often each came; times in seconds."""

    setting: Setting
    worst: Summary
    runs: int
    planned: int | None
    exit_codes: Mapping[int, int]
    tallies: tuple[Tally, ...]
    events: int
    billable: bool
    duration_s: float
    interrupted: bool = False

    @property
    def exit_code(self) -> int:
        """The worst one's."""
        return self.worst.exit_code

    @property
    def sentence(self) -> str:
        """The answer over all runs."""
        good = self.exit_codes.get(0, 0)
        flaky = sum(tally.flaky for tally in self.tallies)
        sentence = f"{good} of {self.runs} runs were as expected"
        if flaky:
            sentence += f"; {flaky} layer{'s' if flaky != 1 else ''} or scenarios failed in some of them"
        return f"{sentence}." if good == self.runs else f"{sentence}. The worst: {self.worst.sentence}"


class Gathering:
    """Takes reports one by one, and keeps no one of them."""

    def __init__(self, planned: int | None = None) -> None:
        self._planned = planned
        self._setting: Setting | None = None
        self._worst: Summary | None = None
        self._codes: Counter[int] = Counter()
        self._tallies: dict[tuple[bool, str], Tally] = {}
        self._events, self._billable, self._duration = 0, False, 0.0
        self.runs = 0

    def add(self, report: Report) -> None:
        """Count a run."""
        self.runs += 1
        self._setting = self._setting or report.setting
        summary = report.summary
        if self._worst is None or _rank(summary.exit_code) < _rank(self._worst.exit_code):
            self._worst = summary
        self._codes[summary.exit_code] += 1
        for rung in report.ladder:
            self._count(True, rung.rung, rung.verdict if rung.tried else "skip", rung.finding.cause, rung.ms)
        for result in report.results:
            verdict = "skip" if result.outcome is None else result.verdict
            self._count(False, result.scenario, verdict, result.finding.cause, result.ms)
        self._events += sum(count for _, count in report.spend.events)
        self._billable |= report.spend.billable
        self._duration += report.duration_s

    def _count(self, is_layer: bool, name: str, verdict: str, cause: str | None, ms: float | None) -> None:
        tally = self._tallies.setdefault((is_layer, name), Tally(name, is_layer))
        tally.verdicts[verdict] += 1
        if cause and verdict not in _GOOD:
            tally.causes[cause] += 1
        if ms is not None and verdict in _GOOD:
            tally.spread.add(ms)

    def series(self, *, interrupted: bool = False) -> Series | None:
        """What it comes to; None where no run was counted."""
        if self._setting is None or self._worst is None:
            return None
        return Series(
            self._setting,
            self._worst,
            self.runs,
            self._planned,
            dict(self._codes),
            tuple(self._tallies.values()),
            self._events,
            self._billable,
            round(self._duration, 2),
            interrupted,
        )


def _rank(code: int) -> int:
    return _WORST_FIRST.index(code) if code in _WORST_FIRST else 0

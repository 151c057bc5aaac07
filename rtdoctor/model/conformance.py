"""What `rtdoctor conform` tells: a verdict for each case, and the deviations by name. Frozen values, no I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rtdoctor.model.exchange import Spend
from rtdoctor.model.finding import Evidence
from rtdoctor.model.finding import Verdict as Judged
from rtdoctor.model.plural import plural
from rtdoctor.model.report import Setting

SCHEMA_VERSION = "1.0"
Verdict = Literal["conforms", "deviates", "not served", "could not tell"]
UNKNOWN_DIALECT = "unknown"  # nothing opened that would tell it
VERDICTS: tuple[Verdict, ...] = ("conforms", "deviates", "not served", "could not tell")
# high: real clients do not work. medium: some work worse, or a fault stays hidden. low: hardly anybody meets it.
Weight = Literal["high", "medium", "low"]
WEIGHTS: tuple[Weight, ...] = ("high", "medium", "low")


@dataclass(frozen=True, slots=True)
class Breaks:
    """A real client that breaks on a deviation, and how."""

    client: str
    how: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Deviation:
    """A way in which servers are known to differ. `real` is what the real service does, with its evidence; `fix` is for
    the server's author; `rules` are rules of the stream judges that it stands for."""

    id: str
    weight: Weight
    title: str
    real: str
    fix: str
    evidence: Evidence
    breaks: tuple[Breaks, ...] = ()
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """A deviation of this server: how often, in which cases, and at most a few of the ways in which it showed."""

    deviation: Deviation
    count: int
    cases: tuple[str, ...]
    seen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What one case came to. `deviations` are ids; `seen` is a sentence, empty where it conforms."""

    case: str
    group: str
    title: str
    verdict: Verdict
    seen: str = ""
    deviations: tuple[str, ...] = ()
    ms: float | None = None


@dataclass(frozen=True, slots=True)
class Conformance:
    """A whole run."""

    setting: Setting
    sentence: str
    verdict: Judged
    exit_code: int
    results: tuple[CaseResult, ...]
    deviations: tuple[Seen, ...]
    spend: Spend
    duration_s: float
    dialect: str = UNKNOWN_DIALECT
    interrupted: bool = False

    def count(self, verdict: Verdict) -> int:
        """How many cases came to that."""
        return sum(result.verdict == verdict for result in self.results)


def summarise(
    results: Sequence[CaseResult], deviations: Sequence[Seen], trouble: str, *, refused: bool = False
) -> tuple[str, Judged, int]:
    """The sentence, the verdict and the exit code. `trouble` says why no session could be had, or is empty; `refused`
    that the server answered so."""
    by_verdict = {verdict: sum(one.verdict == verdict for one in results) for verdict in VERDICTS}
    plurals = {"conforms": "conform", "deviates": "deviate"}
    words = {name: name if count == 1 else plurals.get(name, name) for name, count in by_verdict.items()}
    counts = ", ".join(f"{count} {words[name]}" for name, count in by_verdict.items() if count)
    counts = f"of {plural(len(results), 'case')} {counts}"
    weights = {weight: sum(one.deviation.weight == weight for one in deviations) for weight in WEIGHTS}
    grave = weights["high"] + weights["medium"]
    heavy = ", ".join(f"{count} of {weight} weight" for weight, count in weights.items() if count)
    if trouble and refused:
        return f"Nothing more can be told: {trouble}.", "fail", 1
    if trouble:
        return f"It could not be told: {trouble}.", "inconclusive", 3
    if not deviations and by_verdict["could not tell"]:
        return f"Nothing deviates, but not all could be told ({counts}).", "inconclusive", 3
    if not deviations:
        return f"It conforms ({counts}).", "pass", 0
    number = plural(len(deviations), "deviation")
    if grave:
        return f"It deviates: {number}, {heavy} ({counts}).", "fail", 1
    return f"It conforms but for {number}, {heavy} ({counts}).", "warn", 0

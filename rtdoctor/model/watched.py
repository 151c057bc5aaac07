"""What a proxy saw of the connections that went through it."""

from collections.abc import Mapping
from dataclasses import dataclass

from rtdoctor.model.finding import Finding, Verdict
from rtdoctor.model.violation import Violation
from rtdoctor.version import __version__

SCHEMA_VERSION = "1.0"


@dataclass(frozen=True, slots=True)
class Passed:
    """One request with all that followed it. `events` counts by (sender, type); `violations` are the first ones of each
    rule, `severities` counts all; `unread` says why a part of it could not be judged; `seconds` is how long it took."""

    number: int
    method: str
    url: str
    status: int | None
    ended: str
    events: Mapping[tuple[str, str], int]
    severities: Mapping[str, int]
    violations: tuple[Violation, ...]
    finding: Finding | None
    unread: tuple[str, ...]
    seconds: float

    @property
    def verdict(self) -> Verdict:
        """The worse of what the server told and what was wrong with the events."""
        if self.finding is not None and self.finding.verdict in ("fail", "inconclusive"):
            return self.finding.verdict
        if self.severities.get("error"):
            return "fail"
        return "warn" if self.severities.get("warning") or self.finding or self.unread else "pass"


@dataclass(frozen=True, slots=True)
class Watched:
    """A run of the proxy: where it listened, where it led, its first connections and how many more there were.

    `counted` counts the verdicts of all of them, `unjudged` the connections that passed and of which no judgement came;
    `notes` tell what concerns the run as a whole.
    """

    listening: str
    to: str
    started_at: str
    duration_s: float
    passed: tuple[Passed, ...]
    counted: Mapping[str, int]
    exit_code: int = 0
    unjudged: int = 0
    notes: tuple[str, ...] = ()
    version: str = __version__

    @property
    def unanswered(self) -> int:
        """How many of the requests that are kept had no answer."""
        return sum(one.status is None for one in self.passed)

    @property
    def total(self) -> int:
        """How many requests there were."""
        return sum(self.counted.values())

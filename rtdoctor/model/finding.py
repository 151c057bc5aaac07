"""A judgement: verdict, cause, the facts it rests on, what was ruled out, what to change."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

Verdict = Literal["pass", "warn", "fail", "inconclusive", "skip"]
Confidence = Literal["observed", "documented", "inferred"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a piece of knowledge about somebody else's service comes from, and how old it is."""

    source: str
    seen: str
    confidence: Confidence

    def __str__(self) -> str:
        return f"{self.confidence} {self.seen}: {self.source}"


@dataclass(frozen=True, slots=True)
class Cause:
    """What can be wrong. `exit` is the exit code of a run that ends in it: 1 fail, 2 usage, 3 inconclusive. A
    `last_resort` says only that something ended, and is told when nothing better was found."""

    id: str
    title: str
    explanation: str
    remedy: str
    exit: int
    last_resort: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """A cause that the referee weighed: one that `fits` too and is the next best, or one that is ruled out."""

    cause: str
    reason: str
    fits: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fault stands in what was given: the number of its line (from 1), the line as it is shown, and where in it
    the fault begins and how long it is, in characters. `instead` is the line as it should be, where one line can be;
    `removed` where it should not be there at all. `file` is the name of the file, or empty."""

    line: int
    source: str
    column: int
    length: int
    instead: str = ""
    removed: bool = False
    file: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What the referee says. `cause` is None when nothing is wrong; `drift` tells a deviation from what is known;
    `shutdown` is the ISO date on which the model that was looked up ends, as far as it is known."""

    verdict: Verdict
    summary: str
    cause: str | None = None
    title: str = ""
    explanation: str = ""
    confidence: Confidence | None = None
    facts: tuple[str, ...] = ()
    ruled_out: tuple[Candidate, ...] = ()
    remedy: str = ""
    evidence: tuple[Evidence, ...] = ()
    drift: str = ""
    shutdown: str = ""
    places: tuple[Place, ...] = ()


def of_cause(cause: Cause, verdict: Verdict, summary: str, facts: Iterable[str] = (), **more: Any) -> Finding:
    """A finding that tells a cause in the cause's own words; `more` are other fields, or words in their place."""
    words = {"title": cause.title, "explanation": cause.explanation, "remedy": cause.remedy}
    return Finding(verdict, summary, cause.id, facts=tuple(facts), **{**words, **more})


def left_out(why: str) -> Finding:
    """What does not apply, or was not asked for."""
    return Finding("skip", why)


def undecided(why: str) -> Finding:
    """What was to be tried and was not, or not to its end."""
    return Finding("inconclusive", why)

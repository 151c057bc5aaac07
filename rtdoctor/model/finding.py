"""A judgement: verdict, cause, the facts it rests on, what was ruled out, what to change."""

from dataclasses import dataclass
from typing import Literal

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
class Finding:
    """What the referee says. `cause` is None when nothing is wrong; `drift` tells a deviation from what is known."""

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

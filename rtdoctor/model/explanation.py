"""What a pasted text tells, and the page of a cause. No I/O."""

from dataclasses import dataclass

from rtdoctor.model.finding import Cause, Evidence, Finding

SCHEMA_VERSION = "1.0"


@dataclass(frozen=True, slots=True)
class Explanation:
    """`findings` in the order in which a user meets them; `healthy` when a session stood and nothing was wrong with
    it. With nothing found, the only finding is unknown.unknown. `next` is the one thing to do now, a command where
    there is one."""

    findings: tuple[Finding, ...]
    healthy: bool
    next: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """All that is known of a cause: who meets it, an exchange that shows it, the exchange mended, the evidence."""

    cause: Cause
    who: str
    shows: tuple[str, ...]
    mended: tuple[str, ...]
    evidence: tuple[Evidence, ...]

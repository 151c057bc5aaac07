"""What a command tells, in the one form that most formats show: an answer, what to change, and cases.

`digests` makes it of each value that a command tells."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rtdoctor.model.exchange import Exchange
from rtdoctor.model.finding import Finding, Verdict
from rtdoctor.model.fix import Fix, Handover
from rtdoctor.model.handshake import Handshake
from rtdoctor.model.outcome import Outcome
from rtdoctor.model.validation import Placed
from rtdoctor.privacy.clean import clean
from rtdoctor.version import __version__

LADDER, SCENARIOS, CONTROLS, CAUSES, MARKS = "ladder", "scenarios", "controls", "causes", "marks"
RECORDING, PASSED = "recordings", "connections"
WORST_FIRST: tuple[Verdict, ...] = ("fail", "inconclusive", "warn", "pass", "skip")
UNKNOWN = "unknown.unknown"  # says nothing: each is told with its own facts


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that was tried or judged. `tried` False says that it was not, and `seen` why. `decides` says that the
    command's exit code rests on it."""

    group: str
    name: str
    verdict: Verdict
    seen: str
    expected: str = ""
    title: str = ""
    tried: bool = True
    decides: bool = True
    ms: float | None = None
    finding: Finding | None = None
    outcome: Outcome | None = None
    exchange: Exchange | None = None
    violations: tuple[Placed, ...] = ()
    violation_count: int = 0
    file: str = ""
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Digest:
    """All that a command tells. `sentence` is the answer, `fix` what to change first, `where` the rung that it is told
    of, `warnings` what the answer must not be read without, `facts` are names and values about the run."""

    command: str
    subject: str
    verdict: Verdict
    exit_code: int
    sentence: str
    fix: str = ""
    cause: str | None = None
    where: str = ""
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    cases: tuple[Case, ...] = ()
    edits: Fix | None = None
    handover: Handover | None = None
    handshake: Handshake | None = None
    started_at: str = ""
    duration_s: float | None = None
    interrupted: bool = False
    version: str = __version__

    @property
    def answer(self) -> str:
        """The sentence with the warnings that stand beside it."""
        return " ".join((self.sentence, *self.warnings))


@dataclass(frozen=True, slots=True)
class Group:
    """Cases that came to the same."""

    cases: tuple[Case, ...]

    @property
    def first(self) -> Case:
        return self.cases[0]

    @property
    def seen(self) -> str:
        """What was seen, where it differs at most three answers."""
        every = list(dict.fromkeys(case.seen for case in self.cases))
        more = f", and {len(every) - 3} other answers" if len(every) > 3 else ""
        return "; ".join(every[:3]) + more

    @property
    def expected(self) -> str:
        """What was expected, where all of them expected the same."""
        every = {case.expected for case in self.cases if case.expected}
        return every.pop() if len(every) == 1 else ""

    @property
    def names(self) -> str:
        """Their names, the first eight of them."""
        more = f" and {len(self.cases) - 8} more" if len(self.cases) > 8 else ""
        return ", ".join(case.name for case in self.cases[:8]) + more


def verdict_line(digest: Digest) -> str:
    """The run in one line: verdict, exit code, answer. An explanation judges nothing."""
    if digest.command == "explain":
        return clean(digest.answer)
    code = 130 if digest.interrupted else digest.exit_code
    if digest.command in ("proxy", "mock") and code == 0 and digest.verdict != "pass":
        # Nothing was asked to fail (--fail-on): what was seen is told, without a verdict that the code belies.
        return f"SEEN (exit 0)  {clean(digest.answer)}"
    word = "INTERRUPTED" if digest.interrupted else digest.verdict.upper()
    return f"{word} (exit {code})  {clean(digest.answer)}"


def is_wrong(case: Case) -> bool:
    """True for what somebody has to look at."""
    return case.tried and case.verdict in ("fail", "warn", "inconclusive")


def grouped(cases: Sequence[Case], key: Callable[[Case], object]) -> list[Group]:
    """The cases with one key together, the worst first, else in their order."""
    alike: dict[object, list[Case]] = {}
    for case in cases:
        alike.setdefault(key(case), []).append(case)
    return sorted((Group(tuple(same)) for same in alike.values()), key=lambda group: rank(group.first))


def rank(case: Case) -> int:
    """0 for the worst; what was not tried comes last."""
    return WORST_FIRST.index(case.verdict) if case.tried else len(WORST_FIRST)


def wrong_groups(digest: Digest) -> list[Group]:
    """What is wrong, told once: cases with one cause, or the same answer where there is none."""
    own = [case for case in digest.cases if is_wrong(case) and not _told_better(case, digest)]
    cases = sorted(own, key=lambda case: (rank(case), case.name != digest.where))
    return grouped(cases, lambda case: _cause(case) or (case.group, case.verdict, case.seen, case.file))


def _told_better(case: Case, digest: Digest) -> bool:
    """True for the rung that found a model missing on a list, where the session tells the same more exactly."""
    cause, about = _cause(case), "session.model-"
    both = bool(cause and cause.startswith(about) and digest.cause and digest.cause.startswith(about))
    return both and case.name == "http" and cause != digest.cause


def _cause(case: Case) -> str | None:
    cause = case.finding.cause if case.finding else None
    return None if cause == UNKNOWN else cause

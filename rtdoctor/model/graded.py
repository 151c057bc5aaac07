"""What `rtdoctor grade` tells: the marks that a client gets, and on what they rest."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from rtdoctor.model.finding import Evidence
from rtdoctor.model.plural import plural
from rtdoctor.version import __version__

Grade = Literal["pass", "warn", "fail", "not seen"]
WORST_FIRST: tuple[Grade, ...] = ("fail", "warn", "pass", "not seen")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one mark comes to in one run: the grade, why in a sentence, and the events that show it, one a line."""

    grade: Grade
    said: str
    shows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that is graded. `remedies` are those for a particular SDK, by the id of the SDK."""

    id: str
    title: str
    why: str
    remedy: str
    evidence: tuple[Evidence, ...]
    remedies: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Graded:
    """A mark with its grade: the worst over the lessons in which it was judged; `lesson` is the one that decided."""

    mark: Mark
    judgement: Judgement
    lesson: str
    remedy: str
    others: tuple[tuple[str, Judgement], ...] = ()

    @property
    def grade(self) -> Grade:
        """The grade."""
        return self.judgement.grade


@dataclass(frozen=True, slots=True)
class Taken:
    """A lesson that the client took: what happened, in a sentence, how long it was, what the client printed."""

    lesson: str
    title: str
    happened: str
    seconds: float
    connections: int
    exit_code: int | None = None
    output: str = ""


@dataclass(frozen=True, slots=True)
class CourseResult:
    """The whole: marks, lessons, and the answer. `client` is the command or the tape, quoted; `sdk` what the client
    says that it is made with."""

    client: str
    marks: tuple[Graded, ...]
    lessons: tuple[Taken, ...]
    connected: bool
    sdk: str = ""
    untaken: tuple[str, ...] = ()
    interrupted: bool = False
    started_at: str = ""
    seconds: float | None = None
    version: str = __version__

    def of(self, grade: Grade) -> tuple[Graded, ...]:
        """The marks with that grade."""
        return tuple(one for one in self.marks if one.grade == grade)

    @property
    def _missing(self) -> str:
        if self.interrupted and not self.lessons:
            return "Interrupted in the first lesson"
        ran = any(one.lesson for one in self.lessons)
        return "The client never connected: it may not read OPENAI_BASE_URL" if ran else "The tape holds no connection"

    @property
    def exit_code(self) -> int:
        """0 all pass or warn, 1 a fail, 3 the client never connected, nothing could be judged, or time ran out."""
        if self.untaken and not self.interrupted:
            return 3
        if self.of("fail"):
            return 1
        return 0 if self.connected and len(self.of("not seen")) < len(self.marks) else 3

    @property
    def sentence(self) -> str:
        """The answer in one sentence."""
        if not self.connected:
            return f"{self._missing}: nothing can be graded."
        counted = ((len(self.of(grade)), grade) for grade in WORST_FIRST)
        marks_told = ", ".join(
            f"{count} {'not seen' if grade == 'not seen' else grade}" for count, grade in counted if count
        )
        cut_off = f" {plural(len(self.untaken), 'lesson')} not taken." if self.untaken else ""
        return f"{len(self.marks)} marks: {marks_told}.{cut_off}"

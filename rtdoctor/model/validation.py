"""What `validate` says of recorded streams."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rtdoctor.model.finding import Finding, Verdict
from rtdoctor.model.outcome import ErrorEvent
from rtdoctor.model.timeline import Timeline
from rtdoctor.model.violation import Violation

SCHEMA_VERSION = "1.2"


@dataclass(frozen=True, slots=True)
class Placed:
    """A violation, the line that it was found at (0: live, or at the end), and the events before it as (line, sender,
    type)."""

    violation: Violation
    line: int = 0
    before: tuple[tuple[int, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Migrated:
    """A beta event of the stream in its GA form, as JSON (cut where it is long), with a sentence for each change."""

    line: int
    event_type: str
    event: str
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ToldError:
    """An error that the server told of, and the line it stands on."""

    line: int
    event_type: str
    error: ErrorEvent


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a speaker (`user` or `model`) said or wrote, and the line it stands on."""

    line: int
    speaker: str
    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function that the model called, with its arguments as they came."""

    line: int
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Content:
    """What was said and done in a session: the first of it, and how much more there is. `tokens` are the sums of usage
    by its own names, `seconds` of audio by side (`client`, `server`) and what was billed as `transcribed`."""

    spoken: tuple[Spoken, ...] = ()
    more_spoken: int = 0
    calls: tuple[Call, ...] = ()
    more_calls: int = 0
    responses: int = 0
    tokens: Mapping[str, int] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Connection:
    """The judgement on one connection of a recording. `errors` are the first errors that the server told of, and
    `finding` is the referee's on what they and the close come to; None where nothing is wrong.

    `events` counts by (sender, type), unknown types after the first 50 as "(others)"; `severities` and `rules` count
    every violation, `violations` holds the first ones of each rule.
    """

    socket: int
    dialect: str
    dialect_title: str
    events: Mapping[tuple[str, str], int]
    severities: Mapping[str, int]
    rules: Mapping[str, int]
    violations: tuple[Placed, ...]
    timeline: Timeline
    migrated: tuple[Migrated, ...]
    errors: tuple[ToldError, ...] = ()
    finding: Finding | None = None
    content: Content = Content()


@dataclass(frozen=True, slots=True)
class FileReport:
    """One file: its first connections and how many more were judged, the lines that could not be read (the first ones,
    and how many in all). `verdict` is about the stream's form; `exit_code` counts what the server told of, too."""

    file: str
    verdict: Verdict
    sentence: str
    connections: tuple[Connection, ...]
    problems: tuple[str, ...]
    problem_count: int
    entries: int
    more_connections: int = 0
    exit_code: int = 0

    @property
    def overall(self) -> Verdict:
        """The verdict on form and what the server told together, which is never ok where it told of an error."""
        if self.exit_code:
            return "fail"
        has_finding = any(connection.finding for connection in self.connections)
        return "warn" if has_finding and self.verdict == "pass" else self.verdict


@dataclass(frozen=True, slots=True)
class Validation:
    """All files, the verdict over them, and the knowledge that they were judged by (SDK version and dates). `short`
    asks for what the sessions held, without events, items and deviations."""

    version: str
    knowledge: Mapping[str, object]
    files: tuple[FileReport, ...]
    verdict: Verdict
    exit_code: int
    short: bool = False

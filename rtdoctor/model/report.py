"""What a run yields, one event after the other, and the whole at its end."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rtdoctor.model.exchange import Spend
from rtdoctor.model.finding import Finding, Verdict
from rtdoctor.model.outcome import Outcome
from rtdoctor.model.progress import Last, OnTheWay
from rtdoctor.model.violation import Violation

SCHEMA_VERSION = "1.3"
RUNGS = (
    "config",
    "dns",
    "tcp",
    "tls",
    "http",
    "client-secret",
    "upgrade",
    "first-event",
    "session",
    "transcript",
)


@dataclass(frozen=True, slots=True)
class Setting:
    """The run's own facts: what is tested, with what, and whether it says anything about the user's account.

    `insecure` says that certificates were not checked.
    """

    name: str
    base_url: str
    profile: str
    aim: str
    model: str
    account_tested: bool
    credential: str
    started_at: str
    version: str
    strict: bool
    notices: tuple[str, ...] = ()
    insecure: bool = False


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the ladder. `dead` says that nothing beyond it could be tried; `outcome` is what was measured, where
    the rung rests on an HTTP answer or a session."""

    rung: str
    finding: Finding
    ms: float | None = None
    dead: bool = False
    tried: bool = True
    outcome: Outcome | None = None

    @property
    def verdict(self) -> Verdict:
        return self.finding.verdict


@dataclass(frozen=True, slots=True)
class Result:
    """One scenario of the matrix: what was expected (in short), what was seen, the finding."""

    scenario: str
    title: str
    tags: tuple[str, ...]
    required: bool
    expected: str
    seen: str
    finding: Finding
    outcome: Outcome | None = None
    ms: float | None = None
    violations: tuple[Violation, ...] = ()

    @property
    def verdict(self) -> Verdict:
        return self.finding.verdict


@dataclass(frozen=True, slots=True)
class Summary:
    """The answer. `cause` is what to mend first, `rung` where it shows; `exit_code` as documented; `parity` where REST
    and the socket part, when one passes and the other fails over the same route; `warnings` are sentences without which
    the answer is not to be read. `caveats` are the kinds of those that make a green one mean little: untested,
    no-access, ending, ended."""

    verdict: Verdict
    exit_code: int
    can_connect: bool | None
    sentence: str
    cause: str | None = None
    rung: str | None = None
    parity: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()


def untested(setting: Setting) -> str:
    """The sentence that a green run says nothing about an account."""
    if setting.profile == "mock":
        why = "; ".join(setting.notices) or "this was the built-in mock"
    elif setting.insecure and setting.credential != "none":
        why = "the key was not sent (--insecure)"
    else:
        why = "there is no key"
    return f"Nothing about your account was tested: {why}."


@dataclass(frozen=True, slots=True)
class RunStarted(OnTheWay):
    """The first event of a run. `scenarios` is how many will be tried."""

    setting: Setting
    scenarios: int


@dataclass(frozen=True, slots=True)
class RungDone(OnTheWay):
    """A rung was judged."""

    rung: Rung


@dataclass(frozen=True, slots=True)
class LadderDone(OnTheWay):
    """The ladder's answer is known; the matrix may still run."""

    summary: Summary
    rungs: tuple[Rung, ...]


@dataclass(frozen=True, slots=True)
class Pending(OnTheWay):
    """What is being waited for now; for the progress line only."""

    what: tuple[str, ...]
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class ScenarioDone(OnTheWay):
    """A scenario was judged."""

    result: Result


@dataclass(frozen=True, slots=True)
class Report:
    """All findings of a run and the run's own facts."""

    setting: Setting
    summary: Summary
    ladder: tuple[Rung, ...]
    results: tuple[Result, ...]
    spend: Spend
    duration_s: float
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class RunFinished(Last):
    """The last event of a run."""

    report: Report


RunEvent = RunStarted | RungDone | LadderDone | Pending | ScenarioDone | RunFinished

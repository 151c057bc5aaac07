"""What a mock saw of its clients, and what they did wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rtdoctor.model.finding import Verdict
from rtdoctor.version import __version__

SCHEMA_VERSION = "1.0"


@dataclass(frozen=True, slots=True)
class Told:
    """Something that was said of a client, and how often. `level` is error, warning or info; `meant` says that a fault
    that was asked for brought it: it is told, and blames nobody."""

    level: str
    id: str
    text: str
    remedy: str = ""
    times: int = 1
    meant: bool = False


@dataclass(frozen=True, slots=True)
class Client:
    """One request with what followed. `socket` is its number among the sockets, 0 for another request; `events` counts
    messages by who sent them."""

    number: int
    socket: int
    asked: str
    answered: str
    ended: str
    seconds: float
    events: Mapping[str, int] = field(default_factory=dict)
    told: tuple[Told, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """By the worst that was said of it."""
        levels = {one.level for one in self.told if not one.meant}
        return "fail" if "error" in levels else "warn" if "warning" in levels else "pass"


@dataclass(frozen=True, slots=True)
class Served:
    """A run of the mock: its first clients, and how many there were. `counted` counts the verdicts of all of them;
    `wrong` are sentences about the script that was not kept to."""

    listening: str
    dialect: str
    started_at: str
    duration_s: float
    clients: tuple[Client, ...]
    counted: Mapping[str, int]
    faults: tuple[str, ...] = ()
    script: str = ""
    wrong: tuple[str, ...] = ()
    version: str = __version__

    @property
    def exit_code(self) -> int:
        """What was seen decides nothing; a script that was not kept to does."""
        return int(bool(self.wrong))

    @property
    def total(self) -> int:
        """How many requests there were."""
        return sum(self.counted.values())

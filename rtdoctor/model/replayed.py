"""What came of a recording that was served as an endpoint."""

from dataclasses import dataclass

from rtdoctor.version import __version__

SCHEMA_VERSION = "1.0"


@dataclass(frozen=True, slots=True)
class Play:
    """One recorded connection: how often it was asked for (once at most), what differed, and what of it was left
    over."""

    number: int
    what: str
    played: bool
    mismatches: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def seen(self) -> str:
        """What came of it, in short."""
        if not self.played:
            return "nobody asked for it"
        counts = (("differed", self.mismatches), ("not played to its end", self.left))
        return " and ".join(word for word, held in counts if held) or "played"

    @property
    def good(self) -> bool:
        """True where it was played to its end and nothing differed."""
        return self.played and not self.mismatches and not self.left


@dataclass(frozen=True, slots=True)
class Replayed:
    """A run of the replay. `strays` are requests that nothing on the recording answers."""

    file: str
    listening: str
    plays: tuple[Play, ...]
    strays: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    version: str = __version__

    @property
    def exit_code(self) -> int:
        """0 where all of it was played as it was recorded, else 1."""
        return 0 if not self.strays and all(play.good for play in self.plays) else 1

"""What `probe --fix` found: the smallest change that works, and what was shown to be needless."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tried:
    """One handshake of the search: the edits in it, whether it worked, and what was seen."""

    edits: tuple[str, ...]
    works: bool
    seen: str


@dataclass(frozen=True, slots=True)
class Fix:
    """`edits` are sentences, empty when nothing that works was found (or needed); `needless` are edits that were
    tried and are not part of it; `connections` counts every socket of the search."""

    edits: tuple[str, ...]
    needless: tuple[str, ...]
    connections: int
    tried: tuple[Tried, ...] = ()
    works: bool = False


@dataclass(frozen=True, slots=True)
class Control:
    """One control handshake: what was different in it, what came, and whether the answer was the same."""

    name: str
    what: str
    seen: str
    same: bool

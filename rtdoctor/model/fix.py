"""What `probe --fix` found: the smallest change that works, what else was tried, and what a user takes from it."""

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
    tried and are not part of it; `connections` counts every socket of the search. Where nothing works, `nearest` is
    the smallest change that came further than the handshake given, and `nearest_cause` says what is wrong then."""

    edits: tuple[str, ...]
    needless: tuple[str, ...]
    connections: int
    tried: tuple[Tried, ...] = ()
    works: bool = False
    nearest: tuple[str, ...] = ()
    nearest_cause: str = ""


@dataclass(frozen=True, slots=True)
class Handover:
    """A handshake that works, to be pasted: `url` in its printable form, `commands` the whole of it by tool, `events`
    what to send after the first event, a line of JSON each.

    `change` are the lines that differ from the handshake given, behind - as it was, behind + as it should be. `auth`
    are the ways in which the key is sent, `variable` the environment variable that it is read from, empty without one;
    `snippet` is client code, in the language `language`.
    """

    url: str
    change: tuple[str, ...]
    commands: tuple[tuple[str, str], ...]
    events: tuple[str, ...] = ()
    auth: tuple[str, ...] = ()
    variable: str = ""
    language: str = ""
    snippet: str = ""


@dataclass(frozen=True, slots=True)
class Control:
    """One control handshake: what was different in it, what came, and whether the answer was the same."""

    name: str
    what: str
    seen: str
    same: bool

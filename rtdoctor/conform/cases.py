"""The table of cases. A case is a coroutine under `@case`: one place that says its id, its title, what it asks, which
deviations it can tell, and what it may cost."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module

GROUPS = (
    "handshake",
    "frames",
    "authentication",
    "session",
    "audio",
    "transcription",
    "conversation",
    "errors",
    "lifecycle",
)
Tried = Callable[..., Awaitable[None]]  # of a Context


class NotServed(Exception):
    """The server does not serve what the case is about; the text says how that showed."""


class Untold(Exception):
    """The case could not be told; the text says why."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case. `tells` are the ids of the deviations that it can tell; `seconds` of audio and so many `responses` are
    the most that it sends and asks for."""

    id: str
    title: str
    tells: tuple[str, ...]
    run: Tried
    seconds: float = 0.0
    responses: int = 0

    @property
    def group(self) -> str:
        """The first word of its id."""
        return self.id.partition(".")[0]

    @property
    def asks(self) -> str:
        """What it does, in a sentence."""
        return (self.run.__doc__ or "").strip()


_cases: dict[str, Case] = {}


def case(ident: str, title: str, *tells: str, seconds: float = 0.0, responses: int = 0) -> Callable[[Tried], Tried]:
    """Puts a coroutine into the table; what it asks is its docstring."""

    def put(run: Tried) -> Tried:
        assert ident not in _cases, ident
        _cases[ident] = Case(ident, title, tells, run, seconds, responses)
        return run

    return put


def all_cases() -> tuple[Case, ...]:
    """Every case, by group."""
    for group in GROUPS:
        import_module(f"rtdoctor.conform.{group}")
    return tuple(sorted(_cases.values(), key=lambda one: GROUPS.index(one.group)))

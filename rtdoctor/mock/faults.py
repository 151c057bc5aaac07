"""Faults by name, from `faults.toml`: what breaks, on which connection, at which event, and how often."""

import math
import random
import threading
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from rtdoctor.mock.behaviour import refusals

_LONGEST, _MOST_AT_ONCE = 200, 100
_NAMED_EVENT = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._")


class BadFault(ValueError):
    """A fault that cannot be used, in words for people."""


@dataclass(frozen=True, slots=True, eq=False)
class Fault:
    """One fault.

    It breaks by `puts` (behaviour id in place of behaviour id) or by `act` (a function of acts.py, or a word that the
    server knows), with a `value` in `unit`s. `each` says what it happens to: a connection, event, response or turn.
    `connection` 0 is every one; `place` 0 is every one, or the first for what ends a connection, a number that one of
    `each`, a text the events of that type. `rate` from 0 to 1 is the share of `each` that it hits.
    """

    name: str
    words: str
    puts: Mapping[str, str] = field(default_factory=dict)
    act: str = ""
    each: str = "connection"
    value: float | None = None
    least: float = 0.0
    most: float = math.inf
    unit: str = ""
    ends: bool = False
    connection: int = 0
    place: int | str = 0
    rate: float = 1.0

    @property
    def refusal(self) -> str | None:
        """The fatal refusal that it brings, if it is one: it can come in the midst of a session, too."""
        name = self.puts.get("open-realtime", "")
        refusal = refusals().get(name)
        return name if refusal is not None and refusal.close is not None else None

    def __str__(self) -> str:
        value = "" if self.value is None else f"={self.value:g}"
        at = f"@{self.connection}" if self.connection else ""
        place = f"#{self.place}" if self.place else ""
        rate = "" if self.rate == 1 else f":{self.rate:g}"
        return f"{self.name}{value}{at}{place}{rate}"


@cache
def known() -> dict[str, Fault]:
    """Every fault by name."""
    raw = tomllib.loads(Path(__file__).with_name("faults.toml").read_text(encoding="utf-8"))
    return {name: Fault(name, **entry) for name, entry in raw.items()}


def parse(text: str) -> Fault:
    """NAME[=VALUE][@N][#PLACE][:RATE]: with a value, on the n-th connection, at an event (its number or type), for a
    share of them.

    Raises:
        BadFault: the name is not known, or something behind it makes no sense.
    """
    shown = text[:_LONGEST]
    rest, colon, rate = text.partition(":")
    rest, hashed, place = rest.partition("#")
    rest, at, nth = rest.partition("@")
    name, equals, value = rest.partition("=")
    fault = known().get(name)
    if fault is None:
        raise BadFault(f"{shown!r}: no fault has this name; --list-faults shows them")
    if at:
        fault = replace(fault, connection=_number(shown, nth, "after @ comes the number of a connection, from 1"))
    if hashed:
        fault = replace(fault, place=_place(shown, place, fault))
    if colon:
        fault = replace(fault, rate=_float(shown, rate, 0.0, 1.0, "after : comes a rate from 0 to 1"))
    if equals:
        if fault.value is None:
            raise BadFault(f"{shown!r}: {name} takes no value")
        wanted = f"after = comes a number of {fault.unit}, from {fault.least:g} to {fault.most:g}"
        fault = replace(fault, value=_float(shown, value, fault.least, fault.most, wanted))
    return fault


def _number(shown: str, text: str, wanted: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 10 and int(text)):
        raise BadFault(f"{shown!r}: {wanted}")
    return int(text)


def _float(shown: str, text: str, least: float, most: float, wanted: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        raise BadFault(f"{shown!r}: {wanted}")
    return value


def _place(shown: str, text: str, fault: Fault) -> int | str:
    acts_on_events = bool(fault.refusal) or fault.ends or fault.each == "event"
    if fault.each == "connection" and not acts_on_events:
        raise BadFault(f"{shown!r}: {fault.name} happens before the first event, and to no other")
    if acts_on_events and "." in text and len(text) < 100 and set(text) <= _NAMED_EVENT:
        return text
    if acts_on_events and text == "error":
        return text
    what = "an event, or its type" if acts_on_events else f"a {fault.each}"
    return _number(shown, text, f"after # comes the number of {what}, from 1")


class Faults:
    """The faults that are on. They may change while the mock runs, from any thread."""

    def __init__(
        self,
        texts: Iterable[str] = (),
        chance: random.Random | None = None,
        *,
        can: Callable[[Fault], bool] = lambda _: True,
    ) -> None:
        self._can = can
        self._on: tuple[Fault, ...] = ()
        self._lock = threading.Lock()
        self.chance = chance or random.Random()  # noqa: S311 (no secret hangs on it)
        self.changed: list[Callable[[], None]] = []
        """What is called, in the thread that makes the change, when one is added."""
        for text in texts:
            self.add(text)

    @property
    def on(self) -> tuple[Fault, ...]:
        """Those that are on, in the order in which they came; where two want the same place, the first has it."""
        return self._on

    def add(self, text: str) -> Fault:
        """Put a fault on, as `parse` reads it.

        Raises:
            BadFault: it makes no sense, cannot be done here, or too many are on.
        """
        fault = parse(text)
        if not self._can(fault):
            raise BadFault(f"{text[:_LONGEST]!r}: only the mock can do it, for it wants a conversation of its own")
        with self._lock:
            if len(self._on) >= _MOST_AT_ONCE:
                raise BadFault(f"at most {_MOST_AT_ONCE} faults at once")
            self._on += (fault,)
        for call in list(self.changed):
            call()
        return fault

    def clear(self, name: str | None = None) -> int:
        """Take all off, or those of that name; how many there were."""
        with self._lock:
            kept = tuple(fault for fault in self._on if name is not None and fault.name != name)
            taken, self._on = len(self._on) - len(kept), kept
        return taken


class Course:
    """What the faults do to one connection. `fixed` are behaviours that are replaced whatever else is on, `own` faults
    of this connection alone."""

    def __init__(self, faults: Faults, number: int, fixed: Mapping[str, str], own: tuple[Fault, ...] = ()) -> None:
        self._faults, self.number, self._fixed, self._own = faults, number, fixed, own
        self._drawn: dict[Fault, bool] = {}
        self._counted: Counter[Fault] = Counter()

    def does(self, name: str) -> str:
        """The behaviour, or the one that a fault puts in its place. Asked once for each time that it may happen."""
        for fault in self._here():
            if name not in fault.puts or (fault.refusal and fault.place):
                continue
            if fault.each == "connection":
                hit = self._once(fault)
            else:
                self._counted[fault] += 1
                hit = fault.place in (0, self._counted[fault]) and self._chance(fault)
            if hit:
                return fault.puts[name]
        return self._fixed.get(name, name)

    def value(self, act: str) -> float | None:
        """The value of a fault of the handshake, if it is on for this connection."""
        for fault in self._here():
            if fault.act == act and not fault.ends and fault.each == "connection" and self._once(fault):
                return fault.value if fault.value is not None else 1.0
        return None

    def at_event(self, count: int, kind: str) -> list[Fault]:
        """What happens to the server event of that number (from 1) and type."""
        faults = []
        for fault in self._here():
            if fault.ends or (fault.refusal and fault.place):
                due = kind == fault.place if isinstance(fault.place, str) else count >= fault.place
                if due and self._once(fault):
                    faults.append(fault)
            elif fault.act and fault.each == "event" and fault.place in (0, count, kind) and self._chance(fault):
                faults.append(fault)
        return faults

    def at_once(self) -> list[Fault]:
        """What ends a connection without waiting for an event."""
        return [fault for fault in self._here() if fault.ends and not fault.place and self._once(fault)]

    def chance(self) -> float:
        """A number from 0 to 1."""
        return self._faults.chance.random()

    def _here(self) -> Iterable[Fault]:
        if not self._own and not self._faults.on:
            return ()
        return (*self._own, *(fault for fault in self._faults.on if fault.connection in (0, self.number)))

    def _chance(self, fault: Fault) -> bool:
        return fault.rate == 1 or self._faults.chance.random() < fault.rate

    def _once(self, fault: Fault) -> bool:
        if fault not in self._drawn:
            self._drawn[fault] = self._chance(fault)
        return self._drawn[fault]

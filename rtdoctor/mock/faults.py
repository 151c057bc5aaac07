"""Faults by name, from `faults.toml`, and when they happen: always, on the n-th connection, or at a rate."""

import random
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_LONGEST = 200


class BadFault(ValueError):
    """A fault that cannot be used, in words for people."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `puts` is what Mock takes as `faults`; `nth` 0 is every connection; `rate` is from 0 to 1."""

    name: str
    words: str
    puts: Mapping[str, str]
    nth: int = 0
    rate: float = 1.0


@cache
def known() -> dict[str, Fault]:
    """Every fault by name."""
    raw = tomllib.loads(Path(__file__).with_name("faults.toml").read_text(encoding="utf-8"))
    return {name: Fault(name, **entry) for name, entry in raw.items()}


def parse(text: str) -> Fault:
    """NAME, NAME@N for the n-th connection, NAME:RATE for a share of them.

    Raises:
        BadFault: the name is not known, or the number is none.
    """
    shown = text[:_LONGEST]
    name, at, nth = text.partition("@")
    name, colon, rate = (name, "", "") if at else text.partition(":")
    fault = known().get(name)
    if fault is None:
        raise BadFault(f"{shown!r}: no fault has this name; --list-faults shows them")
    if at:
        if not (nth.isascii() and nth.isdecimal() and 0 < len(nth) < 10 and int(nth)):
            raise BadFault(f"{shown!r}: after @ comes the number of a connection, from 1")
        return Fault(name, fault.words, fault.puts, nth=int(nth))
    if colon:
        try:
            share = float(rate)
        except ValueError:
            share = -1.0
        if not 0 <= share <= 1:
            raise BadFault(f"{shown!r}: after : comes a rate from 0 to 1")
        return Fault(name, fault.words, fault.puts, rate=share)
    return fault


def planned(faults: Iterable[Fault], chance: random.Random) -> Callable[[int], Mapping[str, str]]:
    """What happens on the n-th connection; where two faults want the same place, the first that was named has it."""
    chosen = list(faults)

    def plan(number: int) -> Mapping[str, str]:
        now: dict[str, str] = {}
        for fault in chosen:
            if fault.nth in (0, number) and (fault.rate == 1 or chance.random() < fault.rate):
                now = {**fault.puts, **now}
        return now

    return plan

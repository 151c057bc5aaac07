"""The course as data: lessons, marks, and the SDKs that are known by what they send."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rtdoctor.model.finding import Evidence
from rtdoctor.model.graded import Mark

PLAIN = "plain"
"""The lesson without a fault, with which the others are compared."""
_HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Lesson:
    """One run of the client. `faults` as `rtdoctor mock --fault` takes them; `marks` are what it is taken for; `sound`
    is how many seconds a spoken response lasts, 0 for as long as its words."""

    id: str
    title: str
    faults: tuple[str, ...]
    marks: tuple[str, ...]
    sound: float = 0.0


@dataclass(frozen=True, slots=True)
class Sdk:
    """An SDK, by a piece of the User-Agent that it sends."""

    id: str
    title: str
    has: str
    evidence: str
    seen: str


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((_HERE / name).read_text(encoding="utf-8"))


@cache
def marks() -> dict[str, Mark]:
    """Every mark by its id, in the order in which they are told."""
    return {
        name: Mark(
            name,
            entry["title"],
            entry["why"],
            entry["remedy"],
            tuple(Evidence(**one) for one in entry["evidence"]),
            entry.get("remedies", {}),
        )
        for name, entry in _read("marks.toml").items()
    }


@cache
def always() -> tuple[str, ...]:
    """The marks that are judged in every lesson."""
    return tuple(name for name, entry in _read("marks.toml").items() if entry.get("always"))


@cache
def lessons() -> dict[str, Lesson]:
    """Every lesson by its id, in the order in which they are taken; the plain one first."""
    return {
        entry["id"]: Lesson(
            entry["id"], entry["title"], tuple(entry["faults"]), (*always(), *entry["marks"]), entry.get("sound", 0.0)
        )
        for entry in _read("lessons.toml")["lesson"]
    }


@cache
def sdks() -> tuple[Sdk, ...]:
    """Every SDK, the more special ones first."""
    return tuple(Sdk(name, **entry) for name, entry in _read("sdks.toml").items())


def sdk_of(headers: Iterable[tuple[str, str]]) -> Sdk | None:
    """The SDK that a handshake tells of."""
    agents = " ".join(value for name, value in headers if name.lower() in ("user-agent", "x-stainless-lang"))
    return next((sdk for sdk in sdks() if sdk.has.lower() in agents.lower()), None)

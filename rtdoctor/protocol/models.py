"""The models that the Realtime API is known to have, from `models.toml`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from rtdoctor.data import table

if TYPE_CHECKING:
    from rtdoctor.model.target import Kind


@dataclass(frozen=True, slots=True)
class Model:
    """One model. `shutdown` is an ISO date or empty; `vad` False means that turn_detection must be null; `streams` that
    deltas of a transcript come while the turn is still open."""

    id: str
    kind: Kind
    seen: str
    source: str
    shutdown: str = ""
    replacement: str = ""
    retired: bool = False
    vad: bool = True
    streams: bool = False
    usd_per_minute: float | None = None


@dataclass(frozen=True, slots=True)
class Defaults:
    """The models that a run uses where the user names none."""

    transcription: str
    transcription_vad: str
    realtime: str
    translation: str
    live: str
    retired: str
    unknown: str


@cache
def _data() -> tuple[Defaults, dict[str, Model]]:
    raw = table(Path(__file__).with_name("models.toml"))
    return Defaults(**raw["defaults"]), {entry["id"]: Model(**entry) for entry in raw["model"]}


def defaults() -> Defaults:
    """The default model of each kind."""
    return _data()[0]


def models() -> dict[str, Model]:
    """All known models by id."""
    return _data()[1]


def kind_of(model_id: str) -> Kind:
    """What a model is for; a model that is not known is told by its name, as the real families are named."""
    from rtdoctor.model.target import kind_by_name  # who asks for a default model alone needs no targets

    known = models().get(model_id)
    return known.kind if known else kind_by_name(model_id)


def takes_vad(model_id: str) -> bool:
    """False when the model is known to want `turn_detection: null` in a transcription session."""
    known = models().get(model_id)
    return known.vad if known else True

"""The single changes to a handshake that may mend it. Pure: each takes a Given and returns another, or None where it
would change nothing. Which exist, in which order and for which causes, is data (`edits.toml`)."""

import copy
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from rtdoctor.model.given import BETA_SUBPROTOCOL, KEY_SUBPROTOCOL, Given

Migrate = Callable[[Mapping[str, Any]], Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Means:
    """What an edit may use: a key (or none), a realtime model, and the beta's translator."""

    key: str | None
    model: str
    migrate: Migrate


@dataclass(frozen=True, slots=True)
class Edit:
    """One change: its id and what the user is told."""

    id: str
    text: str


@cache
def _table() -> tuple[dict[str, Any], ...]:
    raw = tomllib.loads(Path(__file__).with_name("edits.toml").read_text(encoding="utf-8"))
    return tuple(raw["edit"])


def edits_for(given: Given, cause: str | None, means: Means) -> list[Edit]:
    """The edits that would change this handshake, those that the cause suggests first."""
    base = given.path[: given.path.find("/realtime")] if "/realtime" in given.path else "/v1"
    found = [
        (
            cause not in entry["cause"],
            Edit(entry["id"], entry["text"].replace("{base}", base).replace("{model}", means.model)),
        )
        for entry in _table()
        if apply(entry["id"], given, means) is not None
    ]
    return [edit for _, edit in sorted(found, key=lambda pair: pair[0])]


def apply(edit: str, given: Given, means: Means) -> Given | None:
    """The handshake after an edit, or None where the edit changes nothing or cannot be made."""
    changed = _EDITS[edit](given, means)
    return changed if changed != given else None


def _path(given: Given, _means: Means) -> Given:
    place = given.path.find("/realtime")
    base = given.path[:place] if place >= 0 else "/" + "/".join(given.path.split("/")[1:2])
    return given.with_path(f"{base.rstrip('/')}/realtime")


def _no_beta_header(given: Given, _means: Means) -> Given:
    return given.without_header("OpenAI-Beta")


def _no_beta_subprotocol(given: Given, _means: Means) -> Given:
    kept = tuple(item for item in given.subprotocols if not item.startswith(BETA_SUBPROTOCOL))
    return replace(given, subprotocols=kept)


def _bearer(given: Given, means: Means) -> Given:
    if means.key is None:
        return given
    kept = tuple(item for item in given.subprotocols if not item.startswith(KEY_SUBPROTOCOL))
    query = {name: value for name, value in given.query.items() if name.lower() != "authorization"}
    plain = replace(given, subprotocols=kept).without_header("api-key")
    plain = plain.with_query(query) if query != given.query else plain
    return plain.with_header("Authorization", f"Bearer {means.key}")


def _subprotocol(given: Given, means: Means) -> Given:
    if means.key is None:
        return given
    kept = [item for item in given.subprotocols if item != "realtime" and not item.startswith(KEY_SUBPROTOCOL)]
    offered = ("realtime", KEY_SUBPROTOCOL + means.key, *kept)
    return replace(given.without_header("Authorization"), subprotocols=offered)


def _without(name: str) -> Callable[[Given, Means], Given]:
    def edit(given: Given, _means: Means) -> Given:
        query = {key: value for key, value in given.query.items() if key != name}
        return given.with_query(query) if query != given.query else given

    return edit


def _query(**wanted: str) -> Callable[[Given, Means], Given]:
    def edit(given: Given, means: Means) -> Given:
        query = {name: value.format(model=means.model) for name, value in wanted.items()}
        return given.with_query(query) if query != given.query else given

    return edit


def _events(change: Callable[[dict[str, Any], Given, Means], None]) -> Callable[[Given, Means], Given]:
    def edit(given: Given, means: Means) -> Given:
        changed: list[Mapping[str, Any] | str | bytes] = []
        for event in given.events:
            if isinstance(event, (str, bytes)):
                changed.append(event)
                continue
            own = copy.deepcopy(dict(event))
            change(own, given, means)
            changed.append(own)
        return replace(given, events=tuple(changed)) if tuple(changed) != given.events else given

    return edit


def _ga(event: dict[str, Any], _given: Given, means: Means) -> None:
    told = means.migrate(event)
    if told is not None:
        event.clear()
        event.update(told)


def _session_type(event: dict[str, Any], given: Given, _means: Means) -> None:
    session = event.get("session")
    if event.get("type") == "session.update" and isinstance(session, dict):
        session["type"] = "transcription" if given.query.get("intent") == "transcription" else "realtime"


def _input_of(event: dict[str, Any]) -> dict[str, Any] | None:
    session = event.get("session")
    audio = session.get("audio") if isinstance(session, dict) else None
    given = audio.get("input") if isinstance(audio, dict) else None
    return given if isinstance(given, dict) else None


def _format(event: dict[str, Any], _given: Given, _means: Means) -> None:
    if (given := _input_of(event)) is not None and "format" in given:
        given["format"] = {"type": "audio/pcm", "rate": 24_000}


def _no_turn_detection(event: dict[str, Any], _given: Given, _means: Means) -> None:
    if (given := _input_of(event)) is not None and given.get("turn_detection") is not None:
        given["turn_detection"] = None


_EDITS: dict[str, Callable[[Given, Means], Given]] = {
    "path": _path,
    "no-beta-header": _no_beta_header,
    "no-beta-subprotocol": _no_beta_subprotocol,
    "bearer": _bearer,
    "subprotocol": _subprotocol,
    "no-model": _without("model"),
    "intent-only": _query(intent="transcription"),
    "model-only": _query(model="{model}"),
    "bare": _query(),
    "ga-events": _events(_ga),
    "session-type": _events(_session_type),
    "format": _events(_format),
    "no-turn-detection": _events(_no_turn_detection),
}

"""Beta events in their GA form, by `migrate.toml`: renamed, with their fields moved, each change said in a
sentence.

OpenAI switched the beta off in May 2026; the GA server refuses its names and, for one field that it does not
know, discards a whole `session.update`.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from rtdoctor.model.violation import Direction
from rtdoctor.privacy.quote import quote_start

Kind = Literal["realtime", "transcription", "response"]


_MOST_CHANGES, _NAME = 100, 80  # changes that are told of one event, and characters of a field's name


@dataclass(frozen=True, slots=True)
class Migration:
    """The GA form of a beta event, and what was changed: sentences that begin with the field's name."""

    event: dict[str, object]
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Rename:
    side: Direction
    to: str
    note: str


@dataclass(frozen=True, slots=True)
class _Move:
    to: tuple[str, ...]
    change: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Tables:
    events: dict[str, _Rename]
    fields: dict[tuple[str, str], _Move]
    formats: dict[str, dict[str, object]]
    content: dict[str, str]
    known: dict[str, frozenset[str]]


def migrate(event: object, direction: Direction | None = None) -> Migration | None:
    """The GA form of an event of the beta; None if there is nothing to change, or if it is no event.

    The event itself is not touched. Unknown fields stay where they are, with a note.
    """
    if not isinstance(event, dict) or not isinstance(name := event.get("type"), str):
        return None
    rename = _tables().events.get(name)
    if rename and direction not in (None, rename.side):
        rename = None
    if rename is None and _PARTS.isdisjoint(event):
        return None
    changes: list[str] = []
    if rename:
        changes.append(f"type: {name} is {rename.to} in GA{'; ' + rename.note if rename.note else ''}.")
    made = {**event, "type": rename.to if rename else name}
    if isinstance(session := event.get("session"), dict) and made["type"] in _SESSION_EVENTS:
        made["session"] = _session(session, name, changes)
    if isinstance(response := event.get("response"), dict) and name in _RESPONSE_EVENTS:
        made["response"] = _response(response, changes)
    if isinstance(item := event.get("item"), dict):
        made["item"] = _item(item, "item", changes)
    kept = changes[:_MOST_CHANGES]
    if len(changes) > len(kept):
        kept.append(f"and {len(changes) - len(kept)} more changes.")
    return Migration(made, tuple(kept)) if changes else None


def ga_name(beta_event: str) -> str:
    """The GA name of an event of the beta; empty where the name did not change."""
    rename = _tables().events.get(beta_event)
    return rename.to if rename else ""


def ga_place(pointer: str) -> str:
    """Where GA has the beta field at a JSON pointer such as `/session/modalities`; empty for any other pointer."""
    _, root, *rest = [*pointer.split("/"), ""]
    move = _tables().fields.get(({"session": "realtime"}.get(root, root), rest[0])) if len(rest) == 2 else None
    if move is None:
        return ""
    return ".".join((root, *move.to)) if move.to else "nothing: GA has no such field"


_PARTS = frozenset(("session", "response", "item"))
_SESSION_EVENTS = frozenset(("session.update", "session.created", "session.updated"))
_RESPONSE_EVENTS = frozenset(("response.create", "response.created", "response.done"))


@cache
def _tables() -> _Tables:
    raw = tomllib.loads(Path(__file__).with_name("migrate.toml").read_text(encoding="utf-8"))
    return _Tables(
        {e["from"]: _Rename(e["side"], e["to"], e.get("note", "")) for e in raw["event"]},
        {
            (kind, f["from"]): _Move(tuple(filter(None, f["to"].split("."))), f.get("as", ""), f.get("reason", ""))
            for f in raw["field"]
            for kind in f["in"]
        },
        raw["format"],
        raw["content"],
        {kind: frozenset(names) for kind, names in raw["known"].items()},
    )


def _session(session: Mapping[str, object], name: str, changes: list[str]) -> dict[str, object]:
    of_transcription = name.startswith("transcription_session.")
    named = session.get("type")
    kind: Kind = "transcription" if of_transcription or named == "transcription" else "realtime"
    is_flat = any((kind, field) in _tables().fields for field in session)
    needs_type = name == "session.update" and not _is_translation(session)
    if not (is_flat or of_transcription or needs_type):
        return dict(session)
    if named is None:
        changes.append(f'session.type: GA requires it; "{kind}" added.')
    made = {**session, "type": kind if named is None else named}
    return {"type": made["type"], **_fields(made, kind, changes)}


def _is_translation(session: Mapping[str, object]) -> bool:
    """A translation session has no type but a language of its output (openai 3.54.0)."""
    audio = session.get("audio")
    output = audio.get("output") if isinstance(audio, dict) else None
    return isinstance(output, dict) and "language" in output


def _response(response: Mapping[str, object], changes: list[str]) -> dict[str, object]:
    made = _fields(response, "response", changes)
    for key in ("input", "output"):
        if isinstance(items := made.get(key), list):
            made[key] = [
                _item(item, f"response.{key}[{at}]", changes) if isinstance(item, dict) else item
                for at, item in enumerate(items)
            ]
    return made


def _item(item: Mapping[str, object], place: str, changes: list[str]) -> dict[str, object]:
    """The item with an assistant's content parts renamed; users and systems have kept input_text and
    input_audio.
    """
    made = dict(item)
    parts = item.get("content")
    if item.get("role") != "assistant" or not isinstance(parts, list):
        return made
    names = _tables().content
    content: list[object] = []
    for at, part in enumerate(parts):
        old = part.get("type") if isinstance(part, dict) else None
        if isinstance(part, dict) and isinstance(old, str) and old in names:
            changes.append(f'{place}.content[{at}].type: "{old}" of an assistant is "{names[old]}" in GA.')
            part = {**part, "type": names[old]}
        content.append(part)
    made["content"] = content
    return made


def _fields(held: Mapping[str, object], kind: Kind, changes: list[str]) -> dict[str, object]:
    """The object with the fields of its kind moved; a GA field that is set already wins over the beta's."""
    tables = _tables()
    made: dict[str, object] = {k: v for k, v in held.items() if (kind, k) not in tables.fields}
    moved = len(made) < len(held)
    for field, value in held.items():
        move = tables.fields.get((kind, field))
        if move is None:
            if moved and field not in tables.known[kind]:
                changes.append(f"{quote_start(field, _NAME)}: no GA field of this name is known; kept as it is.")
        elif not move.to:
            changes.append(f"{field}: {move.reason}; removed.")
        else:
            new, how = _changed(value, move.change)
            place = ".".join(move.to)
            problem = _put(made, move.to, new)
            if problem and problem != _TAKEN:
                made[field] = value
            changes.append(f"{field}: {problem.format(place) if problem else f'now {place}{how}'}.")
    return made


_TAKEN = "{} is set already; removed"


def _put(made: dict[str, object], path: tuple[str, ...], value: object) -> str:
    """Set the value at the path, with copies of the objects on the way; "" or why it cannot be set."""
    for key in path[:-1]:
        outer = made.get(key)
        if outer is not None and not isinstance(outer, dict):
            return f"{{}} cannot be set, for {key} is no object; kept as it is"
        copy: dict[str, object] = dict(outer or {})
        made[key] = copy
        made = copy
    if path[-1] in made:
        return _TAKEN
    made[path[-1]] = value
    return ""


def _changed(value: object, change: str) -> tuple[object, str]:
    """The value in its GA form, and what to say of it. Null stays null: it switches the thing off."""
    if change == "format" and isinstance(value, str):
        made = _tables().formats.get(value)
        if made is None:
            return value, f', but the format "{quote_start(value, 40)}" is not known; kept as it is'
        return dict(made), f', and "{value}" is {json.dumps(made)}'
    if change == "modalities" and isinstance(value, list) and "audio" in value and len(value) > 1:
        return ["audio"], ', and audio with its transcript is ["audio"]; GA takes one modality'
    if change == "turn_detection" and isinstance(value, dict) and "type" not in value:
        return {"type": "server_vad", **value}, ', and GA requires its type; "server_vad" added'
    return value, ""

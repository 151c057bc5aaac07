"""Server events in the form that the beta had: what `migrate.toml` says, read backwards."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

_ITEM_DONE = "conversation.item.done"  # GA's own: the beta had one event for an item
_GA_ONLY = ("audio", "type", "include", "prompt", "tracing", "truncation", "reasoning", "parallel_tool_calls")

# Fields that came after the beta, wherever they stand (openai 3.54.0, types/beta/realtime has none of them).
_LATER = frozenset(("obfuscation", "idle_timeout_ms", "image_tokens"))


def beta_form(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """The beta form of a GA server event; None for one that the beta had not. The event itself is not touched."""
    kind = str(event.get("type"))
    if kind == _ITEM_DONE:
        return None
    made: dict[str, Any] = _without_later(event)
    session, response = made.get("session"), made.get("response")
    of_transcription = isinstance(session, dict) and session.get("type") == "transcription"
    if isinstance(session, dict):
        made["session"] = _flat(session, "transcription" if of_transcription else "realtime")
    if isinstance(response, dict):
        flat = _flat(response, "response")
        made["response"] = flat | {"output": [_item(item) for item in response.get("output") or ()]}
    if isinstance(item := made.get("item"), dict):
        made["item"] = _item(item)
    name = _names().get(kind, kind)
    made["type"] = f"transcription_{kind}" if of_transcription and kind.startswith("session.") else name
    return made


@cache
def _raw() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("migrate.toml").read_text(encoding="utf-8"))


@cache
def _names() -> dict[str, str]:
    """The beta's name of each GA server event that was renamed, the last that it had."""
    events = [entry for entry in _raw()["event"] if entry["side"] == "server"]
    return {
        entry["to"]: entry["from"]
        for entry in events
        if not entry["from"].startswith(("transcription_session.", "output_audio_buffer."))
    }


def _flat(held: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """An object with the fields of its kind where the beta had them."""
    made = {name: value for name, value in held.items() if name not in _GA_ONLY}
    for field in _raw()["field"]:
        if kind not in field["in"] or not field["to"]:
            continue
        if kind == "response" and field["to"] == "max_output_tokens":
            continue  # a server's response had this name then, too
        value: Any = held
        for step in field["to"].split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
        made.pop(field["to"], None)
        if value is not None:
            made[field["from"]] = _value(value, field.get("as", ""))
    return made


def _value(value: Any, how: str) -> Any:
    if how == "format" and isinstance(value, Mapping):
        names = {form["type"]: name for name, form in _raw()["format"].items()}
        return names.get(str(value.get("type")), "pcm16")
    if how == "modalities":
        return ["text", "audio"] if "audio" in value else value
    return value


def _item(item: Any) -> Any:
    if not isinstance(item, dict) or item.get("role") != "assistant":
        return item
    names = {new: old for old, new in _raw()["content"].items()}
    parts = item.get("content") or []
    return item | {"content": [part | {"type": names.get(part.get("type"), part.get("type"))} for part in parts]}


def _without_later(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_later(held) for name, held in value.items() if name not in _LATER}
    return [_without_later(held) for held in value] if isinstance(value, list) else value

"""session.update as strictly as the real one: one bad field discards the whole update (observed 2026-09-18)."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from rtdoctor.protocol.catalog import schema_file
from rtdoctor.protocol.models import models, takes_vad

# What a field takes, as the published schemas say: a dict is an object, a tuple of texts a closed list of values, types
# are a leaf, and of `object` anything goes.
Shape = Any
_NUMBER, _ANY = (int, float), object
_LEAVES: dict[str, Shape] = {"string": str, "number": _NUMBER, "integer": _NUMBER, "boolean": bool, "array": list}
_SESSIONS = {
    "transcription": "RealtimeTranscriptionSessionCreateRequest",
    "realtime": "RealtimeSessionCreateRequest",
}
_MANY = frozenset(("gpt-transcribe", "gpt-live-transcribe"))  # these take `languages`, the others `language`
# Which models refuse a hint (livekit PR 6613, LiveType's guide of 2026-08-01). One that nobody knows may take any.
_HINTS: dict[str, Callable[[str], bool]] = {
    "language": lambda model: model in _MANY,
    "languages": lambda model: model in models() and model not in _MANY,
    "prompt": lambda model: model == "gpt-realtime-whisper",
    "delay": lambda model: model in models() and model != "gpt-realtime-whisper",
}
_NAMES = {
    dict: "an object",
    str: "a string",
    list: "an array",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
}


@dataclass(frozen=True, slots=True)
class Bad:
    """Why an update is refused: the behaviour's id and the values of its message."""

    behaviour: str
    values: Mapping[str, Any]


def check(session: object, own_type: str) -> Bad | None:
    """The first fault of an update to a session of that type, or None."""
    if not isinstance(session, Mapping):
        return Bad("missing-parameter", {"param": "session"})
    kind = session.get("type")
    if kind is None:
        return Bad("missing-parameter", {"param": "session.type"})
    if not isinstance(kind, str) or kind not in _SESSIONS:
        return _bad_value("session.type", kind, tuple(_SESSIONS))
    # Unknown fields are told before the type's mismatch: flat beta fields were answered so on ?model= sockets.
    bad = _walk(session, _taken(kind), "session")
    if bad is None and kind != own_type:
        return Bad("type-mismatch", {"given": kind, "own": own_type})
    return bad or _rules(session, own_type)


@cache
def _taken(session_type: str) -> Shape:
    """What a session of that type takes."""
    defs: Mapping[str, Any] = schema_file("ga-client")["$defs"]
    return _shape_in(defs[_SESSIONS[session_type]], defs)


def _shape_in(node: Mapping[str, Any], defs: Mapping[str, Any]) -> Shape:
    """The shape that a node of the schema describes. Of an object that has several forms the fields of all are taken:
    the real one tells an unknown name first, and what goes together afterwards."""
    kinds = [kind for kind in _list(node.get("type", "object")) if kind != "null"]
    if len(kinds) > 1:
        return _ANY
    if "$ref" in node:
        node = defs[node["$ref"].rpartition("/")[2]]
    closed = [value for value in node.get("enum", _list(node.get("const"))) if isinstance(value, str)]
    if closed:
        return tuple(closed)
    if kinds == ["object"]:
        fields = {name: _shape_in(one, defs) for name, one in node.get("properties", {}).items()}
        for form in node.get("allOf", ()):
            fields = _shape_in(form["then"], defs) | fields
        return fields or _ANY
    return _LEAVES.get(kinds[0], _ANY)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _walk(value: Any, shape: Shape, where: str) -> Bad | None:
    if value is None or shape is _ANY:
        return None
    if isinstance(shape, tuple) and isinstance(shape[0], str):
        return None if isinstance(value, str) and value in shape else _bad_value(where, value, shape)
    if not isinstance(shape, dict):
        fits = isinstance(value, shape) and (not isinstance(value, bool) or shape is bool)
        wanted = shape[0] if isinstance(shape, tuple) else shape
        return None if fits else _bad_type(where, wanted, value)
    if not isinstance(value, Mapping):
        return _bad_type(where, dict, value)
    for name, item in value.items():
        if name not in shape:
            return Bad("unknown-parameter", {"param": f"{where}.{name}"})
        if bad := _walk(item, shape[name], f"{where}.{name}"):
            return bad
    return None


def _bad_type(where: str, wanted: type, value: object) -> Bad:
    return Bad("invalid-type", {"param": where, "wanted": _NAMES[wanted], "given": _NAMES.get(type(value), "null")})


def _bad_value(where: str, value: object, wanted: tuple[str, ...]) -> Bad:
    return Bad(
        "invalid-value",
        {"param": where, "value": value, "wanted": " and ".join(f"'{item}'" for item in wanted)},
    )


def _rules(session: Mapping[str, Any], own_type: str) -> Bad | None:
    """What the shape alone does not say: rates, the transcription model, models without voice activity detection."""
    audio = session.get("audio") or {}
    for side in ("input", "output"):
        form = (audio.get(side) or {}).get("format") or {}
        where = f"session.audio.{side}.format"
        if form and "type" not in form:
            return Bad("missing-parameter", {"param": f"{where}.type"})
        if form.get("type") == "audio/pcm" and form.get("rate") is None:
            return Bad("missing-parameter", {"param": f"{where}.rate"})
        if form.get("rate") is not None and form["rate"] < 24_000:
            return Bad("rate", {"param": f"{where}.rate", "value": form["rate"]})
    audio_input = audio.get("input") or {}
    transcription = audio_input.get("transcription")
    if transcription is None:
        return None
    where = "session.audio.input.transcription"
    model = transcription.get("model")
    if not model:
        return Bad("missing-parameter", {"param": f"{where}.model"})
    if len(transcription.get("prompt") or "") > 1024:
        return Bad("prompt-too-long", {"param": f"{where}.prompt", "value": len(transcription["prompt"])})
    for hint, refuses in _HINTS.items():
        if transcription.get(hint) is not None and refuses(model):
            return Bad("hint", {"param": f"{where}.{hint}", "model": model})
    if own_type == "transcription" and audio_input.get("turn_detection") is not None and not takes_vad(model):
        return Bad("turn-detection", {})
    return None


def merged(config: Mapping[str, Any], session: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration after an update that was found good: named fields replace, the others stay."""
    new = copy.deepcopy(dict(config))
    audio = session.get("audio") or {}
    for name, value in session.items():
        if name not in ("audio", "type"):
            new[name] = copy.deepcopy(value)
    for side in ("input", "output"):
        new["audio"].setdefault(side, {}).update(copy.deepcopy(dict(audio.get(side) or {}))) if audio.get(
            side
        ) else None
    audio_input = new["audio"]["input"]
    if isinstance(audio_input.get("transcription"), dict):
        audio_input["transcription"] = {"language": None, "prompt": None} | audio_input["transcription"]
        if new["type"] == "transcription" and not takes_vad(audio_input["transcription"]["model"]):
            # Such a model takes none, so what the session had by default goes too (inferred).
            audio_input["turn_detection"] = None
    if isinstance(audio_input.get("turn_detection"), dict):
        audio_input["turn_detection"] = vad_defaults(new["type"]) | audio_input["turn_detection"]
    return new


def vad_defaults(session_type: str) -> dict[str, Any]:
    """server_vad as a fresh session has it (observed 2026-09-18 and August 2026)."""
    usual: dict[str, Any] = {
        "type": "server_vad",
        "threshold": 0.5,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 200,
    }
    if session_type == "realtime":
        usual |= {"idle_timeout_ms": None, "create_response": True, "interrupt_response": True}
    return usual


def fresh_config(session_type: str, ident: str, expires_at: int, model: str | None) -> dict[str, Any]:
    """The session object of session.created (observed 2026-09-18 for transcription, August 2026 for realtime)."""
    audio_input = {
        "format": {"type": "audio/pcm", "rate": 24_000},
        "transcription": None,
        "noise_reduction": None,
        "turn_detection": vad_defaults(session_type),
    }
    if session_type == "transcription":
        return {
            "type": "transcription",
            "object": "realtime.transcription_session",
            "id": ident,
            "expires_at": expires_at,
            "audio": {"input": audio_input},
            "include": None,
        }
    return {
        "type": "realtime",
        "object": "realtime.session",
        "id": ident,
        "model": model,
        "output_modalities": ["audio"],
        "instructions": "This is rtdoctor's mock; no model runs here.",
        "tools": [],
        "tool_choice": "auto",
        "max_output_tokens": "inf",
        "tracing": None,
        "truncation": "auto",
        "prompt": None,
        "expires_at": expires_at,
        "audio": {
            "input": audio_input,
            "output": {"format": {"type": "audio/pcm", "rate": 24_000}, "voice": "alloy", "speed": 1.0},
        },
        "include": None,
    }

"""The single changes to a handshake that may mend it. Pure: each takes a Handshake and returns another, or None where
it would change nothing. Which exist, in which order and for which causes, is data (`edits.toml`)."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from rtdoctor.data import table
from rtdoctor.linear import pattern
from rtdoctor.model.handshake import BETA_SUBPROTOCOL, KEY_SUBPROTOCOL, Handshake
from rtdoctor.model.near import near
from rtdoctor.model.target import kind_by_name

# Models whose names say that they do other work than to talk.
_OTHER_WORK = pattern(r"(?i)embed|rerank|moderation|image|dall-e|tts|sora|instruct|davinci|babbage|codex")
Migrate = Callable[[Mapping[str, Any]], Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Means:
    """What an edit may use: a key (or none), a realtime model, the beta's translator, the models that the endpoint
    lists, and what is known of its provider."""

    key: str | None
    model: str
    migrate: Migrate
    listed: tuple[str, ...] = ()
    base: str = "/v1"
    key_header: str = "Authorization"


@dataclass(frozen=True, slots=True)
class Edit:
    """One change: its id, what the user is told, and the part of the handshake that it changes: of one part there is
    one edit in a set, for two would contradict each other."""

    id: str
    text: str
    part: str


@cache
def _table() -> tuple[dict[str, Any], ...]:
    raw = table(Path(__file__).with_name("edits.toml"))
    return tuple(raw["edit"])


def purpose_of(handshake: Handshake) -> str:
    """The kind of session that the user wants, as far as the handshake tells; empty where it does not."""
    types = {session.get("type") for event in handshake.events if (session := _session_of(event))}
    if handshake.query.get("intent") == "transcription" or handshake.path.endswith("/transcription_sessions"):
        return "transcription"
    if "transcription" in types or any(_kind(event) == "transcription_session.update" for event in handshake.events):
        return "transcription"
    model = handshake.query.get("model")
    return kind_by_name(model) if model else ""


def edits_for(handshake: Handshake, cause: str | None, means: Means) -> list[Edit]:
    """The edits that would change this handshake, those that the cause suggests first; none that gives up what the user
    wants. Two that come to the same handshake are one."""
    purpose = purpose_of(handshake)
    edits: list[tuple[bool, Edit]] = []
    made: list[Handshake] = []
    for entry in _table():
        if purpose and entry.get("for", purpose) != purpose:
            continue
        if entry.get("only") and cause not in entry["cause"]:
            continue
        changed = apply(entry["id"], handshake, means)
        if changed is None or changed in made:
            continue
        made.append(changed)
        model = changed.query.get("model", means.model)
        text = entry["text"].replace("{path}", changed.path).replace("{model}", model)
        text = text.replace(
            "{header}", "api-key: KEY" if means.key_header == "api-key" else "Authorization: Bearer KEY"
        )
        edits.append((cause not in entry["cause"], Edit(entry["id"], text, entry["part"])))
    return [edit for _, edit in sorted(edits, key=lambda pair: pair[0])]


def apply(edit: str, handshake: Handshake, means: Means) -> Handshake | None:
    """The handshake after an edit, or None where the edit changes nothing or cannot be made."""
    changed = _EDITS[edit](handshake, means)
    return changed if changed != handshake else None


def _kind(event: Mapping[str, Any] | str | bytes) -> Any:
    return event.get("type") if isinstance(event, Mapping) else None


def _session_of(event: Mapping[str, Any] | str | bytes) -> Mapping[str, Any] | None:
    session = event.get("session") if isinstance(event, Mapping) else None
    return session if isinstance(session, Mapping) else None


def _tail(handshake: Handshake) -> str:
    """The path from its last known end on: a socket of GPT-Live and one for translation are other APIs."""
    kind = kind_by_name(handshake.query.get("model", ""))
    if handshake.path.rstrip("/").endswith("/live/sessions") or kind == "live":
        return "/live/sessions"
    return "/realtime/translations" if kind == "translation" else "/realtime"


def _path(handshake: Handshake, _means: Means) -> Handshake:
    """The socket's path under the base that was given."""
    tail = _tail(handshake)
    place = next((at for at in map(handshake.path.find, (tail, "/realtime", "/live")) if at >= 0), -1)
    base = handshake.path[:place] if place >= 0 else "/" + "/".join(handshake.path.split("/")[1:2])
    return handshake.with_path(f"{_once(base).rstrip('/')}{tail}")


def _once(base: str) -> str:
    """A base whose parts stand in it twice in a row, once: /v1/v1 is /v1."""
    parts = base.split("/")
    half = len(parts) // 2
    doubled = len(parts) > 2 and len(parts) % 2 and parts[1 : half + 1] == parts[half + 1 :]
    return "/".join(parts[: half + 1]) if doubled else base


def _based(base: str | None) -> Callable[[Handshake, Means], Handshake]:
    """The socket's path under another base; None for the provider's own, which is the only one at Azure's hosts."""

    def edit(handshake: Handshake, means: Means) -> Handshake:
        if base is not None and means.base != "/v1":
            return handshake
        return handshake.with_path(f"{means.base if base is None else base}{_tail(handshake)}")

    return edit


def _no_origin(handshake: Handshake, _means: Means) -> Handshake:
    return handshake.without_header("Origin")


def _no_beta_header(handshake: Handshake, _means: Means) -> Handshake:
    return handshake.without_header("OpenAI-Beta")


def _no_beta_subprotocol(handshake: Handshake, _means: Means) -> Handshake:
    kept = tuple(item for item in handshake.subprotocols if not item.startswith(BETA_SUBPROTOCOL))
    return replace(handshake, subprotocols=kept)


def _bearer(handshake: Handshake, means: Means) -> Handshake:
    if means.key is None:
        return handshake
    plain = _without_key(handshake, means.key)
    if means.key_header == "api-key":
        return plain.with_header("api-key", means.key)
    return plain.with_header("Authorization", f"Bearer {means.key}")


def _without_key(handshake: Handshake, key: str) -> Handshake:
    """The handshake without a credential in any place where one is read, and without that key in any place."""
    kept = tuple(item for item in handshake.subprotocols if not item.startswith(KEY_SUBPROTOCOL))
    query = {
        name: value
        for name, value in handshake.query.items()
        if name.lower() != "authorization" and value.removeprefix("Bearer ") != key
    }
    headers = tuple(pair for pair in handshake.headers if key not in pair[1])
    plain = replace(handshake, headers=headers, subprotocols=kept)
    plain = plain.without_header("api-key").without_header("Authorization")
    return plain.with_query(query) if query != handshake.query else plain


def _key_header(name: str) -> Callable[[Handshake, Means], Handshake]:
    """The key in a header of that name, for who reads it there and nowhere else."""

    def edit(handshake: Handshake, means: Means) -> Handshake:
        if means.key is None or means.base != "/v1":
            return handshake
        return _without_key(handshake, means.key).with_header(name, means.key)

    return edit


def _subprotocol(handshake: Handshake, means: Means) -> Handshake:
    if means.key is None:
        return handshake
    kept = [item for item in handshake.subprotocols if item != "realtime" and not item.startswith(KEY_SUBPROTOCOL)]
    offered = ("realtime", KEY_SUBPROTOCOL + means.key, *kept)
    return replace(handshake.without_header("Authorization"), subprotocols=offered)


def _without(name: str) -> Callable[[Handshake, Means], Handshake]:
    def edit(handshake: Handshake, _means: Means) -> Handshake:
        query = {key: value for key, value in handshake.query.items() if key != name}
        return handshake.with_query(query) if query != handshake.query else handshake

    return edit


def _query(**wanted: str) -> Callable[[Handshake, Means], Handshake]:
    """The whole query in place of the one given; `{model}` is a conversation's, as the endpoint lists it."""

    def edit(handshake: Handshake, means: Means) -> Handshake:
        query = {name: value.format(model=_realtime_model(handshake, means)) for name, value in wanted.items()}
        return handshake.with_query(query) if query != handshake.query else handshake

    return edit


def _with_model(handshake: Handshake, means: Means) -> Handshake:
    """A model for transcription, that the endpoint lists, beside the intent."""
    listed = [name for name in means.listed if kind_by_name(name) == "transcription"]
    if not listed or handshake.query.get("model") in listed:
        return handshake
    return handshake.with_query({"intent": "transcription", "model": _nearest(handshake, listed)})


def _realtime_model(handshake: Handshake, means: Means) -> str:
    talks = [name for name in means.listed if kind_by_name(name) == "realtime" and not _OTHER_WORK.search(name)]
    named = [name for name in talks if "realtime" in name.lower()]
    listed = named or talks
    if handshake.query.get("model") in named:
        return handshake.query["model"]
    return _nearest(handshake, listed) if listed and means.model not in listed else means.model


def _nearest(handshake: Handshake, listed: list[str]) -> str:
    """The listed name that is most like the one given, or the first."""
    return (*near(handshake.query.get("model", ""), listed), *listed)[0]


def _no_version(handshake: Handshake, _means: Means) -> Handshake:
    """Azure's GA path takes no api-version, and model in the place of deployment (Microsoft's guide, 2026-02)."""
    if "api-version" not in handshake.query:
        return handshake
    model = handshake.query.get("deployment") or handshake.query.get("model")
    kept = {name: value for name, value in handshake.query.items() if name not in ("api-version", "deployment")}
    return handshake.with_query(kept | ({"model": model} if model else {}))


def _events(change: Callable[[dict[str, Any], Handshake, Means], None]) -> Callable[[Handshake, Means], Handshake]:
    def edit(handshake: Handshake, means: Means) -> Handshake:
        changed: list[Mapping[str, Any] | str | bytes] = []
        for event in handshake.events:
            if isinstance(event, (str, bytes)):
                changed.append(event)
                continue
            own = copy.deepcopy(dict(event))
            change(own, handshake, means)
            changed.append(own)
        return replace(handshake, events=tuple(changed)) if tuple(changed) != handshake.events else handshake

    return edit


def _ga(event: dict[str, Any], _handshake: Handshake, means: Means) -> None:
    migrated = means.migrate(event)
    if migrated is not None:
        event.clear()
        event.update(migrated)


def _session_type(event: dict[str, Any], handshake: Handshake, _means: Means) -> None:
    session = event.get("session")
    if event.get("type") == "session.update" and isinstance(session, dict):
        session["type"] = "transcription" if handshake.query.get("intent") == "transcription" else "realtime"


def _input_of(event: dict[str, Any]) -> dict[str, Any] | None:
    session = event.get("session")
    audio = session.get("audio") if isinstance(session, dict) else None
    audio_input = audio.get("input") if isinstance(audio, dict) else None
    return audio_input if isinstance(audio_input, dict) else None


def _format(event: dict[str, Any], _handshake: Handshake, _means: Means) -> None:
    if (audio_input := _input_of(event)) is not None and "format" in audio_input:
        audio_input["format"] = {"type": "audio/pcm", "rate": 24_000}


def _no_turn_detection(event: dict[str, Any], _handshake: Handshake, _means: Means) -> None:
    if (audio_input := _input_of(event)) is not None and audio_input.get("turn_detection") is not None:
        audio_input["turn_detection"] = None


_EDITS: dict[str, Callable[[Handshake, Means], Handshake]] = {
    "path": _path,
    "path-provider": _based(None),
    "path-v1": _based("/v1"),
    "path-root": _based(""),
    "no-origin": _no_origin,
    "no-beta-header": _no_beta_header,
    "no-beta-subprotocol": _no_beta_subprotocol,
    "bearer": _bearer,
    "subprotocol": _subprotocol,
    "api-key": _key_header("api-key"),
    "x-api-key": _key_header("X-API-Key"),
    "no-model": _without("model"),
    "intent-only": _query(intent="transcription"),
    "model-only": _query(model="{model}"),
    "bare": _query(),
    "with-model": _with_model,
    "no-version": _no_version,
    "ga-events": _events(_ga),
    "session-type": _events(_session_type),
    "format": _events(_format),
    "no-turn-detection": _events(_no_turn_detection),
}

"""Constancy: session.updated shows what session.update asked for. `SHOWN` is the table of the places that are compared:
those which decide what a session does, in the form of every era."""

from collections.abc import Mapping

from rtdoctor.protocol.order.memory import Digest
from rtdoctor.protocol.order.stream import Stream, entries, mapping, shown

SHOWN = (
    "output_modalities",
    "modalities",
    "instructions",
    "tools",
    "max_output_tokens",
    "audio/input/format",
    "audio/input/transcription",
    "audio/input/noise_reduction",
    "audio/input/turn_detection",
    "audio/output/format",
    "audio/output/voice",
    "audio/output/language",
    "input_audio_format",
    "output_audio_format",
    "input_audio_transcription",
    "turn_detection",
    "voice",
)
# Fields of an object that a server may word otherwise, or fill in.
TOLD_BY = {"transcription": ("model", "language"), "input_audio_transcription": ("model", "language")}
MOST_FIELDS, MOST_ENTRIES, LONGEST, NEAR = 16, 64, 200, 1e-4

Wish = dict[str, object]


def wishes(session: Mapping[str, object]) -> Wish:
    """What a session.update asks for, at the places of the table, in little memory."""
    asked: Wish = {}
    for name in SHOWN:
        present, value = _at(session, name)
        if present and value != "":
            asked[name] = _small(value, name.rpartition("/")[2])
    return asked


def show(stream: Stream, asked: Wish, session: Mapping[str, object]) -> None:
    """Compare session.updated with what was asked; told at the first difference."""
    for name, wish in asked.items():
        _, value = _at(session, name)
        if not _same(wish, value, name.rpartition("/")[2]):
            wanted = shown(mapping(wish).get("model") or mapping(wish).get("type") or wish)
            got = shown(mapping(value).get("model") or mapping(value).get("type") or value)
            stream.violate("order.update-shown", f"/session/{name}", wanted, got)
            return


def _at(session: Mapping[str, object], name: str) -> tuple[bool, object]:
    node: object = session
    for key in name.split("/"):
        if not isinstance(node, dict) or key not in node:
            return False, None
        node = node[key]
    return True, node


def _small(value: object, name: str) -> object:
    if name == "tools":
        return [_label(tool) for tool in entries(value)[:MOST_ENTRIES]]
    if isinstance(value, dict):
        return {
            key: inner
            for key, inner in list(value.items())[:MOST_FIELDS]
            if (isinstance(inner, (int, float)) or (isinstance(inner, str) and len(inner) <= LONGEST))
            and key in TOLD_BY.get(name, (key,))
        }
    if isinstance(value, list):
        return [entry for entry in value[:MOST_ENTRIES] if isinstance(entry, str) and len(entry) <= LONGEST]
    return Digest(value) if isinstance(value, str) and len(value) > LONGEST else value


def _label(tool: object) -> str:
    fields = mapping(tool)
    label = fields.get("name") or fields.get("server_label") or fields.get("type")
    return label[:LONGEST] if isinstance(label, str) else ""


def _same(wish: object, value: object, name: str) -> bool:
    """Whether a value shows a wish. What the server adds is its own affair."""
    if wish is None:
        return value is None
    if isinstance(wish, Digest):
        return isinstance(value, str) and wish.same(Digest(value))
    if isinstance(wish, dict):
        return isinstance(value, dict) and all(_same(inner, value.get(key), key) for key, inner in wish.items())
    if isinstance(wish, list):
        shown = [_label(tool) for tool in entries(value)] if name == "tools" else entries(value)
        return all(entry in shown[:MOST_ENTRIES] for entry in wish) and bool(wish) >= bool(shown)
    if isinstance(wish, (int, float)) and not isinstance(wish, bool):
        return isinstance(value, (int, float)) and abs(value - wish) <= NEAR * max(1.0, abs(wish))
    # A format may be an object where its name was asked for, or the other way round.
    return value == wish or (isinstance(value, dict) and wish in (value.get("type"), value.get("id")))

"""Constancy: what describes the same thing twice says the same, unless an event said that it changes."""

import json
from collections.abc import Mapping
from zlib import crc32

from rtdoctor.protocol.order.item import Item
from rtdoctor.protocol.order.memory import Digest
from rtdoctor.protocol.order.stream import LONGEST_ID, Stream, entries, mapping, shown, text

# Of an item, wherever it is described.
OF_ITEM = ("type", "role", "name", "call_id")
# Of a response, between its created and its done.
OF_RESPONSE = (
    "output_modalities",
    "modalities",
    "max_output_tokens",
    "audio",
    "voice",
    "output_audio_format",
    "metadata",
)
MOST_PARTS = 64


def fingerprint(value: object) -> object:
    """A small value that is equal for equal JSON values, in whatever order their keys stand; None for one that cannot
    be written. What is small already stands for itself."""
    if value is None or type(value) is bool or (type(value) is str and len(value) <= LONGEST_ID):
        return value
    try:
        return crc32(json.dumps(value, sort_keys=True).encode())
    except (ValueError, TypeError, RecursionError):
        return None


def same_item(stream: Stream, item: Item, described: Mapping[str, object], pointer: str) -> None:
    """Compare an item with what was said of it before, and remember what is new. Told at the first difference."""
    constants = item.constants
    for key in OF_ITEM:
        value = described.get(key)
        if type(value) is not str or not value or len(value) > LONGEST_ID:
            continue
        known = constants.get(key)
        if known is None:
            constants[key] = value
        elif known != value and not stream.elided:
            stream.violate("order.item-constant", f"{pointer}/{key}", known, value)
            constants[key] = value
            return
    if described.get("role") == "user":
        _same_words(stream, item, described, pointer)


def words_of(described: Mapping[str, object]) -> Digest | None:
    """The texts of a message that a user wrote; None where there are none."""
    words: Digest | None = None
    for content in entries(described.get("content"))[:MOST_PARTS]:
        piece = text(mapping(content).get("text"))
        if piece:
            words = words or Digest()
            words.add(piece + "\n")
    return words


def _same_words(stream: Stream, item: Item, described: Mapping[str, object], pointer: str) -> None:
    words = words_of(described)
    if words is None:
        return
    if item.words is None:
        item.words = words
    elif not item.words.same(words):
        stream.violate("order.item-words", f"{pointer}/content", str(item.words), str(words))


def finished(stream: Stream, described: Mapping[str, object], pointer: str) -> None:
    """An item that is done is not in progress any more."""
    if described.get("status") == "in_progress":
        stream.violate("order.item-done-status", f"{pointer}/status", "completed or incomplete", "in_progress")


def constants_of(response: Mapping[str, object]) -> dict[str, object]:
    """What of a response does not change until it is done."""
    return {key: fingerprint(response[key]) for key in OF_RESPONSE if key in response}


def same_response(stream: Stream, constants: Mapping[str, object], response: Mapping[str, object]) -> None:
    """Compare response.done with response.created; told at the first difference."""
    for key, value in constants.items():
        if key in response and fingerprint(response[key]) != value:
            stream.violate(
                "order.response-constant", f"/response/{key}", "as in response.created", shown(response[key])
            )
            return

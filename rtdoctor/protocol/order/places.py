"""Where events name items, calls, responses, conversations, sessions and other events, derived from the schemas.

So an event type that a new schema brings is known here at once; what is to be made of it stands in the tables of
`reference.py`, `answers.py` and `once.py`, and a test holds that none is left out.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from rtdoctor.model.violation import Direction
from rtdoctor.protocol.catalog import ERAS, schema_file

Path = tuple[str, ...]
# The name of a field, or of an object and its `id`, and what it names.
NAMED = {
    "item_id": "item",
    "previous_item_id": "item",
    "item/id": "item",
    "response_id": "response",
    "response/id": "response",
    "call_id": "call",
    "conversation_id": "conversation",
    "conversation/id": "conversation",
    "session/id": "session",
    "error/event_id": "event",
}
# Ids that name nothing of the stream: tools, prompts and voices of an account, a segment's own, an event's own.
FREE = frozenset(
    {
        "event_id",
        "content/id",
        "custom_voice_id",
        "group_id",
        "connector_id",
        "approval_request_id",
        "prompt/id",
        "voice/id",
        "tunnel_id",
        "id",
    }
)


@cache
def places(direction: Direction) -> Mapping[str, Mapping[Path, str]]:
    """event type -> place in it -> what is named there, over all eras. Arrays are passed through; a response's
    own items are `response/output/id`."""
    by_kind: dict[str, dict[Path, str]] = {}
    for era in ERAS:
        schema = schema_file(f"{era}-{direction}")
        for kind, reference in schema["discriminator"]["mapping"].items():
            paths = by_kind.setdefault(kind, {})
            for path in _ids(schema["$defs"], {"$ref": reference}, ()):
                name = named(path)
                if name:
                    paths[path] = name
    return MappingProxyType(by_kind)


def named(path: Path) -> str:
    """What an id at this place names; empty for one that is free."""
    if len(path) > 1 and path[-1] == "id":
        owner = "item" if path[-2] in ("output", "input") and path[0] == "response" else path[-2]
        return NAMED.get(f"{owner}/id", "")
    return NAMED.get("/".join(path[-2:]), "") or NAMED.get(path[-1], "")


@cache
def unnamed() -> frozenset[str]:
    """Ids in the schemas of which nobody said what they name: empty, or a test fails."""
    left = set()
    for direction in ("server", "client"):
        for era in ERAS:
            schema = schema_file(f"{era}-{direction}")
            for reference in schema["discriminator"]["mapping"].values():
                for path in _ids(schema["$defs"], {"$ref": reference}, ()):
                    short = "/".join(path[-2:]) if path[-1] == "id" else path[-1]
                    if not named(path) and short not in FREE:
                        left.add("/".join(path))
    return frozenset(left)


def _ids(definitions: Mapping[str, Any], node: Mapping[str, Any], path: Path) -> Iterator[Path]:
    """The paths of all properties called `id` or `…_id`."""
    if len(path) > 6:
        return
    if "$ref" in node:
        yield from _ids(definitions, definitions[node["$ref"].removeprefix("#/$defs/")], path)
    for branch in (*node.get("allOf", ()), *node.get("anyOf", ()), *node.get("oneOf", ())):
        yield from _ids(definitions, branch.get("then", branch), path)
    if "items" in node:
        yield from _ids(definitions, node["items"], path)
    for key, inner in node.get("properties", {}).items():
        if key == "id" or key.endswith("_id"):
            yield (*path, key)
        else:
            yield from _ids(definitions, inner, (*path, key))

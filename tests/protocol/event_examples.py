"""Events made from the schemas for the tests: the smallest valid ones, full ones, and mutated ones."""

import copy
import random
from collections.abc import Iterator
from typing import Any

from rtdoctor.protocol.catalog import schema_file

SETS = ("ga-server", "ga-client", "beta-server", "beta-client", "translation-server", "translation-client")
STRANGE: tuple[Any, ...] = (None, True, 7, -1, 2.5, "zz", [], {}, ["zz"], [7], {"zz": 7}, 10**6)
"""What a mutation puts in a place; no 1.0, which is an integer to JSON Schema and none to pydantic."""


def all_types() -> list[tuple[str, str]]:
    """(set, event type) of every event that has a schema."""
    return [(name, kind) for name in SETS for kind in sorted(schema_file(name)["discriminator"]["mapping"])]


def smallest(name: str, kind: str) -> dict[str, Any]:
    """The event with its required fields only, at every depth; the first member of every union."""
    return _example(name, kind, None)


def full(name: str, kind: str, rng: random.Random) -> dict[str, Any]:
    """The event with nearly all of its fields, at every depth; a random member of every union."""
    return _example(name, kind, rng)


def mutated(event: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """A copy with one thing changed somewhere: a field removed, replaced or added. The type stays."""
    event = copy.deepcopy(event)
    spots = [(owner, key) for owner, key in _spots(event) if not (owner is event and key == "type")]
    if not spots or rng.random() < 0.1:
        rng.choice([event, *(o[k] for o, k in spots if isinstance(o[k], dict))])["undocumented_field"] = 1
        return event
    owner, key = rng.choice(spots)
    if rng.random() < 0.25:
        del owner[key]
    else:
        owner[key] = rng.choice(STRANGE)
    return event


def _spots(node: Any) -> Iterator[tuple[Any, Any]]:
    keys = list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []
    for key in keys:
        yield node, key
        yield from _spots(node[key])


def _example(name: str, kind: str, rng: random.Random | None) -> dict[str, Any]:
    schema = schema_file(name)
    event: dict[str, Any] = _value(schema["$defs"], {"$ref": schema["discriminator"]["mapping"][kind]}, rng)
    return event


def _value(defs: dict[str, Any], node: dict[str, Any], rng: random.Random | None) -> Any:
    if "const" in node:
        return node["const"]
    if "enum" in node:
        return rng.choice(node["enum"]) if rng else node["enum"][0]
    kinds = [node["type"]] if isinstance(node.get("type"), str) else node.get("type", [])
    kind = rng.choice(kinds) if rng and kinds else kinds[0] if kinds else ""
    if "$ref" in node and kind in ("object", ""):
        return _object(defs, defs[node["$ref"].removeprefix("#/$defs/")], rng)
    if kind == "object":
        inner = node.get("additionalProperties")
        return {"some_key": _value(defs, inner, rng)} if isinstance(inner, dict) else {}
    if kind == "array":
        return [_value(defs, node.get("items", {}), rng)]
    if kind == "string":
        return node["then"]["enum"][0] if "then" in node else "text"
    low = node.get("minimum", 1)
    return {"integer": int(low) or 1, "number": low or 0.5, "boolean": True, "null": None, "": "any"}[kind]


def _object(defs: dict[str, Any], node: dict[str, Any], rng: random.Random | None) -> dict[str, Any]:
    if "allOf" in node:  # a dispatch: one member, and its tag
        branch = rng.choice(node["allOf"]) if rng else node["allOf"][0]
        member = branch["then"]
        member = defs[member["$ref"].removeprefix("#/$defs/")] if "$ref" in member else member
        return _object(defs, member, rng) | {
            tag: form.get("const", form.get("enum", [None])[0]) for tag, form in branch["if"]["properties"].items()
        }
    required = node.get("required", [])
    wanted = [key for key in node["properties"] if key in required or (rng and rng.random() < 0.85)]
    return {key: _value(defs, node["properties"][key], rng) for key in wanted}

"""Arguments for a function call, made up from the function's JSON schema."""

from collections.abc import Mapping
from typing import Any

_PLAIN = {"string": "mock", "integer": 1, "number": 1.5, "boolean": True, "null": None}
_DEEPEST, _MOST = 8, 50


def made_up(schema: object, depth: int = 0) -> Any:
    """A value that a plain schema allows: the first of an enum, the default, the required properties of an object."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return {}
    for key in ("enum", "examples"):
        if isinstance(schema.get(key), list) and schema[key]:
            return schema[key][0]
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    if kind == "array":
        return [made_up(schema.get("items"), depth + 1)] if schema.get("minItems") else []
    if isinstance(kind, str) and kind in _PLAIN:
        return _PLAIN[kind]
    properties = schema.get("properties")
    properties = properties if isinstance(properties, Mapping) else {}
    wanted = schema.get("required")
    names = [name for name in wanted if isinstance(name, str)] if isinstance(wanted, list) else list(properties)
    return {name: made_up(properties.get(name, {"type": "string"}), depth + 1) for name in names[:_MOST]}

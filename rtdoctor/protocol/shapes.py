"""The judge of shapes: one event against the schema of its type.

An event is dispatched on its `type` and judged by a validator compiled for that type alone, with every object
closed: what passes has neither an error nor an undocumented field, and costs one call. Only what does not
pass is explained.

Policy (from 1,044 live GA server events, measured 2026-11-22): an error for an unknown type, a missing field,
a wrong type, a value out of a closed list or out of bounds; null passes where the field is optional; an
undocumented field is a notice; names of models and voices and codes of errors are open.
"""

from functools import cache, lru_cache
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any

from rtdoctor.model.violation import Direction, Violation
from rtdoctor.protocol.catalog import about, event_types, schema_file
from rtdoctor.protocol.shape_errors import explain, not_an_event, unknown_type

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator

# Of one event so many errors are told, and looked for in so many values: the validator makes them all at once, each
# with copies of the value that it is about, in some KB a wrong value.
_MOST_ERRORS, _MOST_JUDGED, _MOST_TEXT = 100, 2_000, 20_000


def judge_shape(event: object, direction: Direction, index: int = -1, era: str = "ga") -> list[Violation]:
    """What is wrong with the shape of one event as it was parsed from JSON, its first 100 errors; empty if nothing is.

    `era` is `ga`, `beta` or `translation`. Errors come before notices. Never raises on what JSON can hold.
    Raises ValueError for an era without schemas.
    """
    if not isinstance(event, dict):
        return [not_an_event("an event is a JSON object", event, index)]
    kind = event.get("type")
    if not isinstance(kind, str):
        return [not_an_event("an event has a type, a string", event, index, has_type="type" in event)]
    try:
        validator = _validator(f"{era}-{direction}", kind)
    except KeyError:
        return [unknown_type(kind, direction, era, index)]
    return _judge(validator, event, f"{era}-{direction}", kind, index)


def judge_client_secret(body: object, part: str) -> list[Violation]:
    """The same for a body of POST /v1/realtime/client_secrets; `part` is `request` or `response`."""
    return _judge(_validator("client-secrets", part), body, "client-secrets", f"client_secrets {part}", -1)


def provenance() -> dict[str, Any]:
    """What a report says of the schemas: SDK, dates, counts; see `catalog.about`."""
    return about()


def _judge(validator: "Draft202012Validator", value: object, name: str, kind: str, index: int) -> list[Violation]:
    try:
        if validator.is_valid(value):
            return []
        errors = list(islice(validator.iter_errors(_head(value)), _MOST_ERRORS))
        if not errors:
            return [not_an_event("the event is wrong beyond the first of its many values", value, index, kind=kind)]
        return explain(errors, value, name, kind, index)
    except (ValueError, RecursionError) as problem:  # nested deeper than it goes, or text that no UTF-8 can hold
        return [not_an_event(f"the event cannot be judged ({problem})", value, index, kind=kind)]


def _head(value: object) -> object:
    """The value with its lists and texts cut, every place in it as it was."""
    left = _MOST_JUDGED

    def cut(node: object) -> object:
        nonlocal left
        left -= 1
        if isinstance(node, str):
            return node[:_MOST_TEXT]
        if isinstance(node, list):
            return [cut(item) for item in takewhile(lambda _: left > 0, node)]
        if isinstance(node, dict):
            return {key: cut(item) for key, item in node.items()}
        return node

    return cut(value)


@lru_cache(maxsize=512)  # there are about 120 types; an unknown one raises, and is not kept
def _validator(name: str, kind: str) -> "Draft202012Validator":
    """The compiled validator of one type; the 46 of GA together take some 40 ms, so each is made when it is
    met.

    Raises KeyError for an unknown type.
    """
    reference = schema_file(name)["discriminator"]["mapping"][kind]
    from jsonschema_rs import Draft202012Validator  # 26 ms that only a judge needs

    return Draft202012Validator({"$ref": reference, "$defs": _closed(name)})


@cache
def _closed(name: str) -> dict[str, Any]:
    """The `$defs` of a file, every object closed. A dispatch (`allOf`) stays open; its members are closed."""
    definitions = schema_file(name)["$defs"].items()
    return {key: node if "allOf" in node else node | {"additionalProperties": False} for key, node in definitions}


__all__ = ["event_types", "judge_client_secret", "judge_shape", "provenance"]

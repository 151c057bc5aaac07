"""Turns what a JSON Schema validator found into violations that people can act on. Not on the fast path."""

import difflib
import json
from collections.abc import Iterable
from functools import lru_cache
from heapq import nsmallest
from itertools import islice
from typing import TYPE_CHECKING, Any

from rtdoctor.linear import pattern
from rtdoctor.model.violation import Direction, Violation
from rtdoctor.privacy.quote import quote_start
from rtdoctor.protocol.catalog import about, event_types, schema_file
from rtdoctor.protocol.era import recognise, title
from rtdoctor.protocol.migrate import ga_name, ga_place

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError

_WIDTH = 80
_LONG = 12  # characters
_MOST_FIELDS = 100  # undocumented ones of one object that are told
_BASE64 = pattern(r"[A-Za-z0-9+/_=-]{48}")
_BOUNDS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "more than",
    "exclusiveMaximum": "less than",
    "maxLength": "a length of at most",
    "minLength": "a length of at least",
}


def explain(errors: list["ValidationError"], value: object, name: str, kind: str, index: int) -> list[Violation]:
    """The violations behind the errors of the closed schema `name`, errors before notices.

    A value of the wrong type is told once, although it is in no closed list and within no bounds either.
    """
    mistyped = {tuple(e.instance_path) for e in errors if e.schema_path[-1] == "type"}
    violations: list[Violation] = []
    for error in errors:
        if error.schema_path[-1] != "type" and tuple(error.instance_path) in mistyped:
            continue
        for facts in _facts(error, value, schema_file(name), name.startswith("ga-")):
            violations += [Violation(index=index, event_type=kind, **facts)]
    return sorted(violations, key=lambda violation: violation.severity == "notice")


def _facts(error: "ValidationError", value: object, schema: dict[str, Any], ga: bool) -> Iterable[dict[str, Any]]:
    """The fields of the violations behind one error; several only for undocumented fields."""
    keyword = str(error.schema_path[-1])
    node = _walk(schema, error.schema_path[:-1])
    pointer = _pointer(error.instance_path)
    got = _walk(value, error.instance_path)
    facts: dict[str, Any] = {"severity": "error", "pointer": pointer, "got": show(got)} | _source(node, keyword)
    place = pointer or "the top level"
    if keyword == "additionalProperties":
        known = node["properties"]
        unknown, unused = got.keys() - known.keys(), known.keys() - got.keys()
        for field in nsmallest(_MOST_FIELDS, unknown):
            spot = f"{pointer}/{_escape(field)}"
            moved = ga_place(spot) if ga else ""
            hint = f"a beta field; in GA it is {moved}" if moved else nearest(field, unused)
            yield facts | {
                "severity": "notice",
                "rule": "shape.undocumented",
                "message": f"{place} has a field that nobody documents: {show(field)}",
                "pointer": spot,
                "got": show(got[field]),
                "hint": hint,
            }
        if len(unknown) > _MOST_FIELDS:
            yield facts | {
                "severity": "notice",
                "rule": "shape.undocumented",
                "message": f"{place} has {len(unknown) - _MOST_FIELDS} more fields that nobody documents",
            }
    elif keyword == "required":
        field = error.kind.property  # type: ignore[attr-defined]
        form = node["properties"][field]
        yield (
            facts
            | {
                "rule": "shape.missing",
                "message": f"{place} lacks the required field {field}",
                "pointer": f"{pointer}/{_escape(field)}",
                "wanted": _wanted(form),
                "got": "nothing",
                "hint": nearest(field, nsmallest(_MOST_FIELDS, got.keys() - node["properties"].keys()), "there is {}"),
            }
        )
    elif keyword == "type":
        yield facts | {
            "rule": "shape.type",
            "message": f"{place} is of the wrong JSON type",
            "wanted": _wanted(node),
        }
    elif keyword in ("enum", "const"):
        values = node.get("enum", [node.get("const")])
        yield facts | {
            "rule": "shape.enum",
            "message": f"{place} has a value that is not among the allowed",
            "wanted": _wanted(node),
            "hint": nearest(got, {v for v in values if isinstance(v, str)}) if isinstance(got, str) else "",
        }
    else:
        yield facts | {
            "rule": "shape.bounds",
            "message": f"{place} is out of bounds",
            "wanted": f"{_BOUNDS.get(keyword, keyword)} {node.get(keyword)}",
        }


def not_an_event(message: str, value: object, index: int, *, kind: str = "", has_type: bool = False) -> Violation:
    """What is no event at all, or cannot be judged as one."""
    pointer = "/type" if has_type else ""
    got = value["type"] if has_type and isinstance(value, dict) else value
    return Violation("error", "shape.not-an-event", message, index, kind, pointer, "an object with a type", show(got))


def unknown_type(kind: str, direction: Direction, era: str, index: int) -> Violation:
    """A type that the era's sessions do not have: of another era, of the other side, or of nobody."""
    known = event_types(era, direction)
    source = {"evidence": f"event types of {about()['sdk']}", "seen": about()["sdk_seen"]}
    owners = recognise(kind, direction)
    other: Direction = "client" if direction == "server" else "server"
    if owners:
        rule, message = "shape.era", f"{kind} is an event of {title(owners[0])}, not of {title(era)}"
        renamed = ga_name(kind) if era == "ga" and "beta" in owners else ""
        hint = f"{owners[0]}: in GA it is {renamed}" if renamed else f"{owners[0]}: {title(owners[0])}"
    elif kind in event_types(era, other):
        rule, message = "shape.unknown-type", f"{kind} is sent by the {other}, not by the {direction}"
        hint = f"did you mean to mark it as a {other} event?"
    else:
        rule, message = "shape.unknown-type", f"the {direction} sends no event of this type in {title(era)}"
        hint = nearest(kind, known)
    wanted = f"one of {len(known)} {direction} events"
    short = kind if len(kind) <= _WIDTH else quote_start(kind, _WIDTH - 1) + "…"
    return Violation("error", rule, message[:400], index, short, "/type", wanted, show(kind), hint, **source)


def nearest(name: str, candidates: Iterable[str], phrase: str = "did you mean {}?") -> str:
    """A hint with the candidate nearest to a name, or nothing where none is near."""
    # difflib is quadratic, and no name is longer than what is shown of one
    if len(name) > _WIDTH:
        return ""
    short = sorted(each for each in candidates if len(each) <= _WIDTH)
    if len(name) > _LONG:  # of a long name some word begins as one of the right name's does
        short = [each for each in short if _beginnings(each) & _beginnings(name)]
    near = difflib.get_close_matches(name, short, n=1, cutoff=0.7)
    return phrase.format(f"'{near[0]}'") if near else ""


@lru_cache(1024)
def _beginnings(name: str) -> frozenset[str]:
    return frozenset(word[:3] for part in name.split(".") for word in part.split("_"))


def show(value: object) -> str:
    """A value in at most 80 characters. Objects by their keys; of text that may be base64 only the length."""
    if isinstance(value, str):
        if _BASE64.search(value[:4096]):
            return f"text of {len(value)} characters"
        text = repr(quote_start(value, _WIDTH))
    elif isinstance(value, dict):
        text = f"object with {', '.join(quote_start(str(key), _WIDTH) for key in islice(value, 8)) or 'no fields'}"
        text = "object" if _BASE64.search(text) else text
    elif isinstance(value, list):
        text = f"array of {len(value)}"
    else:
        text = _scalar(value)
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


def _scalar(value: object) -> str:
    try:
        return json.dumps(value, default=repr)
    except ValueError:  # an integer of more digits than Python prints
        return "a very large integer"


def _wanted(form: dict[str, Any]) -> str:
    if "const" in form:
        return repr(form["const"])
    if "enum" in form:
        text = "one of " + ", ".join("null" if v is None else repr(v) for v in form["enum"])
        return text if len(text) <= 400 else text[:399] + "…"
    kinds = form.get("type", "any value")
    return kinds if isinstance(kinds, str) else " or ".join(kinds)


def _source(form: dict[str, Any], keyword: str) -> dict[str, str]:
    """Evidence and date of a rule: the overlay's where it brought the keyword, else the SDK's."""
    overlay = form.get("x-overlay", {})
    if keyword in overlay.get("keywords", ()):
        return {"evidence": f"{overlay['confidence']}: {overlay['evidence']}", "seen": overlay["seen"]}
    return {"evidence": f"models of {about()['sdk']}", "seen": about()["sdk_seen"]}


def _walk(node: Any, path: Iterable[str | int]) -> Any:
    for step in path:
        node = node[step]
    return node


def _pointer(path: Iterable[str | int]) -> str:
    return "".join(f"/{_escape(str(step))}" for step in path)


def _escape(step: str) -> str:
    # A name that long is data in a wrong place.
    step = step if len(step) <= _WIDTH else quote_start(step, _WIDTH // 2) + "…"
    return step.replace("~", "~0").replace("/", "~1")

"""Turns the JSON Schemas that pydantic writes into the ones that rtdoctor ships. Pure: dictionaries in and
out.

What changes, and why:

* A union of objects that are told apart by a `type` (and, for messages, a `role`) becomes a dispatch with
  `if`/`then`, so that an error names the field of the member that was meant, and not "valid under none of
  nine schemas".
* `anyOf [X, null]` becomes `"type": ["x", "null"]`, and every optional property may be null: the server sends
  null for them (135 of 1,044 recorded GA server events, measured 2026-11-22).
* An object definition says nothing about its own JSON type: the place that uses it says `object` or `object,
  null`. That lets one definition serve nullable places without `anyOf`.
* An open enumeration (any string, or one of these) becomes a string: model and voice names grow faster than
  schemas.
"""

import copy
from typing import Any

Schema = dict[str, Any]

TAGS = ("type", "role")
_NOISE = ("description", "title", "default")
_PREFIX = "#/$defs/"


def reshape(definitions: dict[str, Schema]) -> dict[str, Schema]:
    """The `$defs` of pydantic in rtdoctor's form, unions hoisted as `AnyItem`, `AnyTools`, ...

    Raises ValueError on a form that the SDK did not have when this was written (a union that nothing tells
    apart).
    """
    unions: dict[tuple[str, ...], set[str]] = {}
    shaped = {_readable(name): _definition(node, unions) for name, node in definitions.items()}
    names = _union_names(unions)
    hoisted = {names[members]: _dispatch(members, shaped, TAGS) for members in unions}
    return {name: _point(node, names) for name, node in (shaped | hoisted).items()}


def _readable(name: str) -> str:
    """`openai__types__x__audio_item__Part` (pydantic, where two classes share a name) -> `AudioItemPart`."""
    if "__" not in name:
        return name
    *_, module, owner = name.split("__")
    return "".join(word.capitalize() for word in module.split("_")) + owner


def _definition(node: Schema, unions: dict[tuple[str, ...], set[str]]) -> Schema:
    if node.get("type") != "object" or "properties" not in node:
        raise ValueError(f"a definition that is no object with properties: {node}")
    required = sorted(node.get("required", []))
    properties = {}
    for name, sub in node["properties"].items():
        form = _form(sub, name, unions)
        properties[name] = form if name in required else _nullable(form)
    return {"properties": properties} | ({"required": required} if required else {})


def _form(node: Schema, prop: str, unions: dict[tuple[str, ...], set[str]]) -> Schema:
    if "anyOf" in node:
        return _union([_form(member, prop, unions) for member in node["anyOf"]], prop, unions)
    if "$ref" in node:
        return {"type": "object", "$ref": _PREFIX + _readable(node["$ref"].removeprefix(_PREFIX))}
    form = {key: value for key, value in node.items() if key not in _NOISE}
    for inner in ("items", "additionalProperties"):
        if isinstance(form.get(inner), dict):
            form[inner] = _form(form[inner], prop, unions)
    return form


def _union(members: list[Schema], prop: str, unions: dict[tuple[str, ...], set[str]]) -> Schema:
    """One schema for alternatives of different JSON types; several objects become a dispatch."""
    if any(not member for member in members):
        return {}
    types = {kind for member in members for kind in _types(member)}
    out: Schema = {"type": _type_list(types)}
    scalars = [m for m in members if not {"object", "array", "null"} & set(_types(m))]
    closed = [m for m in scalars if "const" in m or "enum" in m]
    open_types = {kind for m in scalars if m not in closed for kind in _types(m)}
    values = [v for m in closed if not open_types & set(_types(m)) for v in m.get("enum", [m.get("const")])]
    if values and types <= {"string", "null"} | ({"integer"} if not open_types else set()):
        out["enum"] = values + ([None] if "null" in types else [])
    elif values:
        out |= {"if": {"type": "string"}, "then": {"enum": values}}
    for member in members:
        out |= {key: member[key] for key in ("items", "additionalProperties") if key in member}
    refs = tuple(sorted(member["$ref"] for member in members if "$ref" in member))
    if len(refs) > 1:
        unions.setdefault(refs, set()).add(prop)
        out["$ref"] = "|".join(refs)
    elif refs:
        out["$ref"] = refs[0]
    return out


def _nullable(form: Schema) -> Schema:
    if not form or "null" in _types(form):
        return form
    form = dict(form) | {"type": _type_list({*_types(form), "null"})}
    if "const" in form:
        form["enum"] = [form.pop("const")]
    if "enum" in form:
        form["enum"] = [*form["enum"], None]
    return form


def _types(form: Schema) -> list[str]:
    kinds = form.get("type", [])
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _type_list(kinds: set[str]) -> str | list[str]:
    ordered = sorted(kinds, key=lambda kind: (kind == "null", kind))
    return ordered[0] if len(ordered) == 1 else ordered


def _dispatch(members: tuple[str, ...], shaped: dict[str, Schema], tags: tuple[str, ...]) -> Schema:
    """Objects told apart by the first of `tags`; those of one value are told apart by the next tag."""
    if not tags:
        raise ValueError(f"nothing tells these apart: {', '.join(members)}")
    tag, *rest = tags
    groups: dict[str, list[str]] = {}
    optional = []
    for member in members:
        form = shaped[member.removeprefix(_PREFIX)]["properties"].get(tag, {})
        values = [form["const"]] if "const" in form else [v for v in form.get("enum", []) if v is not None]
        if len(values) != 1:
            raise ValueError(f"{member} has no single {tag}")
        groups.setdefault(values[0], []).append(member)
        if "const" not in form:
            optional.append(values[0])
    if len(optional) > 1 and all(len(shaped[m.removeprefix(_PREFIX)]["properties"]) > 1 for m in members):
        # Several may lack the tag. That is left unjudged, which is right only while one of them takes
        # anything.
        raise ValueError(f"without {tag} nothing tells these apart: {', '.join(members)}")
    branches = []
    for value, group in sorted(groups.items()):
        then = {"$ref": group[0]} if len(group) == 1 else _dispatch(tuple(group), shaped, tuple(rest))
        # With the tag absent, the only member that may lack it is meant.
        meant: Schema = {"properties": {tag: {"const": value}}, "required": [tag]}
        if optional == [value]:
            meant = {"properties": {tag: {"enum": [value, None]}}}
        branches.append({"if": meant, "then": then})
    known: Schema = {"type": "string", "enum": sorted(groups)}
    out: Schema = {"properties": {tag: _nullable(known) if optional else known}, "allOf": branches}
    return out if optional else out | {"required": [tag]}


def _union_names(unions: dict[tuple[str, ...], set[str]]) -> dict[tuple[str, ...], str]:
    """A name for each union, from the shortest property that uses it; a number where two want the same."""
    names: dict[tuple[str, ...], str] = {}
    for members in sorted(unions):
        prop = min(unions[members], key=lambda name: (len(name), name))
        name = "Any" + "".join(word.capitalize() for word in prop.split("_"))
        taken = sum(other.rstrip("0123456789") == name for other in names.values())
        names[members] = f"{name}{taken + 1}" if taken else name
    return names


def _point(node: Any, names: dict[tuple[str, ...], str]) -> Any:
    """A copy in which the references to unions carry their names."""
    if isinstance(node, list):
        return [_point(item, names) for item in node]
    if not isinstance(node, dict):
        return copy.copy(node)
    ref = node.get("$ref")
    if isinstance(ref, str) and "|" in ref:
        node = node | {"$ref": _PREFIX + names[tuple(ref.split("|"))]}
    return {key: _point(value, names) for key, value in node.items()}

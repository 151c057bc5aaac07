"""Makes rtdoctor/protocol/schemas/*.json from the pinned official SDK and the overlay of dated facts.

    python tools/make_schemas.py            write the files
    python tools/make_schemas.py --check    write nothing; exit 1 and name the files that differ

The SDK (`openai`, a development dependency) is imported here and never at run time: its import costs more
than half a second. The overlay, rtdoctor/protocol/schemas/overlay.toml, says in its head what a line of it
may contain.
"""

import argparse
import fnmatch
import json
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_args

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode
from schema_forms import Schema, reshape

FOLDER = Path(__file__).resolve().parent.parent / "rtdoctor" / "protocol" / "schemas"
SDK_SEEN = "2026-11-17"  # when the pinned version was published; change it with the pin in pyproject.toml
_KNOWN = {"sets", "events", "defs", "property", "schema", "optional", "open", "like", "new"}
_FACTS = ("evidence", "seen", "confidence")


def sources() -> dict[str, dict[str, Any]]:
    """set name -> {event type: model class of the SDK}; for client-secrets `request` and `response`."""
    from openai.types import realtime
    from openai.types.beta import realtime as beta

    return {
        "ga-server": _by_type(realtime.RealtimeServerEvent),
        "ga-client": _by_type(realtime.RealtimeClientEvent),
        "beta-server": _by_type(beta.RealtimeServerEvent),
        "beta-client": _by_type(beta.RealtimeClientEvent),
        "translation-server": _by_type(realtime.RealtimeTranslationServerEvent),
        "translation-client": _by_type(realtime.RealtimeTranslationClientEvent),
        "client-secrets": {
            "request": realtime.ClientSecretCreateParams,
            "response": realtime.ClientSecretCreateResponse,
        },
    }


def _by_type(union: Any) -> dict[str, Any]:
    """The members of `Annotated[Union[...], discriminator]` by the literal of their field `type`."""
    return {get_args(m.model_fields["type"].annotation)[0]: m for m in get_args(get_args(union)[0])}


def schema_of(models: dict[str, Any]) -> Schema:
    """One file without its overlay: `$defs`, `oneOf` and the mapping type -> reference."""
    adapters: list[tuple[str, JsonSchemaMode, TypeAdapter[Any]]] = [
        (name, "validation", TypeAdapter(model)) for name, model in models.items()
    ]
    refs, bundle = TypeAdapter.json_schemas(adapters)
    definitions = dict(bundle["$defs"])
    mapping = {}
    for (name, _), node in refs.items():
        if "$ref" not in node:  # a type that no other uses is not put among the definitions
            definitions[str(models[str(name)].__name__)] = node
            node = {"$ref": f"#/$defs/{models[str(name)].__name__}"}
        mapping[str(name)] = node["$ref"]
    shaped = reshape(definitions)
    for ref in mapping.values():  # the only objects that nothing refers to with a type of its own
        shaped[ref.removeprefix("#/$defs/")]["type"] = "object"
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": shaped,
        "discriminator": {"propertyName": "type", "mapping": mapping},
    }


def lay_over(name: str, schema: Schema, lines: list[dict[str, Any]]) -> list[int]:
    """Lays the overlay's lines for the set `name` over its schema, in place; returns the numbers of those
    that met.

    Raises ValueError where a line names a definition that the SDK no longer has.
    """
    definitions, mapping = schema["$defs"], schema["discriminator"]["mapping"]
    met = []
    for number, line in enumerate(lines):
        if name not in line["sets"]:
            continue
        met.append(number)
        if "new" in line:
            mapping[line["new"]] = f"#/$defs/{_twin(definitions, mapping[line['like']], line)}"
            continue
        owners = list(line.get("defs", []))
        for pattern in line.get("events", []):
            owners += [mapping[t].removeprefix("#/$defs/") for t in fnmatch.filter(mapping, pattern)]
        if not owners or not set(owners) <= set(definitions):
            raise ValueError(f"overlay line {number + 1} does not fit {name}: {line}")
        for owner in owners:
            _lay_line(definitions[owner], line)
    return met


def _twin(definitions: dict[str, Schema], ref: str, line: dict[str, Any]) -> str:
    """Copies the definition at `ref` for the new event type of `line`; returns the copy's name."""
    name = "".join(w.capitalize() for w in line["new"].replace(".", "_").split("_")) + "Event"
    original = definitions[ref.removeprefix("#/$defs/")]
    properties = original["properties"] | {"type": {"const": line["new"], "type": "string"}}
    definitions[name] = original | {"properties": properties}
    return name


def _lay_line(definition: Schema, line: dict[str, Any]) -> None:
    prop = line["property"]
    node = dict(definition["properties"].get(prop, {}))
    if line.get("open"):
        node.pop("enum", None)
    if line.get("optional"):
        definition["required"] = [name for name in definition.get("required", []) if name != prop]
        kinds = node.get("type", [])
        node["type"] = [*([kinds] if isinstance(kinds, str) else kinds), "null"]
    # The judge of shapes shows this evidence with an error of one of these keywords, else the SDK.
    origin = {key: line[key] for key in _FACTS} | {"keywords": sorted(line.get("schema", {}))}
    node |= line.get("schema", {}) | {"x-overlay": origin}
    definition["properties"][prop] = node


def read_overlay(path: Path) -> list[dict[str, Any]]:
    """The overlay's lines. Raises ValueError on an unknown key or a line without its evidence."""
    lines: list[dict[str, Any]] = tomllib.loads(path.read_text("utf-8"))["line"]
    for number, line in enumerate(lines, 1):
        if set(line) - _KNOWN - set(_FACTS) or not set(_FACTS) <= set(line):
            raise ValueError(f"overlay line {number}: keys {sorted(line)}")
        line["seen"] = str(line["seen"])
    return lines


def generate(overlay: Path) -> dict[str, str]:
    """File name -> text, for every file that the generator makes."""
    lines = read_overlay(overlay)
    texts, counts, met = {}, {}, set()
    for name, models in sources().items():
        schema = schema_of(models)
        met.update(lay_over(name, schema, lines))
        mapping = schema["discriminator"]["mapping"]
        if name == "client-secrets":  # two documents, told apart by the side that sends them
            del schema["discriminator"]["propertyName"]
        else:
            schema["oneOf"] = [{"$ref": mapping[kind]} for kind in sorted(mapping)]
            counts[name] = {"sdk": len(models), "overlay": len(mapping) - len(models)}
        texts[f"{name}.json"] = _text(schema)
    if unused := set(range(len(lines))) - met:
        raise ValueError(f"overlay lines that fit no set: {sorted(n + 1 for n in unused)}")
    texts["about.json"] = _text(
        {
            "sdk": f"openai {version('openai')}",
            "sdk_seen": SDK_SEEN,
            "overlay_lines": len(lines),
            "overlay_seen": max(line["seen"] for line in lines),
            "events": counts,
        }
    )
    return texts


def _text(value: Any) -> str:
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Writes or checks; returns the exit code."""
    parser = argparse.ArgumentParser(description="Make the event schemas from the SDK and the overlay.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file would change")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where overlay.toml is and the files go")
    options = parser.parse_args(arguments)
    differ = []
    for name, text in generate(options.folder / "overlay.toml").items():
        path = options.folder / name
        if path.is_file() and path.read_text("utf-8") == text:
            continue
        differ.append(name)
        if not options.check:
            path.write_text(text, "utf-8", newline="\n")
    for name in differ:
        print(f"{'differs' if options.check else 'wrote'}: {name}")
    return 1 if differ and options.check else 0


if __name__ == "__main__":
    sys.exit(main())

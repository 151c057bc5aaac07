"""Carries out `rtdoctor config`: what holds for each target, and where each value is from."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rtdoctor import process
from rtdoctor.cli import exits
from rtdoctor.cli.configfile import KEYS, NO_KEY, named
from rtdoctor.cli.configured import Configured, config_here, configured
from rtdoctor.privacy.clean import clean
from rtdoctor.privacy.errors import Usage
from rtdoctor.privacy.quote import quote


def show(name: str | None, file: Path | None, *, in_json: bool) -> int:
    """Print it, and return the exit code.

    Raises:
        Usage: there is no file or no such target, or the file breaks the form.
    """
    config = config_here(file)
    if config is None:
        raise Usage(
            "there is no rtdoctor.toml here or above, and no pyproject.toml with [tool.rtdoctor]; see rtdoctor init"
        )
    names = [named(config, name, own_only=True).name] if name else list(config.targets)
    targets = [configured(one, config.file) for one in names]
    with process.telling():
        if in_json:
            told = {"file": quote(str(config.file)), "targets": {one.named.name: as_json(one) for one in targets}}
            sys.stdout.write(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
            return exits.OK
        sys.stdout.write(f"{clean(quote(str(config.file)))}\n")
        if not targets:
            sys.stdout.write("It names no target; [targets.NAME] begins one.\n")
        for one in targets:
            sys.stdout.write(f"\n{one.named.name}\n")
            rows = list(_rows(one))
            width = max(len(value) for _, value, _ in rows)
            for key, value, source in rows:
                sys.stdout.write(f"  {key:13} {clean(value):{min(width, 44)}}  {clean(source)}".rstrip() + "\n")
            for sentence in one.told[: 1 if one.target else 0]:
                sys.stdout.write(f"  → {clean(quote(sentence.partition(': ')[2]))}\n")
    return exits.OK


def _rows(one: Configured) -> Iterator[tuple[str, str, str]]:
    held = {item.key: item for item in one.held}
    for key in KEYS:
        if key not in held:
            continue
        item = held[key]
        source = (
            item.source
            if not item.source.startswith(str(one.named.file))
            else f"{one.named.file.name}:{one.named.line}"
        )
        if item.source == "environment":
            yield key, _environment(item.note), "the environment"
        else:
            yield key, _value(key, item.value), source
        if item.note:
            yield "", f"({item.note})", ""


def _environment(note: str) -> str:
    return f"that of {note.split(' ', 1)[0]}"


def _value(key: str, value: Any) -> str:
    if key == "key_env":
        if value == NO_KEY:
            return "none: no key is sent there"
        return f"{quote(str(value))} ({'set' if os.environ.get(str(value)) else 'not set'})"
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(map(quote, value)) if isinstance(value, list) else quote(str(value))


def as_json(one: Configured) -> dict[str, Any]:
    """A target as plain JSON values, without a secret."""
    return {
        "line": one.named.line,
        "key_goes_to": quote(one.target.host) if one.target and one.values.get("key_env") != NO_KEY else None,
        "values": {
            item.key: {
                "value": [quote(part) for part in item.value] if isinstance(item.value, list) else _plain(item.value),
                "source": "environment" if item.source == "environment" else quote(item.source),
                "note": quote(item.note),
            }
            for item in one.held
        },
    }


def _plain(value: Any) -> Any:
    return quote(value) if isinstance(value, str) else value

"""`rtdoctor config`: what the configuration file says."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rtdoctor import process
from rtdoctor.cli.options import AsJson, ConfigHere
from rtdoctor.privacy.clean import clean
from rtdoctor.privacy.errors import Usage
from rtdoctor.privacy.quote import quote

if TYPE_CHECKING:
    from rtdoctor.cli.configured_target import Configured


def config(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One target; all of them without it.")] = None,
    file: ConfigHere = None,
    in_json: AsJson = False,
) -> None:
    """Show what holds for each target of rtdoctor.toml, and where each value is from. No key is ever shown.

    Flags go before the environment, the environment before the file.
    """
    import json

    from rtdoctor.cli.configfile import named
    from rtdoctor.cli.configured_target import as_json, config_here, configured

    config = config_here(file)
    if config is None:
        raise Usage(
            "there is no rtdoctor.toml here or above, and no pyproject.toml with [tool.rtdoctor]; see rtdoctor init"
        )
    names = [named(config, name, own_only=True).name] if name else list(config.targets)
    targets = [configured(one, config.file) for one in names]
    with process.telling():
        if in_json:
            document = {"file": quote(str(config.file)), "targets": {one.named.name: as_json(one) for one in targets}}
            sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
            return
        sys.stdout.write(f"{clean(quote(str(config.file)))}\n")
        if not targets:
            sys.stdout.write("It names no target; [targets.NAME] begins one.\n")
        for one in targets:
            sys.stdout.write(f"\n{one.named.name}\n")
            rows = list(_rows(one))
            width = max(len(value) for _, value, _ in rows)
            for key, value, source in rows:
                sys.stdout.write(f"  {key:13} {clean(value):{min(width, 44)}}  {clean(source)}".rstrip() + "\n")
            for sentence in one.notices[: 1 if one.target else 0]:
                sys.stdout.write(f"  → {clean(quote(sentence.partition(': ')[2]))}\n")


def _rows(one: Configured) -> Iterator[tuple[str, str, str]]:
    from rtdoctor.cli.configfile import KEYS

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
    from rtdoctor.cli.configfile import NO_KEY

    if key == "key_env":
        if value == NO_KEY:
            return "none: no key is sent there"
        return f"{quote(str(value))} ({'set' if os.environ.get(str(value)) else 'not set'})"
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(map(quote, value)) if isinstance(value, list) else quote(str(value))

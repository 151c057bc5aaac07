"""What people say of their problem in their own words (`prose.toml`)."""

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from rtdoctor.diagnose.text.blocks import Block
from rtdoctor.diagnose.text.patterns import line_of
from rtdoctor.diagnose.text.sighting import Sighting
from rtdoctor.linear import Pattern, pattern

SAID = "said"  # the layer of what is told in words


@cache
def ways() -> tuple[dict[str, Any], ...]:
    """The entries of `prose.toml`."""
    raw = tomllib.loads(Path(__file__).with_name("prose.toml").read_text(encoding="utf-8"))
    return tuple(raw["prose"])


def expression(entry: dict[str, Any]) -> Pattern:
    """The expression of an entry, as it is compiled."""
    return pattern(f"(?im){entry['match']}")


def in_words(block: Block) -> Iterator[Sighting]:
    """The first place of each entry in a window."""
    for entry in ways():
        wanted = expression(entry)
        refusing = [name for name in wanted.names() if name.startswith("not_")]
        for found in wanted.finditer(block.text, flattened=block.flat):
            if any(found.start(name) >= 0 for name in refusing):
                continue
            start, end = found.span()
            yield Sighting(
                name=entry["name"],
                at=block.start + start,
                end=block.start + end,
                text=block.text[start:end],
                line=line_of(block.text, start, end),
                fault=(SAID, entry["says"]),
            )
            break

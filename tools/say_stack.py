"""The table of stacks, tools/say/stacks.toml: the clients that meet the faults."""

import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

PROGRAMS = Path(__file__).resolve().parent / "say"
CACHE = Path(os.environ.get("RTDOCTOR_SAY_TOOLS") or Path.home() / ".cache" / "rtdoctor-say")
PATIENCE = 3.0  # seconds after which a program that goes on is ended


@dataclass(frozen=True, slots=True)
class Stack:
    """A line of stacks.toml."""

    id: str
    title: str
    kind: str
    packages: tuple[str, ...]
    patience: float = PATIENCE
    env: dict[str, str] = field(default_factory=dict)
    skip: dict[str, str] = field(default_factory=dict)  # beginning of a fault's id -> why it cannot be made
    more: dict[str, str] = field(default_factory=dict)  # what the kind wants to know beside it
    shows: str = ""  # how to make it show status and body
    program: str = ""  # the folder of its program, where it is another stack's

    @property
    def folder(self) -> Path:
        """Where its program stands."""
        return PROGRAMS / (self.program or self.id)

    @property
    def place(self) -> Path:
        """Where it is installed."""
        return CACHE / self.id


def stacks() -> list[Stack]:
    """The table of stacks."""
    table = tomllib.loads((PROGRAMS / "stacks.toml").read_text("utf-8"))["stack"]
    return [Stack(**entry | {"packages": tuple(entry["packages"])}) for entry in table]

"""The rules of order as values: read once from rules.toml, raised by their id."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import get_args

from rtdoctor.model.finding import Confidence
from rtdoctor.model.violation import Severity

# What a violation becomes when the connection's end explains it: the thing was still under way.
LOWERED: Mapping[Severity, Severity] = {"error": "warning", "warning": "notice", "notice": "notice"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    `once` tells it only the first time; `elided` judges also where ids are replaced by an ellipsis.
    """

    id: str
    severity: Severity
    message: str
    evidence: str
    seen: str
    confidence: Confidence
    once: bool = False
    elided: bool = False


def _rule(name: str, fields: Mapping[str, object]) -> Rule:
    rule = Rule(id=name, **fields)  # type: ignore[arg-type]  # the values are checked here, the keys by Rule
    if rule.severity not in get_args(Severity) or rule.confidence not in get_args(Confidence):
        raise ValueError(f"rules.toml: {name}: unknown severity or confidence")
    return rule


@cache
def rules() -> Mapping[str, Rule]:
    """All rules by id.

    Raises ValueError or TypeError when the shipped file is broken, which a test excludes.
    """
    table = tomllib.loads(Path(__file__).with_name("rules.toml").read_text(encoding="utf-8"))
    return MappingProxyType({name: _rule(name, fields) for name, fields in table.items()})

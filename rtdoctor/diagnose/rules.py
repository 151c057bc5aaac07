"""The rules, from `rules.toml`, and which of them match an outcome."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rtdoctor.model.finding import Evidence
from rtdoctor.model.outcome import Outcome, facts, matches


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition that points to a cause, how strongly, and where that is known from. `why` and `remedy` take the place
    of the cause's own where this condition tells more exactly what happened."""

    cause: str
    when: Mapping[str, Any]
    strength: int
    evidence: Evidence
    rules_out: Mapping[str, str]
    why: str = ""
    remedy: str = ""


@cache
def rules() -> tuple[Rule, ...]:
    """All rules, the strongest first."""
    raw = tomllib.loads(Path(__file__).with_name("rules.toml").read_text(encoding="utf-8"))
    found = [
        Rule(
            entry["cause"],
            entry["when"],
            entry["strength"],
            Evidence(entry["evidence"], entry["seen"], entry["confidence"]),
            entry.get("rules_out", {}),
            entry.get("why", ""),
            entry.get("remedy", ""),
        )
        for entry in raw["rule"]
    ]
    return tuple(sorted(found, key=lambda rule: -rule.strength))


@cache
def known_codes() -> frozenset[str]:
    """Every error code that a rule names."""
    found: set[str] = set()
    for rule in rules():
        wanted = rule.when.get("error_code")
        found.update([wanted] if isinstance(wanted, str) else wanted if isinstance(wanted, list) else [])
    return frozenset(found)


def matching(outcome: Outcome) -> list[Rule]:
    """The rules that hold for an outcome, the strongest first."""
    flat = facts(outcome)
    return [rule for rule in rules() if matches(rule.when, flat)]

"""Who signs in the place of a public CA: known TLS-inspecting products by their issuer, from `inspectors.toml`."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rtdoctor.data import table
from rtdoctor.linear import Pattern, pattern
from rtdoctor.model.finding import Evidence


@dataclass(frozen=True, slots=True)
class Inspector:
    """A product that opens TLS on the way, and how its issuer is known."""

    name: str
    issuer: Pattern
    evidence: Evidence


@cache
def _inspectors() -> tuple[Inspector, ...]:
    raw = table(Path(__file__).with_name("inspectors.toml"))
    return tuple(
        Inspector(
            entry["name"],
            pattern(f"(?i){entry['issuer']}"),
            Evidence(entry["evidence"], entry["seen"], entry["confidence"]),
        )
        for entry in raw["inspector"]
    )


def inspector_of(issuer: str) -> Inspector | None:
    """The product whose certificate authority that issuer is, or None where it is none that is known."""
    return next((inspector for inspector in _inspectors() if inspector.issuer.search(issuer)), None)

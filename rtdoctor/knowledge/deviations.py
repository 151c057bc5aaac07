"""The ways in which servers are known to differ from the real service: one entry each in `deviations/*.toml`."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from rtdoctor.knowledge.tables import BadTable, read_table, table_files
from rtdoctor.model.conformance import Breaks, Deviation
from rtdoctor.model.finding import Evidence

_HERE = Path(__file__).parent
_SCHEMA = _HERE / "deviations.schema.json"


@cache
def deviations() -> Mapping[str, Deviation]:
    """Every known deviation by its id.

    Raises:
        BadTable: a shipped file breaks the form, which a test excludes.
    """
    by_id: dict[str, Deviation] = {}
    clients: dict[str, Breaks] = {}
    files = table_files(_HERE / "deviations")
    tables = {file: read_table(file, _SCHEMA, lambda *_: "") for file in files}
    for table in tables.values():
        clients |= {name: _breaks(entry) for name, entry in table.get("client", {}).items()}
    for file, table in tables.items():
        for ident, entry in table.get("deviation", {}).items():
            if ident in by_id:
                raise BadTable("{}: {}: there is a deviation of that id already", file, ident)
            if missing := [name for name in entry.get("breaks", ()) if name not in clients]:
                raise BadTable("{}: {}: breaks: no client '{}' is known", file, ident, missing[0])
            by_id[ident] = _deviation(ident, entry, clients)
    return by_id


def _deviation(ident: str, entry: Mapping[str, Any], clients: Mapping[str, Breaks]) -> Deviation:
    return Deviation(
        id=ident,
        weight=entry["weight"],
        title=entry["title"],
        real=entry["real"],
        fix=entry["fix"],
        evidence=Evidence(entry["evidence"], entry["seen"], entry["confidence"]),
        breaks=tuple(clients[name] for name in entry.get("breaks", ())),
        rules=tuple(entry.get("rules", ())),
    )


def _breaks(entry: Mapping[str, Any]) -> Breaks:
    return Breaks(entry["client"], entry["how"], Evidence(entry["evidence"], entry["seen"], entry["confidence"]))

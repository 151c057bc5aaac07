"""Makes a `.table` beside each table that `explain` reads at its start: its JSON, which is read thirty times as fast.

Run it again when one of them has changed (`--check` only says whether that is so); until then the TOML itself is read.
"""

import json
import sys
import tomllib
from pathlib import Path

from rtdoctor.data import checked, made_of

PACKAGE = Path(__file__).parents[1] / "rtdoctor"
TABLES = (
    *("knowledge/causes", "knowledge/profiles", "privacy", "diagnose", "diagnose/text"),
    "protocol/models.toml",
)


def tables() -> list[Path]:
    """The files, by their names."""
    found: list[Path] = []
    for name in TABLES:
        place = PACKAGE / name
        found += sorted(place.glob("*.toml")) if place.is_dir() else [place]
    return found


def made(file: Path) -> bytes:
    """What is made of a table: a line that names its text, and its JSON."""
    raw = file.read_bytes()
    told = json.dumps(tomllib.loads(raw.decode("utf-8")), ensure_ascii=False, separators=(",", ":"))
    return checked(raw) + b"\n" + told.encode("utf-8") + b"\n"


def stale() -> list[str]:
    """The names of what is not as its table, and of what has none."""
    wanted = {made_of(file): made(file) for file in tables()}
    known = {file: file.read_bytes() for file in PACKAGE.rglob("*.table")}
    return sorted(file.name for file in {*wanted, *known} if wanted.get(file) != known.get(file))


def main(arguments: list[str]) -> int:
    if "--check" in arguments:
        names = stale()
        print("\n".join(f"{name}: run tools/make_tables.py" for name in names) or "all as their tables")
        return 1 if names else 0
    for file in PACKAGE.rglob("*.table"):
        file.unlink()
    for file in tables():
        made_of(file).write_bytes(made(file))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""Where the shipped data lies: the folders (scenarios, fixtures) inside of the wheel or at the root of a checkout, and
the tables beside the code, as TOML that people write, and what is made of it that is read faster."""

import json
import zlib
from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """The folder `scenarios` or `fixtures`, wherever this installation keeps it."""
    packaged = _HERE / "_data" / name
    return packaged if packaged.is_dir() else _HERE.parent / name


def table(file: Path) -> dict[str, Any]:
    """A table of ours. Its TOML decides: what was made of it ahead is taken where it was made of this very text."""
    raw = file.read_bytes()
    try:
        checksum, _, made = made_of(file).read_bytes().partition(b"\n")
    except OSError:
        checksum, made = b"", b""
    if checksum == checked(raw):
        made_table: dict[str, Any] = json.loads(made)
        return made_table
    import tomllib  # here, for its import takes a start as long as two of our tables

    return tomllib.loads(raw.decode("utf-8"))


def made_of(file: Path) -> Path:
    """Where that which `tools/make_tables.py` makes of a table lies."""
    return file.with_suffix(".table")


def checked(raw: bytes) -> bytes:
    """What tells one text of a table from another: tables are compared with what was made of them, not guarded."""
    return b"%08x" % zlib.crc32(raw.replace(b"\r\n", b"\n"))

"""Where the shipped data folders (scenarios, fixtures) are: inside the wheel, or at the root of a checkout."""

from pathlib import Path

_HERE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """The folder `scenarios` or `fixtures`, wherever this installation keeps it."""
    packaged = _HERE / "_data" / name
    return packaged if packaged.is_dir() else _HERE.parent / name

"""Reads files that a user names, or a stranger sent, without trusting their size: a device or a pipe has none."""

from pathlib import Path


class TooLarge(OSError):
    """The file holds more than is taken; its text says how much that is."""

    def __str__(self) -> str:
        return self.strerror or ""


def read_bounded(path: Path, most: int) -> bytes:
    """The file's bytes, at most so many.

    Raises:
        OSError: it cannot be read; TooLarge when it holds more.
    """
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        size = f"{most >> 20} MiB" if most >= 1 << 20 else f"{most >> 10} KiB"
        raise TooLarge(None, f"larger than {size}")
    return data

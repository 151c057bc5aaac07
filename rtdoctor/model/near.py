"""The name that was perhaps meant."""

import difflib
from collections.abc import Iterable


def near(wrong: str, names: Iterable[str], *, many: int = 1, alike: float = 0.6) -> list[str]:
    """The names that are as much `alike` (0 to 1), the nearest first, at most so `many`."""
    return difflib.get_close_matches(wrong, list(names), n=many, cutoff=alike)


def did_you_mean(wrong: str, names: Iterable[str], alike: float = 0.6) -> str:
    """The second half of a sentence with the nearest name, or nothing where none is as much `alike` (0 to 1)."""
    alike_names = near(wrong, names, alike=alike)
    return f"; did you mean {alike_names[0]}?" if alike_names else ""

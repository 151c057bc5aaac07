"""The name that was perhaps meant."""

import difflib
from collections.abc import Iterable


def did_you_mean(wrong: str, names: Iterable[str], alike: float = 0.6) -> str:
    """The second half of a sentence with the nearest name, or nothing where none is as much `alike` (0 to 1)."""
    found = difflib.get_close_matches(wrong, list(names), n=1, cutoff=alike)
    return f"; did you mean {found[0]}?" if found else ""

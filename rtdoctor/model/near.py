"""The name that was perhaps meant."""

import difflib
from collections.abc import Iterable


def did_you_mean(wrong: str, names: Iterable[str]) -> str:
    """The second half of a sentence with the nearest name, or nothing."""
    found = difflib.get_close_matches(wrong, list(names), n=1, cutoff=0.6)
    return f"; did you mean {found[0]}?" if found else ""

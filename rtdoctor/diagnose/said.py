"""What a server says of its refusal, in words that no rule knows: the topic of a sentence (`said.toml`).

A thing and what is wrong with it are put together from terms, so that a sentence need not have been met. Only what a
server said itself is asked, never a text that somebody pasted.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from rtdoctor.data import table
from rtdoctor.diagnose.terms import with_terms
from rtdoctor.linear import Pattern, pattern

_MOST_SENTENCE = 500  # characters of what is said that are looked at


@cache
def _read() -> dict[str, Any]:
    return table(Path(__file__).with_name("said.toml"))


def entries() -> tuple[dict[str, Any], ...]:
    """The entries of `said.toml`."""
    return tuple(_read()["said"])


@cache
def _compiled() -> tuple[tuple[str, Pattern, Pattern | None], ...]:
    def whole(source: str) -> Pattern:
        return pattern(f"(?i){with_terms(source, _read()['terms'])}")

    return tuple(
        (entry["says"], whole(entry["match"]), whole(entry["unless"]) if "unless" in entry else None)
        for entry in entries()
    )


def topic_of(sentences: Iterable[str]) -> str:
    """What the sentences are about, by the first entry that one of them fits; empty where they tell nothing known."""
    cut = [sentence[:_MOST_SENTENCE] for sentence in sentences if sentence]
    for says, wanted, unless in _compiled() if cut else ():
        for sentence in cut:
            if wanted.search(sentence) and not (unless and unless.search(sentence)):
                return says
    return ""

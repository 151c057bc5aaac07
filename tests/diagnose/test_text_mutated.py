"""What clients say, as it arrives: cut, wrapped, prefixed, coloured, shuffled, in a log or in a string of JSON."""

import json
import random
import time
from collections.abc import Callable

import pytest

from rtdoctor.diagnose.text.findings import explain
from tests.diagnose.said import said

Mutate = Callable[[str, random.Random], str]
PREFIXES = (
    "2026-11-30T10:00:00.123Z ",
    "[app] ",
    "api-1  | ",
    "> ",
    "    ",
    "ERROR:root:",
    "10:00:00 PM [Worker-1] ERROR c.e.App - ",
)
NOISE = ("INFO worker started on port 4000", "GET /health 200 12ms", "tâche terminée", "处理了 403 个项目", "")


def prefixed(text: str, chance: random.Random) -> str:
    prefix = chance.choice(PREFIXES)
    return "\n".join(prefix + line for line in text.split("\n"))


def coloured(text: str, chance: random.Random) -> str:
    return "\n".join(f"\x1b[{chance.choice((1, 31, 33))}m{line}\x1b[0m" for line in text.split("\n"))


def by_windows(text: str, chance: random.Random) -> str:
    return text.replace("\n", "\r\n")


def in_a_log(text: str, chance: random.Random) -> str:
    around = [chance.choice(NOISE) for _ in range(6)]
    return "\n".join((*around[:3], text, *around[3:]))


def in_json(text: str, chance: random.Random) -> str:
    return json.dumps({"level": "error", "msg": text})


def cut(text: str, chance: random.Random) -> str:
    first, last = sorted((chance.randrange(len(text) + 1), chance.randrange(len(text) + 1)))
    return text[first:last]


def wrapped(text: str, chance: random.Random) -> str:
    width = chance.choice((40, 60, 80))
    return "\n".join(text[at : at + width] for at in range(0, len(text), width))


def shuffled(text: str, chance: random.Random) -> str:
    lines = text.split("\n")
    chance.shuffle(lines)
    return "\n".join(lines)


KEEPING: tuple[Mutate, ...] = (prefixed, coloured, by_windows, in_a_log)
BREAKING: tuple[Mutate, ...] = (cut, wrapped, shuffled, in_json)


def cause(text: str) -> str | None:
    told = explain([text])
    return told.findings[0].cause if told.findings else None


def share_that_stays(count: int, mutations: tuple[Mutate, ...]) -> float:
    """How many of so many mutated texts keep their cause; each is read in under a second, and without a traceback."""
    chance = random.Random(1)
    known = {cell.says: cause(cell.says) for cell in chance.sample(said(), min(len(said()), count))}
    texts = [text for text, told in known.items() if told not in (None, "unknown.unknown")]
    stay = 0
    for number in range(count):
        text = texts[number % len(texts)]
        mutated = chance.choice(mutations)(text, chance)
        began = time.perf_counter()
        stay += cause(mutated) == known[text]
        assert time.perf_counter() - began < 1, mutated
    return stay / count


def test_most_keep_their_cause_where_the_deciding_line_stays() -> None:
    assert share_that_stays(400, KEEPING) >= 0.95


def test_none_breaks_the_reader() -> None:
    assert 0 < share_that_stays(200, BREAKING) < 1


@pytest.mark.heavy
def test_most_of_fifty_thousand_keep_their_cause() -> None:
    assert share_that_stays(40_000, KEEPING) >= 0.95
    assert share_that_stays(10_000, BREAKING) > 0.3

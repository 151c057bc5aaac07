"""Texts as they arrive: cut, wrapped, prefixed, coloured, shuffled, set otherwise, in a log or a string of JSON.

    python -m tests.diagnose.mutations --count 50000

prints, for each way, how many texts keep their cause, the slowest, and what broke. What clients said (tools/said) is
mutated, and the texts beside the project where they are there.
"""

import argparse
import json
import random
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rtdoctor.diagnose.text.findings import explain
from rtdoctor.model.explanation import Explanation
from tests.diagnose.said import said

Mutate = Callable[[str, random.Random], str]
GIVEN = Path(__file__).parents[2].parent / "shared" / "texts" / "given.jsonl"
PREFIXES = (
    "2026-11-30T10:00:00.123Z ",
    "[app] ",
    "api-1  | ",
    "> ",
    "    ",
    "ERROR:root:",
    "10:00:00 PM [Worker-1] ERROR c.e.App - ",
    "30.11.2026 10:00:00,123 FEHLER ",
    "[2026/11/30 10:00:00] 错误: ",
)
NOISE = (
    "INFO worker started on port 4000",
    "GET /health 200 12ms",
    "tâche terminée",
    "处理了 403 个项目",
    "Verarbeitung beendet, 4000 Zeilen",
    "",
)


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
    return json.dumps({"level": "error", "msg": text}, ensure_ascii=chance.random() < 0.5)


def wrapped(text: str, chance: random.Random) -> str:
    width = chance.choice((40, 60, 80))
    return "\n".join(text[at : at + width] for at in range(0, len(text), width))


def wrapped_at_words(text: str, chance: random.Random) -> str:
    width = chance.choice((60, 72, 100))
    return "\n".join(part for line in text.split("\n") for part in (textwrap.wrap(line, width) or [""]))


def shuffled(text: str, chance: random.Random) -> str:
    lines = text.split("\n")
    chance.shuffle(lines)
    return "\n".join(lines)


def typeset(text: str, chance: random.Random) -> str:
    """As forums and chat programs of other languages set it: other quotes, other spaces."""
    opening, closing = chance.choice((("“", "”"), ("„", "“"), ("‘", "’")))
    return text.replace(" '", f" {opening}").replace("' ", f"{closing} ").replace(": ", ":\u00a0")


def cut(text: str, chance: random.Random) -> str:
    first, last = sorted((chance.randrange(len(text) + 1), chance.randrange(len(text) + 1)))
    return text[first:last]


def cut_at_lines(text: str, chance: random.Random) -> str:
    lines = text.split("\n")
    first, last = sorted((chance.randrange(len(lines) + 1), chance.randrange(len(lines) + 1)))
    return "\n".join(lines[first:last])


WAYS: tuple[Mutate, ...] = (
    *(prefixed, coloured, by_windows, in_a_log, in_json, wrapped, wrapped_at_words, shuffled, typeset),
    *(cut, cut_at_lines),
)


def cause(told: Explanation) -> str | None:
    return told.findings[0].cause if told.findings else None


@dataclass
class Tally:
    """What came of the mutated texts: how many keep the deciding line, and how many of those the cause, by way."""

    # seconds are those of the processor: a machine that others use says nothing of the reader
    kept: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    broken: list[str] = field(default_factory=list)
    lost: list[tuple[str, str | None, str]] = field(default_factory=list)

    @property
    def share(self) -> float:
        return sum(self.right.values()) / max(1, sum(self.kept.values()))


def texts() -> Iterator[str]:
    """What is mutated."""
    yield from (cell.says for cell in said())
    if GIVEN.is_file():
        yield from (json.loads(line)["text"] for line in GIVEN.read_text("utf-8").splitlines())


def tally(count: int, ways: Sequence[Mutate] = WAYS, seed: int = 1, sample: int | None = None) -> Tally:
    """Mutate so many texts; a text is read in its own form once."""
    chance, told = random.Random(seed), Tally()
    every = list(dict.fromkeys(texts()))
    known: dict[str, tuple[str, list[str]]] = {}
    for text in chance.sample(every, min(sample or len(every), len(every))):
        first = explain([text])
        found = cause(first)
        if found not in (None, "unknown.unknown"):
            known[text] = (found or "", _deciding(first))
    originals = list(known)
    for number in range(count):
        text = originals[number % len(originals)]
        way = chance.choice(ways)
        mutated = way(text, chance)
        began = time.process_time()
        try:
            found = cause(explain([mutated]))
        except Exception as error:
            told.broken.append(f"{way.__name__}: {error!r}: {mutated[:200]!r}")
            continue
        told.slowest = max(told.slowest, time.process_time() - began)
        wanted, lines = known[text]
        if way in (cut, cut_at_lines) and not all(line in _plain(mutated) for line in lines):
            continue
        told.kept[way.__name__] += 1
        told.right[way.__name__] += found == wanted
        if found != wanted:
            told.lost.append((wanted, found, f"{way.__name__}: {mutated[:300]!r}"))
    return told


def _deciding(told: Explanation) -> list[str]:
    """The lines that the first finding quotes."""
    says = "The text says: "
    return [_plain(fact.removeprefix(says)) for fact in told.findings[0].facts if fact.startswith(says)]


def _plain(text: str) -> str:
    return " ".join(text.split())


def main() -> int:
    """Prints the figures; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description="Mutated texts, and what explain makes of them.")
    parser.add_argument("--count", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lost", type=int, default=0, help="show so many that lost their cause")
    asked = parser.parse_args()
    told = tally(asked.count, seed=asked.seed)
    for way in WAYS:
        name = way.__name__
        print(
            f"{name:18} {told.right[name]:6} of {told.kept[name]:6}  {told.right[name] / max(1, told.kept[name]):.1%}"
        )
    print(f"kept {told.share:.2%}, slowest {told.slowest:.2f} s, broken {len(told.broken)}")
    for line in (*told.broken[:10], *map(str, told.lost[: asked.lost])):
        print(line)
    return 0 if told.share >= 0.95 and told.slowest < 1 and not told.broken else 1


if __name__ == "__main__":
    sys.exit(main())

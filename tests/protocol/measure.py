"""How much of what is planted the judges find, by principle and by event type.

python -m tests.protocol.measure [--missed]
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from rtdoctor.model.violation import Violation
from rtdoctor.protocol.judging import StreamJudge
from tests.protocol.faults import Mutant, mutants
from tests.protocol.talks import TALKS, Stream

LEAST = {"error": 0.97, "warning": 0.90}
WEIGHT = {"notice": 0, "warning": 1, "error": 2}


def recordings() -> dict[str, Stream]:
    """The recordings with an order and with ids that lie beside this checkout; empty where there are none."""
    for parent in Path(__file__).resolve().parents:
        folder = parent / "shared" / "recordings"
        if folder.is_dir():
            break
    else:
        return {}
    files = [file for file in sorted(folder.glob("ga-*.jsonl")) if "elided" not in file.name]
    return {
        file.stem: [(line["dir"], line["event"]) for line in map(json.loads, file.read_text("utf-8").splitlines())]
        for file in files
    }


def judged(lines: Stream, times: Iterable[float] | None = None) -> list[Violation]:
    """What both judges say of a stream."""
    judge = StreamJudge()
    clock = iter(times) if times is not None else None
    found: list[Violation] = []
    for side, event in lines:
        when = next(clock) if clock is not None else None
        if side == "close":
            judge.close()
        elif side == "client":
            found += judge.feed("client", event, when)
        else:
            found += judge.feed("server", event, when)
    return found + judge.finish()


def tally(found: Iterable[Violation]) -> Counter[tuple[str, str]]:
    """How often each rule, with its severity."""
    return Counter((one.severity, one.rule) for one in found)


def weight(mutant: Mutant, clean: Counter[tuple[str, str]]) -> int:
    """The worst of what is said of a mutant and not of its clean stream; -1 for nothing."""
    new = tally(judged(mutant.lines)) - clean
    return max((WEIGHT[severity] for severity, _ in new), default=-1)


def measured(streams: dict[str, Stream]) -> list[tuple[Mutant, bool]]:
    """Every mutant, and whether it was found as badly as it is."""
    told = []
    for name, lines in streams.items():
        clean = tally(judged(lines))
        told += [(one, weight(one, clean) >= WEIGHT[one.severity]) for one in mutants(name, lines)]
    return told


def rates(told: Iterable[tuple[Mutant, bool]], by: str) -> dict[tuple[str, str], tuple[int, int]]:
    """(severity, value of an attribute) -> found, planted."""
    counts: dict[tuple[str, str], list[int]] = {}
    for mutant, found in told:
        entry = counts.setdefault((mutant.severity, getattr(mutant, by) if by else "all"), [0, 0])
        entry[0] += found
        entry[1] += 1
    return {key: (found, planted) for key, (found, planted) in sorted(counts.items())}


def table(told: list[tuple[Mutant, bool]]) -> str:
    """The rates as text."""
    lines = []
    for by in ("kind", "principle", ""):
        for (severity, name), (found, planted) in rates(told, by).items():
            lines.append(f"{severity:8} {name:62} {found:5} of {planted:5} {found / planted:7.1%}")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Prints the table, or what was missed."""
    told = measured({name: talk() for name, talk in TALKS.items()} | recordings())
    if "--missed" in sys.argv:
        for mutant, found in told:
            if not found:
                where = f"{mutant.stream} {mutant.place} {mutant.kind}"
                print(f"{mutant.severity:8} {mutant.principle:13} {where}: {mutant.what}")
    print(table(told))


if __name__ == "__main__":
    main()

"""`python -m tests.fuzz TARGET|all --seconds N`: the long run. Exit code 1 when something was found."""

import argparse
import sys
from pathlib import Path

from tests.fuzz.hunt import run
from tests.fuzz.oracles import Broken, attempt
from tests.fuzz.product import TARGETS, environment


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=("all", *TARGETS))
    parser.add_argument("--seconds", type=float, default=60.0, help="in all, shared by the targets")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", type=Path, metavar="DIR", help="write what breaks to DIR/TARGET")
    parser.add_argument("--replay", type=Path, nargs="+", metavar="FILE", help="try only these examples")
    return parser.parse_args()


def main() -> int:
    """Run it; the exit code comes back."""
    asked = _arguments()
    chosen = list(TARGETS.values()) if asked.target == "all" else [TARGETS[asked.target]]
    bad = 0
    with environment():
        for target in chosen:
            if asked.replay:
                attempt(target, target.seeds()[0], measured=False)
                for file in asked.replay:
                    try:
                        attempt(target, file.read_bytes())
                        print(f"{target.name}: {file}: holds")
                    except Broken as broken:
                        bad += 1
                        print(f"{target.name}: {file}: {broken}")
                continue
            done = run(target, asked.seconds / len(chosen), asked.seed, asked.save)
            bad += len(done.found)
            print(
                f"{target.name}: {done.examples} examples, {done.lines} lines reached by {done.kept} of them, "
                f"{len(done.found)} found",
                flush=True,
            )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

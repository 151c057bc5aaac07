"""Sees that a step takes linear time: its input is doubled, and its time at most a little more than doubles."""

import gc
import time
from collections.abc import Callable
from typing import TypeVar

Input = TypeVar("Input")

LEAST, MOST = 0.03, 2.5  # seconds of CPU that can be measured; how often as long the doubled input may take
_RUNS, _TRIES = 3, 4


def seconds(step: Callable[[Input], object], given: Input, runs: int = _RUNS) -> float:
    """CPU time of a step, the best of several runs, without the collector's, which goes by what else is in memory."""
    best = float("inf")
    gc.disable()
    try:
        for _ in range(runs):
            start = time.process_time()
            step(given)
            best = min(best, time.process_time() - start)
    finally:
        gc.enable()
    return best


def assert_linear(
    make: Callable[[int], Input], step: Callable[[Input], object], *, start: int = 64, most: int = 1 << 22
) -> None:
    """Grow an input until the step can be measured, double it, and compare.

    `make` gives an input of a size in whatever unit, and is not measured itself; it must give a fresh one each time
    where the step uses it up. `most` is the largest size: what takes too little time even there is quick enough.
    A machine with other work disturbs a measurement, and one size outgrows a cache: a bad one is taken again, larger
    if that may be.
    """
    size = start
    while (one := seconds(step, make(size), runs=1)) < LEAST and size < most // 2:
        size = min(size * (2 if one > LEAST / 8 else 8), most // 2)
    one = seconds(step, make(size))
    ratios = []
    for _ in range(_TRIES):
        two = seconds(step, make(2 * size))
        ratios.append(two / max(one, LEAST))
        if ratios[-1] <= MOST:
            return
        size = 2 * size if 4 * size <= most else size
        one = seconds(step, make(size))
    told = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    raise AssertionError(f"twice the input (size {size}, {one * 1000:.0f} ms) takes {told} times as long")

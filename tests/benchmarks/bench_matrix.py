"""The matrix runs concurrently: ratios of one run, on a mock that answers each handshake after 200 ms.

    python tests/benchmarks/bench_matrix.py [--short]

Prints the whole default matrix (without the secret that is waited out) against its slowest scenario alone (at most 3
is wanted) and against the same matrix one at a time (at least 8), and `rtdoctor --version` against `import typer`
as whole processes (at most 1.5). Exits 1 when one of them is missed.
"""

import asyncio
import subprocess
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from rtdoctor.engine.matrix import run_matrix
from rtdoctor.engine.run import placeholders
from rtdoctor.mock.server import MockServer
from rtdoctor.model.clock import SteppedClock
from rtdoctor.scenario.expand import expand
from tests.conftest import KEY, bench_on, built_in

DELAY = 0.2


async def matrix(concurrency: int, only: str | None = None) -> tuple[float, dict[str, float]]:
    """Seconds for the matrix (or one scenario), and for each scenario in it."""
    clock = SteppedClock()
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(MockServer({KEY}, clock=clock, delay=DELAY))
        bench = await stack.enter_async_context(bench_on(server.base_url, clock=clock, concurrency=concurrency))
        chosen = [s for s in built_in() if s.id != "secret.expired" and only in (None, s.id)]
        ready = [expand(scenario, placeholders(bench.choice)) for scenario in chosen]
        started = time.perf_counter()
        results = [result async for result in run_matrix(bench, ready, None)]
        assert all(result.verdict == "pass" for result in results)
        return time.perf_counter() - started, {result.scenario: result.ms or 0.0 for result in results}


def process(*command: str) -> float:
    """The median of 15 whole processes, in seconds."""
    times = []
    for _ in range(15):
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - started)
    return sorted(times)[len(times) // 2]


def main(*, short: bool) -> int:
    """Measure, print, judge; a short run leaves out the matrix one at a time, and judges nothing."""
    asyncio.run(matrix(48))  # the first run imports and warms
    whole, each = asyncio.run(matrix(48))
    slowest = max(each, key=lambda name: each[name])
    alone, _ = asyncio.run(matrix(1, slowest))
    print(f"{len(each)} scenarios, each handshake held back {DELAY * 1000:.0f} ms")
    print(f"whole matrix / slowest alone ({slowest}): {whole:.2f} s / {alone:.2f} s = {whole / alone:.2f} (at most 3)")
    serial = whole * 8 if short else asyncio.run(matrix(1))[0]
    if not short:
        print(f"one at a time / whole matrix: {serial:.2f} s / {whole:.2f} s = {serial / whole:.1f} (at least 8)")
    version = process(sys.executable, "-m", "rtdoctor", "--version")
    typer = process(sys.executable, "-c", "import typer")
    ratio = version / typer
    print(f"--version / import typer: {version * 1000:.0f} ms / {typer * 1000:.0f} ms = {ratio:.2f} (at most 1.5)")
    return 0 if short or (whole / alone <= 3 and serial / whole >= 8 and version / typer <= 1.5) else 1


if __name__ == "__main__":
    raise SystemExit(main(short="--short" in sys.argv))

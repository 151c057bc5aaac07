"""`conform` tries its cases beside each other, and a smoke check of a compatible server is short: figures of one run.

    python tests/benchmarks/bench_conform.py [--short]

Prints all cases on the mock, whose handshakes are held back 200 ms, one at a time against sixteen at once (at least 4
times is wanted), all cases on the mock as it is (at most 20 s), and the slowest smoke check among small servers that
serve, refuse or differ, each in its own way (at most 1.5 s). Exits 1 when one of them is missed.
"""

import asyncio
import sys
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from rtdoctor import CheckAsked, check_async
from rtdoctor.api import bench_for
from rtdoctor.conform.cases import all_cases
from rtdoctor.conform.run import SoFar, run
from rtdoctor.engine.plan import plan_check
from rtdoctor.engine.run import setting_of
from rtdoctor.mock.server import MockServer
from tests.conftest import KEY
from tests.hostile.compatible import Server

DELAY = 0.2
OTHER = "sk-another-0c1d2e3f4a5b6c7d"
WAYS = ("status", "event", "text", "close", "wordless")
SERVERS = {
    "that serves": Server(key=KEY),
    "that is open": Server(),
    "that lists no models": Server(key=KEY, models=None),
    "that wants ?model=": Server(key=KEY, needs_model=True),
    "that only converses": Server(key=KEY, kinds=("realtime",), refuses_kinds=True),
    "that routes to another model": Server(key=KEY, routes_to="other-transcribe"),
    "that takes no update": Server(key=KEY, takes_update=False),
    "that echoes no subprotocol": Server(key=KEY, echoes=False),
    **{f"that refuses the key ({way})": Server(key=OTHER, refuse=way) for way in WAYS},
}  # fmt: skip


async def conformed(concurrency: int, delay: float) -> tuple[float, int]:
    """Seconds for all cases, and how many did not conform."""
    async with MockServer({KEY}, delay=delay) as server:
        asked = CheckAsked(target=server.base_url, key=KEY, spend=True, timeout=5.0, concurrency=concurrency)
        async with bench_for(plan_check(replace(asked, deadline=300.0), time.monotonic())) as bench:
            begun = time.perf_counter()
            told = await run(bench, SoFar(setting_of(bench), all_cases(), time.monotonic()))
            took = time.perf_counter() - begun
    return took, sum(one.verdict != "conforms" for one in told.results)


async def smoke(server: Server) -> float:
    """Seconds for a smoke check of a server."""
    async with server.serving() as base:
        begun = time.perf_counter()
        await check_async(CheckAsked(target=base, key=KEY, tags=("smoke",), timeout=5.0))
        return time.perf_counter() - begun


def main(*, short: bool) -> int:
    """Measure, print, judge; a short run leaves out the cases one at a time, and judges nothing."""
    asyncio.run(smoke(Server(key=KEY)))  # the first run imports and warms
    plain, _ = asyncio.run(conformed(16, 0.0))
    together, missed = asyncio.run(conformed(16, 0.0 if short else DELAY))
    serial, missed_serially = (together * 4, 0) if short else asyncio.run(conformed(1, DELAY))
    each = {name: asyncio.run(smoke(server)) for name, server in SERVERS.items()}
    slowest = max(each, key=lambda name: each[name])
    print(f"{len(all_cases())} cases; not conforming on the mock: {missed} at once, {missed_serially} one at a time")
    ratio = serial / together
    if not short:
        print(f"one at a time / sixteen at once: {serial:.1f} s / {together:.1f} s = {ratio:.1f} (at least 4)")
    print(f"the mock as it is: {plain:.1f} s (at most 20)")
    print(f"smoke of {len(each)} servers, the slowest is one {slowest}: {each[slowest]:.2f} s (at most 1.5)")
    good = ratio >= 4 and plain <= 20 and each[slowest] <= 1.5 and not missed + missed_serially
    return 0 if short or good else 1


if __name__ == "__main__":
    raise SystemExit(main(short="--short" in sys.argv))

"""What quoting and guarding cost: a report of 4 MB through both, against parsing it; and their share of a whole run.

Ratios of one run; the one figure in MB/s is a promise of the README's and is printed beside them.
"""

import asyncio
import cProfile
import io
import json
import pstats
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from rtdoctor.engine.run import run
from rtdoctor.mock.server import MockServer
from rtdoctor.model.clock import SteppedClock
from rtdoctor.privacy.guard import Guarded
from rtdoctor.privacy.known import keep
from rtdoctor.privacy.quote import redact
from rtdoctor.privacy.secret import Secret
from rtdoctor.report import json as json_writer
from tests.conftest import KEY, bench_on, built_in

LEAST_RATE, MOST_SHARE = 20.0, 0.05


async def whole_run():
    """The report of the full matrix on the mock."""
    clock = SteppedClock()
    async with MockServer({KEY}, clock=clock) as server, bench_on(server.base_url, clock=clock) as bench:
        return await run(bench, built_in(), lambda _: None)


def best(step, text, times=5):
    """Seconds of the fastest run."""
    took = []
    for _ in range(times):
        started = time.process_time()
        step(text)
        took.append(time.process_time() - started)
    return min(took)


def main(*, short: bool) -> int:
    """Print the figures; exit code 1 when one is out of its bounds, which a short run does not decide."""
    keep([Secret(KEY, "key", "a benchmark")])
    profile = cProfile.Profile(time.process_time)
    started = time.process_time()
    report = profile.runcall(asyncio.run, whole_run())
    whole = time.process_time() - started
    text = json_writer.text(report)
    large = text * ((400_000 if short else 4_000_000) // len(text) + 1)
    size = len(large) / 1e6
    rates = {
        "redaction": size / best(redact, large),
        "guard": size / best(lambda written: Guarded(io.StringIO()).write(written), large),
        "json.loads": len(text) / 1e6 / best(json.loads, text),
    }
    for name, rate in rates.items():
        print(f"{name:10} {rate:7.1f} MB/s")
    stats = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    spent = sum(
        cumulative
        for (file, _, name), (_, _, _, cumulative, callers) in stats.items()
        if "/privacy/" in file and not any("/privacy/" in caller[0] for caller in callers)
    )
    share = spent / whole
    print(f"share of the full mock matrix (profiled): {share:.1%} of {whole:.2f} s")
    good = rates["redaction"] >= LEAST_RATE and rates["guard"] >= LEAST_RATE and share <= MOST_SHARE
    print("within the bounds" if good else "OUT OF BOUNDS")
    return 0 if short or good else 1


if __name__ == "__main__":
    raise SystemExit(main(short="--short" in sys.argv))

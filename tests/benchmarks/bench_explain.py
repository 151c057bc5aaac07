"""How quick `rtdoctor explain TEXT` is as a whole process, and how fast and in how much memory it reads a log.

    python tests/benchmarks/bench_explain.py [--short]

Prints ratios to `python -c "import typer, rich.console"`, taken in turn: the best and the middle of several runs.
"""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUNS, TARGET, MEMORY_TARGET = 21, 2.0, 60
BASE = [sys.executable, "-c", "import typer, rich.console"]
TEXT = "The server returned status code '403' when status code '101' was expected."
EXPLAIN = [sys.executable, "-m", "rtdoctor", "explain"]


def seconds(command: list[str]) -> float:
    """One run of a process."""
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, cwd=ROOT, check=False)
    return time.perf_counter() - start


def a_log(megabytes: int) -> tuple[float, int]:
    """Seconds and peak memory in MB for a log through standard input."""
    line = b"2026-11-22 10:00:00,123 DEBUG worker took 403 items in 4000 ms, type=response.output_audio.delta\n"
    chunk = line * 10_000
    start = time.perf_counter()
    with subprocess.Popen([*EXPLAIN, "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=ROOT) as process:
        assert process.stdin is not None
        for _ in range(megabytes * 1_000_000 // len(chunk)):
            process.stdin.write(chunk)
        process.stdin.flush()
        status = Path(f"/proc/{process.pid}/status").read_text("utf-8")
        process.stdin.close()
        process.wait()
    return time.perf_counter() - start, int(status.split("VmHWM:")[1].split()[0]) // 1024


def main(*, short: bool) -> int:
    """Prints the table; 1 where a target is missed, which a short run does not decide."""
    runs, size = (3, 5) if short else (RUNS, 100)
    ways = {"base": BASE, "explain TEXT": [*EXPLAIN, TEXT], "as JSON": [*EXPLAIN, "--format", "json", TEXT]}
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(runs):
        for name, command in ways.items():
            taken[name].append(seconds(command))
    best = {name: min(values) for name, values in taken.items()}
    middle = {name: sorted(values)[runs // 2] for name, values in taken.items()}
    for name in ways:
        ratios = f"{best[name] / best['base']:.2f} x at best, {middle[name] / middle['base']:.2f} x in the middle"
        print(f"{name:14} {best[name] * 1000:6.0f} ms   {ratios}")
    ratio = middle["explain TEXT"] / middle["base"]
    print(f"explain TEXT: {ratio:.2f} x (at most {TARGET:.0f})")
    spent, peak = a_log(size)
    print(f"a log of {size} MB: {spent:.1f} s, {size / spent:.0f} MB/s, peak {peak} MB (under {MEMORY_TARGET})")
    return 0 if short or (ratio <= TARGET and peak < MEMORY_TARGET) else 1


if __name__ == "__main__":
    sys.exit(main(short="--short" in sys.argv))

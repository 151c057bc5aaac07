"""How fast events are parsed and judged, against the official SDK's pydantic models on the same lines.

    python tests/benchmarks/bench_shapes.py

Prints events a second and ratios, all measured in one run: best of several windows, taken in turn, garbage
collection off. The lines are the server events of the recorded GA sessions where they lie beside the
repository, and events made from the schemas where they do not.
"""

import gc
import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, get_args

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from rtdoctor.protocol.shapes import judge_shape  # noqa: E402
from tests.protocol.event_examples import all_types, full  # noqa: E402

WINDOWS, SECONDS, TARGET = 5, 0.4, 4.0


def stream() -> tuple[str, list[bytes]]:
    """Where the lines come from, and the lines; some 300 bytes each in the mean."""
    recordings = sorted((ROOT.parent / "shared" / "recordings").glob("ga-*.jsonl"))
    events = [
        line["event"]
        for file in recordings
        for line in map(json.loads, file.read_text("utf-8").splitlines())
        if line["dir"] == "server"
    ]
    origin = "recorded GA sessions"
    if not events:
        rng, origin = random.Random(7), "events made from the schemas"
        events = [full(name, kind, rng) for name, kind in all_types() if name == "ga-server" for _ in range(5)]
    # Sessions are rare in a real stream and frequent in short recordings: keep the rest in proportion.
    rest = [event for event in events if not event["type"].startswith("session.")]
    few = [event for event in events if event["type"].startswith("session.")][: max(1, len(rest) // 40)]
    return origin, [json.dumps(event, separators=(",", ":")).encode() for event in rest + few]


def rates(ways: dict[str, Callable[[bytes], Any]], lines: list[bytes]) -> dict[str, float]:
    """Events a second of each way, the best of its windows."""
    best = dict.fromkeys(ways, 0.0)
    for _ in range(WINDOWS):
        for name, way in ways.items():
            done, start = 0, time.perf_counter()
            while (spent := time.perf_counter() - start) < SECONDS:
                for line in lines:
                    way(line)
                done += len(lines)
            best[name] = max(best[name], done / spent)
    return best


def main() -> int:
    """Prints the table; 1 where the target is missed."""
    from openai.types.realtime import RealtimeServerEvent
    from pydantic import Field, TypeAdapter

    adapter: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)
    told: TypeAdapter[Any] = TypeAdapter(Annotated[get_args(RealtimeServerEvent)[0], Field(discriminator="type")])
    origin, lines = stream()
    wrong = [v for line in lines for v in judge_shape(json.loads(line), "server") if v.severity == "error"]
    ways: dict[str, Callable[[bytes], Any]] = {
        "pydantic validate_json": adapter.validate_json,
        "the same with discriminator": told.validate_json,
        "json.loads": json.loads,
        "json.loads + judge_shape": lambda line: judge_shape(json.loads(line), "server"),
    }
    try:
        import orjson

        ways["orjson.loads + judge_shape"] = lambda line: judge_shape(orjson.loads(line), "server")
    except ImportError:
        print("orjson is not installed: measured with json alone")
    gc.disable()
    audio = {"type": "response.output_audio.delta", "event_id": "e", "response_id": "r", "item_id": "i"}
    audio |= {"output_index": 0, "content_index": 0, "delta": "AAAA" * 4096}  # type: ignore[dict-item]
    heavy = rates(ways, [json.dumps(audio).encode()] * 20)
    print("audio deltas of 16 kB, events/s: " + ", ".join(f"{name} {rate:,.0f}" for name, rate in heavy.items()))
    best = rates(ways, lines)
    mean = sum(map(len, lines)) / len(lines)
    print(f"{len(lines)} lines of {origin}, mean {mean:.0f} bytes, {len(wrong)} errors in them")
    base = best["pydantic validate_json"]
    for name, rate in best.items():
        print(f"{name:28} {rate:12,.0f} events/s {rate / base:8.1f} x pydantic")
    ratio = best["json.loads + judge_shape"] / base
    print(f"target: {TARGET:.0f} x; json.loads + judge_shape: {ratio:.1f} x")
    return 0 if ratio >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())

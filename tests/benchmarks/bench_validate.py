"""How fast events are parsed and judged, against the official SDK's pydantic models on the same events; and in how
much memory.

    python tests/benchmarks/bench_validate.py [--short]

Prints events a second and ratios, all measured in one run: best of several windows, taken in turn, garbage
collection off. The lines are the server events of the recorded GA sessions where they lie beside the
repository, and events made from the schemas where they do not. Then 1 GB of a session, audio deltas of 16 kB
included, goes through `rtdoctor validate -`, and its peak of memory is read from the operating system.
"""

import gc
import io
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, get_args

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import orjson  # noqa: E402

from rtdoctor.engine.validate import validate_file  # noqa: E402
from rtdoctor.protocol.shapes import judge_shape  # noqa: E402
from tests.protocol.event_examples import all_types, full  # noqa: E402

WINDOWS, SECONDS = 5, 0.4
SHAPE_TARGET, WHOLE_TARGET, MEMORY_TARGET = 4.0, 1.0, 120


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


def rates(ways: dict[str, Callable[[bytes], Any]], lines: list[bytes], windows: int) -> dict[str, float]:
    """Events a second of each way, the best of its windows."""
    best = dict.fromkeys(ways, 0.0)
    for _ in range(windows):
        for name, way in ways.items():
            done, start = 0, time.perf_counter()
            while (spent := time.perf_counter() - start) < SECONDS:
                for line in lines:
                    way(line)
                done += len(lines)
            best[name] = max(best[name], done / spent)
    return best


def whole() -> tuple[int, Callable[[bytes], Any]]:
    """How many events the recordings hold, the client's included, and the whole way: reader, judges, account."""
    files = sorted((ROOT.parent / "shared" / "recordings").glob("ga-*.jsonl"))
    data = [file.read_bytes() for file in files if "elided" not in file.name]
    data = data or ["\n".join(map(json.dumps, [*opening(), *(delta(n, "x") for n in range(500))])).encode()]
    events = sum(len(recording.splitlines()) for recording in data)
    return events, lambda _: [validate_file("x", io.BytesIO(recording)) for recording in data]


OF_PART = {"response_id": "resp_1", "item_id": "item_1", "output_index": 0, "content_index": 0}


def opening() -> list[dict[str, Any]]:
    """The first events of a spoken response."""
    response = {"id": "resp_1", "object": "realtime.response", "status": "in_progress", "output": [], "usage": None}
    item = {"id": "item_1", "type": "message", "status": "in_progress", "role": "assistant", "content": []}
    return [
        {"type": "session.created", "event_id": "event_0", "session": {"type": "realtime", "id": "s"}},
        {"type": "response.created", "event_id": "event_1", "response": response},
        {
            "type": "response.output_item.added",
            "event_id": "e2",
            "response_id": "resp_1",
            "output_index": 0,
            "item": item,
        },
        {"type": "conversation.item.added", "event_id": "event_3", "previous_item_id": None, "item": item},
        {"type": "response.content_part.added", "event_id": "event_4", **OF_PART, "part": {"type": "audio"}},
    ]


def delta(number: int, audio: str) -> dict[str, Any]:
    """One audio delta of that response."""
    return {"type": "response.output_audio.delta", "event_id": f"event_x{number}", **OF_PART, "delta": audio}


def long_stream() -> tuple[int, Callable[[bytes], Any]]:
    """A session of 20,000 words, and the whole way: what a file costs by itself is spread over all of its events."""
    events = [*opening(), *({**delta(n, "x"), "delta": " word"} for n in range(20_000))]
    for event in events[5:]:
        event["type"] = "response.output_audio_transcript.delta"
    data = "\n".join(map(json.dumps, events)).encode()
    return len(events), lambda _: validate_file("x", io.BytesIO(data))


def memory_of(size: int) -> int:
    """The peak of memory, in MB, of a process that judges so many bytes of a session."""
    process = subprocess.Popen(
        [sys.executable, "-m", "rtdoctor", "validate", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    assert process.stdin is not None
    assert process.stdout is not None
    for event in opening():
        process.stdin.write(json.dumps(event).encode() + b"\n")
    sent = number = 0
    while sent < size:
        number += 2
        word = {
            "type": "response.output_audio_transcript.delta",
            "event_id": f"event_w{number}",
            **OF_PART,
            "delta": " x",
        }
        for event in (delta(number, "A" * 16_384), word):
            sent += process.stdin.write(json.dumps(event).encode() + b"\n")
    # Of the process itself: what wait4 tells would count this one's memory from before the exec.
    status = Path(f"/proc/{process.pid}/status").read_text("utf-8")
    process.stdin.close()
    output = process.stdout.read().decode()
    process.stdout.close()
    process.wait()
    print(
        f"{size / 1e9:g} GB, {number:,} events: "
        + next(line for line in output.splitlines() if ":" in line).strip()[:60]
    )
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


def main(*, short: bool) -> int:
    """Prints the table; 1 where a target is missed, which a short run does not decide."""
    windows, size = (1, 20_000_000) if short else (WINDOWS, 1_000_000_000)
    from openai.types.realtime import RealtimeServerEvent
    from pydantic import Field, TypeAdapter

    adapter: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)
    told: TypeAdapter[Any] = TypeAdapter(Annotated[get_args(RealtimeServerEvent)[0], Field(discriminator="type")])
    origin, lines = stream()
    wrong = [v for line in lines for v in judge_shape(json.loads(line), "server") if v.severity == "error"]
    ways: dict[str, Callable[[bytes], Any]] = {
        "pydantic validate_json": adapter.validate_json,
        "the same with discriminator": told.validate_json,
        "orjson.loads + judge_shape": lambda line: judge_shape(orjson.loads(line), "server"),
    }
    gc.disable()
    best = rates(ways, lines, windows)
    for name, (events, judged) in {"short recordings": whole(), "a long session": long_stream()}.items():
        best[f"the whole way: {name}"] = rates({"whole": judged}, [b""], windows)["whole"] * events
    gc.enable()
    mean = sum(map(len, lines)) / len(lines)
    print(f"{len(lines)} lines of {origin}, mean {mean:.0f} bytes, {len(wrong)} errors in them")
    base, discriminated = best["pydantic validate_json"], best["the same with discriminator"]
    for name, rate in best.items():
        print(
            f"{name:34} {rate:10,.0f}/s {rate / base:6.1f} x pydantic {rate / discriminated:6.2f} x with discriminator"
        )
    shape, entire = best["orjson.loads + judge_shape"] / base, best["the whole way: a long session"] / base
    print(f"parse and schema: {shape:.1f} x (at least {SHAPE_TARGET:.0f}); whole way: {entire:.1f} x (at least 1)")
    peak = memory_of(size)
    print(f"peak of memory: {peak} MB (under {MEMORY_TARGET})")
    return 0 if short or (shape >= SHAPE_TARGET and entire >= WHOLE_TARGET and peak < MEMORY_TARGET) else 1


if __name__ == "__main__":
    sys.exit(main(short="--short" in sys.argv))

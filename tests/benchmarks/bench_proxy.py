"""What the proxy adds to an event's way, against a plain asyncio splice in the same run.

    python tests/benchmarks/bench_proxy.py [--short] [events]

A client sends an event as real sessions have them (an audio delta of 200 ms), an echo in a process of its own sends it
back, and the client waits for it: straight, through a splice of asyncio's streams, through the proxy. The three take
turns, an event each, with a pause between two, so that whatever else the machine does meets all of them. The splice and
the proxy are processes of their own, too.
"""

import asyncio
import base64
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAUSE = 0.02  # seconds: fifty events a second
EVENT = json.dumps(
    {
        "type": "response.output_audio.delta",
        "event_id": "event_B9yAhEVfbGvJXcZ0mQd2T",
        "response_id": "resp_B9yAhEVfbGvJXcZ0mQd2T",
        "item_id": "item_B9yAhEVfbGvJXcZ0mQd2T",
        "output_index": 0,
        "content_index": 0,
        "delta": base64.b64encode(bytes(9_600)).decode(),
    }
).encode()
HEAD = (
    b"GET /v1/realtime?model=m HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


def frame(masked: bool) -> bytes:
    """The event in a frame; the mask is of zeros."""
    size = len(EVENT).to_bytes(2, "big")
    return b"\x81" + (bytes([254]) + size + bytes(4) if masked else bytes([126]) + size) + EVENT


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers the handshake, and each event with the event."""
    try:
        await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:  # somebody only looked whether it is there
        return writer.close()
    writer.write(SWITCH)
    with_mask, without = len(frame(True)), frame(False)
    while True:
        try:
            await reader.readexactly(with_mask)
        except asyncio.IncompleteReadError:
            return writer.close()
        writer.write(without)


def splice(port: int) -> object:
    """A plain splice of two streams."""

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(copy(reader, ours), copy(theirs, writer))

    return joined


async def serve(what: str, port: int) -> None:
    """A process of the run: prints its port."""
    server = await asyncio.start_server(echo if what == "echo" else splice(port), "127.0.0.1", 0)  # type: ignore[arg-type]
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await server.serve_forever()


def started(*arguments: str) -> tuple[subprocess.Popen[str], int]:
    """A process and the port that it says."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    while "127.0.0.1:" not in (line := process.stdout.readline()):
        assert line
    return process, int(line.split("127.0.0.1:")[1].split("/")[0])


async def measured(ports: dict[str, int], events: int) -> dict[str, list[float]]:
    """Round trips in seconds, by way."""
    ways = {}
    for name, port in ports.items():
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        writer.write(HEAD)
        await reader.readexactly(len(SWITCH))
        ways[name] = reader, writer
    sent, back = frame(True), len(frame(False))
    times: dict[str, list[float]] = {name: [] for name in ports}
    for count in range(events + 20):
        for name, (reader, writer) in ways.items():
            await asyncio.sleep(PAUSE)
            start = time.perf_counter()
            writer.write(sent)
            await reader.readexactly(back)
            if count >= 20:
                times[name].append(time.perf_counter() - start)
    for _, writer in ways.values():
        writer.close()
    return times


def main(events: int) -> None:
    """Run it and print the ratio."""
    me = str(Path(__file__))
    processes = []
    try:
        process, origin = started(me, "echo", "0")
        processes.append(process)
        process, plain = started(me, "splice", str(origin))
        processes.append(process)
        asked = ["-m", "rtdoctor", "proxy", "--to", f"http://127.0.0.1:{origin}/v1", "--port", "0"]
        process, ours = started(*asked, "--record", "/dev/null")
        processes.append(process)
        times = asyncio.run(measured({"straight": origin, "splice": plain, "proxy": ours}, events))
    finally:
        for process in processes:
            process.terminate()
            process.communicate()
    median = {name: statistics.median(held) for name, held in times.items()}
    p99 = {name: statistics.quantiles(held, n=100)[98] for name, held in times.items()}
    for name in times:
        print(f"{name:9} median {median[name] * 1e6:7.0f} µs   p99 {p99[name] * 1e6:7.0f} µs")
    added = {name: median[name] - median["straight"] for name in ("splice", "proxy")}
    print(f"added by the proxy: {added['proxy'] / added['splice']:.2f} of what a splice adds (at most 1.3)")
    print(f"p99 beyond the splice's: {(p99['proxy'] - p99['splice']) * 1e3:.2f} ms (at most 1)")


if __name__ == "__main__":
    if len(sys.argv) > 2:
        asyncio.run(serve(sys.argv[1], int(sys.argv[2])))
    else:
        main(50 if "--short" in sys.argv else int(sys.argv[1]) if len(sys.argv) > 1 else 500)

"""What the mock serves, against others in the same run: the servers on one core, the clients on another.

    python tests/benchmarks/bench_mock.py [--short] [seconds] [sessions] [a command that starts aimock]

Handshakes a second with session.created: the mock, a bare aiohttp handler that sends a session.created of the same size
and nothing else, and aimock where it is given. They take turns. Then so many sessions at once, each of which streams
audio in real time and asks every second, by input_audio_buffer.clear, for an answer: how long it takes, what is lost.
"""

import asyncio
import base64
import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from aiohttp import web

ROOT = Path(__file__).resolve().parents[2]
KEY = "sk-mock-0123456789abcdef"
HEAD = (
    "GET /v1/realtime?model=gpt-realtime-2.1 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    f"Authorization: Bearer {KEY}\r\n\r\n"
)
TURNS, AT_ONCE = 5, 8
STREAMING, STREAMING_SHORT, PIECE = 10.0, 2.0, 0.1  # seconds


async def bare(size: int) -> None:
    """A process of the run: a handler of aiohttp alone; prints its port."""
    event = json.dumps({"type": "session.created", "pad": "p" * (size - 40)})

    async def handle(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        await socket.send_str(event)
        async for _ in socket:
            pass
        return socket

    app = web.Application()
    app.router.add_get("/v1/realtime", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}/v1", flush=True)
    await asyncio.Event().wait()


def started(command: list[str] | str) -> tuple[subprocess.Popen[str], int]:
    """A server on the first core, and the port that it says."""
    process = subprocess.Popen(
        command,
        shell=isinstance(command, str),
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    with contextlib.suppress(AttributeError, OSError):
        os.sched_setaffinity(process.pid, {0})
    assert process.stdout is not None
    while "127.0.0.1:" not in (line := process.stdout.readline()):
        assert line, command
    return process, int(line.split("127.0.0.1:")[1].split("/")[0])


async def opened(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, int]:
    """A socket with its session.created, of so many bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    writer.write(HEAD.format(port=port).encode())
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer, len(await message(reader))


async def message(reader: asyncio.StreamReader) -> bytes:
    """The next message of a server."""
    size = (await reader.readexactly(2))[1]
    if size > 125:
        size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8))
    return await reader.readexactly(size)


async def rate(port: int, seconds: float) -> float:
    """Handshakes a second, so many at once."""
    end, count = time.perf_counter() + seconds, 0

    async def one_after_the_other() -> None:
        nonlocal count
        while time.perf_counter() < end:
            _, writer, _ = await opened(port)
            writer.close()
            count += 1

    start = time.perf_counter()
    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))
    return count / (time.perf_counter() - start)


async def rates(ports: dict[str, int], seconds: float) -> dict[str, float]:
    """The median rate of each, in turns."""
    found: dict[str, list[float]] = {name: [] for name in ports}
    for _ in range(TURNS):
        for name, port in ports.items():
            found[name].append(await rate(port, seconds))
    return {name: statistics.median(held) for name, held in found.items()}


def frame(text: str) -> bytes:
    """A text of a client; the mask is of zeros."""
    data = text.encode()
    size = bytes([128 | len(data)]) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
    return b"\x81" + size + bytes(4) + data


async def session(port: int, place: float, streaming: float, times: list[float], lost: list[str]) -> None:
    """One session: audio in real time, and a clear every second, which is answered."""
    quiet = base64.b64encode(bytes(int(48_000 * PIECE))).decode()
    append = frame(json.dumps({"type": "input_audio_buffer.append", "audio": quiet}))
    clear = frame('{"type": "input_audio_buffer.clear"}')
    try:
        reader, writer, _ = await opened(port)
    except (OSError, asyncio.IncompleteReadError):
        lost.append("no session")
        return
    await asyncio.sleep(place)
    start = time.perf_counter()
    for count in range(int(streaming / PIECE)):
        await asyncio.sleep(max(0.0, start + count * PIECE - time.perf_counter()))
        writer.write(append)
        if count % 10 == 9:
            asked = time.perf_counter()
            writer.write(clear)
            try:
                async with asyncio.timeout(5):
                    while b"input_audio_buffer.cleared" not in await message(reader):
                        pass
            except (TimeoutError, OSError, asyncio.IncompleteReadError):
                lost.append("an answer")
                return
            times.append(time.perf_counter() - asked)
    writer.close()


async def many(port: int, sessions: int, streaming: float) -> tuple[list[float], list[str]]:
    """So many sessions at once: the times of the answers, and what did not come."""
    times: list[float] = []
    lost: list[str] = []
    await asyncio.gather(*(session(port, number / sessions, streaming, times, lost) for number in range(sessions)))
    return times, lost


def main(seconds: float, sessions: int, aimock: str, *, short: bool) -> None:
    """Run it and print the ratios."""
    processes = []
    try:
        process, ours = started(
            [sys.executable, "-m", "rtdoctor", "mock", "--port", "0", "--api-key", KEY, "--connections", "1000"]
        )
        processes.append(process)
        size = asyncio.run(opened(ours))[2]
        process, plain = started([sys.executable, __file__, "bare", str(size)])
        processes.append(process)
        ports = {"mock": ours, "bare": plain}
        if aimock:
            process, ports["aimock"] = started(aimock)
            processes.append(process)
        with contextlib.suppress(AttributeError, OSError):
            os.sched_setaffinity(0, {(os.cpu_count() or 1) - 1})
        found = asyncio.run(rates(ports, seconds))
        for name, one in found.items():
            print(f"{name:7} {one:7.0f} handshakes/s with session.created   mock/{name}: {found['mock'] / one:.2f}")
        times, lost = asyncio.run(many(ours, sessions, STREAMING_SHORT if short else STREAMING))
        p99 = statistics.quantiles(times, n=100)[98] * 1e3 if len(times) > 1 else float("nan")
        kinds = {kind: lost.count(kind) for kind in set(lost)}
        print(f"{sessions} sessions: {len(times)} answers, p99 {p99:.1f} ms (at most 100), lost: {kinds or 'nothing'}")
    finally:
        for process in processes:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    if sys.argv[1:2] == ["bare"]:
        asyncio.run(bare(int(sys.argv[2])))
    else:
        brief = "--short" in sys.argv
        usual = ("0.3", "5", "") if brief else ("2", "100", "")
        given = [one for one in sys.argv[1:] if one != "--short"]
        given += usual[len(given) :]
        main(float(given[0]), int(given[1]), given[2], short=brief)

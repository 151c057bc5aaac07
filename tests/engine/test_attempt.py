"""One connection, from the upgrade to its close."""

import asyncio

import pytest

from rtdoctor.engine.attempt import attempt
from rtdoctor.engine.credential import outgoing, repeat
from rtdoctor.model.handshake import Handshake
from rtdoctor.model.scenario import WantedHandshake
from tests.conftest import bench_on
from tests.hostile.frames import event
from tests.hostile.http import accepted, read_request


async def test_an_interrupted_attempt_drops_its_connection_at_once():
    upgraded, left = asyncio.Event(), asyncio.Event()

    async def deaf(reader, writer):
        writer.write(accepted(await read_request(reader)) + event("session.created"))
        await reader.readexactly(2)  # the ping that asks whether the session stands
        upgraded.set()
        await reader.read()  # a client that says good-bye sends a frame first, and would wait for the answer
        left.set()
        writer.close()

    server = await asyncio.start_server(deaf, "127.0.0.1", 0)
    async with server, bench_on(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", timeout=30) as bench:
        out = outgoing(bench.choice, WantedHandshake(query={"intent": "transcription"}), bench.choice.key)
        running = asyncio.ensure_future(attempt(bench, out))
        await upgraded.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        async with asyncio.timeout(1):
            await left.wait()


async def test_a_header_that_is_given_twice_is_sent_twice():
    asked = []

    async def answer(reader, writer):
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    base = f"127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    async with server, bench_on(f"http://{base}") as bench:
        await attempt(bench, repeat(Handshake(f"ws://{base}/realtime", (("X-Twice", "one"), ("x-twice", "two")))))
    assert [line for line in asked[0].split("\r\n") if line.lower().startswith("x-twice")] == [
        "X-Twice: one",
        "x-twice: two",
    ]

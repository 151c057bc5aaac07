"""One connection, from the upgrade to its close."""

import asyncio

import pytest

from rtdoctor.engine.attempt import attempt
from rtdoctor.engine.credential import outgoing
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

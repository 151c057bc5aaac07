"""A session records what comes, bounds it, and sends nothing that costs money without leave."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

from rtdoctor.diagnose.distil import distil
from rtdoctor.model.exchange import Answer, Exchange, Request
from rtdoctor.model.target import DIRECT
from rtdoctor.protocol.audio import append_event
from rtdoctor.wire import session as session_module
from rtdoctor.wire.http import open_session
from rtdoctor.wire.session import Ledger, NotFree, Session
from rtdoctor.wire.tls import context_for
from rtdoctor.wire.upgrade import upgrade


@asynccontextmanager
async def opened(handler, *, billable: bool = False):
    async def serve(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await handler(socket, request)
        return socket

    app = web.Application()
    app.router.add_get("/", serve)
    async with TestServer(app) as server, open_session(context_for(DIRECT)) as http:
        upgraded = await upgrade(http, str(server.make_url("/")), headers={}, subprotocols=(), timeout=2)
        session = Session(upgraded.socket, Ledger(billable=billable))
        yield session
        await session.leave()


async def test_events_are_awaited_by_type_and_recorded():
    async def speak(socket, _request):
        await socket.send_str('{"type": "session.created"}')
        await socket.send_str("not json")
        await socket.send_bytes(b"\x00")
        await socket.receive()

    async with opened(speak) as session:
        assert await session.wait_for(["session.created"], 2)
        assert await session.wait_for(["(binary frame)"], 2)
        assert session.types == ["session.created", "(no event)", "(binary frame)"]
        assert not await session.wait_for(["never"], 0.05)
        assert await session.settle(1)


async def test_a_close_is_kept_with_code_and_reason():
    async def refuse(socket, _request):
        await socket.close(code=4000, message=b"invalid_request_error.missing_model")

    async with opened(refuse) as session:
        assert not await session.wait_for(["session.created"], 2)
        assert (session.close.code, session.close.reason) == (4000, "invalid_request_error.missing_model")
        assert not await session.settle(1)


async def test_a_connection_that_drops_is_a_fault_and_no_close():
    async def drop(_socket, request):
        request.transport.abort()

    async with opened(drop) as session:
        assert not await session.wait_for(None, 2)
        assert session.fault is not None or session.close.code == 1006


@pytest.mark.parametrize("event", [append_event(b"\0\0"), {"type": "response.create"}, {"type": "some.future.event"}])
async def test_a_billable_event_is_never_sent_without_leave(event):
    received = []

    async def listen(socket, _request):
        received.extend([message.data async for message in socket])

    async with opened(listen) as session:
        with pytest.raises(NotFree):
            await session.send(event)
        with pytest.raises(NotFree):
            await session.send_raw(json.dumps(event))
        await session.send({"type": "session.update"})
    assert len(received) == 1


async def test_the_ledger_counts_events_and_audio():
    async def listen(socket, _request):
        async for _ in socket:
            pass

    async with opened(listen, billable=True) as session:
        await session.send(append_event(bytes(4800)), audio_bytes=4800)
        total = session._ledger.total()
    assert (dict(total.events), total.audio_bytes, total.audio_ms) == ({"input_audio_buffer.append": 1}, 4800, 100)


async def test_a_server_that_never_stops_is_cut(monkeypatch):
    monkeypatch.setattr(session_module, "MOST_FRAMES", 50)

    async def flood(socket, _request):
        while not socket.closed:
            try:
                await socket.send_str('{"type": "noise"}')
                await asyncio.sleep(0)  # give the client, on the same loop, its turn
            except ConnectionError:
                return

    async with opened(flood) as session:
        assert not await session.wait_for(["session.created"], 5)
        assert session.truncated
        assert len(session.frames) == 50


async def test_audio_that_is_sent_is_not_kept():
    async def listen(socket, _request):
        async for _ in socket:
            pass

    async with opened(listen, billable=True) as session:
        for _ in range(6000):
            await session.send(append_event(bytes(960)), audio_bytes=960)
        await session.send({"type": "input_audio_buffer.commit"})
        appends, commit = session.frames
    assert (appends.text, appends.audio_bytes) == ('{"type": "input_audio_buffer.append"}', 960 * 6000)
    assert commit.text == '{"type": "input_audio_buffer.commit"}'
    assert (
        distil(Exchange(Request("u", "/"), Answer(101, "", (), b"", 1.0), frames=(appends, commit))).audio_ms == 120_000
    )


@pytest.mark.parametrize(("text", "kept"), [("x" * 4_000_000, True), ("\U0001f600" + "x" * 4_000_000, False)])
async def test_a_text_is_kept_by_the_memory_that_it_takes(text, kept):
    async def speak(socket, _request):
        await socket.send_str(text)
        await socket.receive()

    async with opened(speak) as session:
        await session.wait_for(None, 2)
        assert (len(session.frames) == 1, session.truncated) == (kept, not kept)


async def test_text_that_is_no_utf8_is_a_broken_frame():
    async def speak(socket, _request):
        await socket._writer.send_frame(b"\xff", WSMsgType.TEXT)
        await socket.receive()

    async with opened(speak) as session:
        assert not await session.wait_for(None, 2)
        assert session.fault.kind == "broken-frames"

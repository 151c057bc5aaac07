"""A session records what comes, bounds it, and sends nothing that costs money without leave."""

import ast
import asyncio
import json
import re
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

import rtdoctor
from rtdoctor.diagnose.distil import distil
from rtdoctor.model.exchange import Answer, Exchange, Request
from rtdoctor.model.target import DIRECT
from rtdoctor.protocol.audio import append_event
from rtdoctor.wire import session as session_module
from rtdoctor.wire.http import open_session
from rtdoctor.wire.session import Ledger, NotFree, Session, most_at_once, share_of
from rtdoctor.wire.tls import context_for
from rtdoctor.wire.upgrade import MOST_FRAME, upgrade

ROOT = Path(rtdoctor.__file__).parent


@asynccontextmanager
async def opened(handler, *, billable: bool = False, **more):
    async def serve(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await handler(socket, request)
        return socket

    app = web.Application()
    app.router.add_get("/", serve)
    async with TestServer(app) as server, open_session(context_for(DIRECT)) as http:
        upgraded = await upgrade(http, str(server.make_url("/")), headers=(), subprotocols=(), timeout=2)
        session = Session(upgraded.socket, Ledger(billable=billable), **more)
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


async def test_a_close_without_a_code_is_1005_and_our_own_is_ours():
    async def leave(socket, request):
        request.transport.write(b"\x88\x00")  # a close frame that holds nothing
        await socket.receive()

    async with opened(leave) as session:
        assert not await session.wait_for(["session.created"], 2)
        assert (session.close.code, session.close.by) == (1005, "server")

    async def stay(socket, _request):
        await socket.send_str('{"type": "session.created"}')
        await socket.receive()

    async with opened(stay) as session:
        assert await session.wait_for(["session.created"], 2)
        await session.leave()
        assert (session.close.code, session.close.by) == (1000, "client")


async def test_a_connection_that_drops_is_a_fault_and_no_close():
    async def drop(_socket, request):
        request.transport.abort()

    async with opened(drop) as session:
        assert not await session.wait_for(None, 2)
        assert session.fault is not None or session.close.code == 1006


@pytest.mark.parametrize(
    "event",
    [
        append_event(b"\0\0"),
        {"type": "response.create"},
        {"type": "some.future.event"},
        {"type": ["session.update"]},
        {"Type": "session.update"},
        {"type": "session.update", "Type": "response.create"},
        {"type": "session.update", 1: 2, "1": 2},
        {"type": "session.update", "x": "\ud800"},
    ],
)
async def test_only_what_is_free_is_sent_without_leave(event):
    received = []

    async def listen(socket, _request):
        received.extend([message.data async for message in socket])

    async with opened(listen) as session:
        with pytest.raises(NotFree):
            await session.send(event)
        for raw in (json.dumps(event), '{"type": "session.update"}', "", b"", b"\0"):
            with pytest.raises(NotFree):
                await session.send_raw(raw)
        with pytest.raises(ValueError, match="not JSON compliant"):
            await session.send({"type": "session.update", "x": float("nan")})
        await session.send({"type": "session.update"})
        assert session._ledger.total().billable is False
    assert received == ['{"type": "session.update"}']
    assert [frame.text for frame in session.frames if frame.direction == "client"] == received


async def test_events_are_no_leave_for_text():
    async def listen(socket, _request):
        async for _ in socket:
            pass

    async with opened(listen, billable=True) as session:
        await session.send({"type": "response.create"})
        with pytest.raises(NotFree):
            await session.send_raw('{"type": "response.create"}')
        assert dict(session._ledger.total().events) == {"response.create": 1}
        assert session._ledger.total().billable is True


def test_raw_text_is_booked_as_what_it_is():
    ledger = Ledger(billable=False, raw=True)
    for raw in ('{"type": "session.update"}', "x", b"x"):
        ledger.book_raw(raw)
    ledger.book_event('{"type": "response.create"}')
    assert dict(ledger.total().events) == {"(text)": 2, "(binary)": 1, "response.create": 1}
    assert ledger.total().billable is True


def test_an_event_that_an_edit_nested_a_little_deeper_than_it_was_read_may_go():
    deep = '{"type": "session.update", "x": ' + "[" * 70 + "]" * 70 + "}"
    Ledger(billable=False).book_event(deep)
    with pytest.raises(NotFree):
        Ledger(billable=False).book_event(deep.replace("[", "[[[").replace("]", "]]]"))


def test_there_is_no_other_door():
    """Whoever sends a client's message does it in Session._out, behind the ledger: nobody else holds a Socket, and only
    a Socket makes messages of the protocol's. Servers are none of this; what conform writes by hand is booked, too."""
    senders, makers, holders = set(), set(), set()
    for file in sorted(ROOT.rglob("*.py")):
        place = str(file.relative_to(ROOT))
        if place.startswith(("mock/", "replay/", "proxy/", "conform/")):
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module == "rtdoctor.wire.frames":
                holders |= {place for name in node.names if name.name == "Socket"}
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            for inner in ast.walk(node):
                if not isinstance(inner, ast.Attribute):
                    continue
                if re.fullmatch(r"_?send_(str|bytes|json|frame|text|binary|continuation)", inner.attr):
                    makers.add((place, node.name))
                if inner.attr == "send" and isinstance(inner.value, ast.Attribute) and inner.value.attr == "_socket":
                    senders.add((place, node.name))
    assert holders == {"wire/upgrade.py", "wire/session.py"}
    assert makers == {("wire/frames.py", "send")}
    assert senders == {("wire/session.py", "_out")}


def test_what_conform_writes_by_hand_is_booked_before_it_is_sent():
    talk = ast.parse((ROOT / "conform" / "talk.py").read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(talk) if isinstance(node, ast.AsyncFunctionDef)]
    sending = {node.name: ast.unparse(node) for node in functions if node.name.startswith("send")}
    assert set(sending) == {"send", "send_text", "send_binary", "send_event_in", "send_raw"}
    assert all("self._book(" in text or "_ledger.book_" in text for name, text in sending.items() if name != "send_raw")


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


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("x" * 4_000_000, True),
        ("\U0001f600" + "x" * 1_000_000, True),
        ("\U0001f600" + "x" * 2_000_000, False),
        ("\\ud83d\\ude00" + "x" * 2_000_000, False),
    ],
    ids=["plain", "wide", "too wide", "too wide once it is parsed"],
)
async def test_a_text_is_kept_by_the_memory_that_it_takes(text, kept):
    async def speak(socket, _request):
        await socket.send_str(text)
        await socket.receive()

    async with opened(speak) as session:
        await session.wait_for(None, 2)
        assert (len(session.frames) == 1, session.truncated) == (kept, not kept)


@pytest.mark.parametrize("sockets", [1, 4, 5, 48, 64, 256])
def test_however_many_sockets_record_at_once_they_record_no_more_together(sockets):
    assert sockets * share_of(sockets) <= 4 * share_of(4)
    assert most_at_once(share_of(sockets)) <= MOST_FRAME == most_at_once(share_of(4))


async def test_what_a_frame_takes_beside_its_text_counts():
    async def flood(socket, _request):
        for _ in range(200):
            await socket.send_str("{}")
        await socket.receive()

    async with opened(flood, most=share_of(256) // 4) as session:
        assert not await session.wait_for(["never"], 5)
        assert (session.truncated, len(session.frames) < 100) == (True, True)


async def test_text_that_is_no_utf8_is_a_broken_frame():
    async def speak(socket, _request):
        await socket._writer.send_frame(b"\xff", WSMsgType.TEXT)
        await socket.receive()

    async with opened(speak) as session:
        assert not await session.wait_for(None, 2)
        assert session.fault.kind == "broken-frames"

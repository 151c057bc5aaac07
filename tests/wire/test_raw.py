"""A handshake goes out as it is wanted; what fails says in which layer."""

import asyncio

import pytest

from rtdoctor.model.target import DIRECT
from rtdoctor.wire.link import Links
from rtdoctor.wire.raw import shake
from rtdoctor.wire.tls import context_for
from rtdoctor.wire.upgrade import accept_of


def test_the_key_of_the_rfc_has_the_accept_of_the_rfc():
    assert accept_of("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # RFC 6455, section 1.3


async def answered(reply, headers=None, scheme="ws"):
    """What comes of a handshake with a server that says this, and what it was asked."""
    asked, over = [], asyncio.Event()

    async def take(reader, writer):
        asked.append(await reader.readuntil(b"\r\n\r\n") if scheme == "ws" else b"")
        writer.write(reply)
        await writer.drain()
        if b" 101 " in reply:
            await over.wait()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    async with server:
        links = Links(context_for(DIRECT))
        url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/realtime?model=m"
        told = await shake(links, "GET", url, tuple((headers or {}).items()), 1.0)
        over.set()
        await links.close()
    return told, b"".join(asked)


async def test_headers_go_out_as_they_are_wanted():
    _, asked = await answered(b"HTTP/1.1 400 No\r\n\r\n", {"upgrade": "WebSocket", "connection": "keep-alive, upgrade"})
    assert asked.startswith(b"GET /v1/realtime?model=m HTTP/1.1\r\n")
    assert b"upgrade: WebSocket\r\n" in asked
    assert b"connection: keep-alive, upgrade\r\n" in asked


async def test_a_refusal_is_read_with_its_body():
    told, _ = await answered(b"HTTP/1.1 403 No Way\r\nContent-Length: 4\r\nX: a: b\r\n\r\nbody")
    assert told.answer is not None
    assert (told.answer.status, told.answer.body, told.answer.header("x")) == (403, b"body", "a: b")
    assert told.link is None


async def test_what_comes_behind_a_101_is_kept():
    told, _ = await answered(b"HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\n\r\n\x81\x02{}", {"Upgrade": "websocket"})
    assert told.answer is not None
    assert (told.answer.status, told.rest) == (101, b"\x81\x02{}")


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (b"", "disconnected"),
        (b"HTTP/1.1 101", "disconnected"),
        (b"SSH-2.0-x\r\n\r\n", "not-http"),
        (b"HTTP/1.1 200 " + b"x" * 200_000, "not-http"),
    ],
)
async def test_what_is_no_answer_is_named(reply, kind):
    told, _ = await answered(reply)
    assert told.fault is not None
    assert told.fault.kind == kind


async def test_nobody_there_is_refused_and_plain_text_is_no_tls():
    told = await shake(Links(context_for(DIRECT)), "GET", "ws://127.0.0.1:9/v1", (), 1.0)
    assert told.fault is not None
    assert told.fault.kind == "refused"
    told, _ = await answered(b"HTTP/1.1 400 Bad\r\n\r\n", scheme="wss")
    assert told.fault is not None
    assert told.fault.layer == "tls"

"""A connection of our own bytes: opened by the route, answered by a head; what fails says in which layer."""

import asyncio

import pytest

from rtdoctor.model.target import Target
from rtdoctor.wire.raw import Head, NotConnected, accept_of, ask, dial
from rtdoctor.wire.tls import context_for


def test_the_key_of_the_rfc_has_the_accept_of_the_rfc():
    assert accept_of("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # RFC 6455, section 1.3


def test_a_head_goes_out_as_it_is_wanted():
    head = Head("GET", "ws://h.example:8080/v1/realtime?model=m", (("upgrade", "WebSocket"),))
    assert head.written() == (
        b"GET /v1/realtime?model=m HTTP/1.1\r\nHost: h.example:8080\r\nupgrade: WebSocket\r\n\r\n"
    )


async def answered(reply, timeout=0.5):
    """What `ask` makes of a server that says this and leaves."""

    async def take(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    async with server:
        target = Target(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
        streams = await dial(target, context_for(target.route), 1.0)
        try:
            return await ask(streams, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", timeout)
        finally:
            streams[1].close()


async def test_an_answer_is_read_with_its_body():
    answer = await answered(b"HTTP/1.1 403 No Way\r\nContent-Length: 4\r\nX: a: b\r\n\r\nbody")
    assert (answer.status, answer.reason, answer.body, answer.header("x")) == (403, "No Way", b"body", "a: b")


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (b"", "disconnected"),
        (b"HTTP/1.1 101", "disconnected"),
        (b"SSH-2.0-x\r\n\r\n", "not-http"),
        (b"HTTP/1.1 abc\r\n\r\n", "not-http"),
        (b"HTTP/1.1 200 " + b"x" * 200_000, "not-http"),
    ],
)
async def test_what_is_no_answer_is_named(reply, kind):
    with pytest.raises(NotConnected) as failed:
        await answered(reply)
    assert failed.value.fault.kind == kind


async def test_nobody_there_is_refused():
    target = Target("http://127.0.0.1:9/v1")
    with pytest.raises(NotConnected) as failed:
        await dial(target, context_for(target.route), 1.0)
    assert failed.value.fault.kind == "refused"


async def test_plain_text_where_tls_is_wanted_is_told_as_tls():
    async def take(reader, writer):
        writer.write(b"HTTP/1.1 400 Bad\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    async with server:
        target = Target(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
        with pytest.raises(NotConnected) as failed:
            await dial(target, context_for(target.route), 1.0)
    assert failed.value.fault.layer == "tls"

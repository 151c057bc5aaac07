"""One connection, layer by layer: each that fails has its own fault, each that stands its time."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from rtdoctor.model.target import DIRECT, Pinned, Route
from rtdoctor.wire.http import open_session
from rtdoctor.wire.link import FIRST, Unreachable
from rtdoctor.wire.tls import context_for


@asynccontextmanager
async def speaking(said=b"", *, context=None):
    """A server that says something to whoever comes, and its port."""
    held = []

    async def handle(_reader, writer):
        held.append(writer)
        writer.write(said)
        await writer.drain()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    async with listening:
        yield listening.sockets[0].getsockname()[1]
        for writer in held:
            writer.transport.abort()
        await asyncio.sleep(0)


@pytest.fixture
def authority(localhost_tls):
    ca_file, context = localhost_tls
    return Route(str(ca_file)), context


async def test_each_layer_has_its_time(authority):
    route, context = authority
    async with speaking(context=context) as port, open_session(context_for(route), route) as links:
        link = await links.connect(f"wss://localhost:{port}/v1", tunnel=True)
        assert [name for name, _ in link.layers] == ["dns", "tcp", "tls"]
        assert all(0 <= ms < 10_000 for _, ms in link.layers)


async def test_an_address_is_asked_of_no_resolver():
    async with speaking() as port, open_session(context_for(DIRECT)) as links:
        link = await links.connect(f"http://127.0.0.1:{port}/v1", tunnel=False)
        assert [name for name, _ in link.layers] == ["tcp"]


async def failing(url, route=DIRECT):
    async with open_session(context_for(route), route, 2) as links:
        with pytest.raises(Unreachable) as raised:
            await links.connect(url, tunnel=True)
        assert links.open == [] or links.open[0].writer.transport.is_closing()
    return raised.value.fault


async def test_a_name_that_does_not_exist_is_a_fault_of_dns():
    assert (await failing("wss://rtdoctor.invalid/v1")).layer == "dns"


async def test_a_port_where_nobody_listens_refuses():
    fault = await failing("ws://127.0.0.1:9/v1")
    assert (fault.layer, fault.kind) == ("tcp", "refused")
    assert "127.0.0.1 port 9" in fault.text


async def test_a_certificate_that_nobody_trusts_is_a_fault_of_tls(authority):
    _, context = authority
    async with speaking(context=context) as port:
        fault = await failing(f"wss://localhost:{port}/v1")
    assert (fault.layer, fault.kind) == ("tls", "untrusted")


async def test_plain_text_where_tls_was_meant_is_a_fault_of_tls():
    async with speaking(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        fault = await failing(f"wss://localhost:{port}/v1")
    assert (fault.layer, fault.kind) == ("tls", "plain-text")


async def test_a_proxy_that_is_not_there_is_told_as_the_proxys():
    fault = await failing("wss://api.example/v1", Route(proxy="http://127.0.0.1:9"))
    assert (fault.layer, fault.kind) == ("tcp", "proxy-absent")
    fault = await failing("wss://api.example/v1", Route(proxy="http://rtdoctor.invalid:3128"))
    assert (fault.layer, fault.kind) == ("tcp", "proxy-absent")


async def test_a_second_address_is_tried_where_the_first_refuses():
    async with speaking(b"here") as port:
        route = Route(pinned=(Pinned("api.example", port, ("127.0.0.2", "127.0.0.1")),))
        async with open_session(context_for(route), route) as links:
            link = await links.connect(f"ws://api.example:{port}/v1", tunnel=True)
            assert await link.read() == b"here"


async def test_the_first_bytes_are_kept_and_no_more():
    async with speaking(b"x" * 1000) as port, open_session(context_for(DIRECT)) as links:
        link = await links.connect(f"http://127.0.0.1:{port}/", tunnel=False)
        while len(link.first) < FIRST:
            await link.read()
        assert link.first == b"x" * FIRST


async def test_a_connection_that_is_closed_takes_nothing_more():
    async with speaking() as port, open_session(context_for(DIRECT)) as links:
        link = await links.connect(f"http://127.0.0.1:{port}/", tunnel=False)
        link.abort()
        with pytest.raises(ConnectionError):
            await link.write(b"too late")


async def test_what_waits_for_a_peer_that_does_not_read_is_dropped_at_the_end_too():
    async with speaking() as port:
        async with open_session(context_for(DIRECT)) as links:
            link = await links.connect(f"http://127.0.0.1:{port}/v1", tunnel=False)
            link.writer.write(bytes(1 << 24))
            link.close()
            await links.connect(f"http://127.0.0.1:{port}/v1", tunnel=False)
            assert not link.is_over
        assert link.is_over

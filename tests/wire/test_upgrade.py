"""What a handshake gets is kept as it came: status, headers, body; no redirect is followed with a key."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from rtdoctor.model.exchange import Request
from rtdoctor.model.target import DIRECT
from rtdoctor.wire.dns import resolve
from rtdoctor.wire.http import open_session, rest
from rtdoctor.wire.tcp import connect
from rtdoctor.wire.tls import context_for
from rtdoctor.wire.upgrade import upgrade


@asynccontextmanager
async def canned(answer: bytes | None, seen: list[bytes] | None = None):
    """A server that answers every request with the same bytes (None: with nothing)."""
    held = []

    async def handle(reader, writer):
        held.append(writer)
        request = await reader.readuntil(b"\r\n\r\n")
        if seen is not None:
            seen.append(request)
        if answer is not None:
            writer.write(answer)
            await writer.drain()
            writer.close()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1]
        for writer in held:
            writer.close()


async def shake(port: int, timeout: float = 2.0):
    async with open_session(context_for(DIRECT)) as session:
        return await upgrade(
            session,
            f"ws://127.0.0.1:{port}/v1/realtime",
            headers={"Authorization": "Bearer sk-test-0123456789", "api-key": "sk-test-0123456789"},
            subprotocols=("realtime", "openai-insecure-api-key.sk-test-0123456789"),
            timeout=timeout,
        )


async def test_status_headers_and_body_of_a_refusal_are_kept():
    body = b'{"error": {"code": "unsupported_country_region_territory"}}'
    head = b"HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nX-Who: me\r\n"
    async with canned(head + b"Content-Length: %d\r\n\r\n" % len(body) + body) as port:
        upgraded = await shake(port)
    assert upgraded.socket is None
    assert (upgraded.answer.status, upgraded.answer.body, upgraded.answer.header("x-who")) == (403, body, "me")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_the_key_goes_to_no_other_host(status):
    elsewhere: list[bytes] = []
    async with canned(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", elsewhere) as other:
        head = f"HTTP/1.1 {status} Moved\r\nLocation: http://127.0.0.1:{other}/login\r\nContent-Length: 0\r\n\r\n"
        async with canned(head.encode()) as port:
            upgraded = await shake(port)
            async with open_session(context_for(DIRECT)) as session:
                asked = await rest(
                    session,
                    "GET",
                    f"http://127.0.0.1:{port}/v1/models",
                    request=Request("", "/models"),
                    headers={"Authorization": "Bearer sk-test-0123456789"},
                    timeout=2,
                )
    assert upgraded.answer.status == status
    assert asked.answer.status == status
    assert elsewhere == []


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (None, "timeout"),
        (b"", "disconnected"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "not-http"),
        (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: bm90IHRoZSByaWdodCBvbmU=\r\n\r\n",
            "bad-accept",
        ),
    ],
)
async def test_what_is_no_answer_is_a_fault_of_the_upgrade(answer, kind):
    async with canned(answer) as port:
        upgraded = await shake(port, timeout=0.5)
    assert (upgraded.fault.layer, upgraded.fault.kind) == ("upgrade", kind)


async def test_a_body_without_end_is_cut():
    head = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 9000000\r\n\r\n"
    async with canned(head + b"x" * 1_000_000) as port:
        upgraded = await shake(port)
    assert upgraded.answer.status == 502
    assert len(upgraded.answer.body) == 256 * 1024


async def test_tcp_falls_back_to_the_next_address_and_tells_the_first():
    async with canned(b"") as port:
        connected = await connect(["127.0.0.2", "127.0.0.1"], port, 2)
    assert connected.address in ("127.0.0.1", "127.0.0.2")
    refused = await connect(["127.0.0.1"], 9, 2)
    assert (refused.address, refused.fault.kind) == (None, "refused")


async def test_a_name_that_does_not_exist_is_a_fault_of_dns():
    resolved = await resolve("rtdoctor.invalid", 443, 5)
    assert resolved.addresses == ()
    assert resolved.fault.layer == "dns"
    assert "127.0.0.1" in (await resolve("localhost", 443, 5)).addresses

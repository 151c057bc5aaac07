"""What a handshake gets is kept as it came: status, headers, body; no redirect is followed with a key."""

import asyncio
import base64
import gzip
import hashlib
import os
import re
import zlib
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from rtdoctor.model.exchange import Request
from rtdoctor.model.target import DIRECT, Route
from rtdoctor.wire.dns import resolve
from rtdoctor.wire.http import MOST_BODY, open_session, rest
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
            headers=(("Authorization", "Bearer sk-test-0123456789"), ("api-key", "sk-test-0123456789")),
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
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0) as listening:
        connected = await connect(["127.0.0.2", "127.0.0.1"], listening.sockets[0].getsockname()[1], 2)
        connected.stream[1].close()
    assert connected.address in ("127.0.0.1", "127.0.0.2")
    refused = await connect(["127.0.0.1"], 9, 2)
    assert (refused.address, refused.fault.kind) == (None, "refused")


async def test_a_name_that_does_not_exist_is_a_fault_of_dns():
    resolved = await resolve("rtdoctor.invalid", 443, 5)
    assert resolved.addresses == ()
    assert resolved.fault.layer == "dns"
    assert "127.0.0.1" in (await resolve("localhost", 443, 5)).addresses


async def answering(make_head):
    """Shake hands with a server whose 101 is made from the right Sec-WebSocket-Accept."""

    async def handle(reader, writer):
        request = await reader.readuntil(b"\r\n\r\n")
        nonce = re.search(rb"(?i)sec-websocket-key: *(\S+)", request).group(1)
        accept = base64.b64encode(hashlib.sha1(nonce + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        writer.write(make_head(accept.decode()).encode("latin-1"))
        await writer.drain()
        await reader.read()
        writer.close()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        async with open_session(context_for(DIRECT)) as session:
            return await upgrade(
                session,
                f"ws://127.0.0.1:{port}/v1/realtime",
                headers=(),
                subprotocols=("realtime", "openai-insecure-api-key.sk-test-0123456789"),
                timeout=2,
            )


def head(accept, connection="Connection: Upgrade\r\n", upgrade="Upgrade: websocket\r\n", more=""):
    return f"HTTP/1.1 101 Fine\r\n{upgrade}{connection}Sec-WebSocket-Accept: {accept}\r\n{more}\r\n"


@pytest.mark.parametrize(
    "connection",
    [
        "Connection: Upgrade",
        "Connection: keep-alive, Upgrade",
        "connection: upgrade , keep-alive",
        "Connection: UPGRADE",
    ],
)
async def test_upgrade_among_the_connection_tokens_is_accepted(connection):
    done = await answering(lambda accept: head(accept, f"{connection}\r\n"))
    assert done.fault is None
    assert done.answer.status == 101
    assert (connection.split(": ")[0], connection.split(": ")[1]) in done.answer.headers, "the raw header is kept"


@pytest.mark.parametrize(
    "changed",
    [
        {"upgrade": ""},
        {"upgrade": "Upgrade: h2c\r\n"},
        {"connection": ""},
        {"connection": "Connection: keep-alive\r\n"},
        {"connection": "Connection: keep-alive, upgrades\r\n"},
    ],
    ids=["no-upgrade", "other-upgrade", "no-connection", "keep-alive", "no-token"],
)
async def test_a_101_without_its_headers_was_stripped_on_the_way(changed):
    done = await answering(lambda accept: head(accept, **changed))
    assert (done.fault.layer, done.fault.kind) == ("upgrade", "stripped")
    assert "101, but" in done.fault.text


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("Sec-WebSocket-Protocol: other\r\n", "a subprotocol that was not offered"),
        ("Sec-WebSocket-Protocol: Realtime\r\n", "a subprotocol that was not offered"),
        ("Sec-WebSocket-Protocol: realtime, other\r\n", "a subprotocol that was not offered"),
        ("Sec-WebSocket-Extensions: permessage-deflate\r\n", "the extension permessage-deflate"),
        ("sec-websocket-extensions: x-own; a=1\r\n", "the extension x-own; a=1"),
    ],
)
async def test_what_was_never_offered_may_not_be_selected(more, says):
    done = await answering(lambda accept: head(accept, more=more))
    assert (done.fault.layer, done.fault.kind) == ("upgrade", "bad-accept")
    assert says in done.fault.text
    assert done.socket is None


async def test_a_subprotocol_that_was_offered_is_selected():
    done = await answering(lambda accept: head(accept, more="Sec-WebSocket-Protocol: realtime\r\n"))
    assert (done.fault, done.subprotocol) == (None, "realtime")


async def test_the_case_of_raw_headers_is_kept():
    done = await answering(lambda accept: head(accept, more="x-WHO: Me\r\nX-Twice: 1\r\nx-twice: 2\r\n"))
    assert [pair for pair in done.answer.headers if pair[0].lower().startswith("x-")] == [
        ("x-WHO", "Me"),
        ("X-Twice", "1"),
        ("x-twice", "2"),
    ]
    async with canned(b"HTTP/1.1 403 No\r\nX-cAsE: Kept\r\nContent-Length: 0\r\n\r\n") as port:
        refused = await shake(port)
    assert ("X-cAsE", "Kept") in refused.answer.headers


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "not-http"),
        (b"220 mail.example ESMTP\r\n", "not-http"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "not-http"),
        (b"<html>" + b"x" * 1000, "not-http"),
        (b"HTTP/1.1 20", "disconnected"),
    ],
    ids=["ssh", "smtp", "tls-alert", "html", "half"],
)
async def test_the_first_bytes_of_what_is_no_http_are_told(answer, kind):
    async with canned(answer) as port:
        done = await shake(port)
    assert done.fault.kind == kind
    assert done.fault.details == (("The answer begins", answer[:200].decode("latin-1")),)


INVALID = b'{"error": {"code": "invalid_api_key"}}'


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 401 Unauthorized\r\nTransfer-Encoding: identity\r\n\r\n",
        b"HTTP/1.1 401 Unauthorized\r\nX-Big: " + b"x" * 100_000 + b"\r\n\r\n",
        "HTTP/1.1 401 Unauthorized\r\nX-Grüße: 1\r\n\r\n".encode(),
        b"HTTP/2 401 Unauthorized\r\n\r\n",
        b"HTTP/1.1 401 Unauthorized\r\nContent-Length: \r\n\r\n",
        b"HTTP/1.1 401 Unauthorized\r\nContent-Length: +5\r\n\r\n",
        b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
        b"HTTP/1.1 401 Unauthorized\r\nno colon here\r\n\r\n",
        b"HTTP/1.1 401 Unauthorized\r\nX Blank : 1\r\n\r\n",
        b"HTTP/1.1 401 Unauthorized\r\nX-Nul: a\0b\r\n\r\n",
        b"\r\nHTTP/1.1 401 Unauthorized\r\nContent-Length: 38\r\n\r\n",
        b"http/1.1 401 unauthorized\r\n\r\n",
        b"HTTP/1.1 401 Unauthorized\nContent-Length: x\n\n",
    ],
)
async def test_a_head_that_breaks_http_is_read_as_far_as_it_tells_a_status(head):
    async with canned(head + INVALID) as port:
        upgraded = await shake(port)
        async with open_session(context_for(DIRECT)) as session:
            url = f"http://127.0.0.1:{port}/v1/models"
            asked = await rest(session, "GET", url, request=Request("", "/models"), headers={}, timeout=2)
    assert (upgraded.fault, asked.fault) == (None, None)
    assert (upgraded.answer.status, asked.answer.status) == (401, 401)
    if len(head) < 1000:
        assert INVALID in upgraded.answer.body


@pytest.mark.parametrize("head", [b"HTTP/1.1 099 No\r\n\r\n", b"HTTP/1.1 1000 No\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"])
async def test_a_head_without_a_status_is_no_answer(head):
    async with canned(head) as port:
        done = await shake(port)
    assert (done.answer, done.fault.kind) == (None, "not-http")


async def test_a_101_that_breaks_http_is_none():
    done = await answering(lambda accept: head(accept, more="no colon here\r\n"))
    assert (done.socket, done.fault.kind) == (None, "not-http")


async def test_rest_tells_the_first_bytes_too():
    async with canned(b"SSH-2.0-OpenSSH_9.2\r\n") as port, open_session(context_for(DIRECT)) as session:
        url = f"http://127.0.0.1:{port}/v1/models"
        done = await rest(session, "GET", url, request=Request("", "/models"), headers={}, timeout=2)
    assert (done.fault.layer, done.fault.kind) == ("http", "not-http")
    assert done.fault.details == (("The answer begins", "SSH-2.0-OpenSSH_9.2\r\n"),)


def sockets():
    """The sockets that this process holds open."""
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found.add(os.readlink(entry))
        except OSError:
            continue  # the descriptor of this very listing
    return {name for name in found if name.startswith("socket:")}


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts descriptors where Linux lists them")
@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("left", ["open", "silent", "refused", "rest", "cancelled"])
async def test_after_a_session_no_socket_is_left(tls, left, localhost_tls):
    ca_file, context = localhost_tls
    arrived = asyncio.Event()
    theirs = set()

    async def handle(request):
        # The server lives in this process, too: its own half of each connection does not count.
        theirs.add(os.readlink(f"/proc/self/fd/{request.transport.get_extra_info('socket').fileno()}"))
        arrived.set()
        if left in ("silent", "cancelled"):
            await asyncio.Event().wait()
        if left in ("refused", "rest"):
            return web.Response(status=403, text="no")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for _ in socket:
            pass
        return socket

    route = Route(str(ca_file))
    server = web.ServerRunner(web.Server(handle, access_log=None), shutdown_timeout=0.1)
    await server.setup()
    await web.TCPSite(server, "127.0.0.1", 0, ssl_context=context if tls else None).start()
    place = f"localhost:{server.addresses[0][1]}/v1"
    timeout = 0.3 if left == "silent" else 5.0
    before = sockets()
    async with open_session(context_for(route), route) as session:
        if left == "rest":
            url = f"http{'s' * tls}://{place}"
            await rest(session, "GET", url, request=Request("", ""), headers={}, timeout=timeout)
        else:
            shaking = asyncio.ensure_future(
                upgrade(session, f"ws{'s' * tls}://{place}", headers=(), subprotocols=(), timeout=timeout)
            )
            if left == "cancelled":
                await arrived.wait()
                shaking.cancel()
            (done,) = await asyncio.gather(shaking, return_exceptions=True)
            assert isinstance(done, asyncio.CancelledError) is (left == "cancelled")
            assert left != "open" or done.socket is not None
        assert left != "open" or sockets() - before > theirs, "the test sees an open socket"
    assert sockets() - before <= theirs
    await server.cleanup()


QUOTA = b'{"error": {"code": "insufficient_quota"}}'


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(QUOTA)),
        ("deflate", zlib.compress(QUOTA)),
        ("deflate", zlib.compress(QUOTA, wbits=-15)),
        ("gzip", gzip.compress(QUOTA + b" " * 1_000_000)),
        ("br", QUOTA),
        ("gzip", QUOTA),
        ("identity", QUOTA),
    ],
    ids=["gzip", "deflate", "deflate without a head", "a bomb", "another coding", "no gzip", "identity"],
)
async def test_a_packed_body_is_unpacked_within_the_bound(coding, packed):
    head = f"HTTP/1.1 429 No\r\nContent-Encoding: {coding}\r\nContent-Length: {len(packed)}\r\n\r\n"
    async with canned(head.encode() + packed) as port:
        done = await shake(port)
    assert done.answer.body.startswith(QUOTA)
    assert len(done.answer.body) <= MOST_BODY


async def test_a_packed_body_that_breaks_off_is_kept_as_far_as_it_came():
    packed = gzip.compress(QUOTA + os.urandom(4000))[:2000]
    head = "HTTP/1.1 429 No\r\nContent-Encoding: gzip\r\nContent-Length: 9999\r\n\r\n"
    async with canned(head.encode() + packed) as port:
        done = await shake(port)
    assert done.answer.body.startswith(QUOTA)

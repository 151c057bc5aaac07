"""A tunnel is asked for as RFC 9110 says, and every way in which a proxy does not open it has its own words."""

import asyncio
import base64
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtdoctor.model.target import Route
from rtdoctor.wire.proxy import TunnelRefused, _status, open_tunnel, refusal

OPENED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class Proxy:
    """What a proxy was asked, and for each connection an event that says it is over."""

    def __init__(self):
        self.port = 0
        self.asked = []
        self.ended = []
        self.came = asyncio.Event()


@asynccontextmanager
async def proxy(answer, *, then_close=False):
    """Answers CONNECT with these bytes (None: reads for ever) and then waits for the client to leave."""
    seen = Proxy()

    async def handle(reader, writer):
        over = asyncio.Event()
        seen.ended.append(over)
        try:
            seen.asked.append(await reader.readuntil(b"\r\n\r\n"))
            seen.came.set()
            if answer:
                writer.write(answer)
                await writer.drain()
            if not then_close:
                await reader.read()
        except OSError:
            pass
        finally:
            writer.close()
            over.set()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with listening:
        seen.port = listening.sockets[0].getsockname()[1]
        yield seen
        async with asyncio.timeout(5):
            for over in seen.ended:
                await over.wait()


def route(port, userinfo=""):
    return Route(proxy=f"http://{userinfo}127.0.0.1:{port}")


async def asked_for(host, port, userinfo=""):
    async with proxy(OPENED) as seen:
        _, writer = await open_tunnel("127.0.0.1", route(seen.port, userinfo), host, port, 3)
        writer.transport.abort()
    return seen.asked[0].decode("latin-1").split("\r\n")


@pytest.mark.parametrize(
    ("host", "authority"),
    [("api.example", "api.example:443"), ("2001:db8::7", "[2001:db8::7]:443"), ("192.0.2.7", "192.0.2.7:443")],
)
async def test_connect_names_the_endpoint(host, authority):
    lines = await asked_for(host, 443)
    assert lines[0] == f"CONNECT {authority} HTTP/1.1"
    assert f"Host: {authority}" in lines
    assert not any(line.lower().startswith("proxy-authorization") for line in lines)


@pytest.mark.parametrize(
    ("userinfo", "pair"),
    [
        ("user:pass@", "user:pass"),
        ("us%40er:p%3Aa%2Fs%25s@", "us@er:p:a/s%s"),
        ("user@", "user:"),
        ("user:@", "user:"),
        (":pass@", ":pass"),
        ("us%C3%A9r:p@", "usér:p"),
    ],
)
async def test_the_credentials_of_the_url_are_sent_decoded(userinfo, pair):
    lines = await asked_for("api.example", 443, userinfo)
    (line,) = [line for line in lines if line.startswith("Proxy-Authorization: Basic ")]
    assert base64.b64decode(line.split()[-1]).decode() == pair


async def test_what_follows_the_proxys_answer_belongs_to_the_endpoint():
    async with proxy(OPENED + b"hello") as seen:
        reader, writer = await open_tunnel("127.0.0.1", route(seen.port), "api.example", 443, 3)
        assert await reader.readexactly(5) == b"hello"
        writer.transport.abort()


@pytest.mark.parametrize("status", [200, 204, 299])
async def test_any_2xx_opens_the_tunnel(status):
    async with proxy(b"HTTP/1.0 %d fine\r\nX: y\r\n\r\n" % status) as seen:
        _, writer = await open_tunnel("127.0.0.1", route(seen.port), "api.example", 443, 3)
        writer.transport.abort()


async def refused(port, timeout=3.0):
    with pytest.raises(TunnelRefused) as told:
        await open_tunnel("127.0.0.1", route(port, "user:hunter2hunter2@"), "api.example", 443, timeout)
    assert told.value.fault.layer == "tcp"
    assert "hunter2" not in told.value.fault.text
    return told.value.fault


@pytest.mark.parametrize(
    ("answer", "then_close", "kind", "says"),
    [
        (
            b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
            False,
            "proxy-auth-refused",
            "answered CONNECT with 407",
        ),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", False, "proxy-refused", "answered CONNECT with 403"),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\nbody", False, "proxy-upstream", "answered CONNECT with 502"),
        (b"HTTP/1.1 301 Moved\r\nLocation: http://x/\r\n\r\n", False, "proxy-refused", "answered CONNECT with 301"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", False, "proxy-silent", "something that is no HTTP"),
        (b"\x05\xff\r\n\r\n", False, "proxy-silent", "something that is no HTTP"),
        (b"HTTP/1.1\r\n\r\n", False, "proxy-silent", "something that is no HTTP"),
        (b"HTTP/1.1 twohundred OK\r\n\r\n", False, "proxy-silent", "something that is no HTTP"),
        (b"\r\n\r\n", False, "proxy-silent", "something that is no HTTP"),
        (b"HTTP/1.1 200 Conn", True, "proxy-silent", "hung up in the middle of CONNECT"),
        (None, True, "proxy-silent", "hung up in the middle of CONNECT"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000, False, "proxy-silent", "has no end"),
    ],
    ids=["407", "403", "502", "301", "ssh", "socks", "half", "words", "empty", "half-line", "hang-up", "no-end"],
)
async def test_a_tunnel_that_is_not_opened_is_told_and_leaves_no_connection(answer, then_close, kind, says):
    async with proxy(answer, then_close=then_close) as seen:
        fault = await refused(seen.port)
        async with asyncio.timeout(3):
            await seen.ended[0].wait()
    assert (fault.kind, says in fault.text) == (kind, True), fault.text


@pytest.mark.parametrize("answer", [None, b"HTTP/1.1 200 OK\r\n"])
async def test_a_silent_proxy_is_left_after_the_timeout(answer):
    async with proxy(answer) as seen:
        fault = await refused(seen.port, 0.2)
        async with asyncio.timeout(3):
            await seen.ended[0].wait()
    assert (fault.kind, fault.text) == ("proxy-silent", "the proxy did not answer CONNECT within 0.2 s")


async def test_a_cancelled_tunnel_leaves_no_connection():
    async with proxy(None) as seen:
        opening = asyncio.ensure_future(open_tunnel("127.0.0.1", route(seen.port), "api.example", 443, 30))
        async with asyncio.timeout(3):
            await seen.came.wait()
            opening.cancel()
            with pytest.raises(asyncio.CancelledError):
                await opening
            await seen.ended[0].wait()


async def test_a_proxy_that_is_not_there_cannot_be_reached(unused_port):
    fault = await refused(unused_port)
    assert (fault.kind, fault.text.startswith("the proxy cannot be reached: ")) == ("proxy-absent", True)


@pytest.fixture
def unused_port():
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@given(st.binary(max_size=60))
def test_any_first_line_has_a_status_or_none(head):
    assert _status(head + b"\r\n\r\n") >= 0


@pytest.mark.parametrize("status", [401, 407])
def test_a_proxy_that_wants_credentials_says_so_by_either_status(status):
    assert refusal(status).kind == "proxy-auth"
    assert refusal(status, sent=True).kind == "proxy-auth-refused"
    assert refusal(403).kind == "proxy-refused"
    assert refusal(502).kind == "proxy-upstream"

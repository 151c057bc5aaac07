"""A proxy on the way: it works, wants credentials, refuses, or is not there; each is told by name."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from rtdoctor.diagnose.distil import distil
from rtdoctor.diagnose.referee import finding
from rtdoctor.diagnose.summary import summarise
from rtdoctor.engine.attempt import attempt
from rtdoctor.engine.credential import is_like_a_secret, outgoing
from rtdoctor.engine.ladder import climb
from rtdoctor.mock.server import MockServer
from rtdoctor.model.scenario import WantedHandshake
from rtdoctor.model.target import BadTarget, Route, Target, parse_proxy
from tests.conftest import KEY, bench_on


@asynccontextmanager
async def connect_proxy(answer=b"HTTP/1.1 200 Connection established\r\n\r\n"):
    """A CONNECT proxy that gives this answer, and tunnels after a 200. Yields its port and what it was asked."""
    asked = []
    tasks = []
    writers = []

    async def pump(reader, writer):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def handle(reader, writer):
        writers.append(writer)
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head)
        writer.write(answer)
        await writer.drain()
        if b" 200 " not in answer:
            writer.close()
            return
        host, port = head.split()[1].decode().rsplit(":", 1)
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        writers.append(far_writer)
        tasks.extend([asyncio.ensure_future(pump(reader, far_writer)), asyncio.ensure_future(pump(far_reader, writer))])

    listening = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1], asked
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in writers:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)


async def climbed(proxy, localhost_tls):
    ca_file, context = localhost_tls
    async with MockServer({KEY}, tls=context) as mock:
        target = Target(mock.base_url, "compatible", Route(None, proxy))
        async with bench_on(mock.base_url, target=target, billable=False, ca_file=str(ca_file)) as bench:
            return [rung async for rung in climb(bench)]


async def test_a_proxy_that_works_is_gone_by(localhost_tls):
    async with connect_proxy() as (port, asked):
        rungs = await climbed(f"http://127.0.0.1:{port}", localhost_tls)
    summary = summarise(rungs)
    assert (summary.can_connect, summary.exit_code) == (True, 0), rungs
    assert len(asked) == 2, "one tunnel for the rungs up to the REST request, one for the socket"
    assert all(head.startswith(b"CONNECT localhost:") for head in asked)
    assert not any(KEY.encode() in head for head in asked)


WANTS_CREDENTIALS = (
    b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"
)
REFUSES = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "cause"), [(WANTS_CREDENTIALS, "network.proxy-auth"), (REFUSES, "network.proxy-refused")]
)
async def test_a_proxy_that_does_not_open_the_tunnel_is_named(answer, cause, localhost_tls):
    async with connect_proxy(answer) as (port, _):
        summary = summarise(await climbed(f"http://127.0.0.1:{port}", localhost_tls))
    assert (summary.cause, summary.exit_code, summary.rung) == (cause, 3, "tcp")


async def test_a_proxy_that_is_not_there_is_named(localhost_tls):
    summary = summarise(await climbed("http://127.0.0.1:9", localhost_tls))
    assert (summary.cause, summary.exit_code) == ("network.proxy-refused", 3)


def test_a_proxy_url_is_checked_without_being_repeated():
    assert parse_proxy("http://user:pass@proxy.example:3128")
    assert parse_proxy("proxy:3128") == "http://proxy:3128"
    for bad in ("socks5://user:pass@h:1", "https://user:pass@h:1", "http://", "http://h:x", "http://[user:pass"):
        with pytest.raises(BadTarget) as told:
            parse_proxy(bad)
        assert "pass" not in str(told.value)


async def test_a_plain_socket_goes_by_a_tunnel_too():
    async with connect_proxy() as (port, asked), MockServer({KEY}) as mock:
        target = Target(mock.base_url, "compatible", Route(proxy=f"http://127.0.0.1:{port}"))
        async with bench_on(mock.base_url, target=target, billable=False) as bench:
            out = outgoing(bench.choice, WantedHandshake(query={"intent": "transcription"}), bench.choice.key)
            outcome = distil(await attempt(bench, out))
    assert outcome.session_type == "transcription"
    assert [head.split()[0] for head in asked] == [b"CONNECT"]


@pytest.mark.parametrize(
    ("answer", "cause"), [(WANTS_CREDENTIALS, "network.proxy-auth"), (REFUSES, "network.proxy-refused")]
)
async def test_a_refused_tunnel_of_a_plain_socket_is_named(answer, cause):
    async with connect_proxy(answer) as (port, _):
        target = Target("http://api.example:80/v1", "compatible", Route(proxy=f"http://127.0.0.1:{port}"))
        async with bench_on(target.base_url, target=target, billable=False) as bench:
            out = outgoing(bench.choice, WantedHandshake(query={"intent": "transcription"}), bench.choice.key)
            assert finding(distil(await attempt(bench, out))).cause == cause


@pytest.mark.parametrize(
    "value", ["session.created, type transcription", '"base_url": "http', "short1", "x" * 40, 5, None]
)
def test_what_is_no_secret_is_not_taken_for_one(value):
    assert not (isinstance(value, str) and is_like_a_secret(value))
    for secret in ("ek_68af296e8e408191a1120ab6383263c2", "ek_onlyLettersByChance", "a-gateways-own-0123"):
        assert is_like_a_secret(secret)

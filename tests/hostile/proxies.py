"""Proxies between the command and the mock behind TLS."""

import asyncio
import base64
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import trustme

from tests.hostile.servers import HOST, Handle, Met, end, hold, relay, serving
from tests.hostile.tcp import closed_port
from tests.hostile.tls import context_with, mock_with, written

USER, PASSWORD = "proxy-user", "proxy-pass-7f3a9c"
TUNNEL = b"HTTP/1.1 200 Connection established\r\n\r\n"
WANTS_CREDENTIALS = (
    b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=proxy\r\nContent-Length: 0\r\n\r\n"
)
REFUSES = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"


def connecting(asked: list[object], answer: bytes = TUNNEL, *, credentials: str = "", via: int | None = None) -> Handle:
    """A proxy that gives this answer to CONNECT and opens a tunnel after a 200: to the port that was asked for, or
    to another one that it goes by. With credentials it answers 407 to whoever comes without them."""
    wanted = b"proxy-authorization: basic " + base64.b64encode(credentials.encode())

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head)
        given = WANTS_CREDENTIALS if credentials and wanted.lower() not in head.lower() else answer
        writer.write(given)
        await writer.drain()
        if given != TUNNEL:
            await end(reader, writer)
            return
        port = int(head.split()[1].rpartition(b":")[2])
        await relay(reader, writer, via or port)

    return handle


def silent(asked: list[object]) -> Handle:
    """A proxy that never answers CONNECT."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        await hold(reader, writer)

    return handle


def inspecting(port: int) -> Handle:
    """The far side of a proxy that opens TLS: what came in by its own certificate goes on to the real server."""
    blind = ssl.create_default_context()
    blind.check_hostname, blind.verify_mode = False, ssl.CERT_NONE

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await relay(reader, writer, port, tls=blind)

    return handle


def named(way: str, port: int, user: str = "") -> tuple[tuple[str, ...], dict[str, str]]:
    """Arguments and environment that name a proxy, by flag or by variable."""
    url = f"http://{user}{HOST}:{port}"
    return (("--proxy", url), {}) if way == "flag" else ((), {"HTTPS_PROXY": url})


@contextmanager
def by_proxy(place: Path, way: str, answer: bytes = TUNNEL, *, credentials: str = "", user: str = "") -> Iterator[Met]:
    """The mock behind a proxy."""
    asked: list[object] = []
    ca = trustme.CA()
    with mock_with(ca) as mock, serving(connecting(asked, answer, credentials=credentials)) as port:
        arguments, env = named(way, port, user)
        yield Met(mock.base_url, (*arguments, "--ca-file", written(ca.cert_pem, place / "ca.pem")), env, asked)


@contextmanager
def by_silent_proxy(place: Path, way: str) -> Iterator[Met]:
    """The mock behind a proxy that says nothing."""
    asked: list[object] = []
    ca = trustme.CA()
    with mock_with(ca) as mock, serving(silent(asked)) as port:
        arguments, env = named(way, port)
        yield Met(mock.base_url, (*arguments, "--ca-file", written(ca.cert_pem, place / "ca.pem")), env, asked)


@contextmanager
def by_no_proxy_there(place: Path, way: str) -> Iterator[Met]:
    """The mock behind a proxy that does not run."""
    ca = trustme.CA()
    with mock_with(ca) as mock, closed_port() as port:
        arguments, env = named(way, port)
        yield Met(mock.base_url, (*arguments, "--ca-file", written(ca.cert_pem, place / "ca.pem")), env)


@contextmanager
def by_inspection(place: Path, way: str, issuer: str, *, trusted: bool = False) -> Iterator[Met]:
    """The mock behind a proxy that opens TLS with a CA of its own; the mock's own CA is given, the proxy's too if
    it is trusted."""
    asked: list[object] = []
    own, theirs = trustme.CA(), trustme.CA(organization_name=issuer)
    ca_file = written(theirs.cert_pem if trusted else own.cert_pem, place / "ca.pem")
    with (
        mock_with(own) as mock,
        serving(inspecting(mock.port), context_with(theirs.issue_cert("localhost"))) as inner,
        serving(connecting(asked, via=inner)) as port,
    ):
        arguments, env = named(way, port)
        yield Met(mock.base_url, (*arguments, "--ca-file", ca_file), env, asked)


@contextmanager
def past_the_proxy(place: Path) -> Iterator[Met]:
    """NO_PROXY names the host: the proxy must not be asked."""
    asked: list[object] = []
    ca = trustme.CA()
    with mock_with(ca) as mock, serving(connecting(asked)) as port:
        env = {"HTTPS_PROXY": f"http://{HOST}:{port}", "NO_PROXY": "localhost"}
        yield Met(mock.base_url, ("--ca-file", written(ca.cert_pem, place / "ca.pem")), env, never=asked)

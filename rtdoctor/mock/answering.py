"""The mock's answers to a handshake that are no session: refusals, and a 101 that is none."""

import asyncio
import base64
import hashlib
import ipaddress
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus

from aiohttp import web

from rtdoctor.mock.behaviour import Refusal
from rtdoctor.mock.hearing import Heard
from rtdoctor.mock.listening import Connection

_ACCEPT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3


def refused(refusal: Refusal, headers: Mapping[str, str], connection: Connection, heard: Heard) -> web.StreamResponse:
    """An HTTP answer in place of the 101, with these headers beside the refusal's own."""
    assert refusal.status is not None
    if not refusal.bare:
        sent = {**headers, **refusal.headers}
        return web.Response(status=refusal.status, headers=sent, body=refusal.body.encode() if refusal.body else None)
    # aiohttp names itself in every answer, and what it stands for does not.
    status = HTTPStatus(refusal.status)
    heard.answer(status.value, status.phrase, refusal.headers, body=refusal.body)
    heard.end("server", "close")
    _write(connection, status, refusal.headers, refusal.body)
    return gone(connection)


async def wrong_answer(
    connection: Connection, heard: Heard, headers: Mapping[str, str], key: str | None, seconds: float
) -> web.StreamResponse:
    """A 101 that a client must not take (RFC 6455, section 4.1): without the headers of an upgrade, or, where no `key`
    is given, with an accept key that was made of another. It waits so long for the client to go."""
    accept = base64.b64encode(hashlib.sha1((key or "another").encode() + _ACCEPT, usedforsecurity=False).digest())
    sent = {**headers, "Sec-WebSocket-Accept": accept.decode()}
    if key is None:
        sent |= {"Upgrade": "websocket", "Connection": "Upgrade"}
    heard.answer(101, "Switching Protocols", sent, subprotocol=None)
    connection.made = True
    _write(connection, HTTPStatus.SWITCHING_PROTOCOLS, sent, "")
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await connection.lost.wait()
    heard.end("client", "eof")
    return gone(connection)


def gone(connection: Connection) -> web.StreamResponse:
    """The answer of a connection that has had its own, or gets none."""
    if connection.transport is not None:
        connection.transport.close()
    return web.Response()


def is_local(request: web.BaseRequest) -> bool:
    """True for a client on this machine."""
    try:
        return ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        return False


def offered(request: web.BaseRequest) -> tuple[str, ...]:
    """The subprotocols that the client offers."""
    names = ",".join(request.headers.getall("Sec-WebSocket-Protocol", [])).split(",")
    return tuple(name.strip() for name in names if name.strip())


def _write(connection: Connection, status: HTTPStatus, headers: Mapping[str, str], body: str) -> None:
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    if connection.transport is not None:
        connection.transport.write(f"HTTP/1.1 {status.value} {status.phrase}\r\n{head}\r\n{body}".encode())

"""A connection on which every byte of the handshake and of the frames is ours: opened by the route of the target,
straight or through a proxy, with TLS where the URL says so. No redirect is followed, and nothing is mended."""

import asyncio
import base64
import hashlib
import os
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from rtdoctor.model.exchange import Answer, Fault, Headers
from rtdoctor.model.target import Target, is_address
from rtdoctor.wire.dns import resolve
from rtdoctor.wire.proxy import TunnelRefused, open_tunnel
from rtdoctor.wire.tcp import kind_of
from rtdoctor.wire.tls import fault_in_tls

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
_MOST_HEAD, _MOST_BODY = 64 * 1024, 16 * 1024  # bytes
_BODY_SECONDS = 0.5

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class NotConnected(Exception):
    """There is no connection, or no answer on it; the fault says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.text)
        self.fault = fault


def new_key() -> str:
    """A fresh Sec-WebSocket-Key."""
    return base64.b64encode(os.urandom(16)).decode("ascii")


def accept_of(key: str) -> str:
    """The Sec-WebSocket-Accept that answers a key."""
    return base64.b64encode(hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest()).decode("ascii")


@dataclass(frozen=True, slots=True)
class Head:
    """A request head: method, URL, and its headers in order, exactly as they go out."""

    method: str
    url: str
    headers: Headers

    def written(self) -> bytes:
        """Its bytes."""
        parts = urlsplit(self.url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = [f"{self.method} {path} HTTP/1.1", f"Host: {parts.netloc}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join((*lines, "", "")).encode("latin-1", "replace")


async def dial(target: Target, context: ssl.SSLContext, timeout: float) -> Streams:
    """Open a connection to the target's host.

    Raises:
        NotConnected: none could be opened in time.
    """
    route = target.route
    host, port = route.proxy_address if route.proxy else (target.host, target.port)
    writer: asyncio.StreamWriter | None = None
    secured = False
    try:
        async with asyncio.timeout(timeout):
            addresses: Sequence[str] = (host,)
            if not is_address(host):
                resolved = await resolve(host, port, timeout, route)
                if resolved.fault:
                    raise NotConnected(resolved.fault)
                addresses = resolved.addresses
            reader, writer = await _open(target, addresses, port, timeout)
            if target.tls:
                await writer.start_tls(context, server_hostname=target.host)
            secured = True
            return reader, writer
    except TimeoutError as error:
        raise NotConnected(Fault("tcp", "timeout", f"no connection within {timeout:g} s")) from error
    except TunnelRefused as refused:
        raise NotConnected(refused.fault) from refused
    except OSError as error:
        if writer is not None:
            raise NotConnected(fault_in_tls(error)) from error
        text = {"refused": "connection refused", "reset": "connection reset"}.get(kind_of(error)) or str(error)
        raise NotConnected(Fault("tcp", kind_of(error), text)) from error
    finally:
        if writer is not None and not secured:
            writer.transport.abort()


async def _open(target: Target, addresses: Sequence[str], port: int, timeout: float) -> Streams:
    last: OSError = OSError("there is no address to connect to")
    for address in addresses:
        try:
            if target.route.proxy:
                return await open_tunnel(address, target.route, target.host, target.port, timeout)
            return await asyncio.open_connection(address, port, limit=_MOST_HEAD)
        except OSError as error:
            last = error
    raise last


async def ask(streams: Streams, head: bytes, timeout: float) -> Answer:
    """Send a request head, and read the head and the beginning of the body of its answer; what follows a 101 is left.

    Raises:
        NotConnected: no whole head came in time, or what came is no HTTP.
    """
    reader, writer = streams
    loop = asyncio.get_running_loop()
    started = loop.time()
    try:
        async with asyncio.timeout(timeout):
            writer.write(head)
            await writer.drain()
            raw = await reader.readuntil(b"\r\n\r\n")
    except TimeoutError as error:
        raise NotConnected(Fault("upgrade", "timeout", f"no answer within {timeout:g} s")) from error
    except asyncio.LimitOverrunError as error:
        raise NotConnected(Fault("upgrade", "not-http", "the head of the answer has no end")) from error
    except asyncio.IncompleteReadError as error:
        told = (
            "the answer ends in the middle of its head" if error.partial else "the connection ended without an answer"
        )
        raise NotConnected(Fault("upgrade", "disconnected", told)) from error
    except OSError as error:
        raise NotConnected(Fault("upgrade", "reset", "the connection was reset")) from error
    took = (loop.time() - started) * 1000
    status, reason, headers = _read_head(raw)
    body = b"" if status == 101 else await _body(reader, headers)
    return Answer(status, reason, headers, body, took)


def _read_head(raw: bytes) -> tuple[int, str, Headers]:
    first, *lines = raw.decode("latin-1").rstrip("\r\n").split("\r\n")
    version, _, rest = first.partition(" ")
    code, _, reason = rest.partition(" ")
    if not version.startswith("HTTP/1.") or not (len(code) == 3 and code.isascii() and code.isdigit()):
        raise NotConnected(Fault("upgrade", "not-http", "what came is no HTTP answer"))
    pairs = (line.partition(":") for line in lines)
    return int(code), reason.strip(), tuple((name.strip(), value.strip()) for name, _, value in pairs)


async def _body(reader: asyncio.StreamReader, headers: Headers) -> bytes:
    length = next((value for name, value in headers if name.lower() == "content-length"), "")
    most = min(int(length), _MOST_BODY) if length.isascii() and length.isdigit() and len(length) < 12 else _MOST_BODY
    body = b""
    with suppress(TimeoutError, OSError):
        async with asyncio.timeout(_BODY_SECONDS):
            while len(body) < most and (piece := await reader.read(most - len(body))):
                body += piece
    return body

"""A plausible Realtime server, written by hand: REST is fine, and an upgrade is handed to the fault."""

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate

from tests.hostile.servers import HOST, Handle, Met, end, hold, pace, pour, relay, serving

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
MODELS = {
    "object": "list",
    "data": [{"id": name, "object": "model"} for name in ("gpt-realtime-whisper", "gpt-realtime-2.1")],
}


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def upgrades(self) -> bool:
        return self.headers.get("upgrade", "").lower() == "websocket"


Shake = Callable[[Request, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def read_request(reader: asyncio.StreamReader) -> Request:
    """Read a request to the end of its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").rstrip().split("\r\n")
    method, path, _ = first.split(" ")
    pairs = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, path, headers, body)


def accept_for(request: Request) -> str:
    """The Sec-WebSocket-Accept that belongs to the request's key."""
    key = request.headers["sec-websocket-key"].encode()
    return base64.b64encode(hashlib.sha1(key + _GUID).digest()).decode()


def head(status: str, *lines: str, date: float = 0.0) -> bytes:
    """The head of an answer, with the server's Date, which is off by so many seconds."""
    dated = f"Date: {formatdate(time.time() + date, usegmt=True)}"
    return "\r\n".join((f"HTTP/1.1 {status}", dated, *lines, "", "")).encode()


def answer(status: str, body: str = "", *lines: str) -> bytes:
    """A whole answer, after which the connection is closed."""
    data = body.encode()
    return head(status, *lines, f"Content-Length: {len(data)}", "Connection: close") + data


def accepted(request: Request, *lines: str, accept: str | None = None) -> bytes:
    """The 101; `accept` takes the place of the right one, and an empty one leaves the header out."""
    value = accept_for(request) if accept is None else accept
    more = (f"Sec-WebSocket-Accept: {value}",) if value else ()
    return head("101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", *more, *lines)


def rest(request: Request) -> bytes:
    """What REST says of a good key."""
    if (request.method, request.path) == ("GET", "/v1/models"):
        return answer("200 OK", json.dumps(MODELS), "Content-Type: application/json")
    if (request.method, request.path) == ("POST", "/v1/realtime/client_secrets"):
        session = json.loads(request.body or b"{}").get("session", {"type": "realtime"})
        secret = {
            "value": "ek_7f3a9c0d5e1b24687f3a9c0d5e1b2468",
            "expires_at": int(time.time()) + 600,
            "session": session | {"object": f"realtime.{session['type']}_session", "id": "sess_1", "expires_at": 0},
        }
        return answer("200 OK", json.dumps(secret), "Content-Type: application/json")
    return answer("404 Not Found", '{"error": {"message": "Invalid URL"}}', "Content-Type: application/json")


def realtime(shake: Shake, hits: list[object], never: list[object] | None = None) -> Handle:
    """The handler of a server whose REST is healthy; `never` gets the requests for a login page."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_request(reader)
        if never is not None and "/login" in request.path:
            never.append(request)
        if request.upgrades:
            hits.append(request.path)
            await shake(request, reader, writer)
        else:
            writer.write(rest(request))
            await end(reader, writer)

    return handle


@contextmanager
def upgrading(shake: Shake) -> Iterator[Met]:
    """A plausible server whose upgrades do this."""
    hits: list[object] = []
    with serving(realtime(shake, hits)) as port:
        yield Met(f"http://{HOST}:{port}/v1", hits=hits)


def saying(data: bytes) -> Shake:
    """Answer the upgrade with these bytes, and end."""

    async def shake(_request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await end(reader, writer)

    return shake


def refusing(status: str, body: str = "", *lines: str) -> Shake:
    """Answer the upgrade with this status; the date is that of the moment."""

    async def shake(_request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(status, body, *lines))
        await end(reader, writer)

    return shake


def accepting(*lines: str, accept: str | None = None) -> Shake:
    """Answer with a 101 that may be wrong, and say nothing more."""

    async def shake(request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(accepted(request, *lines, accept=accept))
        await hold(reader, writer)

    return shake


async def stripped(request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A right 101 from which something between has removed the Upgrade header."""
    writer.write(accepted(request).replace(b"Upgrade: websocket\r\n", b""))
    await hold(reader, writer)


async def silent(_request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """No answer to the upgrade."""
    await hold(reader, writer)


async def endless_headers(_request: Request, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Headers without end, as fast as they are taken."""
    writer.write(head("101 Switching Protocols", "Upgrade: websocket").removesuffix(b"\r\n"))
    await pour(writer, b"".join(b"X-Padding-%d: %s\r\n" % (number, b"x" * 50) for number in range(1000)))


async def slow_headers(_request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Headers without end, a line at a time."""
    writer.write(head("101 Switching Protocols", "Upgrade: websocket").removesuffix(b"\r\n"))
    while True:
        writer.write(b"X-Padding: x\r\n")
        await pace(reader, 0.1)


async def slow_head(request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A right head, one byte a second."""
    for place in accepted(request):
        writer.write(bytes((place,)))
        await pace(reader, 1.0)


async def endless_body(_request: Request, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """502 and a body without end."""
    writer.write(head("502 Bad Gateway", "Content-Type: text/html", "Connection: close"))
    await pour(writer, b"<p>Bad gateway</p>" * 4096)


@contextmanager
def redirecting(status: str, location: str | None) -> Iterator[Met]:
    """A redirect of the upgrade: to another server (no location given), or to a path of the same one."""
    hits: list[object] = []
    never: list[object] = []

    async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        never.append("the other host was asked")
        await hold(reader, writer)

    async def shake(_request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(status, "", f"Location: {location or f'http://{HOST}:{other}/v1/realtime'}"))
        await end(reader, writer)

    with serving(elsewhere) as other, serving(realtime(shake, hits, never)) as port:
        yield Met(f"http://{HOST}:{port}/v1", hits=hits, never=never)


@contextmanager
def reverse_proxy(
    port: int, *, drop: tuple[bytes, ...] = (), edit: Callable[[bytes], bytes] | None = None
) -> Iterator[Met]:
    """A reverse proxy before another server: leaves request headers out, changes the head of the answer."""
    hits: list[object] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        hits.append(lines[0])
        kept = [line for line in lines if line.partition(b":")[0].lower() not in drop]
        await relay(reader, writer, port, first=b"\r\n".join(kept), edit=edit)

    with serving(handle) as front:
        yield Met(f"http://{HOST}:{front}/v1", hits=hits)


def redated(seconds: float) -> Callable[[bytes], bytes]:
    """Puts the Date of an answer's head off by so many seconds."""
    date = formatdate(time.time() + seconds, usegmt=True).encode()

    def edit(given: bytes) -> bytes:
        lines = [line for line in given.split(b"\r\n") if not line.lower().startswith(b"date:")]
        return b"\r\n".join([lines[0], b"Date: " + date, *lines[1:]])

    return edit


# Answers of the fewest bytes: a parser makes objects of each.
TINY = {
    "interim answers with fifty headers": b"HTTP/1.1 100 \r\n" + b"".join(b"%x:\r\n" % n for n in range(50)) + b"\r\n",
    "pipelined answers": b"HTTP/1.1 403 \r\nContent-Length:1\r\n\r\nx",
}


def endless(piece: bytes) -> Shake:
    """A server that sends these bytes without end, as fast as they are taken."""

    async def flood(_request: Request, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await pour(writer, piece * (65_536 // len(piece)))

    return flood

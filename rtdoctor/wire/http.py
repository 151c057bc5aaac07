"""The HTTP layer: one request and its answer, the head read by h11; no redirect followed, every body bounded."""

import asyncio
import ssl
import time
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import h11

from rtdoctor.linear import pattern
from rtdoctor.model.event import written
from rtdoctor.model.exchange import Answer, Exchange, Fault, Headers, Request
from rtdoctor.model.target import DIRECT, Route
from rtdoctor.version import __version__
from rtdoctor.wire.link import Link, Links, Unreachable
from rtdoctor.wire.proxy import credentials_for, refusal
from rtdoctor.wire.tls import fault_in_tls

MOST_BODY = 256 * 1024
_MOST_HEAD = 64 * 1024
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
_HTTP = b"HTTP/"
_STATUS_LINE = pattern(r"(?i)HTTP/[0-9.]{1,4}[ \t]+(?P<status>[1-9][0-9]{2})(?:[ \t]+(?P<reason>.{0,200}))?\r?$")
USER_AGENT = f"rtdoctor/{__version__}"


@asynccontextmanager
async def open_session(context: ssl.SSLContext, route: Route = DIRECT, timeout: float = 10.0) -> AsyncIterator[Links]:
    """What all connections of a run are opened by; at its end none is left. `timeout` is for a name, in seconds."""
    links = Links(context, route, timeout)
    try:
        yield links
    finally:
        await links.close()


class NoAnswer(Exception):
    """What came is no answer; it carries the fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.text)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Head:
    """The head of an answer. `rest` is what came behind it, where h11 reads no further: the frames after a 101, or the
    beginning of a body, as it came, whose head breaks HTTP and has a status all the same (`loose`)."""

    status: int
    reason: str
    headers: Headers
    rest: bytes = b""
    loose: bool = False


class Conversation:
    """One request over a connection, and what is answered. `layer` is the one that faults are told of."""

    def __init__(self, link: Link, layer: Any) -> None:
        self._link = link
        self._layer = layer
        self._parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MOST_HEAD)
        self._come = bytearray()  # of the answer, as long as its head is not read

    async def ask(self, method: str, url: str, headers: Headers, body: bytes = b"") -> None:
        """Send a request. The URL's path and query go out as they are; `Host` and what every client sends come first,
        and a header that is given takes the place of one of ours.

        Raises:
            ValueError: a header cannot be sent.
            OSError: the connection broke.
        """
        parts = urlsplit(url)
        target = quote(f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}", safe=_PRINTABLE)
        if self._link.by_proxy:
            target = f"{parts.scheme}://{parts.netloc}{target}"
        ours = {"Host": parts.netloc, "Accept": "*/*", "Accept-Encoding": "gzip, deflate", "User-Agent": USER_AGENT}
        if body:
            ours |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        taken = {name.lower() for name, _ in headers}
        sent = (*((name, value) for name, value in ours.items() if name.lower() not in taken), *headers)
        # White space around a value is none of it (RFC 9110, section 5.5).
        pairs = [(name.encode("utf-8"), value.strip(" \t").encode("utf-8")) for name, value in sent]
        try:
            data = self._parser.send(h11.Request(method=method, target=target, headers=pairs)) or b""
            data += self._parser.send(h11.Data(data=body)) or b"" if body else b""
            data += self._parser.send(h11.EndOfMessage()) or b""
        except h11.LocalProtocolError as error:
            raise ValueError(f"the request cannot be sent: {error}") from error
        await self._link.write(data)

    async def head(self) -> Head:
        """The head of the answer: of a 101, or of what is no interim answer. One that breaks HTTP, as home-made servers
        and old gateways send it, is read as far as it tells a status.

        Raises:
            NoAnswer: the server hangs up or says something that is no HTTP.
        """
        try:
            while True:
                event = await self._next()
                if isinstance(event, h11.Response) or (
                    isinstance(event, h11.InformationalResponse) and event.status_code == 101
                ):
                    break
        except NoAnswer as error:
            if error.__cause__ is None or (loose := _loosely(bytes(self._come))) is None:
                raise
            return loose
        finally:
            self._come.clear()
        rest = self._parser.trailing_data[0] if event.status_code == 101 else b""
        return Head(event.status_code, event.reason.decode("latin-1"), headers_of(event), rest)

    async def answer(self, head: Head, seconds: float, started: float) -> Answer:
        """The whole answer. A body that breaks off or stalls is kept as far as it came in so many seconds: the status
        has come, and that is what counts. `started` is the monotonic time at the beginning of the request."""
        body = head.rest
        try:
            async with asyncio.timeout(seconds):
                while len(body) < MOST_BODY and (piece := await self._piece(head)):
                    body += piece[: MOST_BODY - len(body)]
        except (NoAnswer, OSError, TimeoutError):
            pass
        coding = next((value for name, value in head.headers if name.lower() == "content-encoding"), "")
        ms = (time.monotonic() - started) * 1000
        return Answer(head.status, head.reason, head.headers, _unpacked(body, coding), ms)

    async def _piece(self, head: Head) -> bytes:
        """The next bytes of the body; empty at its end."""
        if head.loose:
            return await self._link.read()
        event = await self._next()
        return bytes(event.data) if isinstance(event, h11.Data) else b""

    async def _next(self) -> Any:
        """The next event of the answer.

        Raises:
            NoAnswer: there is none.
        """
        over = False
        while True:
            try:
                event = self._parser.next_event()
            except h11.RemoteProtocolError as error:
                raise self._fault(over=over) from error
            if event is not h11.NEED_DATA:
                if isinstance(event, h11.ConnectionClosed | type(h11.PAUSED)):
                    raise self._fault(over=over)
                return event
            if not self._like_http:
                raise self._fault(over=over)
            try:
                data = await self._link.read()
            except ssl.SSLError as error:
                raise NoAnswer(fault_in_tls(error)) from error
            except OSError as error:
                raise NoAnswer(broken(error, self._layer)) from error
            over = not data
            if len(self._come) < 2 * _MOST_HEAD:
                self._come += data
            self._parser.receive_data(data)

    @property
    def _like_http(self) -> bool:
        first = self._link.first.lstrip(b"\r\n").upper()
        return first[: len(_HTTP)] == _HTTP[: len(first)]

    def _fault(self, *, over: bool) -> NoAnswer:
        if over and self._like_http:
            return NoAnswer(
                Fault(
                    self._layer,
                    "disconnected",
                    "the server closed the connection without an answer",
                    began(self._link),
                )
            )
        return NoAnswer(Fault(self._layer, "not-http", "the answer is no valid HTTP", began(self._link)))


def _loosely(come: bytes) -> Head | None:
    """A head that breaks HTTP, as far as it can be read; None where there is no status in it, or a 101, whose frames
    nobody could be sure of."""
    head, _, rest = come.lstrip(b"\r\n").replace(b"\r\n", b"\n").partition(b"\n\n")
    first, *lines = head.decode("latin-1").split("\n")
    match = _STATUS_LINE.match(first)
    if match is None or match.text("status") == "101":
        return None
    pairs = [line.partition(":") for line in lines if ":" in line]
    headers = tuple((name.strip(), value.strip()) for name, _, value in pairs)
    return Head(int(match.text("status")), match.text("reason") or "", headers, rest, loose=True)


def headers_of(head: h11.Response | h11.InformationalResponse) -> Headers:
    """The headers as they came, in their own case."""
    return tuple((name.decode("latin-1"), value.decode("utf-8", "replace")) for name, value in head.headers.raw_items())


def began(link: Link | None) -> tuple[tuple[str, str], ...]:
    """The first bytes of what came, as a detail of a fault."""
    return (("The answer begins", link.first.decode("latin-1")),) if link is not None and link.first else ()


FAILURES = (Unreachable, NoAnswer, OSError, ValueError)  # TimeoutError is an OSError


def fault_of(error: Exception, layer: Any, timeout: float, link: Link | None) -> Fault:
    """What one of `FAILURES` means for a request of so many seconds."""
    if isinstance(error, TimeoutError):
        return Fault(layer, "timeout", f"no answer within {timeout:g} s", began(link))
    if isinstance(error, (Unreachable, NoAnswer)):
        return error.fault
    return broken(error, layer) if isinstance(error, OSError) else Fault(layer, "broken", str(error))


def broken(error: OSError, layer: Any) -> Fault:
    """What an error of an open connection means, before an answer came."""
    if isinstance(error, ConnectionError):
        return Fault(layer, "reset", "the connection was reset before an answer came")
    return Fault(layer, "broken", str(error) or type(error).__name__)


def _unpacked(body: bytes, coding: str) -> bytes:
    """The body without gzip or deflate, which are what is asked for; as far as it came, and no further than the bound.
    What is packed otherwise, or is broken, stays as it came."""
    if coding.strip().lower() not in ("gzip", "x-gzip", "deflate"):
        return body
    for bits in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):  # gzip or zlib by its head; deflate without one
        try:
            return zlib.decompressobj(bits).decompress(body, MOST_BODY)
        except zlib.error:
            continue
    return body


async def rest(
    links: Links,
    method: str,
    url: str,
    *,
    request: Request,
    headers: Mapping[str, str],
    timeout: float,
    json_body: Mapping[str, Any] | None = None,
) -> Exchange:
    """One REST request, over the connection that stands ready for a GET, or over one of its own. `request` is the
    printable form of what is asked; `headers` hold the credential."""
    body = written(json_body).encode() if json_body is not None else b""

    async def asked(ready: Link | None) -> tuple[Exchange, Link | None]:
        started = time.monotonic()
        link = ready
        try:
            async with asyncio.timeout(timeout):
                link = link or await links.connect(url, tunnel=False)
                own = credentials_for(links.route) if link.by_proxy else {}
                talk = Conversation(link, "http")
                await talk.ask(method, url, (*headers.items(), *own.items(), ("Connection", "close")), body)
                head = await talk.head()
                if head.status == 101:
                    fault = Fault("http", "not-http", "101, and no upgrade was asked for")
                    return Exchange(request, fault=fault), link
                if link.by_proxy and head.status == 407:
                    return Exchange(request, fault=refusal(407, sent=bool(own))), link
                return Exchange(request, await talk.answer(head, timeout / 2, started), layers=link.layers), link
        except FAILURES as error:
            return Exchange(request, fault=fault_of(error, "http", timeout, link)), link
        finally:
            if link is not None:
                link.abort()

    ready = links.take_ready(url) if method == "GET" else None
    exchange, link = await asked(ready)
    gone = exchange.fault is not None and exchange.fault.kind in ("disconnected", "reset", "broken")
    if ready is not None and gone and link is not None and not link.first:
        # A connection that waited may be gone by the time that it is used (RFC 9112, section 9.3.1).
        exchange, _ = await asked(None)
    return exchange

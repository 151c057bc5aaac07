"""The HTTP layer: one aiohttp session for REST and WebSocket, no redirect followed, every body bounded."""

import asyncio
import functools
import ssl
import time
import weakref
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any

import aiohttp

from rtdoctor import __version__
from rtdoctor.model.exchange import Answer, Exchange, Fault, Headers, Request
from rtdoctor.model.target import DIRECT, Route, is_address
from rtdoctor.wire.dns import FAMILIES, RouteResolver, resolve
from rtdoctor.wire.proxy import TunnelRefused, absent, open_tunnel, refusal
from rtdoctor.wire.tap import Tap, TappedHandler, tapped
from rtdoctor.wire.tcp import kind_of
from rtdoctor.wire.tls import fault_in_tls

MOST_BODY = 256 * 1024
HttpSession = aiohttp.ClientSession
USER_AGENT = f"rtdoctor/{__version__}"


class RedirectRefused(Exception):
    """A 3xx came; it carries the answer. Following it would take the key to another host."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class UpgradeRefused(Exception):
    """The handshake was answered with another status than 101; it carries the whole answer, body included."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class _Connector(aiohttp.TCPConnector):
    """aiohttp's connector, which for a plain socket by a proxy opens a tunnel. RFC 6455 (section 4.1) wants CONNECT for
    ws://, too, and other clients send it; aiohttp 3.14.5 asks the proxy for a ws:// URL, which no proxy knows."""

    def __init__(self, route: Route, timeout: float, context: ssl.SSLContext) -> None:
        super().__init__(
            ssl=context,
            limit=0,
            force_close=True,
            resolver=RouteResolver(route, timeout),
            family=FAMILIES[route.family],
        )
        self._route, self._wait = route, timeout
        self.transports: weakref.WeakSet[asyncio.BaseTransport] = weakref.WeakSet()
        # aiohttp has no public way to see a connection's bytes.
        self._factory = functools.partial(  # type: ignore[assignment]
            TappedHandler, asyncio.get_running_loop(), self.transports
        )

    async def _create_direct_connection(self, req: Any, traces: Any, timeout: Any, **more: Any) -> Any:
        if not _by_tunnel.get():
            return await super()._create_direct_connection(req, traces, timeout, **more)
        host, port = self._route.proxy_address
        address = host
        if not is_address(host):
            resolved = await resolve(host, port, self._wait, self._route)
            if resolved.fault is not None:
                raise TunnelRefused(absent(resolved.fault.text))
            address = resolved.addresses[0]
        _, writer = await open_tunnel(address, self._route, req.url.host or "", req.url.port or 80, self._wait)
        protocol = self._factory()
        protocol.held = writer  # type: ignore[attr-defined]  # a writer that nobody holds closes its connection
        transport: Any = writer.transport
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        return transport, protocol


_by_tunnel: ContextVar[bool] = ContextVar("by_tunnel", default=False)


@contextmanager
def tunnelled(wanted: bool) -> Iterator[None]:
    """Connections that are opened inside go by CONNECT, without TLS."""
    token = _by_tunnel.set(wanted)
    try:
        yield
    finally:
        _by_tunnel.reset(token)


@asynccontextmanager
async def open_session(
    context: ssl.SSLContext, route: Route = DIRECT, timeout: float = 10.0
) -> AsyncIterator[HttpSession]:
    """The session that all requests of a run go through; at its end no connection is left. `timeout` is for a name, in
    seconds."""
    connector = _Connector(route, timeout, context)
    session = aiohttp.ClientSession(
        connector=connector,
        headers={"User-Agent": USER_AGENT},
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        middlewares=(_keep_the_answer,),
    )
    try:
        yield session
    finally:
        await session.close()
        # A TLS connection closes politely, and would outlive the loop; two turns of it are what an abort takes.
        for transport in list(connector.transports):
            transport.abort()  # type: ignore[attr-defined]
        await asyncio.sleep(0)
        await asyncio.sleep(0)


async def _keep_the_answer(request: aiohttp.ClientRequest, handler: Any) -> aiohttp.ClientResponse:
    """aiohttp throws the body of a refused upgrade away and follows redirects; here is the raw answer, before both."""
    started = time.monotonic()
    response: aiohttp.ClientResponse = await handler(request)
    upgrade = "Sec-WebSocket-Key" in request.headers
    if 300 <= response.status < 400:
        raise RedirectRefused(await read_answer(response, started))
    if upgrade and response.status != 101:
        raise UpgradeRefused(await read_answer(response, started))
    if upgrade:
        _one_token(response)
    return response


def _one_token(response: aiohttp.ClientResponse) -> None:
    """`Connection: keep-alive, Upgrade` is a list that holds what it must (RFC 6455, section 4.1); aiohttp 3.14.5 takes
    the bare word only and would call it a broken acceptance. The raw headers stay as they came."""
    tokens = [token.strip().lower() for token in response.headers.get("Connection", "").split(",")]
    if len(tokens) > 1 and "upgrade" in tokens:
        mended = response.headers.copy()
        mended["Connection"] = "Upgrade"
        response._headers = type(response.headers)(mended)
        response._cache.pop("headers", None)  # it was read already, and would be given again as it was


async def read_answer(response: aiohttp.ClientResponse, started: float, seconds: float = 0.5) -> Answer:
    """Status, headers and the first bytes of the body. A body that breaks off or stalls is kept as far as it came in
    so many seconds: the status has come, and that is what counts."""
    body = b""
    try:
        async with asyncio.timeout(seconds):
            while len(body) < MOST_BODY and (piece := await response.content.read(MOST_BODY - len(body))):
                body += piece
    except (aiohttp.ClientError, TimeoutError):
        pass
    response.close()
    body = _unpacked(body, response.headers.get("Content-Encoding", ""))
    return Answer(
        response.status, response.reason or "", raw_headers(response), body, (time.monotonic() - started) * 1000
    )


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


def raw_headers(response: aiohttp.ClientResponse) -> Headers:
    """The headers as they came, in their own case."""
    return tuple((name.decode("latin-1"), value.decode("utf-8", "replace")) for name, value in response.raw_headers)


async def rest(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    *,
    request: Request,
    headers: Mapping[str, str],
    timeout: float,
    json_body: Mapping[str, Any] | None = None,
    proxy: str | None = None,
) -> Exchange:
    """One REST request. `request` is the printable form of what is asked; `headers` hold the credential."""
    started = time.monotonic()
    with tapped() as taps:
        try:
            async with asyncio.timeout(timeout):
                async with session.request(
                    method, url, headers=headers, json=json_body, allow_redirects=False, proxy=proxy
                ) as response:
                    return Exchange(request, await read_answer(response, started, timeout / 2))
        except (RedirectRefused, UpgradeRefused) as refused:
            return Exchange(request, refused.answer)
        except (TimeoutError, aiohttp.ClientError, ValueError, OSError) as error:
            return Exchange(request, fault=fault_of(error, "http", timeout, taps))


def fault_of(error: BaseException, layer: Any, timeout: float, taps: Sequence[Tap] = ()) -> Fault:
    """What aiohttp's error means, in the words of the layers. A tap tells how the answer began."""
    if isinstance(error, TimeoutError):
        return Fault(layer, "timeout", f"no answer within {timeout:g} s", _began(taps))
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return refusal(error.status)
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return absent(str(error.os_error))
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return Fault("tls", "untrusted", str(error.certificate_error))
    if isinstance(error, aiohttp.ClientConnectorSSLError | aiohttp.ClientSSLError):
        return fault_in_tls(error.os_error)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Fault("dns", "unresolved", error.os_error.strerror or str(error.os_error))
    if isinstance(error, aiohttp.ClientConnectorError):
        return Fault("tcp", kind_of(error.os_error), str(error.os_error))
    if isinstance(error.__cause__, ssl.SSLError):
        return fault_in_tls(error.__cause__)
    if isinstance(error, ConnectionResetError) or isinstance(error.__cause__, ConnectionResetError):
        return Fault(layer, "reset", "the connection was reset before an answer came")
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return Fault(layer, "disconnected", "the server closed the connection without an answer", _began(taps))
    if isinstance(error, aiohttp.WSServerHandshakeError):
        return _bad_acceptance(error, layer)
    if isinstance(error, aiohttp.ClientResponseError):
        return Fault(layer, "not-http", "the answer is no valid HTTP", _began(taps))
    return Fault(layer, "broken", str(error) or type(error).__name__, _began(taps))


def _bad_acceptance(error: aiohttp.WSServerHandshakeError, layer: Any) -> Fault:
    told = error.message.lower()
    if told in ("invalid upgrade header", "invalid connection header"):
        return Fault(layer, "stripped", f"101, but the answer's {told.split()[1]} header is missing or wrong")
    return Fault(layer, "bad-accept", f"the acceptance breaks RFC 6455, section 4.1: {told}")


def _began(taps: Sequence[Tap]) -> tuple[tuple[str, str], ...]:
    first = taps[-1].first if taps else b""
    return (("The answer begins", first.decode("latin-1")),) if first else ()

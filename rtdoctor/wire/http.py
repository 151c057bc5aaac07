"""The HTTP layer: one aiohttp session for REST and WebSocket, no redirect followed, every body bounded."""

import asyncio
import ssl
import time
from collections.abc import Mapping
from typing import Any

import aiohttp

from rtdoctor import __version__
from rtdoctor.model.exchange import Answer, Exchange, Fault, Request

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


def open_session(context: ssl.SSLContext) -> HttpSession:
    """The session that all requests of a run go through. The caller closes it."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=context, limit=0, force_close=True),
        headers={"User-Agent": USER_AGENT},
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        middlewares=(_keep_the_answer,),
    )


async def _keep_the_answer(request: aiohttp.ClientRequest, handler: Any) -> aiohttp.ClientResponse:
    """aiohttp throws the body of a refused upgrade away and follows redirects; here is the raw answer, before both."""
    started = time.monotonic()
    response: aiohttp.ClientResponse = await handler(request)
    upgrade = "Sec-WebSocket-Key" in request.headers
    if 300 <= response.status < 400:
        raise RedirectRefused(await read_answer(response, started))
    if upgrade and response.status != 101:
        raise UpgradeRefused(await read_answer(response, started))
    return response


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
    headers = tuple((str(name), str(value)) for name, value in response.headers.items())
    response.close()
    return Answer(response.status, response.reason or "", headers, body, (time.monotonic() - started) * 1000)


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
    try:
        async with asyncio.timeout(timeout):
            async with session.request(
                method, url, headers=headers, json=json_body, allow_redirects=False, proxy=proxy
            ) as response:
                return Exchange(request, await read_answer(response, started, timeout / 2))
    except (RedirectRefused, UpgradeRefused) as refusal:
        return Exchange(request, refusal.answer)
    except (TimeoutError, aiohttp.ClientError, ValueError, OSError) as error:
        return Exchange(request, fault=fault_of(error, "http", timeout))


def fault_of(error: BaseException, layer: Any, timeout: float) -> Fault:
    """What aiohttp's error means, in the words of the layers."""
    if isinstance(error, TimeoutError):
        return Fault(layer, "timeout", f"no answer within {timeout:g} s")
    if isinstance(error, aiohttp.ClientHttpProxyError):
        kind = "proxy-auth" if error.status == 407 else "proxy-refused"
        return Fault(layer, kind, f"the proxy answered CONNECT with {error.status}")
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return Fault(layer, "proxy-refused", "the proxy cannot be reached")
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return Fault("tls", "untrusted", str(error.certificate_error))
    if isinstance(error, aiohttp.ClientConnectorSSLError | aiohttp.ClientSSLError):
        return Fault("tls", "failed", str(error.os_error))
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Fault("dns", "unresolved", str(error.os_error))
    if isinstance(error, ConnectionResetError):
        return Fault(layer, "disconnected", "the connection was reset before an answer came")
    if isinstance(error, aiohttp.ClientConnectorError):
        kind = "refused" if isinstance(error.os_error, ConnectionRefusedError) else "unreachable"
        return Fault("tcp", kind, str(error.os_error))
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return Fault(layer, "disconnected", "the server closed the connection without an answer")
    if isinstance(error, aiohttp.WSServerHandshakeError):
        return Fault(layer, "bad-accept", f"the acceptance breaks RFC 6455: {error.message.lower()}")
    if isinstance(error, aiohttp.ClientResponseError):
        return Fault(layer, "not-http", "the answer is no valid HTTP")
    return Fault(layer, "broken", str(error) or type(error).__name__)

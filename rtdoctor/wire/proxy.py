"""The proxy layer: a tunnel to the endpoint by CONNECT (RFC 9110, section 9.3.6). Requests to a plain http:// URL ask
the proxy itself, as every client does."""

import asyncio
import base64
from urllib.parse import unquote, urlsplit

from rtdoctor.model.exchange import Fault
from rtdoctor.model.target import Route
from rtdoctor.privacy.errors import reason_of
from rtdoctor.wire.tcp import PIECE, Stream

_TELLING = ("proxy-authenticate", "www-authenticate", "x-squid-error", "via", "server")


class TunnelRefused(Exception):
    """The proxy does not open the tunnel; it carries the fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.text)
        self.fault = fault


async def ask_for_tunnel(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, route: Route, host: str, port: int
) -> None:
    """Ask the proxy at the other end for the host; the stream goes on to the endpoint.

    Raises:
        TunnelRefused: it refuses, hangs up, or what it answers is no HTTP.
    """
    try:
        writer.write(_request(route, host, port))
        await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        raise TunnelRefused(_fault("the proxy hung up in the middle of CONNECT")) from error
    except asyncio.LimitOverrunError as error:
        raise TunnelRefused(_fault("the proxy's answer to CONNECT has no end")) from error
    except OSError as error:
        raise TunnelRefused(absent(reason_of(error))) from error
    status = _status(head)
    if not 200 <= status < 300:
        raise TunnelRefused(refusal(status, head, sent=urlsplit(route.proxy or "").username is not None))


async def open_tunnel(
    address: str, route: Route, host: str, port: int, timeout: float, stream: Stream | None = None
) -> Stream:
    """Connect to the proxy at that address, or take the `stream` that leads there, and ask it for the host.

    Raises:
        TunnelRefused: it cannot be reached, refuses, or does not answer in time.
    """
    reader, writer = stream or (None, None)
    opened = False
    try:
        async with asyncio.timeout(timeout):
            if reader is None or writer is None:
                reader, writer = await asyncio.open_connection(address, route.proxy_address[1], limit=PIECE)
            await ask_for_tunnel(reader, writer, route, host, port)
            opened = True
            return reader, writer
    except TimeoutError as error:
        raise TunnelRefused(_fault(f"the proxy did not answer CONNECT within {timeout:g} s")) from error
    except OSError as error:
        raise TunnelRefused(absent(reason_of(error))) from error
    finally:
        if writer is not None and not opened:
            writer.transport.abort()


def refusal(status: int, head: bytes = b"", *, sent: bool = False) -> Fault:
    """What the proxy's answer to CONNECT means; `sent` says that credentials went with it."""
    if not status:
        return _fault("the proxy answered CONNECT with something that is no HTTP")
    text = f"the proxy answered CONNECT with {status}"
    if status in (401, 407):
        kind = "proxy-auth-refused" if sent else "proxy-auth"
        text += ", and credentials were sent" if sent else ""
    else:
        kind = "proxy-upstream" if status >= 500 else "proxy-refused"
    lines = [line.partition(":") for line in head.decode("latin-1").splitlines()[1:] if ":" in line]
    kept = tuple((name, value.strip()) for name, _, value in lines if name.lower() in _TELLING)
    return Fault("tcp", kind, text, kept[:4])


def absent(text: str) -> Fault:
    """The proxy cannot be reached."""
    return Fault("tcp", "proxy-absent", f"the proxy cannot be reached: {text}")


def _fault(text: str) -> Fault:
    return Fault("tcp", "proxy-silent", text)


def _request(route: Route, host: str, port: int) -> bytes:
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
    lines += [f"{name}: {value}" for name, value in credentials_for(route).items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


def credentials_for(route: Route) -> dict[str, str]:
    """The header that a proxy with a user in its URL wants (RFC 9110, section 11.7.2)."""
    parts = urlsplit(route.proxy or "")
    if parts.username is None:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _status(head: bytes) -> int:
    words = head.split(b"\r\n", 1)[0].split()
    http = len(words) > 1 and words[0].startswith(b"HTTP/") and len(words[1]) == 3 and words[1].isdigit()
    return int(words[1]) if http else 0

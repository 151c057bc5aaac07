"""The TCP layer: a connection to one of the addresses, and whether one can be opened."""

import asyncio
import errno
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from rtdoctor.model.exchange import Fault
from rtdoctor.privacy.errors import reason_of

PIECE = 64 * 1024  # bytes that are read at once, and half of what waits unread before the peer has to wait
Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_HEAD_START = 0.25  # seconds that an address has before the next is tried beside it (RFC 8305, section 8)
_KINDS = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "reset",
    errno.ECONNABORTED: "reset",
    errno.ENOTCONN: "reset",  # reset before the socket was looked at
    errno.EHOSTUNREACH: "unreachable",
    errno.ENETUNREACH: "unreachable",
}


@dataclass(frozen=True, slots=True)
class Connected:
    """The address that took the connection, and its stream; `failed` are the ones that were tried before it."""

    address: str | None
    failed: tuple[tuple[str, str], ...] = ()
    fault: Fault | None = None
    stream: Stream | None = None


async def dial(addresses: Sequence[str], port: int) -> socket.socket:
    """A connected socket to the first address that answers; a second is tried beside one that is slow (RFC 8305).

    Raises:
        OSError: none does.
    """
    from aiohappyeyeballs import start_connection

    infos = [
        (socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port, 0, 0))
        if ":" in address
        else (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port))
        for address in addresses
    ]
    return await start_connection(infos, happy_eyeballs_delay=_HEAD_START)


def fault_in_tcp(error: OSError, addresses: Sequence[str], port: int) -> Fault:
    """What an error of `dial` means."""
    kind = kind_of(error)
    return Fault("tcp", kind, f"{' and '.join(addresses)} port {port}: {_reason(kind, error)}")


async def connect(addresses: Sequence[str], port: int, timeout: float) -> Connected:
    """Open one connection, trying the addresses in order, each with its share of the time; whose it is ends it."""
    failed: list[tuple[str, str]] = []
    fault = Fault("tcp", "unreachable", "there is no address to connect to")
    share = timeout / max(1, min(len(addresses), 4))
    for address in addresses:
        try:
            async with asyncio.timeout(share):
                stream = await asyncio.open_connection(address, port, limit=PIECE)
        except TimeoutError:
            fault = Fault("tcp", "timeout", f"{address} port {port} did not answer within {share:g} s")
        except OSError as error:
            kind = kind_of(error)
            fault = Fault("tcp", kind, f"{address} port {port}: {_reason(kind, error)}")
        else:
            return Connected(address, tuple(failed), stream=stream)
        failed.append((address, fault.text))
    return Connected(None, tuple(failed), fault)


def kind_of(error: OSError) -> str:
    """What an error of connect means: `refused`, `reset` or `unreachable`."""
    return _KINDS.get(error.errno or 0, "unreachable")


def _reason(kind: str, error: OSError) -> str:
    return {"refused": "connection refused", "reset": "connection reset"}.get(kind) or reason_of(error)

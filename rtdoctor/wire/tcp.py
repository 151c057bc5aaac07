"""The TCP layer: can a connection be opened, and to which of the addresses."""

import asyncio
import errno
from collections.abc import Sequence
from dataclasses import dataclass

from rtdoctor.model.exchange import Fault

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
    """The address that took the connection; `failed` are the ones that were tried before it."""

    address: str | None
    failed: tuple[tuple[str, str], ...] = ()
    fault: Fault | None = None


async def connect(addresses: Sequence[str], port: int, timeout: float) -> Connected:
    """Open and close one connection, trying the addresses in order, each with its share of the time."""
    failed: list[tuple[str, str]] = []
    fault = Fault("tcp", "unreachable", "there is no address to connect to")
    share = timeout / max(1, min(len(addresses), 4))
    for address in addresses:
        try:
            async with asyncio.timeout(share):
                _, writer = await asyncio.open_connection(address, port)
        except TimeoutError:
            fault = Fault("tcp", "timeout", f"{address} port {port} did not answer within {share:g} s")
        except OSError as error:
            kind = kind_of(error)
            fault = Fault("tcp", kind, f"{address} port {port}: {_reason(kind, error)}")
        else:
            writer.close()
            return Connected(address, tuple(failed))
        failed.append((address, fault.text))
    return Connected(None, tuple(failed), fault)


def kind_of(error: OSError) -> str:
    """What an error of connect means: `refused`, `reset` or `unreachable`."""
    return _KINDS.get(error.errno or 0, "unreachable")


def _reason(kind: str, error: OSError) -> str:
    return {"refused": "connection refused", "reset": "connection reset"}.get(kind) or error.strerror or str(error)

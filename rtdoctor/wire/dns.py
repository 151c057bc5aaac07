"""The DNS layer: a name to its addresses."""

import asyncio
import socket
from dataclasses import dataclass

from rtdoctor.model.exchange import Fault


@dataclass(frozen=True, slots=True)
class Resolved:
    """The addresses of a name, in the resolver's order; or why there are none."""

    addresses: tuple[str, ...]
    fault: Fault | None = None


async def resolve(host: str, port: int, timeout: float) -> Resolved:
    """Ask the system's resolver, as every client on this machine does."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError:
        return Resolved((), Fault("dns", "timeout", f"no answer from the resolver within {timeout:g} s"))
    except (OSError, UnicodeError) as error:
        text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return Resolved((), Fault("dns", "unresolved", text))
    return Resolved(tuple(dict.fromkeys(str(entry[4][0]) for entry in found)))

"""The DNS layer: a name to its addresses, as the route wants them. The ladder and every connection ask here."""

import asyncio
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass

from rtdoctor.model.exchange import Fault
from rtdoctor.model.target import DIRECT, Route

FAMILIES = {None: socket.AF_UNSPEC, 4: socket.AF_INET, 6: socket.AF_INET6}


@dataclass(frozen=True, slots=True)
class Resolved:
    """The addresses of a name, in the resolver's order; or why there are none. `given` when --resolve named them."""

    addresses: tuple[str, ...]
    fault: Fault | None = None
    given: bool = False


async def resolve(host: str, port: int, timeout: float, route: Route = DIRECT) -> Resolved:
    """Ask the system's resolver, as every client on this machine does; what the route names itself is not asked for."""
    named = route.addresses_of(host, port)
    try:
        async with asyncio.timeout(timeout):
            addresses: list[str] = []
            for name in named or (host,):
                addresses += await _ask(name, port, FAMILIES[route.family])
    except TimeoutError:
        return Resolved((), Fault("dns", "timeout", f"no answer from the resolver within {timeout:g} s"))
    except (OSError, UnicodeError) as error:
        text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        wanted = f" (asked for IPv{route.family} only)" if route.family else ""
        return Resolved((), Fault("dns", "unresolved", text + wanted))
    return Resolved(tuple(dict.fromkeys(addresses)), given=bool(named))


async def _ask(name: str, port: int, family: socket.AddressFamily) -> list[str]:
    """The system's resolver, in a thread that nobody waits for: the loop's own threads are joined at the end of a run,
    and a resolver that hangs would hold up the report that says so.

    Raises:
        OSError, UnicodeError: the resolver's own errors.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    def settle(addresses: list[str], error: Exception | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(addresses)

    def work() -> None:
        addresses: list[str] = []
        failed: Exception | None = None
        try:
            entries = socket.getaddrinfo(name, port, family=family, type=socket.SOCK_STREAM)
            addresses = [str(entry[4][0]) for entry in entries]
        except Exception as error:
            failed = error
        with suppress(RuntimeError):  # the run is over, and its loop closed
            loop.call_soon_threadsafe(settle, addresses, failed)

    threading.Thread(target=work, daemon=True, name="resolver").start()
    return await answer

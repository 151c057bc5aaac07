"""Carries out `rtdoctor mock`."""

import asyncio
import errno
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rtdoctor import process
from rtdoctor.cli.watchdog import quiet
from rtdoctor.engine.keys import find_key
from rtdoctor.mock.faults import BadFault, Faults, known
from rtdoctor.mock.respond import Replies
from rtdoctor.mock.server import Mock
from rtdoctor.privacy.errors import Usage
from rtdoctor.wire.tls import BadCertificateFile, show_certificate

USUAL_KEY = "sk-mock-0123456789abcdef"
_LONGEST_REPLY = 10_000


@dataclass(frozen=True, slots=True)
class Ways:
    """How the mock is to behave: faults by name, what a response says, seconds that a session lasts, edge headers."""

    faults: Sequence[str]
    transcript: str | None
    lifetime: float
    edge: bool


def show_faults() -> None:
    """Every fault by name, one a line."""
    width = max(map(len, known()))
    for fault in known().values():
        print(f"{fault.name:{width}}  {fault.words}")


def serve(port: int, cert: Path | None, key: Path | None, key_env: str | None, ways: Ways) -> None:
    """Serve until interrupted.

    Raises:
        Usage: the port is taken, the certificate cannot be used, or there is no such fault.
    """
    try:
        named = Faults(ways.faults)
    except BadFault as error:
        raise Usage("--fault {}", error) from error
    if ways.transcript is not None and len(ways.transcript) > _LONGEST_REPLY:
        raise Usage("--transcript: at most {} characters", _LONGEST_REPLY)
    accepted = find_key(key_env, None)
    replies = Replies() if ways.transcript is None else Replies(ways.transcript)
    more: dict[str, Any] = {"named": named, "replies": replies, "seconds": ways.lifetime, "edge": ways.edge}
    server = Mock({accepted.reveal() if accepted else USUAL_KEY}, tls=_tls(cert, key), **more)
    asyncio.run(_forever(server, port, accepted.source if accepted else None))


async def _forever(server: Mock, port: int, source: str | None) -> None:
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    loop.set_exception_handler(quiet)
    try:
        await server.start(port)
    except (OSError, OverflowError) as error:
        if getattr(error, "errno", None) in (errno.EMFILE, errno.ENFILE):
            raise  # it is told in words of its own, and is not the port's fault
        raise Usage("--port {}: {}", port, error) from error
    try:
        with process.on_interrupt(lambda: loop.call_soon_threadsafe(over.set)):
            print(f"OPENAI_BASE_URL={server.base_url}", flush=True)
            told = f"the key in {source}" if source else f"the key {USUAL_KEY}"
            print(f"# accepts {told}; Ctrl-C ends it", flush=True)
            await over.wait()
    finally:
        await server.stop()


def _tls(cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if cert is None and key is None:
        return None
    if cert is None:
        raise Usage("--key needs --cert beside it")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        show_certificate(context, str(cert), str(key) if key else None)
    except BadCertificateFile as error:
        raise Usage("{}", error) from error
    return context

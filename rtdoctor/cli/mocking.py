"""Carries out `rtdoctor mock`."""

import asyncio
import errno
import ssl
from pathlib import Path

from rtdoctor import process
from rtdoctor.cli.watchdog import quiet
from rtdoctor.engine.keys import find_key
from rtdoctor.mock.server import Mock
from rtdoctor.privacy.errors import Usage
from rtdoctor.wire.tls import BadCertificateFile, show_certificate

USUAL_KEY = "sk-mock-0123456789abcdef"


def serve(port: int, cert: Path | None, key: Path | None, key_env: str | None) -> None:
    """Serve until interrupted.

    Raises:
        Usage: the port is taken, or the certificate cannot be used.
    """
    accepted = find_key(key_env, None)
    server = Mock({accepted.reveal() if accepted else USUAL_KEY}, tls=_tls(cert, key))
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

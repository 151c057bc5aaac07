"""Carries out `rtdoctor mock`."""

import asyncio
import ssl
from contextlib import suppress
from pathlib import Path

from rtdoctor.cli.credentials import find_key
from rtdoctor.cli.exits import Usage
from rtdoctor.mock.server import Mock

USUAL_KEY = "sk-mock-0123456789abcdef"


def serve(port: int, cert: Path | None, key: Path | None, key_env: str | None) -> None:
    """Serve until interrupted.

    Raises:
        Usage: the port is taken, or the certificate cannot be used.
    """
    accepted = find_key(key_env, None)
    server = Mock({accepted.reveal() if accepted else USUAL_KEY}, tls=_tls(cert, key))
    with suppress(KeyboardInterrupt):
        asyncio.run(_forever(server, port, accepted.source if accepted else None))


async def _forever(server: Mock, port: int, source: str | None) -> None:
    try:
        await server.start(port)
    except (OSError, OverflowError) as error:
        raise Usage(f"--port {port}: {error}") from error
    try:
        print(f"OPENAI_BASE_URL={server.base_url}", flush=True)
        told = f"the key in {source}" if source else f"the key {USUAL_KEY}"
        print(f"# accepts {told}; Ctrl-C ends it", flush=True)
        await asyncio.Event().wait()
    finally:
        await server.stop()


def _tls(cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if cert is None and key is None:
        return None
    if cert is None:
        raise Usage("--key needs --cert beside it")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(cert, key)
    except (OSError, ssl.SSLError) as error:
        raise Usage(f"--cert {cert}: {error}") from error
    return context

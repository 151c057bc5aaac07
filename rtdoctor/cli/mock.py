"""`rtdoctor mock`: the built-in server on a port of its own, to try a client on."""

from pathlib import Path
from typing import Annotated

import typer

from rtdoctor.cli.tlsfiles import mend_tls_variables


def mock(
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1; 0 takes a free one.")] = 8765,
    cert: Annotated[Path | None, typer.Option(help="A PEM certificate: serve TLS (on https://localhost).")] = None,
    key: Annotated[Path | None, typer.Option(help="The PEM key of the certificate.")] = None,
    key_env: Annotated[
        str | None, typer.Option(metavar="NAME", help="The environment variable with the API key to accept.")
    ] = None,
) -> None:
    """Run the mock until Ctrl-C. It accepts the key in OPENAI_API_KEY, else sk-mock-0123456789abcdef."""
    mend_tls_variables()
    from rtdoctor.cli.mocking import serve

    serve(port, cert, key, key_env)

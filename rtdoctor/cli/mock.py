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
    fault: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME[@N|:RATE]", help="Do this wrong: always, on the n-th connection, or at a rate."),
    ] = None,
    list_faults: Annotated[bool, typer.Option("--list-faults", help="Show the faults and end.")] = False,
    transcript: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What a response says, in place of the mock's own sentence.")
    ] = None,
    lifetime: Annotated[
        float,
        typer.Option(min=0.1, max=86_400, help="Seconds after which a session ends."),
    ] = 3600,
    edge: Annotated[bool, typer.Option("--edge", help="Send the headers that OpenAI's edge sends.")] = False,
) -> None:
    """Run the mock until Ctrl-C. It accepts the key in OPENAI_API_KEY, else sk-mock-0123456789abcdef."""
    mend_tls_variables()
    from rtdoctor.cli.mocking import Ways, serve, show_faults

    if list_faults:
        show_faults()
        return
    serve(port, cert, key, key_env, Ways(fault or [], transcript, lifetime, edge))

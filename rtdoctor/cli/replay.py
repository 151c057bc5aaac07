"""`rtdoctor replay`: a recording as an endpoint."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rtdoctor.cli.options import TERMINAL, format_option, report_option
from rtdoctor.cli.tlsfiles import mend_tls_variables


class Pace(StrEnum):
    """When the server's messages come."""

    real = "real"
    none = "none"


class Match(StrEnum):
    """How what the client sends is held against the recording."""

    exact = "exact"
    order = "order"
    loose = "loose"


def replay(
    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help="A tape, a HAR, JSON lines, or a cassette in YAML; - is standard input."),
    ],
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port on 127.0.0.1; 0 takes a free one.")] = 8901,
    pace: Annotated[Pace, typer.Option(help="As it was recorded, or all at once.")] = Pace.none,
    match: Annotated[
        Match,
        typer.Option(
            help="exact: same values. order: same types and fields in order, but ids, audio, times. loose: types."
        ),
    ] = Match.order,
    cert: Annotated[Path | None, typer.Option(help="A PEM certificate: serve TLS (on https://localhost).")] = None,
    key: Annotated[Path | None, typer.Option("--key", help="The PEM key of the certificate.")] = None,
    once: Annotated[bool, typer.Option("--once", help="End when everything was played.")] = False,
    format: Annotated[str, format_option("replay")] = TERMINAL,
    report: Annotated[list[str] | None, report_option("replay")] = None,
) -> None:
    """Serve a recording until Ctrl-C: refusals, closes and resets included. Each connection is played once."""
    mend_tls_variables()
    from rtdoctor.cli.replaying import Asked, carry_out

    asked = Asked(file, port, pace.value, match.value, once, cert, key)
    raise typer.Exit(carry_out(asked, format=format, reports=report or ()))

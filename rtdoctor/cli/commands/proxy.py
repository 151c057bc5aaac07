"""`rtdoctor proxy`: between any client and any endpoint, judging what passes."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rtdoctor.cli.options import (
    TERMINAL,
    CaFile,
    Insecure,
    InsecureSendKey,
    Knowledge,
    ListenOn,
    Port,
    ShowOpaque,
    format_option,
    report_option,
)
from rtdoctor.cli.tlsfiles import mend_tls_variables


class AudioOnTape(StrEnum):
    """What is written of audio."""

    keep = "keep"
    drop = "drop"
    hash = "hash"


class FailOn(StrEnum):
    """What decides the exit code."""

    never = "never"
    fail = "fail"
    warn = "warn"


def proxy(
    to: Annotated[str, typer.Option("--to", metavar="URL", help="The endpoint, as for check --target.")],
    port: Port = 8900,
    host: ListenOn = "127.0.0.1",
    record: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a tape of all that passes.")] = None,
    audio: Annotated[AudioOnTape, typer.Option(help="What the tape holds of audio.")] = AudioOnTape.keep,
    key_env: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Put the key of this environment variable in the place of the client's."),
    ] = None,
    cert: Annotated[
        Path | None, typer.Option(help="A PEM certificate: serve TLS to the client (on https://localhost).")
    ] = None,
    key: Annotated[Path | None, typer.Option("--key", help="The PEM key of the certificate.")] = None,
    ca_file: CaFile = None,
    insecure: Insecure = False,
    insecure_send_key: InsecureSendKey = False,
    via: Annotated[
        str | None,
        typer.Option(
            "--via",
            metavar="URL",
            help="Reach the endpoint by this HTTP proxy; none goes directly. Default: HTTPS_PROXY and its like.",
        ),
    ] = None,
    web: Annotated[bool, typer.Option("--web", help="Show what passes on a page, too; its URL is printed.")] = False,
    live: Annotated[
        bool, typer.Option("--live", help="Show connections, latencies and the last events in place of a line each.")
    ] = False,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[=VALUE][@N][#PLACE][:RATE]",
            help="Break what passes, by the faults of mock --list-faults: on the n-th socket, at a server's event (its "
            "number or type), at a rate. Repeatable.",
        ),
    ] = None,
    control: Annotated[
        bool,
        typer.Option("--control", help="Let faults be set over HTTP while it runs; address and token are printed."),
    ] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Show every event as it passes.")] = False,
    fail_on: Annotated[
        FailOn, typer.Option(help="Let the exit code be 1 where a connection failed, or had a warning.")
    ] = FailOn.never,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, help="Seconds to wait for a connection to the endpoint.")
    ] = 10.0,
    format: Annotated[str, format_option("proxy")] = TERMINAL,
    report: Annotated[list[str] | None, report_option("proxy")] = None,
    knowledge: Knowledge = None,  # noqa: ARG001 - it acts when it is read
    show_opaque: ShowOpaque = False,  # noqa: ARG001 - it acts when it is read
) -> None:
    """Run the proxy until Ctrl-C, then sum up. Handshakes and frames pass as they are, both ways."""
    mend_tls_variables()
    from rtdoctor.cli.runs.proxy import Wanted, carry_out
    from rtdoctor.engine.routing import RouteAsked

    route = RouteAsked(ca_file=ca_file, proxy=via, insecure=insecure, send_key=insecure_send_key)
    wanted = Wanted(
        to=to,
        route=route,
        host=host,
        port=port,
        record=record,
        audio=audio.value,
        key_env=key_env,
        cert=cert,
        key=key,
        verbose=verbose,
        fail_on=fail_on.value,
        timeout=timeout,
        web=web,
        faults=tuple(fault or ()),
        live=live,
        control=control,
    )
    raise typer.Exit(carry_out(wanted, format=format, reports=report or ()))

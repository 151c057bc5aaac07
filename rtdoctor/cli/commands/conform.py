"""`rtdoctor conform`: what a server keeps of the protocol, case by case, and its deviations by name."""

from pathlib import Path
from typing import Annotated

import typer

from rtdoctor.cli.options import (
    TERMINAL,
    CaFile,
    Cert,
    CertKey,
    Deadline,
    Insecure,
    InsecureSendKey,
    Ipv4,
    Ipv6,
    KeyEnv,
    KeyFile,
    Knowledge,
    Proxy,
    Resolve,
    ShowOpaque,
    format_option,
    report_option,
    shown_as,
)
from rtdoctor.cli.tlsfiles import mend_tls_variables


def conform(
    target: Annotated[
        str | None,
        typer.Argument(metavar="URL", help="mock, or a base URL such as https://host/v1.", show_default=False),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="A model that the server serves, for transcription or conversation by its name.")
    ] = None,
    group: Annotated[list[str] | None, typer.Option(help="Only cases of this group. Repeatable.")] = None,
    case: Annotated[list[str] | None, typer.Option(help="Only the case of this id. Repeatable.")] = None,
    list_only: Annotated[bool, typer.Option("--list", help="List the cases, what they ask, and leave.")] = False,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(metavar="A.json B.json", help="Put two JSON reports of conform side by side, and leave."),
    ] = None,
    spend: Annotated[
        bool,
        typer.Option("--spend", help="Send audio and ask for responses, on any server but the mock."),
    ] = False,
    key_env: KeyEnv = None,
    key_file: KeyFile = None,
    ca_file: CaFile = None,
    cert: Cert = None,
    key: CertKey = None,
    proxy: Proxy = None,
    ipv4: Ipv4 = False,
    ipv6: Ipv6 = False,
    resolve: Resolve = None,
    insecure: Insecure = False,
    insecure_send_key: InsecureSendKey = False,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", help="Seconds that a model may take for its answer.")
    ] = 5.0,
    deadline: Deadline = 180.0,
    concurrency: Annotated[
        int | None, typer.Option(help="Cases at once. Default: 4, 16 on this machine, 48 on the mock.")
    ] = None,
    knowledge: Knowledge = None,  # noqa: ARG001 - it acts when it is read
    show_opaque: ShowOpaque = False,  # noqa: ARG001 - it acts when it is read
    format: Annotated[str, format_option("conform")] = TERMINAL,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Show every case and deviation in full.")] = False,
    report: Annotated[list[str] | None, report_option("conform")] = None,
) -> None:
    """Test a server for conformance: handshake, frames, authentication, session, audio, transcription, conversation,
    errors, lifecycle.

    Each case conforms, deviates, is not served, or could not be told. A deviation has a name and a weight, says what
    the real service does, which real clients break on it, and the fix.
    """
    mend_tls_variables()
    if compare is not None:
        from rtdoctor.cli.side_by_side import carry_out as put_side_by_side

        raise typer.Exit(put_side_by_side(*compare))
    from rtdoctor.cli.runs.conform import carry_out, list_cases
    from rtdoctor.engine.plan import CheckAsked
    from rtdoctor.engine.routing import RouteAsked

    if list_only:
        raise typer.Exit(list_cases(group or (), case or ()))
    route = RouteAsked(ca_file, cert, key, proxy, ipv4, ipv6, tuple(resolve or ()), insecure, insecure_send_key)
    asked = CheckAsked(
        target=target,
        model=model,
        spend=spend,
        key_env=key_env,
        key_file=key_file,
        route=route,
        timeout=timeout,
        deadline=deadline,
        concurrency=concurrency,
    )
    shown = shown_as(format, verbose)
    raise typer.Exit(carry_out(asked, group or (), case or (), format=shown, reports=report or ()))

"""`rtdoctor probe`: repeats a handshake exactly as it was given, and looks for the smallest change that works."""

from pathlib import Path
from typing import Annotated

import typer

from rtdoctor.cli import completions
from rtdoctor.cli.options import (
    TERMINAL,
    VERBOSE,
    CaFile,
    Cert,
    CertKey,
    Config,
    Deadline,
    FailOn,
    Insecure,
    InsecureSendKey,
    Ipv4,
    Ipv6,
    KeyEnv,
    KeyFile,
    Knowledge,
    Proxy,
    RecordRun,
    Resolve,
    RetireWithin,
    ShowOpaque,
    Spend,
    Timeout,
    format_option,
    report_option,
    target_named,
)
from rtdoctor.cli.tlsfiles import mend_tls_variables


def _named(context: typer.Context, url: str | None) -> str | None:
    """A target's name stands for the handshake that it is opened with; a URL stands for itself."""
    from rtdoctor.cli.configfile import may_be_name

    if url is None or context.resilient_parsing or not may_be_name(url):
        return url
    from rtdoctor.cli.configured_target import handshake_of

    context.default_map = handshake_of(target_named(context, url))
    return str(context.default_map["url"])


def probe(
    url: Annotated[
        str | None,
        typer.Argument(
            metavar="URL|NAME",
            autocompletion=completions.targets,
            callback=_named,
            is_eager=True,
            help="The URL of the socket, wss://host/path?query, or a target of rtdoctor.toml.",
        ),
    ] = None,
    header: Annotated[list[str] | None, typer.Option("-H", "--header", help="'Name: value'. Repeatable.")] = None,
    subprotocol: Annotated[list[str] | None, typer.Option(help="A subprotocol to offer. Repeatable.")] = None,
    query: Annotated[list[str] | None, typer.Option(help="name=value, added to the URL's query. Repeatable.")] = None,
    send: Annotated[Path | None, typer.Option(help="A file with client events, a JSON object a line.")] = None,
    curl: Annotated[str | None, typer.Option(metavar="COMMAND", help="Take it from a curl command line.")] = None,
    websocat: Annotated[
        str | None, typer.Option(metavar="COMMAND", help="Take it from a websocat command line.")
    ] = None,
    wscat: Annotated[str | None, typer.Option(metavar="COMMAND", help="Take it from a wscat command line.")] = None,
    har: Annotated[Path | None, typer.Option(help="Take it from the first WebSocket of a HAR file.")] = None,
    fix: Annotated[
        bool | None,
        typer.Option("--fix/--no-fix", help="Look for the smallest change that works. Asked on a terminal."),
    ] = None,
    as_: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="LANG",
            autocompletion=completions.languages,
            help="With --fix: client code for the handshake that works, too, as `rtdoctor snippet LANG`.",
        ),
    ] = None,
    model: Annotated[str | None, typer.Option(help="The realtime model that a fix may use.")] = None,
    config: Config = None,  # noqa: ARG001 - it acts when the target is read
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
    timeout: Timeout = 10.0,
    deadline: Deadline = 180.0,
    transcribe: Annotated[bool, typer.Option(help="Send billable events of --send or --har, too.")] = False,
    spend: Spend = False,
    knowledge: Knowledge = None,  # noqa: ARG001 - it acts when it is read
    show_opaque: ShowOpaque = False,  # noqa: ARG001 - it acts when it is read
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Show every handshake that was tried, and how causes are known.")
    ] = False,
    format: Annotated[str, format_option("probe")] = TERMINAL,
    report: Annotated[list[str] | None, report_option("probe")] = None,
    record: RecordRun = None,
    fail_on: FailOn = None,
    retire_within: RetireWithin = "30d",
) -> None:
    """Repeat your own handshake, see every byte of the answer explained, and get the smallest change that works.

    Write $OPENAI_API_KEY (in single quotes) where the key belongs: it is filled in from the environment and never
    shown. Where one answer has several causes, a few control handshakes tell them apart.
    """
    mend_tls_variables()
    from rtdoctor.cli.decision import Deciding
    from rtdoctor.cli.run_tape import run_tape
    from rtdoctor.cli.runs.probe import carry_out
    from rtdoctor.engine.probeplan import ProbeAsked
    from rtdoctor.engine.routing import RouteAsked

    asked = ProbeAsked(
        url=url,
        headers=tuple(header or ()),
        subprotocols=tuple(subprotocol or ()),
        query=tuple(query or ()),
        send=send,
        command=curl or websocat or wscat,
        har=har,
        model=model,
        key_env=key_env,
        key_file=key_file,
        route=RouteAsked(ca_file, cert, key, proxy, ipv4, ipv6, tuple(resolve or ()), insecure, insecure_send_key),
        timeout=timeout,
        deadline=deadline,
        transcribe=transcribe,
        spend=spend,
        retire_within=int(retire_within),
    )
    with run_tape(record, "probe", url or ""):
        code = carry_out(
            asked,
            fix=True if as_ else fix,
            language=as_,
            format=VERBOSE if verbose and format == TERMINAL else format,
            reports=report or (),
            deciding=Deciding(fail_on),
        )
    raise typer.Exit(code)

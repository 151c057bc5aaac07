"""`rtdoctor check`: the ladder and the matrix against an endpoint or the built-in mock."""

from pathlib import Path
from typing import Annotated

import typer

from rtdoctor.cli import completions
from rtdoctor.cli.options import (
    KIND_FORM,
    TERMINAL,
    Baseline,
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
    Profile,
    Proxy,
    RecordRun,
    Resolve,
    RetireWithin,
    ShowOpaque,
    Spend,
    Timeout,
    format_option,
    given_beside_a_name,
    report_option,
    shown_as,
    target_named,
)
from rtdoctor.cli.tlsfiles import mend_tls_variables


def _named(context: typer.Context, name: str | None) -> str | None:
    """A target's name gives the command its defaults, and is None from then on; a URL, mock and openai stand."""
    from rtdoctor.cli.configfile import may_be_name

    if name is None or context.resilient_parsing or not may_be_name(name):
        return name
    target_named(context, name)
    return None


def check(
    context: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME|URL",
            autocompletion=completions.targets,
            callback=_named,
            is_eager=True,
            help="A target of rtdoctor.toml (or of [tool.rtdoctor] in pyproject.toml), or what --target takes.",
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            help="mock, openai, or a base URL such as https://host/v1. Default: OPENAI_BASE_URL, else openai; "
            "the mock when there is no key."
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            autocompletion=completions.models,
            help="The model you want to use; a transcription model makes a transcription session the aim.",
        ),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            metavar=KIND_FORM,
            autocompletion=completions.kinds,
            help="The kind of session you want. Default: what model and URL say; else transcription, and on a server "
            "that is not OpenAI's what it serves.",
        ),
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(
            autocompletion=completions.tags,
            help="Only scenarios with this tag (smoke: what a credential needs). Repeatable.",
        ),
    ] = None,
    keyword: Annotated[
        list[str] | None,
        typer.Option(
            "-k",
            "--keyword",
            autocompletion=completions.scenarios,
            help="Only scenarios with this text in id or title. Repeatable.",
        ),
    ] = None,
    list_only: Annotated[bool, typer.Option("--list", help="List the scenarios and leave.")] = False,
    transcribe: Annotated[bool, typer.Option(help="Send speech, too. Costs money on a live endpoint.")] = False,
    audio: Annotated[
        Path | None,
        typer.Option(
            help="Send this file in place of the built-in speech; a .txt beside it is its reference. "
            "Implies --transcribe."
        ),
    ] = None,
    spend: Spend = False,
    config: Config = None,  # noqa: ARG001 - it acts when the target is read
    profile: Profile = None,
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
    deadline: Deadline = 300.0,
    concurrency: Annotated[
        int | None, typer.Option(help="Sockets at once. Default: 4 on a live endpoint, 48 on the mock.")
    ] = None,
    mint: Annotated[
        bool, typer.Option("--mint", help="Ask for client secrets also where the host is not known to give any.")
    ] = False,
    strict: Annotated[bool, typer.Option(help="Let every deviation fail, also one that is not required.")] = False,
    scenarios: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="A folder with your own scenario files, beside the built-in ones."),
    ] = None,
    knowledge: Knowledge = None,  # noqa: ARG001 - it acts when it is read
    show_opaque: ShowOpaque = False,  # noqa: ARG001 - it acts when it is read
    format: Annotated[str, format_option("check")] = TERMINAL,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Show every scenario, every finding in full, and what they mean.")
    ] = False,
    report: Annotated[list[str] | None, report_option("check")] = None,
    record: RecordRun = None,
    fail_on: FailOn = None,
    retire_within: RetireWithin = "30d",
    baseline: Baseline = None,
    retry: Annotated[
        int,
        typer.Option(
            min=0, max=10, metavar="N", help="Run up to N times more where it could not tell (exit code 3), never else."
        ),
    ] = 0,
    repeat: Annotated[
        int | None, typer.Option(metavar="N", help="Run N times, and tell percentiles by layer and what is flaky.")
    ] = None,
    every: Annotated[
        str | None, typer.Option(metavar="TIME", help="With --repeat or --for: from one beginning to the next, as 30s.")
    ] = None,
    during: Annotated[
        str | None, typer.Option("--for", metavar="TIME", help="With --every: how long, as 5m or 1h.")
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep the JSON report in this folder, for rtdoctor history DIR."),
    ] = None,
) -> None:
    """Find out why a realtime socket works or does not.

    The ladder (configuration, DNS, TCP, TLS, HTTP, client secret, upgrade, first event, session, transcript) tells
    whether you can connect; the matrix of scenarios tells whether the endpoint behaves as known.

    The key is read from OPENAI_API_KEY, --key-env or --key-file. Without --transcribe, --audio or --spend nothing
    billable is sent to a live endpoint.
    """
    mend_tls_variables()
    from rtdoctor.cli.baseline import read_baseline
    from rtdoctor.cli.decision import Deciding
    from rtdoctor.cli.run_tape import run_tape
    from rtdoctor.cli.runs.check import carry_out
    from rtdoctor.cli.runs.series import carry_out as repeat_check
    from rtdoctor.cli.runs.series import rhythm
    from rtdoctor.cli.saved import saved_as
    from rtdoctor.engine.plan import CheckAsked
    from rtdoctor.engine.routing import RouteAsked
    from rtdoctor.privacy.errors import Usage

    if (name is not None and target is not None) or given_beside_a_name(context, "target"):
        raise Usage("NAME and --target both say what is tested; give one of them")
    asked = CheckAsked(
        target=name if name is not None else target,
        profile=profile,
        model=model,
        kind=kind,  # type: ignore[arg-type] # held against the kinds by check_asked
        tags=tuple(tag or ()),
        words=tuple(keyword or ()),
        transcribe=transcribe,
        audio=audio,
        spend=spend,
        key_env=key_env,
        key_file=key_file,
        route=RouteAsked(ca_file, cert, key, proxy, ipv4, ipv6, tuple(resolve or ()), insecure, insecure_send_key),
        timeout=timeout,
        deadline=deadline,
        concurrency=concurrency,
        strict=strict,
        mint=mint,
        scenarios=scenarios,
        retire_within=int(retire_within),
    )
    shown = shown_as(format, verbose)
    deciding = Deciding(fail_on, read_baseline(baseline) if baseline else ())
    if (often := rhythm(repeat, every, during)) and not list_only:
        if retry or save:
            raise Usage("--retry and --save are for one run; leave them out with --repeat and --every")
        with run_tape(record, "check", name or target or ""):
            code = repeat_check(asked, often, format=shown, reports=report or (), deciding=deciding)
        raise typer.Exit(code)
    kept = [saved_as(save, name or target or "")] if save and not list_only else []
    with run_tape(record, "check", name or target or ""):
        code = carry_out(
            asked, list_only=list_only, format=shown, reports=(*(report or ()), *kept), retry=retry, deciding=deciding
        )
    raise typer.Exit(code)

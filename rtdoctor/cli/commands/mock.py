"""`rtdoctor mock`: the built-in server on a port of its own, to try a client on."""

from pathlib import Path
from typing import Annotated

import typer

from rtdoctor.cli.options import TERMINAL, ListenOn, Port, report_option
from rtdoctor.cli.tlsfiles import mend_tls_variables


def mock(
    port: Port = 8765,
    host: ListenOn = "127.0.0.1",
    api_key: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The API key to accept; one made up for tests, no real one.")
    ] = None,
    key_env: Annotated[
        str | None, typer.Option(metavar="NAME", help="The environment variable with the API key to accept.")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Take this model, and none that is not named. Repeatable.")
    ] = None,
    transcript: Annotated[
        str | None,
        typer.Option(metavar="TEXT|FILE", help="What a response says, in place of the mock's own sentence."),
    ] = None,
    audio: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What a spoken response sounds like, in place of silence.")
    ] = None,
    lifetime: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=0.1, max=86_400, help="Seconds after which a session ends."),
    ] = 3600,
    edge: Annotated[bool, typer.Option("--edge", help="Send the headers that OpenAI's edge sends.")] = False,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[=VALUE][@N][#PLACE][:RATE]",
            help="Do this wrong: always, on the n-th connection, at an event (its number or type), at a rate. "
            "Repeatable.",
        ),
    ] = None,
    script: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="What clients are to send and what they are answered (TOML or JSON); exit code 1 "
            "where they did otherwise, or steps were left.",
        ),
    ] = None,
    connections: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            min=1,
            max=5_000,
            help="So many at once, each of which may take half a megabyte, and under TLS more than a whole one.  "
            "[default: 140; with TLS 48]",
        ),
    ] = None,
    control: Annotated[
        bool,
        typer.Option("--control", help="Let faults be set over HTTP while it runs, with the token that is printed."),
    ] = False,
    dialect: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="The kind of server: openai, beta, live, translation, azure, litellm, asgi, vllm."
        ),
    ] = "openai",
    list_faults: Annotated[bool, typer.Option("--list-faults", help="Show the faults and end.")] = False,
    tls: Annotated[
        bool, typer.Option("--tls", help="Serve TLS (on https://localhost), with a certificate made for this run.")
    ] = False,
    tls_ca: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where --tls writes the CA that a client must trust.")
    ] = None,
    cert: Annotated[Path | None, typer.Option(help="A PEM certificate of your own: serve TLS with it.")] = None,
    key: Annotated[Path | None, typer.Option(help="The PEM key of the certificate.")] = None,
    record: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write what happens to a tape, a line at a time, redacted.")
    ] = None,
    report: Annotated[list[str] | None, report_option("mock")] = None,
    exec_: Annotated[
        str | None,
        typer.Option("--exec", metavar="CMD", help="Grade this client: as rtdoctor grade CMD, with --tls and -v."),
    ] = None,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Show every event, both ways.")] = False,
) -> None:
    """Run the mock until Ctrl-C, and tell of its clients. It accepts the key in OPENAI_API_KEY, else
    sk-mock-0123456789abcdef."""
    mend_tls_variables()
    if exec_ is not None:
        from rtdoctor.cli.runs.grade import Asked, carry_out

        raise typer.Exit(carry_out(Asked((exec_,), tls=tls, verbose=verbose), format=TERMINAL, reports=report or ()))
    from rtdoctor.cli.runs.mock import Ways, serve, show_faults

    if list_faults:
        show_faults()
        return
    ways = Ways(
        port=port,
        host=host,
        api_key=api_key,
        key_env=key_env,
        models=tuple(model or ()),
        transcript=transcript,
        audio=audio,
        lifetime=lifetime,
        edge=edge,
        faults=tuple(fault or ()),
        script=script,
        connections=connections,
        control=control,
        dialect=dialect,
        tls=tls,
        tls_ca=tls_ca,
        cert=cert,
        key=key,
        record=record,
        reports=tuple(report or ()),
        verbose=verbose,
    )
    if code := serve(ways):
        raise typer.Exit(code)

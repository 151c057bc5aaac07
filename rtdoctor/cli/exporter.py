"""`rtdoctor exporter`: the targets of rtdoctor.toml for Prometheus."""

from pathlib import Path
from typing import Annotated

import typer


def exporter(
    listen: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where it listens; all who reach it may have targets probed.")
    ] = "127.0.0.1:9787",
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOST", help="A name that it may be asked by, beside its address and localhost; repeatable."
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="The file. Default: the one that holds here."),
    ] = None,
) -> None:
    """Serve /probe?target=NAME&module=smoke and /metrics, in Prometheus' multi-target pattern.

    Only targets of the configuration are probed, never a URL from a query. A probe mints no client secret and sends
    nothing that may cost money. Modules: ladder (whether a session opens), smoke (and what a credential needs).
    """
    from rtdoctor.cli.options import named_by_variable
    from rtdoctor.cli.scraping import carry_out

    raise typer.Exit(carry_out(listen, file or named_by_variable(), allow_host or ()))

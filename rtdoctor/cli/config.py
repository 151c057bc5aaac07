"""`rtdoctor config` and `rtdoctor init`: what the configuration file says, and one to begin with."""

from pathlib import Path
from typing import Annotated

import typer


def config(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One target; all of them without it.")] = None,
    file: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="The file. Default: the one that holds here."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show what holds for each target of rtdoctor.toml, and where each value is from. No key is ever shown.

    Flags go before the environment, the environment before the file.
    """
    from rtdoctor.cli.configuring import show

    raise typer.Exit(show(name, file, in_json=json))


def init(
    name: Annotated[str | None, typer.Option(metavar="NAME", help="What the target is called.")] = None,
    base_url: Annotated[str | None, typer.Option(help="What is tested: a base URL, openai or mock.")] = None,
    key_env: Annotated[
        str | None, typer.Option(metavar="NAME", help="The environment variable that holds the key.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="The model you want to use.")] = None,
    kind: Annotated[
        str | None, typer.Option(metavar="[transcription|realtime|translation|live]", help="The kind of session.")
    ] = None,
    ca_file: Annotated[Path | None, typer.Option(help="A CA to trust beside the system's.")] = None,
    proxy: Annotated[str | None, typer.Option(metavar="URL", help="The HTTP proxy, http://host:port.")] = None,
) -> None:
    """Write rtdoctor.toml with a target, or add a target to it. It asks; with --base-url it does not."""
    from rtdoctor.cli.initialising import carry_out

    asked = {
        "base_url": base_url,
        "key_env": key_env,
        "model": model,
        "kind": kind,
        "ca_file": str(ca_file) if ca_file else None,
        "proxy": proxy,
    }
    raise typer.Exit(carry_out(name, asked))

"""`rtdoctor exporter`: the targets of rtdoctor.toml for Prometheus."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtdoctor import process
from rtdoctor.cli import exits
from rtdoctor.cli.options import ConfigHere, named_by_variable
from rtdoctor.privacy.errors import Usage
from rtdoctor.privacy.guard import say
from rtdoctor.privacy.known import passing
from rtdoctor.privacy.quote import quoted

if TYPE_CHECKING:
    from rtdoctor.cli.configured_target import Configured
    from rtdoctor.engine.plan import CheckAsked
    from rtdoctor.exporter.server import Exporter


MODULES: Mapping[str, tuple[str, ...]] = {"smoke": ("smoke",), "ladder": ()}  # the tags of each
_ALL = ("0.0.0.0", "::")  # noqa: S104 (compared, not bound)


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
    file: ConfigHere = None,
) -> None:
    """Serve /probe?target=NAME&module=smoke and /metrics, in Prometheus' multi-target pattern.

    Only targets of the configuration are probed, never a URL from a query. A probe mints no client secret and sends
    nothing that may cost money. Modules: ladder (whether a session opens), smoke (and what a credential needs).
    """
    import asyncio

    from rtdoctor.cli.watchdog import quiet
    from rtdoctor.exporter.server import serve

    host, port = address(listen)
    served = exporter_for(file or named_by_variable(), (*(allow_host or ()), *(() if host in _ALL else (host,))))

    def ready(taken: int) -> None:
        names = ", ".join(served.targets)
        shown = "localhost" if host in _ALL else f"[{host}]" if ":" in host else host
        say(f"rtdoctor: http://{shown}:{taken}/probe?target=NAME probes {names}. Ctrl-C ends it.")

    async def whole() -> None:
        asyncio.get_running_loop().set_exception_handler(quiet)
        await serve(served, host, port, ready)

    try:
        with suppress(KeyboardInterrupt, asyncio.CancelledError):
            asyncio.run(whole())
    except OSError as error:
        raise Usage("--listen {}: {}", listen, error) from error
    raise typer.Exit(process.exit_code(exits.OK))


def address(listen: str) -> tuple[str, int]:
    """Host and port of HOST:PORT.

    Raises:
        Usage: it is none.
    """
    host, colon, port = listen.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and int(port) < 65_536):
        raise Usage("--listen '{}': wants HOST:PORT, such as 127.0.0.1:9787", listen)
    return host.strip("[]"), int(port)


def exporter_for(file: Path | None, hosts: Sequence[str] = ()) -> Exporter:
    """What is served for a configuration, to who asks by one of the hosts.

    Raises:
        Usage: there is none, or a target of it cannot be probed without minting.
    """
    from rtdoctor.api import bench_for
    from rtdoctor.cli.configured_target import config_here, configured
    from rtdoctor.engine.plan import plan_check
    from rtdoctor.engine.run import run
    from rtdoctor.exporter.server import Exporter
    from rtdoctor.report.prometheus import show

    config = config_here(file)
    if config is None or not config.targets:
        raise Usage("exporter probes the targets of rtdoctor.toml, and there is none here; rtdoctor init writes one")
    targets = {name: configured(name, config.file) for name in config.targets}
    for one in targets.values():
        one.vouched(named=file is not None)
        if one.values.get("mint"):
            raise Usage("{}, target {}: mint: a scrape mints nothing", config.file, one.named.name)
        for sentence in one.notices:
            say(f"rtdoctor: {sentence}")

    async def probe(target: str, module: str) -> str:
        out = io.StringIO()
        with passing():
            plan = plan_check(asked_of(targets[target], module), time.monotonic())
            # No client secret is minted, and nothing is sent that may cost money, whatever the target says.
            choice = replace(plan.choice, transcribe=False, spend=False, mint_never=True)
            plan = replace(plan, choice=choice, scenarios=plan.scenarios if MODULES[module] else ())
            async with bench_for(plan) as bench:
                show(quoted(await run(bench, plan.scenarios, lambda _: None)), out)
        return out.getvalue()

    return Exporter(tuple(targets), tuple(MODULES), probe, hosts)


def asked_of(one: Configured, module: str) -> CheckAsked:
    """A target of the configuration as what a check is asked for; its time is that of a scrape."""
    from rtdoctor.engine.plan import CheckAsked
    from rtdoctor.engine.routing import RouteAsked

    values = one.values

    def path(name: str) -> Path | None:
        return Path(values[name]) if name in values else None

    key_env = values.get("key_env")
    return CheckAsked(
        target=values["base_url"],
        profile=values.get("profile"),
        model=values.get("model"),
        kind=values.get("kind"),
        tags=MODULES[module],
        key_env=None if one.target is None else key_env,
        route=RouteAsked(path("ca_file"), path("cert"), path("cert_key"), values.get("proxy")),
        timeout=min(values.get("timeout", 5.0), 8.0),
        deadline=min(values.get("deadline", 25.0), 25.0),  # Prometheus' scrape_timeout is to be longer
        concurrency=values.get("concurrency"),
        strict=values.get("strict", False),
        scenarios=path("scenarios"),
        retire_within=int(values.get("retire_within", 30)),
    )

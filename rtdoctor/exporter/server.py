"""`/probe?target=NAME&module=smoke` and `/metrics`, in Prometheus' multi-target pattern, on loopback unless told.

A target is a name of the configuration, never a URL; a parameter that is not known is refused. What is probed is cached
for a moment and one probe a target runs at once, so that no number of scrapes becomes a number of sessions.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field

from aiohttp import web

from rtdoctor.privacy.clean import clean
from rtdoctor.privacy.errors import InputError
from rtdoctor.privacy.quote import quote_start
from rtdoctor.privacy.same_site import is_ours

TEXT = "text/plain; version=0.0.4; charset=utf-8"
Probe = Callable[[str, str], Awaitable[str]]  # target and module to the metrics in text form
_PARAMETERS = ("target", "module")
_MOST_TOLD = 500  # characters of a sentence about what failed


@dataclass(slots=True)
class Exporter:
    """What is served. `fresh` is for how many seconds an answer is given again; `at_once` how many probes run; `hosts`
    are the names that it may be asked by beside the address that it is reached at and those of loopback."""

    targets: Collection[str]
    modules: Collection[str]
    probe: Probe
    hosts: Collection[str] = ()
    fresh: float = 5.0
    at_once: int = 4
    now: Callable[[], float] = time.monotonic
    _kept: dict[tuple[str, str], tuple[float, str]] = field(default_factory=dict)
    _locks: dict[tuple[str, str], asyncio.Lock] = field(default_factory=dict)
    _counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    _room: asyncio.Semaphore | None = None

    def app(self) -> web.Application:
        """The application with its three pages."""
        app = web.Application(client_max_size=1024, middlewares=[self._guard])
        app.router.add_get("/", self._home)
        app.router.add_get("/probe", self._probe)
        app.router.add_get("/metrics", self._metrics)
        return app

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Let no page of another site ask, nor anybody by a name that was made to point here."""
        here = (request.transport.get_extra_info("sockname") if request.transport else None) or ("",)
        if not is_ours(request.headers.items(), (*self.hosts, str(here[0]))):
            host = quote_start(request.headers.get("Host", ""), 100)
            return _refused(
                f"refused: it was asked by the host '{host}', or by another site's page; see --allow-host", 403
            )
        try:
            return await handler(request)
        except web.HTTPException as error:
            return _refused(error.reason, error.status)

    async def _home(self, _: web.Request) -> web.Response:
        names = ", ".join(self.targets)
        text = f"rtdoctor exporter\n\n/probe?target=NAME&module=smoke  probes a target: {names}\n/metrics  of itself\n"
        return web.Response(text=text)

    async def _probe(self, request: web.Request) -> web.Response:
        asked = {name: request.query.getall(name, []) for name in _PARAMETERS}
        if unknown := next((name for name in request.query if name not in _PARAMETERS), None):
            return _refused(f"there is no parameter {quote_start(unknown, 100)}; a scrape gives target and module")
        if len(asked["target"]) != 1 or len(asked["module"]) > 1:
            return _refused("give one target, and at most one module")
        target, module = asked["target"][0], (asked["module"] or ["smoke"])[0]
        if target not in self.targets:
            return _refused(f"there is no target {quote_start(target, 100)} in the configuration; a URL is never taken")
        if module not in self.modules:
            return _refused(f"there is no module {quote_start(module, 100)}; there is {', '.join(self.modules)}")
        try:
            return web.Response(text=await self._answer(target, module), headers={"Content-Type": TEXT})
        except InputError as error:
            why = str(error)
        except Exception as error:
            why = f"a bug in rtdoctor itself ({type(error).__name__})"
        self._counts[target, "failed"] += 1
        return web.Response(status=500, text=_failed(target, why), headers={"Content-Type": TEXT})

    async def _answer(self, target: str, module: str) -> str:
        key = (target, module)
        self._room = self._room or asyncio.Semaphore(self.at_once)
        async with self._locks.setdefault(key, asyncio.Lock()):
            if (kept := self._kept.get(key)) and self.now() - kept[0] < self.fresh:
                self._counts[target, "cached"] += 1
                return kept[1]
            async with self._room:
                text = await self.probe(target, module)
            self._counts[target, "probed"] += 1
            self._kept[key] = (self.now(), text)
            return text

    def metrics(self) -> str:
        """What it tells of itself, in Prometheus' text form."""
        lines = [
            "# HELP rtdoctor_exporter_probes_total Scrapes by target: probed, cached or failed",
            "# TYPE rtdoctor_exporter_probes_total counter",
        ]
        lines += [
            f'rtdoctor_exporter_probes_total{{target="{target}",how="{how}"}} {count}'
            for (target, how), count in sorted(self._counts.items())
        ]
        lines += [
            "# HELP rtdoctor_exporter_targets Targets of the configuration",
            "# TYPE rtdoctor_exporter_targets gauge",
            f"rtdoctor_exporter_targets {len(self.targets)}",
        ]
        return "\n".join(lines) + "\n"

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(text=self.metrics(), headers={"Content-Type": TEXT})


def _refused(why: str, status: int = 400) -> web.Response:
    return web.Response(
        status=status, text=clean(why)[:_MOST_TOLD] + "\n", headers={"X-Content-Type-Options": "nosniff"}
    )


def _failed(target: str, why: str) -> str:
    """A probe that could not be made, as a metric that says why: a sentence, for whoever opens the page."""
    label = clean(quote_start(why, _MOST_TOLD)).replace("\\", "\\\\").replace('"', '\\"')
    return (
        "# HELP rtdoctor_probe_error Why the target could not be probed\n# TYPE rtdoctor_probe_error gauge\n"
        f'rtdoctor_probe_error{{target="{target}",error="{label}"}} 1\n'
    )


async def serve(exporter: Exporter, host: str, port: int, ready: Callable[[int], None]) -> None:
    """Serve until cancelled; `ready` gets the port.

    Raises:
        OSError: the address is taken or not this machine's.
    """
    runner = web.AppRunner(exporter.app(), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        ready(int(runner.addresses[0][1]))
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()

"""The proxy: it listens, joins, watches its upstream, and sums up."""

import asyncio
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, Self
from urllib.parse import urlsplit

from rtdoctor.diagnose.distil import distil
from rtdoctor.diagnose.referee import finding as finding_of
from rtdoctor.mock.faults import Faults
from rtdoctor.model.exchange import Exchange, Fault
from rtdoctor.model.finding import Finding
from rtdoctor.model.handshake import Handshake
from rtdoctor.model.plural import plural
from rtdoctor.model.target import Target, is_loopback_host
from rtdoctor.model.watched import Watched
from rtdoctor.privacy.secret import Secret
from rtdoctor.proxy.aside import MOST_BEHIND, Aside
from rtdoctor.proxy.breaking import Breaker
from rtdoctor.proxy.splice import Splice, Way
from rtdoctor.proxy.traffic import Traffic
from rtdoctor.proxy.upstream import Unreached, Upstream
from rtdoctor.proxy.watch import Watch
from rtdoctor.recording.tape import Audio, Recorder, Tell, shown_url
from rtdoctor.wire.messages import Head, parse_head

MOST_CONNECTIONS = 500  # at once; more are not taken
# Seconds between two looks at the upstream: when it is down, when it is on this machine, elsewhere.
RETRY, _NEAR, _FAR = 0.5, 2.0, 15.0
# Bytes that are read at once on all connections together, of each at least and at most: as many wait to be sent where a
# side takes nothing.
_READ_IN_ALL, _LEAST_READ, _MOST_READ = 16 << 20, 16 << 10, 128 << 10
_FINISH = 10.0  # seconds that the judgement has for what is left at the end

_OWN_SITES = frozenset(("none", "same-origin"))  # of Sec-Fetch-Site (W3C Fetch Metadata)

State = Literal["ready", "lost"]
Say = Callable[[State, Finding | None], object]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the proxy is to do. `key` takes the place of the client's own; `say` hears when the upstream is first
    reached, and whenever it is lost or reached again; each of `tells` gets every line of the tape, in the judge's
    thread. `faults` (breaking.faults_of) are put on sockets; they may change while it runs, from any thread."""

    upstream: Upstream
    key: Secret | None = None
    key_header: str = "authorization"
    context: ssl.SSLContext | None = None  # TLS on the client's side
    host: str = "127.0.0.1"
    port: int = 0
    audio: Audio = "keep"
    tells: Sequence[Tell] = ()
    say: Say = lambda *_: None
    broke: Callable[[Exception], object] = lambda _: None
    faults: Faults | None = None


@dataclass(slots=True)
class _Run:
    """What is while it listens."""

    server: asyncio.Server
    keeper: "asyncio.Task[None]"
    port: int


@dataclass(slots=True)
class Proxy:
    """The inspecting proxy, as an asynchronous context; `base_url` is what a client is given in place of the
    upstream."""

    asked: Asked
    withheld: int = 0  # requests of a web page that is not of this machine: they got no key
    strangers: int = 0  # requests that were not passed on: of other hosts' pages, or to another host's name
    refused: int = 0  # connections beyond the most
    reached: bool | None = None
    _run: _Run | None = None
    _splices: set[Splice] = field(default_factory=set)
    _joins: int = 0
    _started: float = 0.0
    _began: str = ""
    _aside: Aside | None = None
    _watch: Watch | None = None
    _last: float = 0.0
    _told_down: bool = False

    @property
    def base_url(self) -> str:
        """Where it listens, with the path of the upstream."""
        assert self._run is not None
        named = f"[{self.asked.host}]" if ":" in self.asked.host else self.asked.host
        host = "localhost" if self.asked.context and is_loopback_host(self.asked.host) else named
        scheme = "https" if self.asked.context else "http"
        return f"{scheme}://{host}:{self._run.port}{urlsplit(self._target.base_url).path}"

    @property
    def _target(self) -> Target:
        return self.asked.upstream.target

    async def start(self) -> None:
        """Listen, and begin to look for the upstream.

        Raises:
            OSError: the port cannot be had.
        """
        asked, loop = self.asked, asyncio.get_running_loop()
        self._started, self._began = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
        way: Way
        # The port first: where it cannot be had, no tape was begun.
        server = await loop.create_server(
            lambda: self._joined(way), asked.host, asked.port, ssl=asked.context, backlog=512, start_serving=False
        )
        recorder = Recorder(*asked.tells, by="proxy", to=self._target.base_url, audio=asked.audio)
        self._watch = Watch(recorder)
        self._aside = Aside(Traffic(self._watch, self._target), asked.broke, MOST_BEHIND)
        breaker = None if asked.faults is None else self._breaker(asked.faults)
        way = Way(
            asked.upstream,
            self._aside,
            self._headers,
            self._stranger,
            self._heard,
            self._splices.discard,
            lambda: min(_MOST_READ, max(_LEAST_READ, _READ_IN_ALL // max(1, len(self._splices)))),
            breaker,
        )
        await server.start_serving()
        self._aside.start()
        port = server.sockets[0].getsockname()[1]
        self._run = _Run(server, loop.create_task(self._keep_looking()), port)

    def _breaker(self, faults: Faults) -> Breaker:
        breaker, loop = Breaker(faults), asyncio.get_running_loop()

        def changed() -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(breaker.changed)

        faults.changed.append(changed)
        return breaker

    async def stop(self) -> Watched:
        """End every connection; what was seen comes back."""
        assert self._run is not None
        assert self._aside is not None
        self._run.keeper.cancel()
        self._run.server.close()
        for splice in list(self._splices):
            splice.drop()
        await asyncio.sleep(0)
        loop = asyncio.get_running_loop()
        done = await loop.run_in_executor(None, self._aside.stop, _FINISH)
        return self._sum(done)

    def state(self) -> dict[str, object]:
        """What it has seen, for the control API; to be asked in the loop's thread."""
        behind = self._aside.behind if self._aside else 0
        return {"sockets": self._joins, "open": len(self._splices), "behind": behind, "reached": bool(self.reached)}

    def settle(self, seconds: float) -> bool:
        """Wait, in another thread than its own, until what has passed by now was judged; False where it was not."""
        return self._aside is not None and self._aside.settle(seconds)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _sum(self, done: bool) -> Watched:
        assert self._watch is not None
        notes: list[str] = []
        if not done:
            notes.append(f"The judgement was not through {_FINISH:g} s after the end; what was left is not told.")
        unjudged = 0 if done or self._aside is None else self._aside.unjudged
        if self.reached is None:
            notes.append("The upstream was never reached.")
        if self.refused:
            notes.append(
                f"{plural(self.refused, 'connection was', 'connections were')} not taken: {MOST_CONNECTIONS} were open."
            )
        if self.withheld:
            notes.append(f"{plural(self.withheld, 'request')} of web pages of other hosts passed without the key.")
        if self.strangers:
            refused = "of web pages of other hosts, or to a name of another host, refused with 403"
            notes.append(f"{plural(self.strangers, 'request')} {refused}.")
        if self._target.route.insecure:
            notes.append(
                "THE CERTIFICATE WAS NOT CHECKED (--insecure --insecure-send-key): whoever answered got the key."
            )
        return Watched(
            listening=self.base_url,
            to=shown_url(self._target.base_url),
            started_at=self._began,
            duration_s=round(time.monotonic() - self._started, 1),
            passed=tuple(self._watch.passed),
            counted=dict(self._watch.counted),
            unjudged=unjudged,
            notes=tuple(notes),
        )

    # --- connections --------------------------------------------------------------------------------------------------

    def _joined(self, way: Way) -> asyncio.BaseProtocol:
        if len(self._splices) >= MOST_CONNECTIONS:
            self.refused += 1
            return _Full()
        self._joins += 1
        splice = Splice(way, self._joins)
        self._splices.add(splice)
        return splice.client

    def _headers(self, raw: bytes) -> dict[str, str]:
        """What is changed in a request's head."""
        target = self._target
        host = f"[{target.host}]" if ":" in target.host else target.host
        usual = 443 if target.tls else 80
        changed = {"host": host if target.port == usual else f"{host}:{target.port}"}
        if self.asked.key is not None:
            if self._is_ours(raw):
                scheme = "Bearer " if self.asked.key_header == "authorization" else ""
                changed[self.asked.key_header] = scheme + self.asked.key.reveal()
            else:
                self.withheld += 1
        return changed

    def _is_ours(self, raw: bytes) -> bool:
        """False for a request of a web page of some other host: it must not spend a key that it does not know. A page
        can ask without an Origin, by a link, an image or a frame; then the browser says where from in other words."""
        head = parse_head(raw)
        if origins := _values(head, "origin"):
            return all(is_loopback_host(_host_of(origin)) for origin in origins)
        sites = {site.strip().lower() for site in _values(head, "sec-fetch-site")}
        return sites <= _OWN_SITES and all(is_loopback_host(_host_of(one)) for one in _values(head, "referer"))

    def _stranger(self, raw: bytes) -> str:
        """Why a request is not passed on, in a clause; empty where it is. A proxy for this machine serves nobody's page
        but this machine's, and answers to no name of another host, by which somebody's page would be its own."""
        if not is_loopback_host(self.asked.host):
            return ""
        head, why = parse_head(raw), ""
        if not all(is_loopback_host(_host_of(origin)) for origin in _values(head, "origin")):
            why = "its Origin is no page of this machine"
        elif not all(is_loopback_host(_host_of(f"//{host}")) for host in _values(head, "host")):
            why = "its Host is no name of this machine"
        self.strangers += bool(why)
        return why

    # --- the upstream -------------------------------------------------------------------------------------------------

    async def _keep_looking(self) -> None:
        """Reach the upstream once, and look now and then whether it is there yet, where no connection tells."""
        pause = _NEAR if self._target.is_loopback else _FAR
        while True:
            quiet = time.monotonic() - self._last
            if not self.reached or quiet >= pause:
                try:
                    await self.asked.upstream.reach()
                except Unreached as error:
                    self._heard(error.fault)
                else:
                    self._heard(None)
            await asyncio.sleep(pause if self.reached else RETRY)

    def _heard(self, fault: Fault | None) -> None:
        """It was reached just now, or not."""
        now, before, self._last = fault is None, self.reached, time.monotonic()
        if before is now or (before is None and not now and self._told_down):
            return
        if now:
            self.reached = True
            self.asked.say("ready", None)
        else:
            if before is not None:
                self.reached = False
            self._told_down = True
            exchange = Exchange(Handshake(self._target.socket_url()).request(), fault=fault)
            self.asked.say("lost", finding_of(distil(exchange)))


def _values(head: Head, name: str) -> list[str]:
    return [value for key, value in head.headers if key.lower() == name]


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


class _Full(asyncio.Protocol):
    """Takes a connection that there is no room for, and lets it go."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()

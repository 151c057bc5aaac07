"""The inspecting proxy for tests of clients: what passes between a client and an endpoint, and faults put on it."""

import asyncio
import ssl
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Self

from rtdoctor.engine.routing import RouteAsked, route_to, tls_context
from rtdoctor.knowledge.profiles import target_at
from rtdoctor.mock.faults import BadFault
from rtdoctor.model.watched import Watched
from rtdoctor.proxy.breaking import faults_of
from rtdoctor.proxy.server import Asked
from rtdoctor.proxy.server import Proxy as Serving
from rtdoctor.proxy.upstream import Upstream
from rtdoctor.recording.tape import Tell, open_tape
from rtdoctor.testing.kept import Kept
from rtdoctor.testing.thread import Served

_PATIENCE = 5.0  # seconds that the judgement may be behind


class Proxy(Kept):
    """A proxy on loopback before the endpoint `to` while the `with` (or `async with`) lasts.

    `faults` are names as for `rtdoctor proxy --fault`, and more may come while it runs; with None there are never any,
    and bytes pass as they are, compressed frames included. `record` is a file that a tape is written into; `tls`,
    where it is given, has the certificate of `localhost` for the client's side. Lines and events are redacted.
    """

    def __init__(
        self,
        to: str,
        *,
        faults: Iterable[str] | None = (),
        record: Path | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__()
        target = target_at(to)
        route, _ = route_to(target, RouteAsked())
        target = replace(target, route=route)
        self._upstream = Upstream(target, tls_context(route) if target.tls else None)
        self._faults, self._record, self._tls = None if faults is None else faults_of(faults), record, tls
        self._files = ExitStack()
        self._serving: Serving | None = None
        self._thread: Served | None = None
        self.watched: Watched | None = None
        """What was seen, once it has stopped."""

    @property
    def url(self) -> str:
        """The base URL, for OPENAI_BASE_URL and `base_url`."""
        assert self._serving is not None, "it has not started"
        return self._serving.base_url

    @property
    def environment(self) -> dict[str, str]:
        """What points a client at it; the key is the client's own."""
        return {"OPENAI_BASE_URL": self.url}

    def fault(self, text: str) -> None:
        """Put a fault on, as for `--fault`. What ends a connection ends those that are open, too.

        Raises:
            BadFault: it makes no sense, wants the mock, or there are never any.
        """
        if self._faults is None:
            raise BadFault("this proxy was made with faults=None")
        self._faults.add(text)

    def clear_faults(self, name: str | None = None) -> None:
        """Take all faults off, or those of a name."""
        if self._faults is not None:
            self._faults.clear(name)

    def settle(self) -> None:
        """Wait until what has passed was judged, and stands in `lines`."""
        if self._serving is not None:
            self._serving.settle(_PATIENCE)

    def start(self) -> Self:
        """Start; `with` does it.

        Raises:
            NotWritten: the file holds something, or cannot be written.
        """
        tells: list[Tell] = [self.keep]
        if self._record is not None:
            tells.append(self._files.enter_context(open_tape(self._record)))
        self._serving = Serving(Asked(self._upstream, context=self._tls, tells=tells, faults=self._faults))
        self._thread = Served(self._serving.start, self._serving.stop, "rtdoctor-proxy")
        self._thread.start()
        return self

    def stop(self) -> None:
        """End every connection; `watched` tells what was seen."""
        if self._thread is not None:
            self._thread.stop()
            self.watched = self._thread.result
            self._thread = None
            self._files.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.start)

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.stop)

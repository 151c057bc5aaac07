"""A cassette for tests: recorded once against an endpoint, then replayed; what a client does otherwise fails."""

import asyncio
import os
import ssl
from functools import partial
from pathlib import Path
from typing import Self

from rtdoctor.recording.source import open_source
from rtdoctor.replay.cassette import read_cassette
from rtdoctor.replay.match import Policy
from rtdoctor.replay.server import Replay
from rtdoctor.testing.mock import KEY
from rtdoctor.testing.proxy import Proxy
from rtdoctor.testing.thread import Served


class Cassette:
    """An endpoint on loopback while the `with` (or `async with`) lasts: with `record` the real one `to`, of which a
    tape is written to `path` when the `with` ends well; else that tape, played. Then at the end each recorded
    connection must have been asked for and played to its end, and nothing else asked or sent, by the policy `match`
    (exact, order, loose). `tls`, where it is given, has the certificate of `localhost`."""

    def __init__(
        self,
        path: str | Path,
        *,
        record: bool = False,
        to: str = "https://api.openai.com/v1",
        match: Policy = "order",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.path, self.records = Path(path), record
        self._to, self._match, self._tls = to, match, tls
        self._new = self.path.with_name(f"{self.path.name}.{os.getpid()}.new")
        self._proxy: Proxy | None = None
        self._replay: Replay | None = None
        self._thread: Served | None = None
        self._wrong: list[str] = []

    @property
    def url(self) -> str:
        """The base URL, for OPENAI_BASE_URL and `base_url`."""
        if self._proxy is not None:
            return self._proxy.url
        assert self._replay is not None, "it has not started"
        return self._replay.base_url

    @property
    def environment(self) -> dict[str, str]:
        """What points a client at it. A replay takes any key, and gives one that is none."""
        return {"OPENAI_BASE_URL": self.url} if self.records else {"OPENAI_BASE_URL": self.url, "OPENAI_API_KEY": KEY}

    def start(self) -> Self:
        """Start; `with` does it.

        Raises:
            AssertionError: there is nothing to replay.
            NotPlayable: the file cannot be replayed.
        """
        if self.records:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._new.unlink(missing_ok=True)
            self._proxy = Proxy(self._to, faults=None, record=self._new, tls=self._tls).start()
            return self
        assert self.path.is_file(), f"{self.path} is not recorded yet: run the test once with --realtime-record"
        with open_source(str(self.path)) as source:
            takes = read_cassette(source)
        self._replay = Replay(takes, file=self.path.name, policy=self._match)
        self._thread = Served(partial(self._replay.start, context=self._tls), self._replay.stop, "rtdoctor-replay")
        self._thread.start()
        return self

    def stop(self, *, good: bool = True) -> None:
        """End. A recording takes the place of the one before where all went well."""
        if self._proxy is not None:
            self._proxy.stop()
            if good:
                os.replace(self._new, self.path)
            self._new.unlink(missing_ok=True)
        if self._thread is not None:
            self._thread.stop()
            replayed = self._thread.result
            self._thread = None
            for play in replayed.plays:
                what = f"connection {play.number}, {play.what}"
                self._wrong += [f"{what}: {sentence}" for sentence in play.mismatches]
                self._wrong += [f"{what}: left over: {sentence}" for sentence in play.left]
                self._wrong += [] if play.played else [f"{what}: nobody asked for it"]
            self._wrong += [f"not on the recording: {stray}" for stray in replayed.strays]

    def check(self) -> None:
        """See that what was recorded was played, once it has stopped.

        Raises:
            AssertionError: it was not, or the client did otherwise.
        """
        lines = "\n  ".join(self._wrong)
        assert not self._wrong, f"{self.path.name} was not played as it was recorded:\n  {lines}"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: object, *_: object) -> None:
        self.stop(good=kind is None)
        if kind is None:
            self.check()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.start)

    async def __aexit__(self, kind: object, *_: object) -> None:
        await asyncio.to_thread(lambda: self.stop(good=kind is None))
        if kind is None:
            self.check()

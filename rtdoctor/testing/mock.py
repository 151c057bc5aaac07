"""The mock for tests of clients: in a thread with a loop of its own, so that it serves sync and async tests alike."""

import asyncio
import ssl
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from rtdoctor.mock import server
from rtdoctor.mock.faults import Faults
from rtdoctor.mock.respond import ANSWER, Replies
from rtdoctor.mock.script import Script, load_script, read_script
from rtdoctor.testing.kept import Kept
from rtdoctor.testing.thread import Served

KEY = "sk-mock-0123456789abcdef"


class Mock(Kept):
    """A Realtime server on loopback while the `with` (or `async with`) lasts.

    `script` is a file, or what such a file holds; `faults` are names as for `rtdoctor mock --fault`; `models` the only
    ones that are taken, where there are any; `text` is what a response says; a session lasts `seconds`;
    `dialect` is the kind of server, as for `--dialect`; `tls`, where it is given, has the certificate of `localhost`.
    At the end of the `with` the script must have been kept to. Lines and events are not redacted.
    """

    def __init__(
        self,
        *,
        script: str | Path | Mapping[str, Any] | None = None,
        faults: Iterable[str] = (),
        key: str = KEY,
        models: Collection[str] = (),
        text: str = ANSWER,
        seconds: float = 3600,
        dialect: str = "openai",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__()
        self.key = key
        self._faults = Faults(faults)
        self._server = server.MockServer(
            {key},
            named=self._faults,
            hear=self.keep,
            models=models,
            replies=Replies(text),
            seconds=seconds,
            script=_script(script),
            dialect=dialect,
            tls=tls,
        )
        self._thread: Served | None = None

    @property
    def url(self) -> str:
        """The base URL, for OPENAI_BASE_URL and `base_url`."""
        return self._server.base_url

    @property
    def websocket_url(self) -> str:
        """The URL of the socket, without a query."""
        return "ws" + self.url.removeprefix("http").removesuffix(self._server.dialect.base) + self._server.dialect.path

    @property
    def environment(self) -> dict[str, str]:
        """What points a client at it: OPENAI_BASE_URL and OPENAI_API_KEY."""
        return {"OPENAI_BASE_URL": self.url, "OPENAI_API_KEY": self.key}

    def fault(self, text: str) -> None:
        """Put a fault on, as for `--fault`: "abort@2", "delay=0.2#response.done". What ends a connection without an
        event to wait for ends those that are open, too.

        Raises:
            BadFault: it makes no sense.
        """
        self._faults.add(text)

    def clear_faults(self, name: str | None = None) -> None:
        """Take all faults off, or those of a name."""
        self._faults.clear(name)

    def script(self, script: str | Path | Mapping[str, Any]) -> None:
        """Play this script from the next connection on, in place of the one before, which must have been kept to.

        Raises:
            BadScript: it is none.
            AssertionError: the one before was not kept to.
        """
        read = _script(script)
        assert read is not None
        self.check()
        self._server.play(read)

    def check(self) -> None:
        """See that the script was kept to.

        Raises:
            AssertionError: clients did otherwise, or steps are left.
        """
        wrong = [*self._server.stage.failures, *self._server.stage.unused()]
        assert not wrong, "the script was not kept to:\n  " + "\n  ".join(wrong)

    def start(self) -> Self:
        """Start serving; `with` does it."""
        self._thread = Served(self._server.start, self._server.stop, "rtdoctor-mock")
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving, and say nothing of the script."""
        if self._thread is not None:
            self._thread.stop()
            self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: object, *_: object) -> None:
        self.stop()
        if kind is None:
            self.check()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.start)

    async def __aexit__(self, kind: object, *_: object) -> None:
        await asyncio.to_thread(self.stop)
        if kind is None:
            self.check()


def _script(script: str | Path | Mapping[str, Any] | None) -> Script | None:
    if script is None:
        return None
    return load_script(Path(script)) if isinstance(script, str | Path) else read_script(script)

"""The mock for tests of clients: in a thread with a loop of its own, so that it serves sync and async tests alike."""

import asyncio
import threading
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import orjson

from rtdoctor.mock import server
from rtdoctor.mock.faults import Faults
from rtdoctor.mock.respond import ANSWER, Replies
from rtdoctor.mock.script import Script, load_script, read_script
from rtdoctor.model.event import too_many_values

KEY = "sk-mock-0123456789abcdef"
_MOST_KEPT = 64 << 20  # characters of messages that are kept
_PATIENCE = 10.0  # seconds that the thread has to begin and to end


class Mock:
    """A Realtime server on loopback while the `with` (or `async with`) lasts.

    `script` is a file, or what such a file holds; `faults` are names as for `rtdoctor mock --fault`; `models` the only
    ones that are taken, where there are any; `text` is what a response says; a session lasts `seconds`;
    `dialect` is the kind of server, as for `--dialect`. At the end of
    the `with` the script must have been kept to.
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
    ) -> None:
        self.key = key
        self.lines: list[dict[str, Any]] = []
        """All that was asked, answered, sent and got, as lines of a tape, not redacted."""
        self._kept = 0
        self._came = threading.Condition(threading.RLock())
        self._faults = Faults(faults)
        self._server = server.MockServer(
            {key},
            named=self._faults,
            hear=self._hear,
            models=models,
            replies=Replies(text),
            seconds=seconds,
            script=_script(script),
            dialect=dialect,
        )
        self._over = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

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

    @property
    def sent(self) -> list[dict[str, Any]]:
        """The events that clients have sent, of all connections, as they came. A message that is no event is
        `{"type": None, "text": what came}`."""
        return self.events("client")

    def events(self, side: str, connection: int | None = None) -> list[dict[str, Any]]:
        """The events of one side ("client" or "server"), of all connections or of the n-th socket."""
        with self._came:
            lines = list(self.lines)
        sockets = {line["connection"]: line["socket"] for line in lines if "socket" in line}
        return [
            _event(line["data"])
            for line in lines
            if line["kind"] == "text" and line["from"] == side and connection in (None, sockets.get(line["connection"]))
        ]

    def wait_for(self, kind: str, times: int = 1, timeout: float = 5.0) -> list[dict[str, Any]]:
        """Wait until clients have sent so many events of a type, and give them. In an async test:
        `await asyncio.to_thread(mock.wait_for, "response.create")`.

        Raises:
            AssertionError: they did not come in time; it tells what did.
        """
        with self._came:
            self._came.wait_for(lambda: len(self._of(kind)) >= times, timeout)
            found, came = self._of(kind), [event.get("type") for event in self.sent]
        assert len(found) >= times, f"{times} × {kind} within {timeout:g} s, but what came is {came[:100]}"
        return found

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
        began = threading.Event()
        trouble: list[BaseException] = []

        async def run() -> None:
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda *_: None)  # what a client does to its connection is no news of a test's
            self._loop = loop
            try:
                await self._server.start()
            except OSError as error:
                trouble.append(error)
                return
            finally:
                began.set()
            await self._over.wait()
            await self._server.stop()

        self._thread = threading.Thread(target=lambda: asyncio.run(run()), name="rtdoctor-mock", daemon=True)
        self._thread.start()
        began.wait(_PATIENCE)
        if trouble:
            raise trouble[0]
        return self

    def stop(self) -> None:
        """Stop serving, and say nothing of the script."""
        if self._loop and self._thread and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._over.set)
            self._thread.join(_PATIENCE)
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

    def _of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.sent if event.get("type") == kind]

    def _hear(self, line: dict[str, Any]) -> None:
        with self._came:
            self._kept += len(line.get("data", "")) + len(line.get("base64", "")) + 500
            if self._kept <= _MOST_KEPT:
                self.lines.append(line)
            self._came.notify_all()


def _script(given: str | Path | Mapping[str, Any] | None) -> Script | None:
    if given is None:
        return None
    return load_script(Path(given)) if isinstance(given, str | Path) else read_script(given)


def _event(text: str) -> dict[str, Any]:
    try:
        event = None if too_many_values(text.encode("utf-8", "replace")) else orjson.loads(text)
    except orjson.JSONDecodeError:
        event = None
    return event if isinstance(event, dict) else {"type": None, "text": text}

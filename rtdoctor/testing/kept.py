"""What passed, kept for a test: lines of a tape, and the events in them."""

import threading
from collections.abc import Iterator
from typing import Any

import orjson

from rtdoctor.model.event import too_many_values

_MOST_KEPT = 64 << 20  # characters of messages that are kept


class Kept:
    """Lines of a tape, as they come from another thread."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        """All that was asked, answered, sent and got, and what was found wrong with it, as lines of a tape."""
        self._size = 0
        self._came = threading.Condition(threading.RLock())

    @property
    def sent(self) -> list[dict[str, Any]]:
        """The events that clients have sent, of all connections, as they came. A message that is no event is
        `{"type": None, "text": what came}`."""
        return self.events("client")

    @property
    def findings(self) -> list[dict[str, Any]]:
        """What was found: each has `level` (error, warning, info), `id`, `text` and `remedy`."""
        with self._came:
            return [line for line in self.lines if line.get("kind") == "finding"]

    def events(self, side: str, connection: int | None = None) -> list[dict[str, Any]]:
        """The events of one side ("client" or "server"), of all connections or of the n-th socket."""
        with self._came:
            lines = [line for line in self.lines if "kind" in line]
        sockets = dict(_sockets(lines))
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
            of_kind, came = self._of(kind), [event.get("type") for event in self.sent]
        assert len(of_kind) >= times, f"{times} × {kind} within {timeout:g} s, but what came is {came[:100]}"
        return of_kind

    def keep(self, line: dict[str, Any]) -> None:
        """Keep a line; beyond 64 MiB no more."""
        with self._came:
            self._size += len(line.get("data", "")) + len(line.get("base64", "")) + 500
            if self._size <= _MOST_KEPT:
                self.lines.append(line)
            self._came.notify_all()

    def _of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events("client") if event.get("type") == kind]


def _sockets(lines: list[dict[str, Any]]) -> Iterator[tuple[int, int]]:
    """The connections that are sockets, each with its number among them."""
    number = 0
    for line in lines:
        if line["kind"] == "request" and any(name.lower() == "upgrade" for name, _ in line["headers"]):
            number += 1
            yield line["connection"], number


def _event(text: str) -> dict[str, Any]:
    try:
        event = None if too_many_values(text.encode("utf-8", "replace")) else orjson.loads(text)
    except orjson.JSONDecodeError:
        event = None
    return event if isinstance(event, dict) else {"type": None, "text": text}

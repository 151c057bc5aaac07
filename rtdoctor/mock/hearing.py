"""What a mock tells of its clients: the lines of a tape, as they happen."""

import base64
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson

from rtdoctor.mock.memory import MOST_EVENT
from rtdoctor.model.event import too_many_values
from rtdoctor.protocol.shapes import judge_shape

Hear = Callable[[dict[str, Any]], None]
"""Is given one line of a tape (recording/tape.py) after the other, as it came: whoever shows or writes it redacts it.
Beside the tape's fields, a `request` has its `method`, and that of a socket `socket`, its number among the sockets."""

_TOLD, _MOST_JUDGED_WRONG = 20, 500  # findings about one event; of one connection, after which it is judged no more
_MOST_SHOWN = 64 << 10  # bytes of a large text that is no audio


class Heard:
    """The lines of one connection. `hear` is None where nobody listens."""

    def __init__(self, hear: Hear | None, number: int, started: float) -> None:
        self._hear, self._number, self._started = hear, number, started
        self.over = False
        self._wrong = 0
        self._era: str | None = "ga"

    def speaks(self, form: str) -> None:
        """The form in which the events are judged: ga, beta or translation; there are no schemas of another."""
        self._era = form if form in ("ga", "beta", "translation") else None

    def _tell(self, **fields: Any) -> None:
        if self._hear is not None:
            self._hear({"t": round(time.monotonic() - self._started, 6), "connection": self._number, **fields})

    def request(self, method: str, url: str, headers: Iterable[tuple[str, str]], **more: Any) -> None:
        """What was asked."""
        if self._hear is not None:
            self._tell(kind="request", method=method, url=url, headers=[list(pair) for pair in headers], **more)

    def answer(self, status: int, reason: str | None, headers: Mapping[str, str], **more: Any) -> None:
        """What was answered to the request."""
        if self._hear is not None:
            pairs = [list(pair) for pair in headers.items()]
            self._tell(kind="answer", status=status, reason=reason or "", headers=pairs, **more)

    def text(self, by: str, data: str | bytes) -> None:
        """A text message of the server or the client; one of a client is judged."""
        if self._hear is None:
            return
        if isinstance(data, str):
            shown = data
        elif len(data) > MOST_EVENT and not data.isascii():
            # Four bytes a character; audio, which is as long, has none but ASCII.
            shown = f"{data[:_MOST_SHOWN].decode('utf-8', 'replace')}… ({len(data)} bytes)"
        else:
            shown = data.decode("utf-8", "replace")
        self._tell(**{"from": by}, kind="text", data=shown)
        if by == "client" and self._era and isinstance(data, bytes):
            self._judge(data, self._era)

    def frame(self, by: str, kind: str, data: bytes) -> None:
        """A binary message, a ping or a pong."""
        if self._hear is not None:
            self._tell(**{"from": by}, kind=kind, base64=base64.b64encode(data).decode("ascii"))

    def close(self, by: str, code: int, reason: str) -> None:
        """A close frame."""
        self._tell(**{"from": by}, kind="close", code=code, reason=reason)

    def end(self, by: str, how: str) -> None:
        """The connection is over; only the first of several ends is told. `how`: close, reset, eof or stopped."""
        if not self.over:
            self.over = True
            self._tell(kind="end", by=by, how=how)

    def finding(self, level: str, ident: str, text: str, remedy: str | None = None) -> None:
        """What is to be said of what just happened."""
        self._tell(kind="finding", level=level, id=ident, text=text, remedy=remedy)

    def _judge(self, data: bytes, era: str) -> None:
        if self._wrong >= _MOST_JUDGED_WRONG:
            return
        # A larger event is an append of much audio; to parse it twice would want the memory twice.
        if len(data) > MOST_EVENT or too_many_values(data):
            return
        try:
            event = orjson.loads(data)
        except orjson.JSONDecodeError:
            self._wrong += 1
            self.finding("error", "shape.event", "no JSON: every message is one event, a JSON object")
            return
        for violation in judge_shape(event, "client", era=era)[:_TOLD]:
            self._wrong += 1
            level = violation.severity if violation.severity in ("error", "warning") else "info"
            self.finding(level, violation.rule, violation.message, violation.hint or None)

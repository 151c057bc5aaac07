"""A tape of the sockets that a run opens: each is written once it is over, with the times that it had."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

from rtdoctor.engine.credential import Outgoing
from rtdoctor.model.event import parse_event
from rtdoctor.model.exchange import Exchange, Frame
from rtdoctor.recording.tape import By, Recorder, Tell

_listeners: list[Callable[[Outgoing, Exchange, float], None]] = []


def tell_tape(out: Outgoing, exchange: Exchange, began: float) -> None:
    """Tell whoever records of a socket that is over; it began at that monotonic time."""
    for hear in _listeners:
        hear(out, exchange, began)


@contextmanager
def taped(tell: Tell, *, by: By, to: str) -> Iterator[None]:
    """Record all sockets that are opened meanwhile."""
    recorder, numbers = Recorder(tell, by=by, to=to), count(1)

    def hear(out: Outgoing, exchange: Exchange, began: float) -> None:
        _put(recorder, next(numbers), out, exchange, began)

    _listeners.append(hear)
    try:
        yield
    finally:
        _listeners.remove(hear)


def _put(recorder: Recorder, number: int, out: Outgoing, exchange: Exchange, began: float) -> None:
    asked = out.handshake
    recorder.request(number, asked.url, [*asked.headers, ("Upgrade", "websocket")], asked.subprotocols, at=began)
    answer, fault, opened = exchange.answer, exchange.fault, began
    if answer is not None:
        opened = began + answer.ms / 1000
        body = answer.body.decode("utf-8", "replace")
        more = {"subprotocol": exchange.subprotocol, "body": body, "at": opened}
        recorder.answer(number, answer.status, answer.reason, answer.headers, **more)  # type: ignore[arg-type]
    elif fault is not None:
        recorder.fault(number, fault.layer, fault.kind, fault.text, at=began)
    for frame in exchange.frames:
        at = opened + frame.at
        if frame.text is None:
            recorder.data(number, frame.direction, "binary", b"", at=at)
        else:
            recorder.text(number, frame.direction, _text(frame, frame.text), at=at)
    close, last = exchange.close, time.monotonic()
    if close is not None and close.code is not None:
        recorder.close(number, close.by, close.code, close.reason, at=opened + close.at)
    by = "server" if fault is not None and close is None else close.by if close else "client"
    gone = "reset" if fault is not None and fault.kind == "reset" else "eof"
    recorder.end(number, by, "close" if close is None or close.code is not None else gone, at=last)


def _text(frame: Frame, text: str) -> str:
    """The text; of an append, of whose audio nothing was kept, with how much that was."""
    if not frame.audio_bytes or (event := parse_event(text)) is None:
        return text
    return json.dumps({**event, "audio": {"audio_bytes": frame.audio_bytes}})

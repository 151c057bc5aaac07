"""What faults do to the events of a socket, and how they end it. A name here is an `act` of faults.toml. The mock's
sockets (line.py) and the proxy's (proxy/breaking.py) are what they act on."""

import asyncio
import json
import struct
from collections.abc import Awaitable, Callable
from typing import Protocol

from rtdoctor.mock.behaviour import refusals
from rtdoctor.mock.faults import Fault
from rtdoctor.model.clock import Clock

_PIECE = 64 << 10


class Line(Protocol):
    """An open socket that faults act on. When it is `over`, nothing more is sent; `held` is an event that waits for the
    next one."""

    over: bool
    held: str | None
    clock: Clock

    def chance(self) -> float:
        """A number from 0 to 1."""

    def abort(self, *, reset: bool = True) -> None:
        """Go, by RST or FIN, without a close frame."""

    def vanish(self) -> None:
        """Send nothing more, no pong either, and hear nothing more."""

    async def close(self, code: int, reason: str = "") -> None:
        """Send a close frame."""

    async def write_raw(self, data: bytes, times: int = 1) -> None:
        """Send bytes as they are."""


async def _drop(_line: Line, _fault: Fault, _text: str) -> list[str]:
    return []


async def _duplicate(_line: Line, _fault: Fault, text: str) -> list[str]:
    return [text, text]


async def _reorder(line: Line, _fault: Fault, text: str) -> list[str]:
    """An event waits for the next, and comes after it."""
    if line.held is None:
        line.held = text
        return []
    held, line.held = line.held, None
    return [text, held]


async def _delay(_line: Line, fault: Fault, text: str) -> list[str]:
    await asyncio.sleep(fault.value or 0.0)
    return [text]


async def _jitter(line: Line, fault: Fault, text: str) -> list[str]:
    await asyncio.sleep(line.chance() * (fault.value or 0.0))
    return [text]


async def _bandwidth(_line: Line, fault: Fault, text: str) -> list[str]:
    """An event comes when its last byte would, on a line of so many bytes a second."""
    await asyncio.sleep(len(text) / (fault.value or 1.0))
    return [text]


async def _not_json(_line: Line, _fault: Fault, text: str) -> list[str]:
    return [text[: len(text) // 2]]


async def _deep(_line: Line, fault: Fault, text: str) -> list[str]:
    depth = int(fault.value or 1)
    return [text[:-1] + ', "deep": ' + "[" * depth + "]" * depth + "}"]


async def _huge(line: Line, fault: Fault, text: str) -> list[str]:
    """The same event with so many MiB of spaces in it, in one frame (RFC 6455, section 5.2)."""
    data = text.encode()
    pieces = int(fault.value or 1) << 4
    await line.write_raw(b"\x81\x7f" + struct.pack(">Q", len(data) + pieces * _PIECE) + data[:-1])
    await line.write_raw(b" " * _PIECE, pieces)
    await line.write_raw(data[-1:])
    return []


async def _unknown_event(line: Line, _fault: Fault, text: str) -> list[str]:
    """An event before it, of a type that no API has."""
    event = {"type": "rtdoctor.added_event", "event_id": line.clock.ident("event_"), "note": "nobody knows this"}
    return [json.dumps(event), text]


async def _unknown_field(_line: Line, _fault: Fault, text: str) -> list[str]:
    """A field more in the event, and in each object that it holds."""
    event = json.loads(text)
    for held in (event, *event.values()):
        if isinstance(held, dict):
            held["rtdoctor_added_field"] = {"note": "nobody knows this"}
    return [json.dumps(event)]


async def _stray_error(line: Line, _fault: Fault, text: str) -> list[str]:
    """An error before it, that answers nothing and ends nothing."""
    error = refusals()["nothing-to-cancel"].error({}, None)
    return [json.dumps({"type": "error", "event_id": line.clock.ident("event_"), "error": error}), text]


async def _abort(line: Line, _fault: Fault) -> None:
    line.abort()


async def _eof(line: Line, _fault: Fault) -> None:
    line.abort(reset=False)


async def _close(line: Line, fault: Fault) -> None:
    await line.close(int(fault.value or 1000))


async def _garbage(line: Line, _fault: Fault) -> None:
    """Bytes that are no frame: reserved bits and an opcode that nobody knows."""
    await line.write_raw(b"\xff\xff\xfe no frame \x00")
    line.over = True


async def _silence(line: Line, _fault: Fault) -> None:
    line.over = True


async def _half_open(line: Line, _fault: Fault) -> None:
    """As if the network were gone: nothing more comes, no pong and no close, and what the client sends meets nobody."""
    line.vanish()


CHANGES: dict[str, Callable[[Line, Fault, str], Awaitable[list[str]]]] = {
    "drop": _drop,
    "duplicate": _duplicate,
    "reorder": _reorder,
    "delay": _delay,
    "jitter": _jitter,
    "bandwidth": _bandwidth,
    "not-json": _not_json,
    "deep": _deep,
    "huge": _huge,
    "unknown-event": _unknown_event,
    "unknown-field": _unknown_field,
    "stray-error": _stray_error,
}
"""What becomes of an event: the texts that are sent in its place."""

ENDS: dict[str, Callable[[Line, Fault], Awaitable[None]]] = {
    "abort": _abort,
    "eof": _eof,
    "close": _close,
    "garbage": _garbage,
    "silence": _silence,
    "half-open": _half_open,
}
"""How a connection ends, in the place of an event."""

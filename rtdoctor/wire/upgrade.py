"""The upgrade: one WebSocket handshake, and what came back (RFC 6455, section 4)."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from rtdoctor.model.exchange import Answer, Fault, Headers
from rtdoctor.wire.frames import MOST_FRAME, Socket
from rtdoctor.wire.link import Links
from rtdoctor.wire.raw import new_key, shake

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3


@dataclass(frozen=True, slots=True)
class Upgraded:
    """The socket after a 101, the answer that refused it, or the fault that left neither. `layers` are the milliseconds
    of each layer below."""

    socket: Socket | None = None
    answer: Answer | None = None
    subprotocol: str | None = None
    fault: Fault | None = None
    layers: tuple[tuple[str, float], ...] = ()


async def upgrade(
    links: Links,
    url: str,
    *,
    headers: Headers,
    subprotocols: Sequence[str],
    timeout: float,
    most: int = MOST_FRAME,
) -> Upgraded:
    """Send the handshake. The ws:// or wss:// URL goes out as it is; no redirect is followed. A message may have `most`
    bytes."""
    key = new_key()
    taken = {name.lower() for name, _ in headers}
    asking = (pair for pair in _asking(key, subprotocols) if pair[0].lower() not in taken)
    shaken = await shake(links, "GET", url, (*asking, *headers), timeout)
    if shaken.link is None or shaken.answer is None:
        return Upgraded(answer=shaken.answer, fault=shaken.fault, layers=shaken.layers)
    fault = _judge(shaken.answer, key, subprotocols)
    if fault is not None:
        shaken.link.abort()
        return Upgraded(fault=fault)
    socket = Socket(shaken.link, min(most, MOST_FRAME), shaken.rest)
    chosen = shaken.answer.header("sec-websocket-protocol")
    return Upgraded(socket, shaken.answer, chosen, layers=shaken.layers)


def accept_of(key: str) -> str:
    """The Sec-WebSocket-Accept that answers a key."""
    return base64.b64encode(hashlib.sha1(key.encode() + _MAGIC).digest()).decode()  # noqa: S324 (the RFC wants it)


def _asking(key: str, subprotocols: Sequence[str]) -> Headers:
    offered = (("Sec-WebSocket-Protocol", ", ".join(subprotocols)),) if subprotocols else ()
    return (
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", key),
        *offered,
    )


def _judge(answer: Answer, key: str, offered: Sequence[str]) -> Fault | None:
    """What is wrong with an acceptance (RFC 6455, section 4.1). Many clients let the last two pass; browsers and ws do
    not."""
    for name, wanted in (("upgrade", "websocket"), ("connection", "upgrade")):
        tokens = [token.strip().lower() for token in _joined(answer, name).split(",")]
        if wanted not in tokens:
            return Fault("upgrade", "stripped", f"101, but the answer's {name} header is missing or wrong")
    chosen = answer.header("sec-websocket-protocol")
    wrong = ""
    if (answer.header("sec-websocket-accept") or "").strip() != accept_of(key):
        wrong = "Sec-WebSocket-Accept is not what the key makes"
    elif answer.header("sec-websocket-extensions"):
        wrong = f"it selects the extension {answer.header('sec-websocket-extensions')}, and none was offered"
    elif chosen and chosen not in offered:
        wrong = "it selects a subprotocol that was not offered"
    return Fault("upgrade", "bad-accept", f"the acceptance breaks RFC 6455, section 4.1: {wrong}") if wrong else None


def _joined(answer: Answer, name: str) -> str:
    """All values of a header, as one list."""
    return ",".join(value for key, value in answer.headers if key.lower() == name)

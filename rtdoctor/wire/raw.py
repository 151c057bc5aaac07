"""A handshake as it is wanted, right or wrong, of whose answer nothing is judged; after a 101 the connection is the
caller's, with whatever bytes came behind the head."""

import asyncio
import base64
import os
import time
from dataclasses import dataclass

from rtdoctor.model.exchange import Answer, Fault, Headers
from rtdoctor.wire.http import FAILURES, Conversation, fault_of
from rtdoctor.wire.link import Link, Links

_BODY = 0.5  # seconds for the body of a refusal


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer, and after a 101 the connection and what came behind the head; or the fault that left none of it.
    `layers` are the milliseconds of each layer below."""

    answer: Answer | None = None
    link: Link | None = None
    rest: bytes = b""
    fault: Fault | None = None
    layers: tuple[tuple[str, float], ...] = ()


def new_key() -> str:
    """A fresh Sec-WebSocket-Key."""
    return base64.b64encode(os.urandom(16)).decode("ascii")


async def shake(links: Links, method: str, url: str, headers: Headers, timeout: float) -> Answered:
    """Send a request of these headers, and read the head of its answer; of one that is no 101 the body, too."""
    started = time.monotonic()
    link: Link | None = None
    kept = False
    try:
        async with asyncio.timeout(timeout):
            # A plain socket by a proxy goes by CONNECT, as one under TLS does (RFC 6455, section 4.1).
            link = await links.connect(url, tunnel=True)
            talk = Conversation(link, "upgrade")
            await talk.ask(method, url, headers)
            head = await talk.head()
            if head.status != 101:
                return Answered(await talk.answer(head, _BODY, started), layers=link.layers)
        took = (time.monotonic() - started) * 1000
        kept = True
        answer = Answer(101, head.reason, head.headers, b"", took)
        return Answered(answer, link, head.rest, layers=link.layers)
    except FAILURES as error:
        return Answered(fault=fault_of(error, "upgrade", timeout, link))
    finally:
        if link is not None and not kept:
            link.abort()

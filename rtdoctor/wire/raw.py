"""A handshake as it is wanted, right or wrong, of whose answer nothing is judged; after a 101 the connection is the
caller's, with whatever bytes came behind the head."""

import asyncio
import base64
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass

from rtdoctor.model.exchange import Answer, Fault
from rtdoctor.wire.http import Conversation, NoAnswer, began, broken
from rtdoctor.wire.link import Link, Links, Unreachable

_BODY = 0.5  # seconds for the body of a refusal


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer, and after a 101 the connection and what came behind the head; or the fault that left none of it."""

    answer: Answer | None = None
    link: Link | None = None
    rest: bytes = b""
    fault: Fault | None = None


def new_key() -> str:
    """A fresh Sec-WebSocket-Key."""
    return base64.b64encode(os.urandom(16)).decode("ascii")


async def shake(links: Links, method: str, url: str, headers: Mapping[str, str], timeout: float) -> Answered:
    """Send a request of these headers, and read the head of its answer; of one that is no 101 the body, too."""
    started = time.monotonic()
    link: Link | None = None
    kept = False
    try:
        async with asyncio.timeout(timeout):
            link = await links.connect(url, tunnel=True)
            talk = Conversation(link, "upgrade")
            await talk.ask(method, url, headers)
            head = await talk.head()
            if head.status != 101:
                return Answered(await talk.answer(head, _BODY, started))
        took = (time.monotonic() - started) * 1000
        kept = True
        return Answered(Answer(101, head.reason, head.headers, b"", took), link, head.rest)
    except TimeoutError:
        return Answered(fault=Fault("upgrade", "timeout", f"no answer within {timeout:g} s", began(link)))
    except (Unreachable, NoAnswer) as error:
        return Answered(fault=error.fault)
    except OSError as error:
        return Answered(fault=broken(error, "upgrade"))
    except ValueError as error:
        return Answered(fault=Fault("upgrade", "broken", str(error)))
    finally:
        if link is not None and not kept:
            link.abort()

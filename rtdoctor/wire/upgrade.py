"""The upgrade: one WebSocket handshake, and what came back."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aiohttp

from rtdoctor.model.exchange import Answer, Fault
from rtdoctor.wire.http import RedirectRefused, UpgradeRefused, fault_of

MOST_FRAME = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Upgraded:
    """The socket after a 101; or the answer that refused it; or the fault that left neither."""

    socket: aiohttp.ClientWebSocketResponse | None = None
    answer: Answer | None = None
    subprotocol: str | None = None
    fault: Fault | None = None


async def upgrade(
    session: aiohttp.ClientSession,
    url: str,
    *,
    headers: Mapping[str, str],
    subprotocols: Sequence[str],
    timeout: float,
    proxy: str | None = None,
) -> Upgraded:
    """Send the handshake. The ws:// or wss:// URL goes out as it is; no redirect is followed."""
    started = time.monotonic()
    try:
        async with asyncio.timeout(timeout):
            socket = await session.ws_connect(
                url,
                headers=dict(headers),
                protocols=tuple(subprotocols),
                autoping=False,
                max_msg_size=MOST_FRAME,
                proxy=proxy,
                timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
            )
    except (RedirectRefused, UpgradeRefused) as refusal:
        return Upgraded(answer=refusal.answer)
    except (TimeoutError, aiohttp.ClientError, ValueError, OSError) as error:
        return Upgraded(fault=fault_of(error, "upgrade", timeout))
    response = socket._response
    answer_headers = tuple((str(name), str(value)) for name, value in response.headers.items())
    answer = Answer(101, response.reason or "", answer_headers, b"", (time.monotonic() - started) * 1000)
    return Upgraded(socket, answer, socket.protocol)

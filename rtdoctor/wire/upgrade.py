"""The upgrade: one WebSocket handshake, and what came back."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from rtdoctor.model.exchange import Answer, Fault
from rtdoctor.wire.http import RedirectRefused, UpgradeRefused, fault_of, raw_headers, tunnelled
from rtdoctor.wire.proxy import TunnelRefused
from rtdoctor.wire.tap import Tap, tapped

MOST_FRAME = 4 * 1024 * 1024  # what aiohttp takes by default; OpenAI's events are far smaller (recordings of 2026)


@dataclass(frozen=True, slots=True)
class Upgraded:
    """The socket after a 101 and the tap on its bytes, the answer that refused it, or the fault that left neither."""

    socket: aiohttp.ClientWebSocketResponse[Any] | None = None  # its text comes as bytes
    answer: Answer | None = None
    subprotocol: str | None = None
    fault: Fault | None = None
    tap: Tap | None = None


async def upgrade(
    session: aiohttp.ClientSession,
    url: str,
    *,
    headers: Mapping[str, str],
    subprotocols: Sequence[str],
    timeout: float,
    proxy: str | None = None,
    most: int = MOST_FRAME,
) -> Upgraded:
    """Send the handshake. The ws:// or wss:// URL goes out as it is; no redirect is followed. A message may have `most`
    bytes."""
    started = time.monotonic()
    # A plain socket by a proxy goes by CONNECT, as one under TLS does.
    by_tunnel = proxy is not None and url.startswith("ws:")
    with tapped() as taps, tunnelled(by_tunnel):
        try:
            async with asyncio.timeout(timeout):
                socket = await session.ws_connect(
                    url,
                    headers=dict(headers),
                    protocols=tuple(subprotocols),
                    autoping=False,
                    max_msg_size=min(most, MOST_FRAME),
                    decode_text=False,  # what waits to be read waits as bytes: text may take four times as much
                    proxy=None if by_tunnel else proxy,
                    timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
                )
        except (RedirectRefused, UpgradeRefused) as refusal:
            return Upgraded(answer=refusal.answer)
        except TunnelRefused as refused:
            return Upgraded(fault=refused.fault)
        except (TimeoutError, aiohttp.ClientError, ValueError, OSError) as error:
            return Upgraded(fault=fault_of(error, "upgrade", timeout, taps))
    response = socket._response
    answer = Answer(101, response.reason or "", raw_headers(response), b"", (time.monotonic() - started) * 1000)
    broken = _never_offered(answer, subprotocols)
    if broken:
        response.close()
        return Upgraded(fault=Fault("upgrade", "bad-accept", f"the acceptance breaks RFC 6455, section 4.1: {broken}"))
    return Upgraded(socket, answer, socket.protocol, tap=taps[-1] if taps else None)


def _never_offered(answer: Answer, offered: Sequence[str]) -> str:
    """What the acceptance selects that was not offered. aiohttp lets it pass; browsers and ws do not."""
    if answer.header("sec-websocket-extensions"):
        return f"it selects the extension {answer.header('sec-websocket-extensions')}, and none was offered"
    chosen = answer.header("sec-websocket-protocol")
    if chosen and chosen not in offered:
        return "it selects a subprotocol that was not offered"
    return ""

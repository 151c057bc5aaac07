"""The mock as a server on loopback: real sockets, a free port, REST and WebSocket."""

import asyncio
import json
import logging
import ssl
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

from aiohttp import WSCloseCode, WSMsgType, web
from aiohttp.http_exceptions import HttpProcessingError

from rtdoctor.mock import behaviour as does
from rtdoctor.mock.behaviour import Refusal, refusals
from rtdoctor.mock.handshake import Decision, Shake, decide
from rtdoctor.mock.rest import routes
from rtdoctor.mock.secrets import Vault
from rtdoctor.mock.session import Fatal, Session
from rtdoctor.model.clock import Clock

MOST_MESSAGE = 16 * 1024 * 1024
PING_SECONDS = 20.26  # observed 2026-09-18
# aiohttp logs offered subprotocols that it does not know, and a key may be among them.
logging.getLogger("aiohttp.websocket").setLevel(logging.ERROR)


def _one_line(record: logging.LogRecord) -> bool:
    """aiohttp logs a traceback for a request that cannot be parsed. Whoever sent it has been told; of another error the
    kind is worth a line."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError | web.RequestPayloadError | OSError):
        return False
    if error is not None:
        record.msg, record.exc_info = f"mock: {record.msg} ({type(error).__name__})", None
    return True


_LOG = logging.getLogger("rtdoctor.mock")
_LOG.addFilter(_one_line)


class Mock:
    """A Realtime server that does what the real one was seen to do.

    `keys` are the API keys it takes, `poor_keys` those without credit. `faults` breaks a behaviour on purpose: the id
    of a behaviour (behaviour.toml and behaviour.py) to the id of what happens in its place. `delay` in seconds holds
    every handshake back.
    """

    def __init__(
        self,
        keys: set[str],
        *,
        clock: Clock | None = None,
        faults: Mapping[str, str] | None = None,
        poor_keys: set[str] | None = None,
        delay: float = 0.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self.vault = Vault(self.clock, keys, poor_keys or set())
        self.faults = dict(faults or {})
        self._delay, self._tls = delay, tls
        self._runner: web.ServerRunner | None = None
        self._rest = routes(self.vault, self.clock)
        self.port = 0

    @property
    def base_url(self) -> str:
        """The base URL, once the server runs."""
        return f"{'https' if self._tls else 'http'}://{'localhost' if self._tls else '127.0.0.1'}:{self.port}/v1"

    async def start(self, port: int = 0) -> None:
        """Listen on 127.0.0.1, on a free port when none is given."""
        self._runner = web.ServerRunner(web.Server(self._handle, access_log=None, logger=_LOG), shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port, ssl_context=self._tls)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close the sockets and the port."""
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        response = await self._answer(request)
        if not response.prepared:
            response.headers["Server"] = "rtdoctor-mock"
        return response

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() != "websocket":
            handler = self._rest.get((request.method, request.path))
            if handler is None:
                return web.json_response(
                    {"error": {"message": f"Invalid URL ({request.method} {request.path})"}}, status=404
                )
            return await handler(request)  # type: ignore[arg-type]
        if self._delay:
            await asyncio.sleep(self._delay)
        decision = self._decide(request)
        behaviour = self.faults.get(decision.behaviour, decision.behaviour)
        if decision.reused:
            behaviour = self.faults.get(does.REUSED_SECRET, behaviour)
        decision = replace(decision, behaviour=behaviour)
        refusal = refusals().get(decision.behaviour)
        if refusal is not None and refusal.status is not None:
            return web.Response(status=refusal.status, headers={"Server": "rtdoctor-mock"})
        return await self._serve(request, decision, refusal)

    def _decide(self, request: web.BaseRequest) -> Decision:
        offered = ",".join(request.headers.getall("Sec-WebSocket-Protocol", [])).split(",")
        shake = Shake(
            query=request.query,
            headers={name.lower(): value for name, value in request.headers.items()},
            offered=tuple(name.strip() for name in offered if name.strip()),
        )
        if request.path in (
            "/v1/realtime/" + tail for tail in ("transcription_sessions", "sessions", "client_secrets", "calls")
        ):
            return Decision("rest-path")
        return decide(shake, self.vault) if request.path == "/v1/realtime" else Decision("unknown-path")

    async def _serve(self, request: web.BaseRequest, decision: Decision, refusal: Refusal | None) -> web.StreamResponse:
        offered = request.headers.get("Sec-WebSocket-Protocol", "")
        # `realtime` is echoed and never the key; undici and ws refuse a server that selects none of what they offered.
        chosen = ("realtime",) if "realtime" in (part.strip() for part in offered.split(",")) else ()
        socket = web.WebSocketResponse(
            protocols=() if self.faults.get("subprotocol") == does.NO_ANSWER else chosen,
            heartbeat=PING_SECONDS,
            max_msg_size=MOST_MESSAGE,
        )
        socket.headers["Server"] = "rtdoctor-mock"
        await socket.prepare(request)

        async def send(event: dict[str, Any]) -> None:
            # A client that left while we speak is no fault of the mock.
            if not socket.closed:
                await socket.send_str(json.dumps(event))

        if refusal is not None:
            await self._refuse(socket, Fatal(refusal, decision.values, None))
        elif decision.behaviour == does.DROP:
            assert request.transport is not None
            request.transport.abort()
        elif decision.behaviour == does.SILENT:
            async for _ in socket:
                pass
        else:
            await self._converse(socket, self._session(send, decision))
        return socket

    def _session(self, send: Any, decision: Decision) -> Session:
        kind = "transcription" if decision.behaviour == does.OPEN_TRANSCRIPTION else "realtime"
        grant = decision.grant
        minted = grant.session if grant and grant.session_type == kind else None
        model = (
            decision.model or (minted or {}).get("model") or (None if kind == "transcription" else "gpt-realtime-2.1")
        )
        late = (decision.late_refusal, decision.values) if decision.late_refusal else None
        return Session(send, self.clock, self.faults, kind, model, minted, late)

    async def _converse(self, socket: web.WebSocketResponse, session: Session) -> None:
        try:
            await session.greet()
            async for message in socket:
                if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    await session.take(message.data)
        except Fatal as fatal:
            await self._refuse(socket, fatal)
        except ConnectionError:
            pass

    async def _refuse(self, socket: web.WebSocketResponse, fatal: Fatal) -> None:
        """An error event and the close frame in the same moment (observed 2026-09-18)."""
        refusal = fatal.refusal
        error = refusal.error(fatal.values, fatal.client_event_id)
        event = {"type": "error", "event_id": self.clock.ident("event_"), "error": error}
        try:
            await socket.send_str(json.dumps(event))
            code = refusal.close if refusal.close is not None else int(WSCloseCode.OK)
            await socket.close(code=code, message=refusal.close_reason.encode()[:123])
        except ConnectionError:
            pass

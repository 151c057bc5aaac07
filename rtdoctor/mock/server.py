"""The mock as a server on loopback: real sockets, a free port, REST and WebSocket."""

import asyncio
import json
import logging
import os
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, Self

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web
from aiohttp.http_exceptions import HttpProcessingError

from rtdoctor.mock import behaviour as does
from rtdoctor.mock.behaviour import Refusal, refusals
from rtdoctor.mock.handshake import Decision, Shake, decide
from rtdoctor.mock.masks import NOT_MASKED, Masks
from rtdoctor.mock.respond import Replies
from rtdoctor.mock.rest import routes
from rtdoctor.mock.room import Full, Room
from rtdoctor.mock.secrets import Vault
from rtdoctor.mock.session import PACE, SESSION_SECONDS, Fatal, Session
from rtdoctor.model.clock import Clock

MOST_MESSAGE = 16 * 1024 * 1024
MOST_CONNECTIONS, MOST_SECURED = 140, 48  # each has buffers of half a megabyte, and under TLS twice that and more
_MESSAGE = 2  # bytes that one of a message or a body takes while its parts are put together
_HEAD = 4  # bytes that one of an unfinished head takes, as a list of names and values
_LINGERING = 2.0  # seconds that a client may go on with its body once the answer is sent
PING_SECONDS = 20.26  # observed 2026-09-18
# aiohttp logs offered subprotocols that it does not know, and a key may be among them.
logging.getLogger("aiohttp.websocket").setLevel(logging.ERROR)
# asyncio warns of each write to a client that has left.
logging.getLogger("asyncio").setLevel(logging.ERROR)


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


class _Server(web.Server):
    """aiohttp's server, which counts what its connections receive."""

    def __init__(self, handle: Any, room: Room) -> None:
        super().__init__(handle, access_log=None, logger=_LOG)
        self.room = room

    def __call__(self) -> web.RequestHandler:
        # A body is unpacked by nobody: what is little on its way may be much in memory.
        more: dict[str, Any] = {"access_log": None, "logger": _LOG, "auto_decompress": False}
        return _Connection(self, loop=asyncio.get_running_loop(), lingering_time=_LINGERING, **more)


class _Listener(socket.socket):
    """A socket that accepts so many at once, counted before TLS begins on them."""

    def __init__(self, port: int, most: int) -> None:
        super().__init__(socket.AF_INET, socket.SOCK_STREAM)
        self._most = most
        self._accepted: list[socket.socket] = []
        try:
            if os.name == "posix":
                self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            self.close()
            raise

    def accept(self) -> tuple[socket.socket, Any]:
        """The next connection; one for which there is no place is closed, and asyncio asks again.

        Raises:
            ConnectionAbortedError: it was closed.
        """
        accepted, address = super().accept()
        self._accepted = [before for before in self._accepted if before.fileno() >= 0]
        if len(self._accepted) >= self._most:
            accepted.close()
            raise ConnectionAbortedError
        self._accepted.append(accepted)
        return accepted, address


class _Connection(web.RequestHandler):
    """One connection. The bytes of its head, and of a body or a message that is not handled yet, are counted; a client
    for whose next ones there is no room is cut off. It has one head, which has `begun` to be read at its blank line.
    When the answer is `made`, nothing that still comes is looked at."""

    __slots__ = ("_masks", "_room", "begun", "heard", "made", "upgraded", "waiting")

    def __init__(self, server: _Server, **more: Any) -> None:
        super().__init__(server, **more)
        self._room = server.room
        self.begun = self.made = self.upgraded = False
        self.heard = True
        self.waiting = 0
        self._masks = Masks()

    def data_received(self, data: bytes) -> None:
        self.heard = True
        if self.made:
            return
        # A blank line ends the head; those before it are skipped (RFC 9112, section 2.2).
        self.begun = self.begun or b"\r\n\r\n" in data.lstrip(b"\r\n")
        weight = (_MESSAGE if self.begun else _HEAD) * len(data)
        try:
            self._room.take(weight)
        except Full:
            self._cut()
            return
        self.waiting += weight
        if not self._masks.all_masked(data) and self.upgraded and self.transport is not None:
            self.transport.write(NOT_MASKED)
            self.transport.close()
            self.force_close()
            return
        super().data_received(data)

    def _cut(self) -> None:
        if self.transport is not None:
            self.transport.abort()  # what waits to be sent waits no more
        self.force_close()

    def handled(self, size: int) -> None:
        """A message of so many bytes, and the head of its frame (RFC 6455, section 5.2), need not be held any more."""
        size = min(self.waiting, _MESSAGE * (size + (6 if size < 126 else 8 if size < 65536 else 14)))
        self.waiting -= size
        self._room.give(size)

    def connection_lost(self, exc: BaseException | None) -> None:
        self.made = True
        self.handled(self.waiting)
        super().connection_lost(exc)


async def _messages(socket: web.WebSocketResponse, connection: _Connection) -> AsyncIterator[WSMessage]:
    """What comes, each counted until the next is asked for; between two of them the others have a turn."""
    async for message in socket:
        if message.type is WSMsgType.PING:
            with suppress(ConnectionError):
                await socket.pong(message.data)
        yield message
        await asyncio.sleep(0)
        if connection.transport is None or connection.transport.is_closing():
            return  # it was cut off: what it has sent before is nobody's any more
        connection.handled(len(message.data) if isinstance(message.data, (bytes, bytearray)) else 0)


async def _ping(socket: web.WebSocketResponse, connection: _Connection) -> None:
    """A ping of four bytes every 20.26 s (observed 2026-09-18). A client from which nothing came since the last one is
    gone."""
    with suppress(ConnectionError, RuntimeError):
        while connection.heard:
            connection.heard = False
            await asyncio.sleep(PING_SECONDS / 2)
            await socket.ping(os.urandom(4))
            await asyncio.sleep(PING_SECONDS / 2)
    if connection.transport is not None and not connection.heard:
        connection.transport.abort()


def _hold_back(response: web.WebSocketResponse) -> None:
    """Where the system can: what is written from here on waits for the connection's end, or 200 ms, or a full packet
    (tcp(7), TCP_CORK)."""
    plain = response.get_extra_info("socket")
    if plain is not None and hasattr(socket, "TCP_CORK"):
        with suppress(OSError):
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)


def _let_go(response: web.WebSocketResponse) -> None:
    plain = response.get_extra_info("socket")
    if plain is not None and hasattr(socket, "TCP_CORK"):
        with suppress(OSError):
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)


class Mock:
    """A Realtime server that does what the real one was seen to do.

    `keys` are the API keys it takes, `poor_keys` those without credit. `faults` breaks a behaviour on purpose: the id
    of a behaviour (behaviour.toml and behaviour.py) to the id of what happens in its place. `delay` in seconds holds
    every handshake back; `seconds` is how long a session may last, `pace` how far apart the deltas of a response are.
    `plan` gives more faults for the n-th upgrade, the first being 1.
    `edge` sends the headers that the real one's edge was seen to send.
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
        replies: Replies | None = None,
        seconds: float = SESSION_SECONDS,
        pace: float = PACE,
        edge: bool = False,
        plan: Callable[[int], Mapping[str, str]] | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self.vault = Vault(self.clock, keys, poor_keys or set())
        self.faults = dict(faults or {})
        self._delay, self._tls = delay, tls
        self._replies, self._seconds, self._pace, self._edge = replies, seconds, pace, edge
        self._plan, self.upgrades = plan, 0
        self._runner: web.ServerRunner | None = None
        self._rest = routes(self.vault, self.clock)
        self._room = Room()
        self.port = 0

    @property
    def base_url(self) -> str:
        """The base URL, once the server runs."""
        return f"{'https' if self._tls else 'http'}://{'localhost' if self._tls else '127.0.0.1'}:{self.port}/v1"

    async def start(self, port: int = 0) -> None:
        """Listen on 127.0.0.1, on a free port when none is given.

        Raises:
            OSError: it cannot, for the port is taken, or too many files are open.
        """
        self._runner = web.ServerRunner(_Server(self._handle, self._room), shutdown_timeout=0.5)
        await self._runner.setup()
        listener = _Listener(port, MOST_SECURED if self._tls else MOST_CONNECTIONS)
        await web.SockSite(self._runner, listener, ssl_context=self._tls).start()
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
        connection = request.protocol
        assert isinstance(connection, _Connection)
        connection.begun = True
        response = await self._answer(request)
        connection.made = True
        if not response.prepared:
            response.force_close()  # a second head on this connection would not be counted
            response.headers.update(self._headers())
        return response

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() != "websocket":
            handler = self._rest.get((request.method, request.path))
            if handler is None:
                return web.json_response(
                    {"error": {"message": f"Invalid URL ({request.method} {request.path})"}}, status=404
                )
            return await handler(request)  # type: ignore[arg-type]
        if request.headers.get("Sec-WebSocket-Version") != "13":  # RFC 6455, section 4.4
            return web.Response(status=426, headers={"Sec-WebSocket-Version": "13"})
        if self._delay:
            await asyncio.sleep(self._delay)
        self.upgrades += 1
        faults = {**self.faults, **(self._plan(self.upgrades) if self._plan else {})}
        decision = self._decide(request)
        behaviour = faults.get(decision.behaviour, decision.behaviour)
        if decision.reused:
            behaviour = faults.get(does.REUSED_SECRET, behaviour)
        decision = replace(decision, behaviour=behaviour)
        refusal = refusals().get(decision.behaviour)
        if refusal is not None and refusal.status is not None:
            return web.Response(status=refusal.status, headers=self._headers())
        return await self._serve(request, decision, refusal, faults)

    def _headers(self) -> dict[str, str]:
        """The same for good and for bad keys, and none of a request's id or of rate limits (observed 2026-09-18)."""
        if not self._edge:
            return {"Server": "rtdoctor-mock"}
        return {
            "Server": "cloudflare",
            "x-openai-proxy-wasm": "v0.1",
            "CF-RAY": self.clock.ident("", 16).lower() + "-MCK",
            "cf-cache-status": "DYNAMIC",
            "Set-Cookie": f"__cf_bm={self.clock.ident('', 43)}; path=/; HttpOnly; Secure; SameSite=None",
        }

    def _decide(self, request: web.BaseRequest) -> Decision:
        offered = ",".join(request.headers.getall("Sec-WebSocket-Protocol", [])).split(",")
        shake = Shake(
            query=request.query,
            headers={name.lower(): value for name, value in request.headers.items()},
            offered=tuple(name.strip() for name in offered if name.strip()),
        )
        if request.path in ("/v1/responses", "/v1/live/sessions"):
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            known = scheme.lower() == "bearer" and self.vault.look_up(token.strip())
            return Decision("unknown-path") if known else Decision("unauthorized")
        if request.path in (
            "/v1/realtime/" + tail for tail in ("transcription_sessions", "sessions", "client_secrets", "calls")
        ):
            return Decision("rest-path")
        return decide(shake, self.vault) if request.path == "/v1/realtime" else Decision("unknown-path")

    async def _serve(
        self, request: web.BaseRequest, decision: Decision, refusal: Refusal | None, faults: Mapping[str, str]
    ) -> web.StreamResponse:
        offered = request.headers.get("Sec-WebSocket-Protocol", "")
        # `realtime` is echoed and never the key; undici and ws refuse a server that selects none of what they offered.
        chosen = ("realtime",) if "realtime" in (part.strip() for part in offered.split(",")) else ()
        socket = web.WebSocketResponse(
            protocols=() if faults.get("subprotocol") == does.NO_ANSWER else chosen,
            max_msg_size=MOST_MESSAGE,
            autoping=False,  # aiohttp's own takes every ping and pong that waits in one turn
            compress=False,  # takes 300 KB a socket
            decode_text=False,
        )
        socket.headers.update(self._headers())
        await socket.prepare(request)
        connection = request.protocol
        assert isinstance(connection, _Connection)
        connection.upgraded = True

        async def send(event: dict[str, Any]) -> None:
            # A client that left while we speak is no fault of the mock.
            if socket.closed:
                return
            text = json.dumps(event)
            # A client that does not read lets us wait here, and what waits is held twice.
            size = 2 * len(text)
            self._room.take(size)
            try:
                await socket.send_str(text)
            finally:
                self._room.give(size)

        if refusal is not None:
            await self._refuse(socket, Fatal(refusal, decision.values, None))
        elif decision.behaviour == does.DROP:
            assert request.transport is not None
            request.transport.abort()
        elif decision.behaviour == does.SILENT:
            async for _ in _messages(socket, connection):
                pass
        else:
            session = self._session(send, decision, faults, partial(self._broken, socket))
            beside = [asyncio.create_task(_ping(socket, connection)), asyncio.create_task(self._end(socket, session))]
            try:
                await self._converse(socket, _messages(socket, connection), session)
            finally:
                for task in beside:
                    task.cancel()
                session.end()
        return socket

    async def _broken(self, socket: web.WebSocketResponse, error: BaseException) -> None:
        """What a response ran into, beside the client's events."""
        if isinstance(error, Full):
            await socket.close(code=WSCloseCode.TRY_AGAIN_LATER)
        else:
            _LOG.error("a response ended in %s", type(error).__name__)

    def _session(self, send: Any, decision: Decision, faults: Mapping[str, str], broken: Any) -> Session:
        kind = "transcription" if decision.behaviour == does.OPEN_TRANSCRIPTION else "realtime"
        grant = decision.grant
        minted = grant.session if grant and grant.session_type == kind else None
        model = (
            decision.model or (minted or {}).get("model") or (None if kind == "transcription" else "gpt-realtime-2.1")
        )
        late = (decision.late_refusal, decision.values) if decision.late_refusal else None
        more = {"replies": self._replies, "seconds": self._seconds, "pace": self._pace, "broken": broken}
        return Session(send, self.clock, faults, kind, model, minted, late, self._room, **more)

    async def _end(self, socket: web.WebSocketResponse, session: Session) -> None:
        """The end of a session's time, also when the client says nothing."""
        await asyncio.sleep(self._seconds)
        try:
            await session.expire()
        except Fatal as fatal:
            await self._refuse(socket, fatal)

    async def _converse(
        self, socket: web.WebSocketResponse, messages: AsyncIterator[WSMessage], session: Session
    ) -> None:
        try:
            await session.greet()
            async for message in messages:
                if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    await session.take(message.data, binary=message.type is WSMsgType.BINARY)
        except UnicodeDecodeError:
            await socket.close(code=WSCloseCode.INVALID_TEXT)
        except Full:
            await socket.close(code=WSCloseCode.TRY_AGAIN_LATER)
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
            _hold_back(socket)  # so that both leave in one packet
            await socket.send_str(json.dumps(event))
            code = refusal.close if refusal.close is not None else int(WSCloseCode.OK)
            asyncio.get_running_loop().call_soon(_let_go, socket)  # when the close frame is written
            await socket.close(code=code, message=refusal.close_reason.encode()[:123])
        except ConnectionError:
            pass

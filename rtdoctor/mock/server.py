"""The mock as a server on loopback: real sockets, a free port, REST and WebSocket."""

import asyncio
import base64
import hashlib
import ipaddress
import ssl
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Self

from aiohttp import WSCloseCode, WSMsgType, web

from rtdoctor.mock import behaviour as does
from rtdoctor.mock import control
from rtdoctor.mock.behaviour import Refusal, refusals
from rtdoctor.mock.beta import BetaSession
from rtdoctor.mock.dialect import dialects
from rtdoctor.mock.faults import Course, Faults
from rtdoctor.mock.handshake import Decision, Shake, decide
from rtdoctor.mock.hearing import Hear, Heard
from rtdoctor.mock.line import Line
from rtdoctor.mock.listening import MOST_CONNECTIONS, MOST_SECURED, Connection, Listener, Server
from rtdoctor.mock.live import LiveSession
from rtdoctor.mock.respond import Replies
from rtdoctor.mock.rest import routes
from rtdoctor.mock.room import Full, Room
from rtdoctor.mock.script import Script
from rtdoctor.mock.secrets import Vault
from rtdoctor.mock.session import PACE, SESSION_SECONDS, Fatal, Session
from rtdoctor.mock.stage import Play, Stage
from rtdoctor.model.clock import Clock

MOST_MESSAGE = 16 * 1024 * 1024
_ACCEPT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3


class Mock:
    """A Realtime server that does what the real one was seen to do.

    `keys` are the API keys it takes, `poor_keys` those without credit; `models`, where there are any, the only ones it
    takes. `faults` breaks a behaviour on every connection: the id of a behaviour (behaviour.toml and behaviour.py) to
    the id of what happens in its place. `named` are faults by their names (faults.toml), as many and as long as is
    wanted: `Faults(["abort@2"])`, and `mock.named.add("silence")` while it runs. `hear` is given what every client
    asked, sent and got, line by line, while it happens (hearing.py). `script` says what clients are to send and what
    they are answered; `stage.failures` and `stage.unused()` say what they did otherwise. `delay` in seconds holds every
    handshake back; `seconds` is how long a session may last, `pace` how far apart the deltas of a response are. `edge`
    sends the headers that the real one's edge was seen to send. It listens on `host`; with a `token`, the control API
    (control.py) is there for who has it and is on this machine. `dialect` is the kind of server (dialects.toml).
    """

    def __init__(
        self,
        keys: set[str],
        *,
        clock: Clock | None = None,
        faults: Mapping[str, str] | None = None,
        named: Faults | None = None,
        hear: Hear | None = None,
        script: Script | None = None,
        poor_keys: set[str] | None = None,
        models: Collection[str] = (),
        delay: float = 0.0,
        tls: ssl.SSLContext | None = None,
        replies: Replies | None = None,
        seconds: float = SESSION_SECONDS,
        pace: float = PACE,
        edge: bool = False,
        host: str = "127.0.0.1",
        token: str | None = None,
        dialect: str = "openai",
    ) -> None:
        self.clock = clock or Clock()
        self.vault = Vault(self.clock, keys, poor_keys or set())
        self.faults = dict(faults or {})
        self.named = named or Faults()
        self._hear, self._delay, self._tls, self._models, self._host = hear, delay, tls, frozenset(models), host
        self._replies, self._seconds, self._pace, self._edge = replies, seconds, pace, edge
        self.upgrades = self._requests = 0
        self._open: set[Line] = set()
        self._started = time.monotonic()
        self._runner: web.ServerRunner | None = None
        self._rest = routes(self.vault, self.clock, self._models)
        self._room = Room()
        self.stage = Stage(script or Script("", ()))
        self.token = token
        self.dialect = dialects()[dialect]
        self.port = 0

    @property
    def open_sockets(self) -> int:
        """How many sockets are open."""
        return len(self._open)

    @property
    def control_url(self) -> str:
        """The base URL of the control API."""
        return self.base_url.removesuffix(self.dialect.base) + control.PATH

    @property
    def base_url(self) -> str:
        """The base URL, once the server runs."""
        here = "localhost" if self._tls else "127.0.0.1"
        host = here if self._host in ("127.0.0.1", "0.0.0.0", "") else self._host  # noqa: S104 (compared, not bound)
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{self.dialect.base}"

    async def start(self, port: int = 0) -> None:
        """Listen, on a free port when none is given.

        Raises:
            OSError: it cannot, for the port is taken, or too many files are open.
        """
        self._started = time.monotonic()
        self._runner = web.ServerRunner(Server(self._handle, self._room), shutdown_timeout=0.5)
        await self._runner.setup()
        listener = Listener(self._host, port, MOST_SECURED if self._tls else MOST_CONNECTIONS)
        await web.SockSite(self._runner, listener, ssl_context=self._tls).start()
        self.port = self._runner.addresses[0][1]
        loop = asyncio.get_running_loop()

        def changed() -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._faults_changed)

        self.named.changed.append(changed)

    def play(self, script: Script) -> None:
        """Play this script from the next connection on."""
        self.stage = Stage(script, self.upgrades)

    async def stop(self) -> None:
        """Close the sockets and the port."""
        self.named.changed.clear()
        for line in list(self._open):
            line.heard.end("server", "stopped")
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _faults_changed(self) -> None:
        for line in list(self._open):
            line.faults_changed()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        connection = request.protocol
        assert isinstance(connection, Connection)
        connection.begun = True
        self._requests += 1
        heard = Heard(self._hear, self._requests, self._started)
        upgrade = request.headers.get("Upgrade", "").lower() == "websocket"
        self.upgrades += upgrade
        scheme = ("wss" if self._tls else "ws") if upgrade else ("https" if self._tls else "http")
        url = f"{scheme}://{request.host}{request.path_qs}"
        more: dict[str, Any] = {"subprotocols": list(_offered(request)), "socket": self.upgrades} if upgrade else {}
        heard.request(request.method, url, request.headers.items(), **more)
        response = await (self._upgrade(request, connection, heard) if upgrade else self._plain(request))
        connection.made = True
        if not response.prepared:
            response.force_close()  # a second head on this connection would not be counted
            response.headers.update(self._headers())
            body = response.body if isinstance(response, web.Response) else None
            told = {"body": body.decode("utf-8", "replace")} if isinstance(body, bytes) else {}
            if not heard.over:
                heard.answer(response.status, response.reason, response.headers, **told)
        heard.end("server", "close")
        return response

    async def _plain(self, request: web.BaseRequest) -> web.StreamResponse:
        if self.token and request.path.startswith(control.PATH + "/") and _is_local(request):
            return await control.answer(request, self, self.token)
        path = "/v1" + request.path.removeprefix(self.dialect.base)
        handler = self._rest.get((request.method, path)) if request.path.startswith(self.dialect.base) else None
        if handler is None:
            message = f"Invalid URL ({request.method} {request.path})"
            return web.json_response({"error": {"message": message}}, status=404)
        return await handler(request)  # type: ignore[arg-type]

    async def _upgrade(self, request: web.BaseRequest, connection: Connection, heard: Heard) -> web.StreamResponse:
        number, part = self.upgrades, self.stage.part(self.upgrades)
        fixed = {**self.dialect.puts, **self.faults}
        course = Course(self.named, number, fixed, part.faults if part else ())
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.stage.asked(number, request.query, headers, heard)
        if delay := self._delay + (course.value("slow-answer") or 0.0):
            await asyncio.sleep(delay)
        if course.value("no-answer"):
            heard.finding("info", "mock.no-answer", "the fault no-answer: the handshake is not answered")
            await connection.lost.wait()
            heard.end("client", "eof")
            return _gone(connection)
        slots = course.value("slots")
        decision = self._decide(request)
        behaviour = course.does(decision.behaviour)
        if decision.reused:
            reused = course.does(does.REUSED_SECRET)
            behaviour = behaviour if reused == does.REUSED_SECRET else reused
        if slots is not None and len(self._open) >= slots:
            behaviour = "rate-limited"
        decision = replace(decision, behaviour=behaviour)
        refusal = refusals().get(decision.behaviour)
        if refusal is not None and refusal.status is not None:
            heard.finding("error", f"mock.{refusal.id}", refusal.why or f"refused with {refusal.status}")
            return await _refused(refusal, self._headers(), connection, heard)
        if course.value("wrong-accept") or course.value("no-upgrade"):
            return await self._wrong_answer(request, connection, heard, upgrade=not course.value("no-upgrade"))
        return await self._serve(request, connection, decision, refusal, course, heard)

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
        shake = Shake(
            query=request.query,
            headers={name.lower(): value for name, value in request.headers.items()},
            offered=_offered(request),
            models=self._models,
            dialect=self.dialect,
        )
        if request.path == self.dialect.path:
            return decide(shake, self.vault)
        if request.path in ("/v1/responses", "/v1/live/sessions"):
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            known = scheme.lower() == "bearer" and self.vault.look_up(token.strip())
            return Decision("unknown-path") if known else Decision("unauthorized")
        if request.path in (
            "/v1/realtime/" + tail for tail in ("transcription_sessions", "sessions", "client_secrets", "calls")
        ):
            return Decision("rest-path")
        return Decision("unknown-path")

    async def _wrong_answer(
        self, request: web.BaseRequest, connection: Connection, heard: Heard, *, upgrade: bool
    ) -> web.StreamResponse:
        """A 101 that a client must not take (RFC 6455, section 4.1)."""
        # What is wrong is the accept key, made of another key, or that the headers of an upgrade are missing.
        key = request.headers.get("Sec-WebSocket-Key", "").encode() if not upgrade else b"another"
        accept = base64.b64encode(hashlib.sha1(key + _ACCEPT, usedforsecurity=False).digest()).decode()
        headers = self._headers() | {"Sec-WebSocket-Accept": accept}
        headers |= {"Upgrade": "websocket", "Connection": "Upgrade"} if upgrade else {}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        heard.answer(101, "Switching Protocols", headers, subprotocol=None)
        connection.made = True
        if connection.transport is not None:
            connection.transport.write(f"HTTP/1.1 101 Switching Protocols\r\n{head}\r\n".encode())
            with suppress(TimeoutError):
                async with asyncio.timeout(self._seconds):
                    await connection.lost.wait()
        heard.end("client", "eof")
        return _gone(connection)

    async def _serve(
        self,
        request: web.BaseRequest,
        connection: Connection,
        decision: Decision,
        refusal: Refusal | None,
        course: Course,
        heard: Heard,
    ) -> web.StreamResponse:
        # `realtime` is echoed and never the key; undici and ws refuse a server that selects none of what they offered.
        chosen = ("realtime",) if "realtime" in _offered(request) else ()
        other = course.value("other-subprotocol") is not None
        socket = web.WebSocketResponse(
            protocols=() if other or course.does("subprotocol") == does.NO_ANSWER else chosen,
            max_msg_size=MOST_MESSAGE,
            autoping=False,  # aiohttp's own takes every ping and pong that waits in one turn
            compress=False,  # takes 300 KB a socket
            decode_text=False,
        )
        socket.headers.update(self._headers())
        if other:
            socket.headers["Sec-WebSocket-Protocol"] = "mqtt"
        await socket.prepare(request)
        heard.answer(101, socket.reason, socket.headers, subprotocol=socket.headers.get("Sec-WebSocket-Protocol"))
        heard.speaks(self.dialect.speaks)
        line = Line(socket, connection, course, self._room, self.clock, heard)
        self._open.add(line)
        try:
            if refusal is not None:
                await line.refuse(Fatal(refusal, decision.values, None))
            elif decision.behaviour == does.DROP:
                line.abort()
            elif decision.behaviour == does.SILENT:
                async for _ in line.messages():
                    pass
            else:
                await self._hold(line, decision, course)
        finally:
            self._open.discard(line)
        return socket

    async def _hold(self, line: Line, decision: Decision, course: Course) -> None:
        """A session, from its greeting to its end."""
        seconds = course.value("expiry") or self._seconds
        session = self._session(line, decision, course, seconds)
        play = self.stage.play(course.number, session, line, self._room) if isinstance(session, Session) else None
        beside = [asyncio.create_task(line.ping()), asyncio.create_task(_end(line, session, seconds))]
        try:
            await self._converse(line, session, play)
            if line.connection.made and not line.connection.lost.is_set():  # half-open
                await line.connection.lost.wait()
        finally:
            for task in beside:
                task.cancel()
            if play:
                play.end()
            session.end()

    def _session(self, line: Line, decision: Decision, course: Course, seconds: float) -> Session | LiveSession:
        if self.dialect.speaks == "live":
            return LiveSession(line.send, self.clock, seconds, self._room)
        kind = "transcription" if decision.behaviour == does.OPEN_TRANSCRIPTION else "realtime"
        grant = decision.grant
        minted = grant.session if grant and grant.session_type == kind else None
        model = (
            decision.model or (minted or {}).get("model") or (None if kind == "transcription" else "gpt-realtime-2.1")
        )
        late = (decision.late_refusal, decision.values) if decision.late_refusal else None
        more: dict[str, Any] = {"replies": self._replies, "seconds": seconds, "pace": self._pace}
        if self.dialect.speaks == "beta":
            return BetaSession(
                line.send, self.clock, course.does, kind, model, minted, late, self._room, broken=line.broken, **more
            )
        return Session(
            line.send, self.clock, course.does, kind, model, minted, late, self._room, broken=line.broken, **more
        )

    async def _converse(self, line: Line, session: Session | LiveSession, play: Play | None) -> None:
        take = play.take if play else session.take
        try:
            await session.greet()
            if play:
                play.begin()
            async for message in line.messages():
                if message.type in (WSMsgType.TEXT, WSMsgType.BINARY) and not line.over:
                    await take(message.data, binary=message.type is WSMsgType.BINARY)
        except UnicodeDecodeError:
            await line.close(WSCloseCode.INVALID_TEXT)
        except Full:
            await line.close(WSCloseCode.TRY_AGAIN_LATER)
        except Fatal as fatal:
            await line.refuse(fatal)
        except ConnectionError:
            line.heard.end("client", "reset")


async def _end(line: Line, session: Session | LiveSession, seconds: float) -> None:
    """The end of a session's time, also when the client says nothing."""
    await asyncio.sleep(seconds)
    try:
        await session.expire()
    except Fatal as fatal:
        if not line.over:
            await line.refuse(fatal)


def _is_local(request: web.BaseRequest) -> bool:
    """True for a client on this machine."""
    try:
        return ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        return False


def _offered(request: web.BaseRequest) -> tuple[str, ...]:
    """The subprotocols that the client offers."""
    offered = ",".join(request.headers.getall("Sec-WebSocket-Protocol", [])).split(",")
    return tuple(name.strip() for name in offered if name.strip())


async def _refused(
    refusal: Refusal, headers: Mapping[str, str], connection: Connection, heard: Heard
) -> web.StreamResponse:
    """An HTTP answer in place of the 101."""
    assert refusal.status is not None
    if not refusal.bare or connection.transport is None:
        told = {**headers, **refusal.headers}
        return web.Response(status=refusal.status, headers=told, body=refusal.body.encode() if refusal.body else None)
    # aiohttp names itself in every answer, and what it stands for does not.
    status = HTTPStatus(refusal.status)
    heard.answer(status.value, status.phrase, refusal.headers, body=refusal.body)
    head = "".join(f"{name}: {value}\r\n" for name, value in refusal.headers.items())
    connection.transport.write(f"HTTP/1.1 {status.value} {status.phrase}\r\n{head}\r\n{refusal.body}".encode())
    heard.end("server", "close")
    return _gone(connection)


def _gone(connection: Connection) -> web.StreamResponse:
    """The answer of a connection that has had its own, or gets none."""
    if connection.transport is not None:
        connection.transport.close()
    return web.Response()

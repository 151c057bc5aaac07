"""The mock as a server on loopback: real sockets, a free port, REST and WebSocket."""

import asyncio
import ssl
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Self

from aiohttp import web

from rtdoctor.mock import behaviour as does
from rtdoctor.mock import calls, control
from rtdoctor.mock.answering import gone, is_local, offered, refused, wrong_answer
from rtdoctor.mock.behaviour import Refusal, refusals
from rtdoctor.mock.beta import BetaSession
from rtdoctor.mock.conversing import hold
from rtdoctor.mock.dialect import dialects
from rtdoctor.mock.faults import Course, Faults
from rtdoctor.mock.handshake import Decision, Shake, decide
from rtdoctor.mock.hearing import Hear, Heard
from rtdoctor.mock.line import Line
from rtdoctor.mock.listening import MOST_CONNECTIONS, MOST_SECURED, Connection, Listener, Server
from rtdoctor.mock.live import STEP, LiveSession
from rtdoctor.mock.memory import MOST_HELD, Room
from rtdoctor.mock.respond import Replies
from rtdoctor.mock.rest import read_body, routes
from rtdoctor.mock.script import Script
from rtdoctor.mock.secrets import Vault
from rtdoctor.mock.session import PACE, SESSION_SECONDS, Fatal, Session
from rtdoctor.mock.stage import Stage
from rtdoctor.mock.translation import TranslationSession
from rtdoctor.mock.vllm import VllmSession
from rtdoctor.model.clock import Clock
from rtdoctor.protocol.models import defaults

Other = LiveSession | TranslationSession | VllmSession
MOST_MESSAGE = 16 * 1024 * 1024


class MockServer:
    """A Realtime server that does what the real one was seen to do.

    `keys` are the API keys it takes, `poor_keys` those without credit; `models`, where there are any, the only ones it
    takes. `faults` breaks a behaviour on every connection: the id of a behaviour (behaviour.toml and behaviour.py) to
    the id of what happens in its place. `named` are faults by their names (faults.toml), as many and as long as is
    wanted: `Faults(["abort@2"])`, and `mock.named.add("silence")` while it runs. `hear` is given what every client
    asked, sent and got, line by line, while it happens (hearing.py). `script` says what clients are to send and what
    they are answered; `stage.failures` and `stage.unused()` say what they did otherwise. `delay` in seconds holds every
    handshake back; `seconds` is how long a session may last, `pace` how far apart the deltas of a response are. `edge`
    sends the headers that the real one's edge was seen to send. It listens on `host`; with a `token`, the control API
    (control.py) is there for who has it and is on this machine. `dialect` is the kind of server (dialects.toml);
    `connections` how many it takes at once, each of which may take half a megabyte and more.
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
        connections: int | None = None,
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
        self._calls = calls.Calls(self.vault, self.clock)
        self._rest = routes(self.vault, self.clock, self._models)
        usual = MOST_SECURED if tls else MOST_CONNECTIONS
        self._connections = connections or usual
        # Who asks for more of them has said that there is memory for it.
        self._room = Room(MOST_HELD * max(usual, self._connections) // usual)
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
        host = self._host
        if host in ("127.0.0.1", "0.0.0.0", "::", ""):  # noqa: S104 (compared, not bound)
            host = "localhost" if self._tls else "127.0.0.1" if host != "::" else "[::1]"
        elif ":" in host:
            host = f"[{host}]"
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{self.dialect.base}"

    async def start(self, port: int = 0) -> None:
        """Listen, on a free port when none is given.

        Raises:
            OSError: it cannot, for the port is taken, or too many files are open.
        """
        self._started = time.monotonic()
        self._runner = web.ServerRunner(Server(self._handle, self._room), shutdown_timeout=0.5)
        await self._runner.setup()
        listener = Listener(self._host, port, self._connections)
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
        more: dict[str, Any] = {"subprotocols": list(offered(request)), "socket": self.upgrades} if upgrade else {}
        heard.request(request.method, url, request.headers.items(), **more)
        response = await (self._upgrade(request, connection, heard) if upgrade else self._plain(request))
        connection.made = True
        if not response.prepared:
            response.force_close()  # a second head on this connection would not be counted
            response.headers.update(self._headers())
            body = response.body if isinstance(response, web.Response) else None
            with_body = {"body": body.decode("utf-8", "replace")} if isinstance(body, bytes) else {}
            if not heard.over:
                heard.answer(response.status, response.reason, response.headers, **with_body)
        heard.end("server", "close")
        return response

    def _state(self) -> dict[str, Any]:
        script = {"failures": self.stage.failures, "unused": self.stage.unused()}
        return {"sockets": self.upgrades, "open": self.open_sockets, "script": script}

    async def _plain(self, request: web.BaseRequest) -> web.StreamResponse:
        if self.token and request.path.startswith(control.PATH + "/") and is_local(request):
            return await control.answer(request, self.named, self._state, self.token)
        path = "/v1" + request.path.removeprefix(self.dialect.base)
        if f"{path}/".startswith(calls.PATH + "/") and self.dialect.speaks == "ga":
            return self._calls.answer(request.method, path, request.headers, await read_body(request))
        handler = self._rest.get((request.method, path)) if request.path.startswith(self.dialect.base) else None
        if handler is None:
            message = f"Invalid URL ({request.method} {request.path})"
            return web.json_response({"error": {"message": message}}, status=404)
        return await handler(request)  # type: ignore[arg-type]

    async def _upgrade(self, request: web.BaseRequest, connection: Connection, heard: Heard) -> web.StreamResponse:
        if request.headers.get("Sec-WebSocket-Version") != "13":  # RFC 6455, section 4.4
            return web.Response(status=426, headers={"Sec-WebSocket-Version": "13"})
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
            return gone(connection)
        slots = course.value("slots")
        decision = self._decide(request, headers)
        behaviour = course.does(decision.behaviour)
        if decision.reused:
            reused = course.does(does.REUSED_SECRET)
            behaviour = behaviour if reused == does.REUSED_SECRET else reused
        if slots is not None and len(self._open) >= slots:
            behaviour = "rate-limited"
        if behaviour != decision.behaviour or behaviour == "retired-model":
            values = _with_model(decision) if behaviour == "retired-model" else decision.values
            decision = replace(decision, behaviour=behaviour, values=values)
        refusal = refusals().get(decision.behaviour)
        if refusal is not None and refusal.status is not None:
            heard.finding("error", f"mock.{refusal.id}", refusal.why or f"refused with {refusal.status}")
            return refused(refusal, self._headers(), connection, heard)
        if course.value("wrong-accept") or course.value("no-upgrade"):
            key = None if course.value("wrong-accept") else request.headers.get("Sec-WebSocket-Key", "")
            return await wrong_answer(connection, heard, self._headers(), key, self._seconds)
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

    def _decide(self, request: web.BaseRequest, headers: Mapping[str, str]) -> Decision:
        shake = Shake(
            query=request.query,
            headers=headers,
            offered=offered(request),
            models=self._models,
            dialect=self.dialect,
            call=self._calls.session(request.query.get("call_id", "")),
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
        chosen = ("realtime",) if "realtime" in offered(request) else ()
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
        connection.upgraded = True
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
        seconds = course.value("expiry") or self._seconds
        session = self._session(line, decision, course, seconds)
        play = self.stage.play(course.number, session, line, self._room)
        await hold(line, session, play, seconds)

    def _session(self, line: Line, decision: Decision, course: Course, seconds: float) -> Session | Other:
        if self.dialect.speaks == "live":
            step = STEP if self._pace else STEP / 20
            return LiveSession(line.send, self.clock, seconds, self._room, self._replies or Replies(), step)
        if self.dialect.speaks == "vllm":
            return VllmSession(line.send, self.clock, self._room, self._pace)
        if self.dialect.speaks == "translation":
            replies = self._replies or Replies()
            return TranslationSession(line.send, self.clock, decision.model or "", seconds, self._room, replies)
        kind = "transcription" if decision.behaviour == does.OPEN_TRANSCRIPTION else "realtime"
        grant = decision.grant
        minted = decision.call or (grant.session if grant and grant.session_type == kind else None)
        model = (
            decision.model or (minted or {}).get("model") or (None if kind == "transcription" else "gpt-realtime-2.1")
        )
        late = (decision.late_refusal, decision.values) if decision.late_refusal else None
        more: dict[str, Any] = {"replies": self._replies, "seconds": seconds, "pace": self._pace}
        more["greets"] = decision.call is None  # a sideband hears no session.created (3 of 3 recordings, 2026-07)
        made = BetaSession if self.dialect.speaks == "beta" else Session
        return made(
            line.send, self.clock, course.does, kind, model, minted, late, self._room, broken=line.broken, **more
        )


def _with_model(decision: Decision) -> Mapping[str, str]:
    """The values of a refusal; where the client named no model (?intent=transcription), it is the usual one."""
    if decision.values.get("model"):
        return decision.values
    usual = defaults().transcription if decision.behaviour == does.OPEN_TRANSCRIPTION else defaults().realtime
    return {**decision.values, "model": usual}

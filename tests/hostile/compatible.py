"""Small servers of the Realtime protocol that are not OpenAI's: each does one thing in its own way."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

Session = dict[str, Any]


@dataclass
class Server:
    """What a server does in its own way, and what it saw.

    `base` is the path before /realtime; `key` the one that it takes, None where it looks at none; `by` the places where
    it looks; `slots` the sessions at once; `hold` how long, in seconds, a closed one keeps its slot; `models` what
    `GET /models` lists, None where there is no such path; `kinds` the sessions that it serves, and `refuses_kinds` that
    it says so; `needs_model` wants ?model= for each; `routes_to` is a model that takes the place of any; `refuse` the
    form of a refusal, `status`, `event`, `text`, `close` or `wordless`, with the words of `words`; `waits` greets only
    when the client has spoken.
    """

    base: str = "/v1"
    key: str | None = None
    by: tuple[str, ...] = ("header", "subprotocol")
    echoes: bool = True
    slots: int | None = None
    hold: float = 0.0
    models: tuple[str, ...] | None = ("tiny-realtime", "tiny-transcribe")
    kinds: tuple[str, ...] = ("realtime", "transcription")
    refuses_kinds: bool = False
    needs_model: bool = False
    knows_models: bool = False
    routes_to: str | None = None
    takes_update: bool = True
    answers_update: bool = True
    greeting: str = "session.created"
    waits: bool = False
    binary: bool = False
    silent: bool = False
    refuse: str = "event"
    words: Mapping[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    open: int = 0
    most: int = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Serve on loopback; gives the base URL."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        try:
            yield f"http://127.0.0.1:{port}{self.base}"
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.path_qs}")
        if request.path == f"{self.base}/models" and self.models is not None:
            return web.json_response({"object": "list", "data": [{"id": name} for name in self.models]})
        if request.path != f"{self.base}/realtime" or request.headers.get("Upgrade", "").lower() != "websocket":
            return web.json_response({"error": "not found"}, status=404)
        missing = self._missing(request)
        if missing and self.refuse == "status":
            status = {"key": 401, "slots": 429}.get(missing, 400)
            return web.json_response({"error": self._say(missing)}, status=status)
        offered = [item.strip() for item in request.headers.get("Sec-WebSocket-Protocol", "").split(",") if item]
        socket = web.WebSocketResponse(protocols=("realtime",) if self.echoes and offered else ())
        await socket.prepare(request)
        if missing and self.refuse == "text":
            await socket.send_str(self._say(missing))
        if missing and self.refuse == "wordless":
            await socket.close()
            return socket
        if missing and self.refuse in ("close", "text"):
            await socket.close(code=1008, message=self._say(missing).encode() if self.refuse == "close" else b"")
            return socket
        if missing:
            error = {"type": "invalid_request_error", "code": None, "message": self._say(missing), "param": None}
            await socket.send_json({"type": "error", "event_id": "event_0", "error": error})
            await socket.close(code=1008)
            return socket
        await self._converse(socket, request)
        return socket

    def _missing(self, request: web.Request) -> str:
        offered = request.headers.get("Sec-WebSocket-Protocol", "")
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        given = {bearer} if "header" in self.by else set()
        given |= {request.headers.get("X-API-Key", "")} if "x-api-key" in self.by else set()
        if "subprotocol" in self.by and "openai-insecure-api-key." in offered:
            given.add(offered.partition("openai-insecure-api-key.")[2].split(",")[0].strip())
        model, kind = request.query.get("model"), self._kind(request)
        if self.key is not None and self.key not in given:
            return "key"
        if self.slots is not None and self.open >= self.slots:
            return "slots"
        if self.needs_model and not model:
            return "model"
        if self.knows_models and model and model not in (self.models or ()):
            return "unknown"
        return "kind" if kind not in self.kinds and self.refuses_kinds else ""

    def _say(self, missing: str) -> str:
        usual = {
            "key": "Invalid API key",
            "slots": "all slots in use",
            "model": "pass ?model=<id>",
            "unknown": "Invalid model name passed in",
            "kind": f"Only '{self.kinds[0]}' session type is supported",
        }
        return self.words.get(missing, usual[missing])

    def _kind(self, request: web.Request) -> str:
        return "transcription" if request.query.get("intent") == "transcription" else "realtime"

    async def _converse(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        count = itertools.count(1)
        kind = self._kind(request)
        session: Session = {"type": kind if kind in self.kinds else self.kinds[0], "id": "sess_1", "object": "x"}
        session["audio"] = {"input": {"transcription": None, "turn_detection": None}}
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            greeted = self.silent or self.waits
            if not greeted:
                await self._send(socket, count, self.greeting, session)
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    break
                if self.waits and greeted:
                    greeted = False
                    await self._send(socket, count, self.greeting, session)
                event = message.json()
                if event.get("type") == "session.update":
                    if self.takes_update:
                        self._take(session, event.get("session", {}))
                    if self.answers_update:
                        await self._send(socket, count, "session.updated", session)
        finally:
            asyncio.get_running_loop().call_later(self.hold, self._free)

    def _free(self) -> None:
        self.open -= 1

    def _take(self, session: Session, asked: Session) -> None:
        given = asked.get("audio", {}).get("input", {})
        if "transcription" in given:
            wanted = dict(given["transcription"])
            if self.routes_to:
                wanted["model"] = self.routes_to
            session["audio"] = {"input": session["audio"]["input"] | {"transcription": wanted}}

    async def _send(self, socket: web.WebSocketResponse, count: Any, name: str, session: Session) -> None:
        event = {"type": name, "event_id": f"event_{next(count)}", "session": session}
        await (socket.send_bytes(json.dumps(event).encode()) if self.binary else socket.send_json(event))

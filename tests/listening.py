"""A server that is not the mock: it greets as a Realtime server does, and keeps every message that it is sent."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from aiohttp import web
from aiohttp.test_utils import TestServer

Message = str | bytes
_CREATED = {"type": "session.created", "event_id": "e_1", "session": {"type": "transcription", "audio": {"input": {}}}}
_UPDATED = {**_CREATED, "type": "session.updated"}
_REFUSED = {
    "type": "error",
    "event_id": "e_2",
    "error": {"type": "invalid_request_error", "code": "invalid_value", "message": "Invalid value.", "param": "x"},
}


@asynccontextmanager
async def recording(refused: str = "") -> AsyncIterator[tuple[str, list[Message]]]:
    """Serve on loopback; yields the base URL (http) and the messages, as they come. An event of the `refused` type gets
    an error."""
    heard: list[Message] = []

    async def socket(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return web.json_response({"error": {"message": "nothing here"}}, status=404)
        open_socket = web.WebSocketResponse(max_msg_size=0)
        await open_socket.prepare(request)
        await open_socket.send_str(json.dumps(_CREATED))
        async for message in open_socket:
            heard.append(message.data)
            known = isinstance(message.data, str) and refused and json.loads(message.data)["type"] == refused
            await open_socket.send_str(json.dumps(_REFUSED if known else _UPDATED))
        return open_socket

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", socket)
    async with TestServer(app) as server:
        yield f"http://127.0.0.1:{server.port}/v1", heard


@contextmanager
def recording_aside(refused: str = "") -> Iterator[tuple[str, list[Message]]]:
    """The same in a thread of its own, for a command that runs its own loop."""
    loop = asyncio.new_event_loop()
    server = recording(refused)
    yielded = loop.run_until_complete(server.__aenter__())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield yielded
    finally:
        asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

"""Serves the page: on loopback only, to who knows the token.

Each request is held against three things: the Host header, so that no foreign name that was made to point to this
machine reaches it; what the browser says of who asks; and the token of the URL.
"""

import asyncio
import hmac
import json
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager

from aiohttp import web

from rtdoctor.privacy.errors import InputError
from rtdoctor.privacy.same_site import is_ours
from rtdoctor.web.feed import Source
from rtdoctor.web.gate import shown
from rtdoctor.web.page import page

_MOST_READERS = 16
_PATIENCE = 60.0  # seconds that a reader may take for one batch; a browser that was ended comes back by itself
_LAST = 0.1  # seconds that a server that is being closed waits for a line more
_CLOSE = 1.0  # seconds that it takes at most to give out what has come
_PULSE = 15.0  # seconds of silence after which a sign of life is written, so that a reader that is gone is noticed
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@asynccontextmanager
async def serve_page(source: Source, *, port: int = 0, prices: Mapping[str, float] | None = None) -> AsyncIterator[str]:
    """Serve the page of a source on 127.0.0.1, in the running loop; yields its URL, with the token.

    `port` 0 takes a free one. `prices` are US dollars a minute of input audio, by model: without one no cost is told.

    For a recording the source is a `Recorded`. `rtdoctor proxy --web` gives a `Feed`, and puts into it each line that
    it writes to the tape (redacted already, as a dict), the header first:

        feed = Feed()
        async with serve_page(feed) as url:
            print(url)
            ...                     # feed.put(line) for each line; from any thread, it never waits
            feed.end()              # where no more will come

    What a page costs falls on a thread, and only while a page is open.

    Raises:
        OSError: the port cannot be had.
    """
    face = _Face(source, prices or {})
    app = web.Application(middlewares=[face.guard])
    app.router.add_get("/", face.page)
    app.router.add_get("/events", face.events, allow_head=False)
    app.router.add_get("/tape", face.tape, allow_head=False)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=_CLOSE)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        face.port = runner.addresses[0][1]
        yield f"http://127.0.0.1:{face.port}/?token={face.token}"
    finally:
        face.closing.set()
        await runner.cleanup()


class _Face:
    def __init__(self, source: Source, prices: Mapping[str, float]) -> None:
        self.source, self.prices = source, prices
        self.token, self.port, self.readers = secrets.token_urlsafe(32), 0, 0
        self.closing = asyncio.Event()

    @web.middleware
    async def guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Let nobody through who was not given the URL."""
        if not self._may(request):
            response: web.StreamResponse = web.Response(status=403, text="forbidden\n", headers=_HEADERS)
        else:
            try:
                response = await handler(request)
            except web.HTTPException as error:
                response = web.Response(status=error.status, text=f"{error.reason}\n", headers=_HEADERS)
        return response

    def _may(self, request: web.Request) -> bool:
        navigates = request.path == "/" and request.headers.get("Sec-Fetch-Mode") == "navigate"
        if not is_ours(request.headers.items(), port=self.port, navigates=navigates):
            return False
        tokens = request.query.getall("token", [])
        return len(tokens) == 1 and hmac.compare_digest(tokens[0].encode(), self.token.encode())

    async def page(self, _: web.Request) -> web.StreamResponse:
        """The document."""
        return web.Response(
            body=page().html,
            content_type="text/html",
            charset="utf-8",
            headers=_HEADERS | {"Content-Security-Policy": page().policy},
        )

    async def events(self, request: web.Request) -> web.StreamResponse:
        """The lines as server-sent events, each with the place that a browser comes back with."""
        if self.readers >= _MOST_READERS:
            raise web.HTTPServiceUnavailable
        place = _number(request.query.get("from", "0"))
        response = web.StreamResponse(headers=_HEADERS | {"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        self.readers += 1
        try:
            first = {"live": self.source.live, "prices": dict(self.prices)}
            await _write(response, f"retry: 1000\nevent: source\ndata: {json.dumps(first)}\n\n")
            async with aclosing(self._batches(place)) as batches:
                async for text, following in batches:
                    await _write(response, f"id: {following}\ndata: {text}\n\n" if text else ": still here\n\n")
            await _write(response, f"event: end\ndata: {json.dumps({'closed': self.closing.is_set()})}\n\n")
        except (TimeoutError, ConnectionError):
            pass  # it went, or is too slow for one batch: it comes back with its place
        except (OSError, InputError):  # the recording was taken away
            await _write(response, 'event: end\ndata: {"failed": true}\n\n')
        finally:
            self.readers -= 1
        return response

    async def tape(self, request: web.Request) -> web.StreamResponse:
        """The lines as a tape, as far as they came until now."""
        headers = {"Content-Type": "application/x-ndjson", "Content-Disposition": 'attachment; filename="tape.jsonl"'}
        response = web.StreamResponse(headers=_HEADERS | headers)
        await response.prepare(request)
        last = self.source.last()
        try:
            async with aclosing(self._batches(0)) as batches:
                async for text, place in batches if last != 0 else _nothing():
                    await _write(response, "".join(f"{json.dumps(line)}\n" for line in json.loads(text or "[]")))
                    if last is not None and place >= last:
                        break
        except (OSError, InputError):
            if request.transport is not None:
                request.transport.abort()  # a download that is not whole must not look so
        return response

    async def _batches(self, place: int) -> AsyncGenerator[tuple[str, int]]:
        """Each batch as JSON; an empty text in a silence. Ends with the source, or where the server is closed."""
        async with aclosing(self.source.batches(place)) as batches:
            closing = asyncio.ensure_future(self.closing.wait())
            coming = asyncio.ensure_future(anext(batches, None))
            try:
                while True:
                    # Where the server is closed, what has come is still given out, and nothing is waited for.
                    waiting, most = ({coming}, _LAST) if closing.done() else ({coming, closing}, _PULSE)
                    done, _ = await asyncio.wait(waiting, timeout=most, return_when=asyncio.FIRST_COMPLETED)
                    if coming not in done:
                        if closing.done() and closing not in done:
                            return
                        if not done:
                            yield "", place
                        continue
                    if (batch := coming.result()) is None:
                        return
                    place = batch.next
                    missed = [{"kind": "missed", "count": batch.missed}] if batch.missed else []
                    yield await asyncio.to_thread(shown, [*missed, *batch.lines]), place
                    coming = asyncio.ensure_future(anext(batches, None))
            finally:
                for task in (coming, closing):
                    task.cancel()
                await asyncio.gather(coming, closing, return_exceptions=True)


async def _nothing() -> AsyncGenerator[tuple[str, int]]:
    return
    yield


async def _write(response: web.StreamResponse, text: str) -> None:
    async with asyncio.timeout(_PATIENCE):
        await response.write(text.encode())


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else 0

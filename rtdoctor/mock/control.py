"""The control API of a mock or a proxy, for tests in other languages: what it has seen, and faults while it runs.

    GET    /__rtdoctor/state           sockets, how many are open, faults that are on; of a mock how the script goes,
                                       of a proxy how many bytes the judgement is behind
    POST   /__rtdoctor/faults          {"fault": "abort@2"} puts one on
    DELETE /__rtdoctor/faults[?name=]  takes all off, or those of a name

Each wants the header X-Rtdoctor-Token, which no page of a browser can send here: nothing allows another origin to. One
that comes by a foreign name, or from a foreign page, is refused even with it.
"""

import hmac
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
from aiohttp import web

from rtdoctor.mock.faults import BadFault, Faults
from rtdoctor.mock.rest import read_body
from rtdoctor.model.event import too_many_values
from rtdoctor.privacy.same_site import is_ours

PATH = "/__rtdoctor"
HEADER = "X-Rtdoctor-Token"


async def answer(
    request: web.BaseRequest, faults: Faults, state: Callable[[], dict[str, Any]], token: str
) -> web.Response:
    """What the control API answers; `state` gives what is seen, beside the faults."""
    here = (request.transport.get_extra_info("sockname") if request.transport else None) or ("",)
    if not is_ours(request.headers.items(), (str(here[0]),)):
        return _told(403, {"error": "ask by an address of this machine's own, and from no page of another site"})
    sent = request.headers.get(HEADER, "")
    if not hmac.compare_digest(sent.encode("utf-8", "replace"), token.encode()):
        return _told(401, {"error": f"the header {HEADER} must hold the token that was printed at the start"})
    way = (request.method, request.path.removeprefix(PATH))
    if way == ("GET", "/state"):
        return _told(200, {**state(), "faults": [str(fault) for fault in faults.on]})
    if way == ("POST", "/faults"):
        return await _add(request, faults)
    if way == ("DELETE", "/faults"):
        return _told(200, {"taken_off": faults.clear(request.query.get("name"))})
    return _told(404, {"error": "GET /state, POST /faults and DELETE /faults are all there is"})


@asynccontextmanager
async def serve_control(
    faults: Faults, state: Callable[[], dict[str, Any]], token: str, *, port: int = 0
) -> AsyncIterator[str]:
    """Serve it at a port of its own, on this machine only; the URL comes back.

    Raises:
        OSError: the port cannot be had.
    """

    async def handle(request: web.BaseRequest) -> web.Response:
        return await answer(request, faults, state, token)

    runner = web.ServerRunner(web.Server(handle, access_log=None, auto_decompress=False), shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}{PATH}"
    finally:
        await runner.cleanup()


async def _add(request: web.BaseRequest, faults: Faults) -> web.Response:
    data = await read_body(request)
    body: Any = None
    if data is not None and not too_many_values(data):
        try:
            body = orjson.loads(data)
        except orjson.JSONDecodeError:
            body = None
    text = body.get("fault") if isinstance(body, dict) else None
    if not isinstance(text, str):
        return _told(400, {"error": 'the body is {"fault": "NAME[=VALUE][@N][#PLACE][:RATE]"}'})
    try:
        fault = faults.add(text)
    except BadFault as error:
        return _told(400, {"error": str(error)})
    return _told(201, {"fault": str(fault), "words": fault.words})


def _told(status: int, body: dict[str, Any]) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/json")

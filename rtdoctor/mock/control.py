"""The control API of a mock, for tests in other languages: what it has seen, and faults while it runs.

    GET    /__rtdoctor/state           connections, open sockets, faults that are on, how the script goes
    POST   /__rtdoctor/faults          {"fault": "abort@2"} puts one on
    DELETE /__rtdoctor/faults[?name=]  takes all off, or those of a name

Each wants the header X-Rtdoctor-Token, which no page of a browser can send here: nothing allows another origin to. One
that comes by a foreign name, or from a foreign page, is refused even with it.
"""

import hmac
from typing import Any, Protocol

import orjson
from aiohttp import web

from rtdoctor.mock.faults import BadFault, Faults
from rtdoctor.mock.rest import read_body
from rtdoctor.mock.stage import Stage
from rtdoctor.model.event import too_many_values
from rtdoctor.privacy.same_site import is_ours

PATH = "/__rtdoctor"
HEADER = "X-Rtdoctor-Token"


class Controlled(Protocol):
    """A mock, as far as it is controlled."""

    upgrades: int
    named: Faults
    stage: Stage

    @property
    def open_sockets(self) -> int:
        """How many are open."""


async def answer(request: web.BaseRequest, mock: Controlled, token: str) -> web.Response:
    """What the control API answers."""
    here = (request.transport.get_extra_info("sockname") if request.transport else None) or ("",)
    if not is_ours(request.headers.items(), (str(here[0]),)):
        return _told(403, {"error": "ask by an address of this machine's own, and from no page of another site"})
    given = request.headers.get(HEADER, "")
    if not hmac.compare_digest(given.encode("utf-8", "replace"), token.encode()):
        return _told(401, {"error": f"the header {HEADER} must hold the token that was printed at the start"})
    way = (request.method, request.path.removeprefix(PATH))
    if way == ("GET", "/state"):
        return _told(200, state(mock))
    if way == ("POST", "/faults"):
        return await _add(request, mock)
    if way == ("DELETE", "/faults"):
        return _told(200, {"taken_off": mock.named.clear(request.query.get("name"))})
    return _told(404, {"error": "GET /state, POST /faults and DELETE /faults are all there is"})


def state(mock: Controlled) -> dict[str, Any]:
    """What a mock has seen, and what it does."""
    return {
        "sockets": mock.upgrades,
        "open": mock.open_sockets,
        "faults": [str(fault) for fault in mock.named.on],
        "script": {"failures": mock.stage.failures, "unused": mock.stage.unused()},
    }


async def _add(request: web.BaseRequest, mock: Controlled) -> web.Response:
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
        fault = mock.named.add(text)
    except BadFault as error:
        return _told(400, {"error": str(error)})
    return _told(201, {"fault": str(fault), "words": fault.words})


def _told(status: int, body: dict[str, Any]) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/json")

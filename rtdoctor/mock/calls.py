"""WebRTC calls as the mock takes them: an SDP offer is answered with 201 and a Location, and a sideband socket may join
the call by its id. No media flows: nothing listens at the candidates of the answer."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from aiohttp import web

from rtdoctor.mock.behaviour import refusals
from rtdoctor.mock.handshake import masked
from rtdoctor.mock.memory import weight
from rtdoctor.mock.secrets import Grant, Vault
from rtdoctor.mock.update import Bad, check
from rtdoctor.model.clock import Clock
from rtdoctor.model.event import too_many_values
from rtdoctor.protocol.models import models

PATH = "/v1/realtime/calls"
ALLOWED = {"Access-Control-Allow-Origin": "*"}  # observed 2026-09-12, as what the answer to OPTIONS allows
_PREFLIGHT = {"Access-Control-Allow-Methods": "POST", "Access-Control-Allow-Headers": "authorization,content-type"}
_MOST, _MOST_HELD = 200, 4 << 20  # calls, and bytes of their sessions
_MOST_MEDIA = 8
_MOST_FIELDS, _LONGEST_BOUNDARY, _LONGEST_HEAD = 4, 70, 1_000  # of a form; the boundary's by RFC 2046
_ACTS = ("accept", "reject", "refer", "hangup")
_HEAD = ("v=0", "o=- {number} 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=ice-lite")
_TRANSPORT = (
    "c=IN IP4 127.0.0.1",
    "a=ice-ufrag:{ufrag}",
    "a=ice-pwd:{password}",
    "a=fingerprint:sha-256 {fingerprint}",
    "a=setup:passive",
    "a=candidate:1 1 udp 2130706431 127.0.0.1 3478 typ host",
    "a=candidate:2 1 tcp 1671430143 127.0.0.1 443 typ host tcptype passive",
    "a=end-of-candidates",
)


class Calls:
    """The calls that were made, by id, each with its session; the oldest are forgotten where there are too many."""

    def __init__(self, vault: Vault, clock: Clock) -> None:
        self._vault, self._clock = vault, clock
        self._sessions: dict[str, tuple[Mapping[str, Any], int]] = {}

    def session(self, call_id: str) -> Mapping[str, Any] | None:
        """The session of a call; None where nobody knows the call."""
        session = self._sessions.get(call_id)
        return session[0] if session else None

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> web.Response:
        """The answer to a request at the path of calls or below it."""
        if method == "OPTIONS":
            return web.Response(headers=ALLOWED | _PREFLIGHT)
        response = self._answer(path, headers, body) if method == "POST" else _refused(404, "call-not-found")
        response.headers.update(ALLOWED)
        return response

    def _answer(self, path: str, headers: Mapping[str, str], body: bytes | None) -> web.Response:
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            return _refused(401, "missing-credential")
        grant = self._vault.look_up(token)
        if grant is None:
            return _refused(401, "invalid-key", echo=masked(token))
        if grant.expired:
            return _refused(401, "expired-secret")
        if path != PATH:
            call_id, _, act = path.removeprefix(PATH + "/").partition("/")
            if act not in _ACTS or call_id not in self._sessions:
                return _refused(404, "call-not-found")
            if act in ("reject", "hangup"):
                del self._sessions[call_id]
            return web.Response()
        if grant.no_credit:
            return _refused(429, "no-credit")
        return self._made(grant, headers.get("Content-Type", ""), body)

    def _made(self, grant: Grant, kind: str, body: bytes | None) -> web.Response:
        offer, asked = _parts(kind, body)
        session = grant.session or asked or {"type": "realtime", "model": "gpt-realtime-2.1"}
        if not offer.startswith("v=0"):
            return _refused(400, "bad-offer")
        if not offer.endswith("\n"):
            return _refused(400, "cut-offer")
        if bad := _bad(session):
            return _refused(400, bad.behaviour, **bad.values)
        model = str(session.get("model", ""))
        known = models().get(model)
        if known is not None and known.retired:
            return _refused(403, "retired-model", model=model)
        call_id = self._clock.ident("rtc_")
        self._sessions[call_id] = session, weight(orjson.dumps(session))
        while len(self._sessions) > _MOST or sum(size for _, size in self._sessions.values()) > _MOST_HELD:
            del self._sessions[next(iter(self._sessions))]
        return web.Response(
            status=201,
            text=self._sdp(offer),
            content_type="application/sdp",
            headers={"Location": f"{PATH}/{call_id}", "Access-Control-Expose-Headers": "Location"},
        )

    def _sdp(self, offer: str) -> str:
        """An answer that takes each medium of the offer."""
        ident = self._clock.ident
        digits = ident("", 32).encode().hex().upper()
        values = {
            "number": str(int(self._clock.now())),
            "ufrag": ident("", 4),
            "password": ident("", 22),
            "fingerprint": ":".join(digits[place : place + 2] for place in range(0, 64, 2)),
        }
        media = offer.replace("\r", "").split("\nm=")[1 : 1 + _MOST_MEDIA]
        mids = [_value(medium, "a=mid:", str(place)) for place, medium in enumerate(media)]
        lines = [*_HEAD, *([f"a=group:BUNDLE {' '.join(mids)}"] if mids else [])]
        for medium, mid in zip(media, mids, strict=True):
            lines += [f"m={medium.splitlines()[0][:200]}", *_TRANSPORT, f"a=mid:{mid}"]
            if medium.startswith("application"):
                lines += ["a=sctp-port:5000"]
            else:
                lines += [
                    "a=sendrecv",
                    "a=rtcp-mux",
                    *(row for row in medium.splitlines() if row.startswith("a=rtpmap:")),
                ]
        text = "\r\n".join(lines) + "\r\n"
        for name, value in values.items():
            text = text.replace("{" + name + "}", value)
        return text


def _value(medium: str, start: str, usual: str) -> str:
    values = (row.removeprefix(start)[:32] for row in medium.splitlines() if row.startswith(start))
    return next(values, usual)


def _parts(kind: str, body: bytes | None) -> tuple[str, Any]:
    """The offer and the session of a body: SDP alone, or a form with `sdp` and `session`."""
    if body is None:
        return "", None
    if not kind.lower().startswith("multipart/form-data"):
        return body.decode("utf-8", "replace"), None
    offer, session = "", None
    for name, data in _fields(kind, body):
        if name == "sdp":
            offer = data.decode("utf-8", "replace")
        elif name == "session":
            try:
                session = None if too_many_values(data) else orjson.loads(data)
            except orjson.JSONDecodeError:
                session = ""
    return offer, session


def _fields(kind: str, body: bytes) -> Iterator[tuple[str, bytes]]:
    """The fields of a form (RFC 7578), the first few. The email package takes seconds for what is made to be slow."""
    boundary = kind.partition("boundary=")[2].partition(";")[0].strip().strip('"').encode("ascii", "replace")
    if not 0 < len(boundary) <= _LONGEST_BOUNDARY:
        return
    for piece in body.split(b"--" + boundary, _MOST_FIELDS + 1)[1 : 1 + _MOST_FIELDS]:
        head, _, data = piece.partition(b"\r\n\r\n")
        name = (
            head[:_LONGEST_HEAD].replace(b"\r\n", b";").replace(b"; ", b";").partition(b";name=")[2].partition(b";")[0]
        )
        yield name.strip(b' "').decode("ascii", "replace"), data.removesuffix(b"\r\n")


def _bad(session: Any) -> Bad | None:
    try:
        return check(session, str(session.get("type")) if isinstance(session, dict) else "realtime")
    except (TypeError, AttributeError, RecursionError):
        return Bad("invalid-type", {"param": "session", "wanted": "the documented types", "given": "another"})


def _refused(status: int, name: str, **values: str) -> web.Response:
    error = {key: value for key, value in refusals()[name].error(values, None).items() if key != "event_id"}
    return web.json_response({"error": error}, status=status)

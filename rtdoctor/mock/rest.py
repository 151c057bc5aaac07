"""The mock's REST side: the models, minting client secrets, and the retired paths."""

from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from typing import Any

import orjson
from aiohttp import web

from rtdoctor.mock.behaviour import refusals
from rtdoctor.mock.handshake import masked
from rtdoctor.mock.memory import weight
from rtdoctor.mock.secrets import LONGEST, SHORTEST, USUAL, Vault
from rtdoctor.mock.update import Bad, check, fresh_config, merged
from rtdoctor.model.clock import Clock
from rtdoctor.model.event import too_many_values
from rtdoctor.protocol.models import models

_MOST_BODY = 256 << 10
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def routes(vault: Vault, clock: Clock, only: Collection[str] = ()) -> dict[tuple[str, str], Handler]:
    """The handlers by method and path. `only`, where there are any, are the models that are listed."""

    async def list_models(request: web.Request) -> web.StreamResponse:
        return _refused(request, vault) or web.json_response(
            {"object": "list", "data": _listed(int(clock.now()), only)}
        )

    async def mint(request: web.Request) -> web.StreamResponse:
        return _refused(request, vault) or await _mint(request, vault, clock)

    async def retired(request: web.Request) -> web.StreamResponse:
        # Observed 2026-05-21 for /sessions and 2026-05-19 for the SDP form of /v1/realtime; the others inferred.
        return _refused(request, vault) or _error(400, refusals()["beta-retired"].error({}, None))

    return {
        ("GET", "/v1/models"): list_models,
        ("POST", "/v1/realtime/client_secrets"): mint,
        ("POST", "/v1/realtime/sessions"): retired,
        ("POST", "/v1/realtime/transcription_sessions"): retired,
        ("POST", "/v1/realtime"): retired,
    }


def _lifetime(seconds: int) -> int:
    """How long a secret lives: as long as was asked for."""
    return seconds


def _refused(request: web.Request, vault: Vault) -> web.Response | None:
    """401 for a missing or unknown key, in the words of the socket's own refusal."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return _error(401, refusals()["missing-credential"].error({}, None))
    grant = vault.look_up(token.strip())
    if grant is None or grant.session_type is not None:
        return _error(401, refusals()["invalid-key"].error({"echo": masked(token.strip())}, None))
    return None


def _error(status: int, error: dict[str, Any]) -> web.Response:
    body = {key: value for key, value in error.items() if key != "event_id"}
    return web.json_response({"error": body}, status=status)


def _listed(now: int, only: Collection[str]) -> list[dict[str, Any]]:
    """The models as GET /v1/models lists them; `shutdown_date` only where there is one (documented 2026-08)."""
    listed: list[dict[str, Any]] = []
    if only:
        return [{"id": name, "object": "model", "created": now, "owned_by": "mock"} for name in sorted(only)]
    for model in models().values():
        if model.retired:
            continue
        entry: dict[str, Any] = {
            "id": model.id,
            "object": "model",
            "created": now - 10_000_000,
            "owned_by": "system",
        }
        if model.shutdown:
            entry["shutdown_date"] = model.shutdown
        listed.append(entry)
    return listed


async def read_body(request: web.BaseRequest) -> bytes | None:
    """The request's body, as far as it came; None for one that is larger than any that is answered."""
    parts = bytearray()
    with suppress(web.RequestPayloadError, ConnectionError, RuntimeError):  # aiohttp's words for a client that was cut
        while len(parts) <= _MOST_BODY and (piece := await request.content.read(_MOST_BODY)):
            parts += piece
    return bytes(parts) if len(parts) <= _MOST_BODY else None


async def _mint(request: web.Request, vault: Vault, clock: Clock) -> web.Response:
    data = await read_body(request)
    body = None
    if data is not None and not too_many_values(data):
        with suppress(orjson.JSONDecodeError):
            body = orjson.loads(data or b"{}")
    if not isinstance(body, dict):
        return _error(400, refusals()["not-json"].error({}, None))
    for name in body:
        if name not in ("session", "expires_after"):
            # Told with the field below, where there is one: 'client_secret.expires_at' (observed).
            below = f".{next(iter(body[name]))}" if isinstance(body[name], dict) and body[name] else ""
            return _error(400, refusals()["unknown-parameter"].error({"param": f"{name}{below}"}, None))
    after = body.get("expires_after") or {}
    seconds = after.get("seconds", USUAL) if isinstance(after, dict) else None
    if not isinstance(seconds, int) or not SHORTEST <= seconds <= LONGEST:
        values = {"param": "expires_after.seconds", "value": seconds, "wanted": f"{SHORTEST} to {LONGEST}"}
        return _error(400, refusals()["invalid-value"].error(values, None))
    asked = body.get("session") or {"type": "realtime"}
    try:
        bad = check(asked, str(asked.get("type")) if isinstance(asked, dict) else "realtime")
    except (TypeError, AttributeError, RecursionError):
        bad = Bad("invalid-type", {"param": "session", "wanted": "the documented types", "given": "another"})
    if bad:
        return _error(400, refusals()[bad.behaviour].error(bad.values, None))
    value, end = vault.mint(asked, _lifetime(seconds), weight(data or b""))
    # session.expires_at is 0 until the session starts; the secret's end stands at the root (openai-openapi examples).
    session = merged(fresh_config(asked["type"], clock.ident("sess_"), 0, asked.get("model")), asked)
    return web.json_response({"value": value, "expires_at": end, "session": session})

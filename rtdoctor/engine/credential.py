"""Credentials on their way out: which header or subprotocol carries them, and minting a client secret."""

from dataclasses import dataclass, replace

from rtdoctor.engine.setup import Bench, Choice
from rtdoctor.linear import pattern
from rtdoctor.model.event import parse_event
from rtdoctor.model.exchange import Exchange, Request
from rtdoctor.model.handshake import KEY_SUBPROTOCOL, Handshake
from rtdoctor.model.scenario import WantedHandshake
from rtdoctor.privacy.known import keep
from rtdoctor.privacy.quote import quote
from rtdoctor.privacy.secret import Secret
from rtdoctor.wire.http import rest

# Shaped like real ones and belonging to nobody.
WRONG_KEY = Secret("sk-proj-000000000000000000000000000000000000none", "wrong-key", "rtdoctor")
MALFORMED_SECRET = Secret("ek_malformed.0000", "wrong-key", "rtdoctor")
# What a header and a subprotocol can carry, and no word of a report: what a server gives here is masked everywhere.
_SECRET_LIKE = pattern(r"[A-Za-z0-9._~+/=\-]{16,1000}")
NOT_KNOWN_TO_MINT = "not asked for: this host is not known to mint client secrets; --mint asks it for some"
SHORTEST_LIFE = 10  # seconds; expires_after.seconds takes 10 to 7200 (openai-openapi, 2026-08-21)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A handshake that is ready to be sent; `request` is its printable form."""

    handshake: Handshake
    request: Request


@dataclass(frozen=True, slots=True)
class Minted:
    """The answer to a minting request: the secret and when it ends by the server's word, or neither."""

    exchange: Exchange
    secret: Secret | None = None
    expires_at: float | None = None


def account_headers(choice: Choice) -> dict[str, str]:
    """Organisation and project, as the official SDKs send them."""
    headers: dict[str, str] = {}
    if choice.organization:
        headers["OpenAI-Organization"] = choice.organization
    if choice.project:
        headers["OpenAI-Project"] = choice.project
    return headers


def key_headers(choice: Choice, secret: Secret | None) -> dict[str, str]:
    """The header that carries a credential: Bearer, or api-key where an API key goes to Azure."""
    if secret is None:
        return {}
    if choice.profile.key_header == "api-key" and not secret.form.startswith("ek_"):
        return {"api-key": secret.reveal()}
    return {"Authorization": f"Bearer {secret.reveal()}"}


def outgoing(choice: Choice, wanted: WantedHandshake, secret: Secret | None) -> Outgoing:
    """Put a handshake together. The printable request never holds the credential; its path and its ways to
    authenticate are those that the wanted one tells, whatever base they go to."""
    headers = account_headers(choice) | dict(wanted.headers)
    query = dict(wanted.query)
    subprotocols: list[str] = []
    auth = wanted.auth if secret is not None else ()
    if "header" in auth:
        headers |= key_headers(choice, secret)
    if "api-key" in auth and secret:
        headers["api-key"] = secret.reveal()
    if "query" in auth and secret:
        query["Authorization"] = f"Bearer {secret.reveal()}"
    if "subprotocol" in auth and secret:
        subprotocols += ["realtime", KEY_SUBPROTOCOL + secret.reveal()]
    handshake = Handshake(
        choice.target.socket_url(wanted.path, query), tuple(headers.items()), (*subprotocols, *wanted.subprotocols)
    )
    credential = wanted.credential if auth else "none"
    request = replace(handshake.request(), path=quote(wanted.path), auth=tuple(auth), credential=credential)
    return Outgoing(handshake, request)


def repeat(handshake: Handshake) -> Outgoing:
    """A handshake that somebody gave, ready to be sent as it is."""
    return Outgoing(handshake, handshake.request())


async def get_models(bench: Bench) -> Exchange:
    """`GET /models` with the key."""
    choice = bench.choice
    auth = ("header",) if choice.key else ()
    return await _get_models(bench, account_headers(choice) | key_headers(choice, choice.key), auth, "key")


async def ordinary_get(bench: Bench, handshake: Handshake) -> Exchange:
    """`GET /models` under the base of a handshake that somebody gave, with its headers: what ordinary HTTP comes to
    over the same route."""
    return await _get_models(bench, dict(handshake.headers), handshake.auth(), "none")


async def _get_models(bench: Bench, headers: dict[str, str], auth: tuple[str, ...], credential: str) -> Exchange:
    choice = bench.choice
    url = choice.target.rest_url("/models")
    return await rest(
        bench.http,
        "GET",
        url,
        request=Request(quote(url), "/models", auth=auth, credential=credential),
        headers=headers,
        timeout=choice.timeout,
    )


async def mint(bench: Bench, session_type: str, seconds: int | None = None) -> Minted:
    """`POST /realtime/client_secrets` for a session of that type. The new secret is kept from every output."""
    choice = bench.choice
    url = choice.target.rest_url("/realtime/client_secrets")
    body: dict[str, object] = {"session": _session_for(choice, session_type)}
    if seconds is not None:
        body["expires_after"] = {"anchor": "created_at", "seconds": seconds}
    exchange = await rest(
        bench.http,
        "POST",
        url,
        request=Request(quote(url), "/realtime/client_secrets", auth=("header",), credential="key"),
        headers=account_headers(choice) | key_headers(choice, choice.key),
        timeout=choice.timeout,
        json_body=body,
    )
    answer = exchange.answer
    if answer is None or answer.status != 200:
        return Minted(exchange)
    parsed = parse_event(answer.body.decode("utf-8", "replace")) or {}
    value, expires_at = parsed.get("value"), parsed.get("expires_at")
    usable = isinstance(value, str) and is_like_a_secret(value)
    secret = Secret(str(value), "secret", "POST /realtime/client_secrets") if usable else None
    if secret:
        keep([secret])
        # The body holds the secret: it goes no further.
        exchange = replace(exchange, answer=replace(answer, body=b""))
    return Minted(exchange, secret, _stamp(expires_at))


def is_like_a_secret(value: str) -> bool:
    """True for what a server gives as a client secret and nothing of a report looks like."""
    mixed = value.startswith("ek_") or any(char.isdigit() for char in value)
    return mixed and _SECRET_LIKE.fullmatch(value) is not None


def _stamp(value: object) -> float | None:
    """Seconds since the epoch; None for whatever is no finite number (JSON readers take NaN and 400 digits)."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e15:
        return None
    return float(value)


def _session_for(choice: Choice, session_type: str) -> dict[str, object]:
    if session_type == "realtime":
        return {"type": "realtime", "model": choice.realtime_model}
    return {
        "type": "transcription",
        "audio": {"input": {"transcription": {"model": choice.transcription_model}}},
    }

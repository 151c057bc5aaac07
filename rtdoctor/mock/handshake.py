"""Decides what a handshake gets, in the order in which newcomers were seen to meet the refusals: credential, beta,
model. The path is `server`'s. Authentication and everything after it is refused behind a 101 (observed 2026-09-18)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rtdoctor.mock import behaviour as does
from rtdoctor.mock.dialect import Dialect, dialects
from rtdoctor.mock.secrets import Grant, Vault
from rtdoctor.model.handshake import KEY_SUBPROTOCOL
from rtdoctor.protocol.models import kind_of, models

BETA_SUBPROTOCOL = "openai-beta.realtime-v1"


@dataclass(frozen=True, slots=True)
class Shake:
    """What the client asked for: query, headers in lower case, offered subprotocols. `models`, where there are any, are
    the only ones that are taken; `call` is the session of the call that it joins, where there is such a call."""

    query: Mapping[str, str]
    headers: Mapping[str, str]
    offered: tuple[str, ...]
    models: frozenset[str] = frozenset()
    dialect: Dialect = field(default_factory=lambda: dialects()["openai"])
    call: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A behaviour's id, the values its message wants, and for an open session its kind and model.

    `late_refusal` is what the first session.update of the session will be refused with; `grant` is what the credential
    allows, `reused` True when it is a client secret that opened a session before; `call` the session of the call that
    it joins.
    """

    behaviour: str
    values: Mapping[str, str] = field(default_factory=dict)
    model: str | None = None
    late_refusal: str | None = None
    grant: Grant | None = None
    reused: bool = False
    call: Mapping[str, Any] | None = None


def decide(shake: Shake, vault: Vault) -> Decision:
    """The behaviour for a handshake on the path of the socket."""
    if forbidden := shake.dialect.forbidden(shake.query, shake.headers):
        return Decision(forbidden)
    if shake.query.get("call_id") and shake.call is None:
        return Decision("call-unknown")
    token = _token(shake)
    if token is None:
        return Decision("missing-credential")
    grant = vault.look_up(token)
    if grant is None:
        # An OAuth token (a JWT) in place of a key: 500, not 401 (observed 2026-06-04).
        return Decision("server-error") if _is_jwt(token) else Decision("invalid-key", {"echo": masked(token)})
    if grant.expired:
        return Decision("expired-secret")
    if grant.no_credit:
        return Decision("no-credit")
    if shake.dialect.speaks == "ga" and _wants_beta(shake):
        return Decision("beta-retired")
    if shake.call is not None:
        decision = Decision(does.OPEN_REALTIME, model=shake.call.get("model"), call=shake.call)
    else:
        decision = _session(shake, grant.session_type)
    vault.use(token)
    return replace(decision, grant=grant, reused=grant.reused)


def _wants_beta(shake: Shake) -> bool:
    return "realtime=v1" in shake.headers.get("openai-beta", "") or BETA_SUBPROTOCOL in shake.offered


def masked(token: str) -> str:
    """A key as the error echoes it: its first eight and last four characters (observed 2026-08-06), fewer of a short
    one."""
    return f"{token[:8]}****{token[-4:]}" if len(token) >= 20 else f"****{token[-2:]}"


def _is_jwt(token: str) -> bool:
    return token.startswith("eyJ") and token.count(".") == 2


def _token(shake: Shake) -> str | None:
    """The credential: the Authorization header counts, then the subprotocol; query and api-key do only where the
    dialect takes them."""
    scheme, _, value = shake.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        return value.strip()
    for name in shake.dialect.key_headers:
        if held := shake.headers.get(name):
            return held
    for name in shake.dialect.key_query:
        if held := shake.query.get(name):
            return held
    if shake.dialect.speaks == "live":
        return None
    for offered in shake.offered:
        if offered.startswith(KEY_SUBPROTOCOL):
            return offered.removeprefix(KEY_SUBPROTOCOL)
    return None


def _session(shake: Shake, carried: str | None) -> Decision:
    if shake.dialect.speaks in ("live", "vllm"):
        return Decision(does.OPEN_REALTIME)
    if shake.dialect.speaks == "translation":
        return _translation(shake)
    model, intent = shake.query.get("model"), shake.query.get("intent")
    if carried == "transcription" and model:
        if kind_of(model) == "transcription":
            return Decision(does.OPEN_TRANSCRIPTION, {"model": model}, late_refusal="model-with-intent")
        return Decision("model-with-secret")
    if intent == "transcription":
        late = "model-with-intent" if model else None
        return Decision(does.OPEN_TRANSCRIPTION, {"model": model or ""}, late_refusal=late)
    if carried == "transcription":
        return Decision(does.OPEN_TRANSCRIPTION)
    if not model:
        return Decision(does.OPEN_REALTIME) if carried == "realtime" else Decision("missing-model")
    if shake.models or (shake.dialect.any_model and kind_of(model) != "transcription"):
        taken = not shake.models or model in shake.models
        return Decision(does.OPEN_REALTIME if taken else "unknown-model", {"model": model}, model=model)
    known = models().get(model)
    if known is not None and known.retired:
        return Decision("retired-model", {"model": model})
    if model == "whisper-1":
        return Decision(
            "unknown-model", {"model": model}
        )  # its words of 2025; newer ones were seen of its successors only
    if known is not None and known.kind == "transcription":
        return Decision("transcription-model", {"model": model})
    if known is None or known.kind != "realtime":  # a Live model has an endpoint of its own
        return Decision("unknown-model", {"model": model})
    return Decision(does.OPEN_REALTIME, {"model": model}, model=model)


def _translation(shake: Shake) -> Decision:
    """It wants a model of its kind; how it refuses another on this path was not seen, and is that of /v1/realtime."""
    model = shake.query.get("model")
    if not model:
        return Decision("missing-model")
    good = model in shake.models if shake.models else kind_of(model) == "translation"
    return Decision(does.OPEN_REALTIME if good else "unknown-model", {"model": model}, model=model)

"""What a change that works proves of the handshake before it: which part was wrong. Pure."""

from collections.abc import Collection
from dataclasses import replace

from rtdoctor.knowledge.causes import causes
from rtdoctor.model.finding import Finding
from rtdoctor.model.handshake import Handshake
from rtdoctor.model.outcome import Outcome

# Answers that name no part of the handshake; the change that works does.
_VAGUE = frozenset(
    (
        "refused.not-routed",
        "refused.path",
        "refused.forbidden",
        "refused.unauthorized",
        "refused.bad-request",
        "refused.status-hidden",
        "close.policy",
        "close.normal",
        "close.abnormal",
        "network.redirected",
        "peer.silent",
        "unknown.unknown",
    )
)
_BEYOND = ("limits.", "session.upstream", "refused.rate-limited")
_GATEWAY = frozenset((502, 503, 504))


def beyond(outcome: Outcome, cause: str | None) -> bool:
    """True where no change of a handshake mends it: the service behind is down, or it takes no more."""
    if outcome.said == "not-ready" or (cause == "refused.server-error" and outcome.http_status in _GATEWAY):
        return True
    return cause is not None and cause.startswith(_BEYOND) and cause != "limits.size"


def with_proof(
    judged: Finding, before: Handshake, after: Handshake, key: str | None, settled: Collection[str] = ()
) -> Finding:
    """The finding with what the change from one handshake to the other proves; `key` is the one that was used, and
    `settled` are the facts that the proof makes untrue."""
    moved = key is not None and key in before.written() and _key_places(before, key) != _key_places(after, key)
    about_key = (judged.cause or "").startswith("auth.") or judged.cause == "refused.unauthorized"
    if moved and about_key:
        cause = causes()["auth.missing"]
        return replace(
            judged,
            cause=cause.id,
            title="The key is right, and is not read where it was sent",
            explanation="The same key, sent in another place, opens a session: the server does not look for it in the "
            "place where it was.",
            remedy="Send it as the change below says. Where it passes by a header only, no browser can connect: a page "
            "can set none.",
        )
    if judged.cause not in _VAGUE:
        return judged
    parts = [
        words
        for words, differs in (
            ("the path", before.path.rstrip("/") != after.path.rstrip("/")),
            ("the place where the key stands", moved),
            ("the key", key is not None and not moved and key in after.written() and key not in before.written()),
            ("the query", _asked(before, key) != _asked(after, key)),
            ("the header Origin", before.header("Origin") != after.header("Origin")),
        )
        if differs
    ]
    if not parts:
        return judged
    what = " and ".join(parts)
    true_still = tuple(fact for fact in judged.facts if fact not in settled)
    return replace(judged, facts=(*true_still, f"The change that works proves which it was: {what}."))


def _asked(handshake: Handshake, key: str | None) -> dict[str, str]:
    return {name: value for name, value in handshake.query.items() if not key or key not in value}


def _key_places(handshake: Handshake, key: str) -> frozenset[str]:
    """Where the key stands, and in which form."""
    places = {f"{name.lower()}: {value.replace(key, 'KEY')}" for name, value in handshake.headers if key in value}
    places |= {"subprotocol" for item in handshake.subprotocols if key in item}
    return frozenset(places | {f"?{name}" for name, value in handshake.query.items() if key in value})

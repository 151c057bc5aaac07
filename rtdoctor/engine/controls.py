"""Differential diagnosis: where one answer has several causes, a few control handshakes tell them apart.

An ASGI server gives the same empty 403 for an unknown path, a missing query parameter, no key and a wrong key (seen on
loopback, 2026-11-22). Each control changes exactly one of these to something that cannot be right; if the answer stays
the same to the byte, that part was never looked at.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from rtdoctor.diagnose.describe import short
from rtdoctor.engine.credential import WRONG_KEY
from rtdoctor.model.finding import Candidate, Finding
from rtdoctor.model.fix import Control
from rtdoctor.model.given import KEY_SUBPROTOCOL, Given
from rtdoctor.model.outcome import Outcome

Attempt = Callable[[Given], Awaitable[Outcome]]
AMBIGUOUS = frozenset((401, 403, 404))
_NO_SUCH = "rtdoctor-cannot-exist"


def ambiguous(outcome: Outcome) -> bool:
    """True when the answer has more than one cause that only another handshake can tell apart."""
    # Silence has causes in the handshake; frames that break and connections that drop have none there.
    silent = outcome.http_status == 101 and outcome.first_event is None and outcome.fault == "timeout"
    return silent or (outcome.http_status in AMBIGUOUS and outcome.http_error is None)


def _controls(given: Given) -> list[tuple[str, str, Given]]:
    plain = replace(
        given.without_header("Authorization").without_header("api-key"),
        subprotocols=tuple(item for item in given.subprotocols if not item.startswith(KEY_SUBPROTOCOL)),
    )
    wrong = plain.with_header("Authorization", f"Bearer {WRONG_KEY.reveal()}")
    return [
        ("path", "a path that cannot exist", given.with_path(f"{given.path.rstrip('/')}/{_NO_SUCH}")),
        ("no-key", "no key", plain),
        ("wrong-key", "a key that cannot be right", wrong),
        ("query", "a query that cannot be right", given.with_query({_NO_SUCH: "1"})),
    ]


async def compare(given: Given, outcome: Outcome, attempt: Attempt) -> list[Control]:
    """Make the control handshakes and hold their answers against the first one, byte by byte."""
    controls = [control for control in _controls(given) if control[2] != given]
    answers = await asyncio.gather(*(attempt(changed) for _, _, changed in controls))
    return [
        Control(name, what, short(other), _bytes(other) == _bytes(outcome))
        for (name, what, _), other in zip(controls, answers, strict=True)
    ]


def _bytes(outcome: Outcome) -> tuple[object, ...]:
    return (
        outcome.http_status,
        outcome.http_body,
        outcome.http_headers,
        outcome.first_event,
        outcome.close_code,
        outcome.fault,
    )


def conclude(finding: Finding, controls: list[Control]) -> Finding:
    """The finding with what the controls say: what is left, what is ruled out, what cannot be told apart."""
    if not controls:
        return finding
    same = {control.name: control.same for control in controls}
    told = [f"Control, {c.what}: {c.seen}, {'the same answer' if c.same else 'another answer'}." for c in controls]
    out: list[Candidate] = []
    path_known = same.get("path") is False
    key_seen = same.get("wrong-key") is False or same.get("no-key") is False
    if path_known and finding.cause != "refused.path":
        out.append(Candidate("refused.path", "a path that cannot exist gets another answer, so this one is served"))
    if same.get("wrong-key") is False:
        reason = "a key that cannot be right gets another answer, so the one given is known"
        out.append(Candidate("auth.invalid", reason))
    if same.get("query") is False:
        told.append("The query is looked at: another one gets another answer.")
    left = [
        text
        for text, possible in (
            ("a path without a WebSocket", not path_known or finding.cause == "refused.path"),
            ("a query that the server misses", same.get("query") is True),
            ("a key that it refuses", not key_seen),
        )
        if possible
    ]
    if all(control.same for control in controls) and finding.cause not in ("refused.path", "refused.not-routed"):
        told.append("Whatever is asked gets this answer: it does not depend on path, key or query.")
    elif len(left) > 1:
        told.append(f"From outside these cannot be told apart: {', '.join(left)}. The server's own log can.")
    elif left:
        told.append(f"What is left: {left[0]}.")
    return replace(finding, facts=(*finding.facts, *told), ruled_out=(*out, *finding.ruled_out))

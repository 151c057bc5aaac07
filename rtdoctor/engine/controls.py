"""Differential diagnosis: where one answer has several causes, a few control handshakes tell them apart.

An ASGI server gives the same empty 403 for an unknown path, a missing query parameter, no key and a wrong key (seen on
loopback, 2026-11-22). Each control changes exactly one of these to something that cannot be right; if the answer stays
the same, that part was never looked at.

The same handshake is sent once more first: what differs between two answers to one question (a CDN's ray, a request's
id, a cookie, the time) is noise, and no ground for a conclusion.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from rtdoctor.diagnose.describe import short
from rtdoctor.engine.credential import WRONG_KEY
from rtdoctor.engine.silence import is_silent
from rtdoctor.linear import pattern
from rtdoctor.model.finding import Candidate, Finding
from rtdoctor.model.fix import Control
from rtdoctor.model.handshake import KEY_SUBPROTOCOL, Handshake
from rtdoctor.model.outcome import Outcome
from rtdoctor.privacy.secret import MARKS

_Facts = dict[str, tuple[object, ...]]
Attempt = Callable[[Handshake], Awaitable[Outcome]]
_WORDLESS = frozenset((1000, 1001, 1005, 1008))
AMBIGUOUS = frozenset((401, 403, 404))
_NO_SUCH = "rtdoctor-cannot-exist"
_AGAIN = "again"
_ANSWER = "answer"
_WORD = pattern(r"[A-Za-z0-9_-]+")
_STARRED = pattern(r"\S*\*{2,}\S*")  # a key that a server echoes in part


def ambiguous(outcome: Outcome) -> bool:
    """True when the answer has more than one cause that only another handshake can tell apart."""
    # Silence has causes in the handshake; frames that break and connections that drop have none there.
    silent = outcome.http_status == 101 and outcome.first_event is None and outcome.fault == "timeout"
    error = outcome.http_error
    # Closed before the first event, and without a word.
    wordless = outcome.http_status == 101 and outcome.first_event is None and outcome.close_code in _WORDLESS
    if wordless and not outcome.close_reason:
        return True
    return silent or (outcome.http_status in AMBIGUOUS and not (error and (error.code or error.type)))


def _controls(handshake: Handshake) -> list[tuple[str, str, Handshake]]:
    plain = replace(
        handshake.without_header("Authorization").without_header("api-key"),
        subprotocols=tuple(item for item in handshake.subprotocols if not item.startswith(KEY_SUBPROTOCOL)),
    )
    wrong = plain.with_header("Authorization", f"Bearer {WRONG_KEY.reveal()}")
    return [
        ("path", "a path that cannot exist", handshake.with_path(f"{handshake.path.rstrip('/')}/{_NO_SUCH}")),
        ("no-key", "no key", plain),
        ("wrong-key", "a key that cannot be right", wrong),
        ("query", "a query that cannot be right", handshake.with_query({_NO_SUCH: "1"})),
    ]


async def compare(handshake: Handshake, outcome: Outcome, attempt: Attempt) -> list[Control]:
    """Make the control handshakes and hold what is stable in their answers against the first one. Where the same
    handshake gets another answer already, that is the only control."""
    controls = [control for control in _controls(handshake) if control[2] != handshake]
    # Each answer that is silence takes a whole time-out: they are waited for together.
    together = [attempt(changed) for _, _, changed in controls] if is_silent(outcome) else []
    second, *answers = await asyncio.gather(attempt(handshake), *together)
    noise = _differences(outcome, second)
    steady = _ANSWER not in noise
    repeated = Control(_AGAIN, "the same handshake once more", short(second), steady)
    if not steady:
        return [repeated]
    answers = answers or await asyncio.gather(*(attempt(changed) for _, _, changed in controls))
    return [
        repeated,
        *(
            Control(name, what, short(other), _differences(outcome, other) <= noise)
            for (name, what, _), other in zip(controls, answers, strict=True)
        ),
    ]


def _differences(one: Outcome, other: Outcome) -> set[str]:
    """The names of the facts in which two answers differ. What stood in one of the requests is only an echo."""
    asked = frozenset(
        word for outcome in (one, other) for word in _words(" ".join((outcome.asked.url, *outcome.asked.subprotocols)))
    )
    first, second = _facts(one, asked), _facts(other, asked)
    return {name for name in first.keys() | second.keys() if first.get(name) != second.get(name)}


def _facts(outcome: Outcome, asked: frozenset[str]) -> _Facts:
    """What of an answer can be compared, by name: what kind it is, its error's code and type, the words of its body and
    of each header. What holds a digit or was masked (a time, an id, a length, a key's end) may be new in every answer,
    and happen to be equal in two. Words that were `asked` are left out."""
    seen: _Facts = {
        _ANSWER: (outcome.http_status, outcome.first_event, outcome.close_code, outcome.fault),
        "error": (error.code, error.type) if (error := outcome.http_error) else (),
        "words": _words(outcome.http_body, asked),
    }
    for name, value in outcome.http_headers:
        key = f"header {name.lower()}"
        if key not in ("header date", "header set-cookie"):
            seen[key] = (*seen.get(key, ()), *_words(value, asked))
    return seen


def _words(text: str, without: frozenset[str] = frozenset()) -> tuple[str, ...]:
    words = (word.text() for word in _WORD.finditer(_STARRED.sub(" ", MARKS.sub(" ", text))))
    return tuple(word for word in words if word not in without and not any(map(str.isdigit, word)))


def conclude(finding: Finding, controls: list[Control]) -> Finding:
    """The finding with what the controls say: what is left, what is ruled out, what cannot be told apart."""
    if not controls:
        return finding
    same = {control.name: control.same for control in controls}
    if not same.get(_AGAIN, True):
        varies = f"The same handshake, sent once more, got another answer: {controls[0].seen}."
        return replace(finding, facts=(*finding.facts, f"{varies} Nothing can be concluded from changing it."))
    sentences = list(_told(controls))
    out: list[Candidate] = []
    if same.get("path") is False and finding.cause != "refused.path":
        out.append(Candidate("refused.path", "a path that cannot exist gets another answer, so this one is served"))
    if same.get("wrong-key") is False:
        reason = "a key that cannot be right gets another answer, so the one given is known"
        out.append(Candidate("auth.invalid", reason))
    if same.get("query") is False:
        sentences.append("The query is looked at: another one gets another answer.")
    if _key_is_refused(finding, same):
        sentences.append("A key that cannot be right gets the same answer, no key another: the key is what is refused.")
    sentences += left_open(finding, controls)
    return replace(finding, facts=(*finding.facts, *sentences), ruled_out=(*out, *finding.ruled_out))


def _key_is_refused(finding: Finding, same: Mapping[str, bool]) -> bool:
    # Where every path and query gets this answer, too, it may be about something else than the key.
    about_key = same.get("path") is False or finding.cause == "refused.unauthorized"
    return same.get("wrong-key") is True and same.get("no-key") is False and about_key


def left_open(finding: Finding, controls: Sequence[Control]) -> tuple[str, ...]:
    """What may still be the cause after these controls, in one sentence; empty where they say nothing of it, or settle
    it. A change that works settles it, too."""
    same = {control.name: control.same for control in controls}
    if not controls or not same.get(_AGAIN, True) or _key_is_refused(finding, same):
        return ()
    if all(same.values()) and finding.cause not in ("refused.path", "refused.not-routed"):
        return ()  # that nothing changes the answer is told, and all there is to tell
    left = [
        text
        for text, possible in (
            ("a path without a WebSocket", same.get("path") is not False or finding.cause == "refused.path"),
            ("a query that the server misses", same.get("query") is True),
            # A key that cannot be right and gets our answer says nothing for ours.
            ("a key that it refuses", same.get("wrong-key") is not False),
        )
        if possible
    ]
    if len(left) > 1:
        return (f"From outside these cannot be told apart: {', '.join(left)}. The server's own log can.",)
    return (f"What is left: {left[0]}.",) if left else ()


def _told(controls: list[Control]) -> Iterator[str]:
    """What the control handshakes came to, once for each answer."""
    same = [control.what for control in controls if control.same]
    others: dict[str, list[str]] = {}
    for control in controls:
        if not control.same:
            others.setdefault(control.seen, []).append(control.what)
    if same:
        yield f"Control handshakes that got the same answer: {'; '.join(same)}."
    for seen, what in others.items():
        yield f"Control handshakes that got another answer ({seen}): {'; '.join(what)}."

"""The smallest change that works: one edit at a time, then two, then three, each proven by a real handshake."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

from rtdoctor.diagnose.describe import short
from rtdoctor.diagnose.edits import Edit, Means, apply, edits_for
from rtdoctor.diagnose.proven import beyond
from rtdoctor.diagnose.referee import finding, weigh
from rtdoctor.engine.controls import Attempt
from rtdoctor.model.fix import Fix, Tried
from rtdoctor.model.handshake import Handshake
from rtdoctor.model.outcome import Outcome
from rtdoctor.model.scenario import waits_for_client

MOST_CONNECTIONS = 24  # each may have a server load a model
_MOST_EDITS = 3


def works(outcome: Outcome) -> bool:
    """A session stands, and nothing that was sent was refused; of GPT-Live, whose sessions cost money as they begin,
    the socket stands and nothing came."""
    if waits_for_client(outcome.asked.url):
        return outcome.http_status == 101 and outcome.open and not outcome.errors
    return outcome.session_stands and outcome.open


def spoke(outcome: Outcome) -> bool:
    """True where the server sent audio or a response."""
    return any(
        kind.startswith("response") or kind == "(binary frame)" or ("audio" in kind and "input_audio" not in kind)
        for kind in outcome.events
    )


async def find_fix(
    handshake: Handshake, first: Outcome, means: Means, attempt: Attempt
) -> tuple[Fix, Handshake | None]:
    """Search for the smallest set of edits after which the handshake works, and return it with that handshake, or with
    None where none was found. Sends only what the handshake would send.

    After a failed try, the cause of its outcome suggests what comes next: the second edit of a pair is looked for
    where the first one got further than before.
    """
    tried: list[Tried] = []
    seen: dict[frozenset[str], Outcome] = {frozenset(): first}
    texts: dict[frozenset[str], tuple[str, ...]] = {}
    for size in range(1, _MOST_EDITS + 1):
        for chosen in _sets(handshake, seen, means, size):
            if len(tried) >= MOST_CONNECTIONS:
                return _without(tried, seen, texts), None
            changed = _apply_all(chosen, handshake, means)
            if changed is None:
                continue
            outcome = await attempt(changed)
            ids = frozenset(edit.id for edit in chosen)
            seen[ids], texts[ids] = outcome, tuple(edit.text for edit in chosen)
            tried.append(Tried(tuple(edit.text for edit in chosen), works(outcome), short(outcome)))
            if works(outcome):
                kept = tuple(edit.text for edit in chosen)
                return Fix(kept, _needless(tried, kept), len(tried), tuple(tried), True), changed
            # It spoke unasked, and would again with every further try; or what is left is nothing of the handshake.
            if spoke(outcome) or beyond(outcome, weigh(outcome).cause):
                return _without(tried, seen, texts), None
    return _without(tried, seen, texts), None


def _without(
    tried: list[Tried], seen: dict[frozenset[str], Outcome], texts: dict[frozenset[str], tuple[str, ...]]
) -> Fix:
    """Nothing works; which change came furthest is told where one came further than the handshake given."""
    start = _reach(seen[frozenset()])
    furthest = max(texts, key=lambda ids: _reach(seen[ids]), default=None)  # of equals the first, which is the smallest
    fix = Fix((), _needless(tried, ()), len(tried), tuple(tried))
    if furthest is None or _reach(seen[furthest]) <= start:
        return fix
    judged = finding(seen[furthest])
    why = ". ".join(part.rstrip(".") for part in (judged.title or judged.summary, judged.remedy) if part)
    return replace(fix, nearest=texts[furthest], nearest_cause=f"{why}.")


def _reach(outcome: Outcome) -> int:
    """How far it came: an answer, a 101, a key that was looked at, a session, one without an error."""
    upgraded = outcome.http_status == 101
    looked_at = upgraded and weigh(outcome).cause != "auth.missing"
    return (outcome.http_status is not None) + upgraded + looked_at + outcome.reached_session + outcome.session_stands


def _sets(
    handshake: Handshake, seen: dict[frozenset[str], Outcome], means: Means, size: int
) -> Iterator[tuple[Edit, ...]]:
    """The sets of that size, in the order that the causes met so far suggest. A set is built on a smaller one whose
    outcome had another cause than where it came from: an edit that changed nothing is no ground to build on."""
    start = {edit.id: edit for edit in edits_for(handshake, weigh(seen[frozenset()]).cause, means)}
    if size == 1:
        yield from ((edit,) for edit in start.values())
        return
    done: set[frozenset[str]] = set()
    origin = _state(seen[frozenset()])
    grounds = [ids for ids, outcome in list(seen.items()) if len(ids) == size - 1 and _state(outcome) != origin]
    for ids in grounds:
        ground = tuple(start[name] for name in start if name in ids)
        changed = _apply_all(ground, handshake, means)
        if changed is None or len(ground) != len(ids):
            continue
        for edit in edits_for(changed, weigh(seen[ids]).cause, means):
            together = ids | {edit.id}
            if _agree((*ground, edit)) and together not in done and not _mended(edit, ids, start, seen):
                done.add(together)
                start.setdefault(edit.id, edit)
                yield (*ground, edit)
    # What no outcome hinted at comes last: any other pair.
    for several in combinations(start.values(), size):
        ids = frozenset(edit.id for edit in several)
        if (
            ids not in done
            and _agree(several)
            and not any(_mended(edit, ids - {edit.id}, start, seen) for edit in several)
        ):
            yield several


def _mended(edit: Edit, ground: frozenset[str], known: dict[str, Edit], seen: dict[frozenset[str], Outcome]) -> bool:
    """True where another edit of the same part came further from there: that part is settled."""
    return ground in seen and any(
        ids - ground == {other.id} and ids > ground and _reach(outcome) > _reach(seen[ground])
        for other in known.values()
        if other.part == edit.part and other.id != edit.id
        for ids, outcome in seen.items()
    )


def _agree(edits: tuple[Edit, ...]) -> bool:
    """False where two of them change the same part of the handshake: the later would undo the earlier."""
    return len({edit.part for edit in edits}) == len(edits)


def _state(outcome: Outcome) -> tuple[object, ...]:
    return (outcome.stage, outcome.http_status, weigh(outcome).cause, outcome.session_type)


def _apply_all(edits: tuple[Edit, ...], handshake: Handshake, means: Means) -> Handshake | None:
    for edit in edits:
        changed = apply(edit.id, handshake, means)
        if changed is None or _sorted(changed) == _sorted(handshake):
            return None
        handshake = changed
    return handshake


def _sorted(handshake: Handshake) -> Handshake:
    """The same handshake for comparing: the order of headers says nothing."""
    return replace(handshake, headers=tuple(sorted(handshake.headers)))


def _needless(tried: list[Tried], kept: tuple[str, ...]) -> tuple[str, ...]:
    """Edits that were made in some try and are not part of what works."""
    every = dict.fromkeys(text for item in tried for text in item.edits)
    return tuple(text for text in every if text not in kept)

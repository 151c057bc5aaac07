"""Judges of how a client takes a refusal: whether it reads it, and whether it tries again when that may help."""

from collections.abc import Sequence
from statistics import fmean

from rtdoctor.grade.judges.common import how_it_ended, not_seen, proof, shown, told_or_not
from rtdoctor.grade.refusals import Refusal, refusals
from rtdoctor.grade.run import Run, Talk
from rtdoctor.model.graded import Judgement
from rtdoctor.model.plural import plural
from rtdoctor.privacy.quote import quote

_HOT = 0.2  # seconds between two attempts, below which a client hammers
_GROWS = 1.3  # how much longer the later waits are in the mean than the first: jitter moves each by a quarter
_MANY, _LONG = 10, 5.0  # attempts, seconds


def reads_refusal(run: Run, plain: Run | None) -> Judgement:
    """A refusal that no retry mends ends the client, with an error that says why."""
    refusal = next(refusals(run, retry=False), None)
    if refusal is None:
        return not_seen("nothing was refused for good")
    if run.ending is None:
        return not_seen(how_it_ended(run))
    grade, seen = told_or_not(run, refusal.clues, quote(refusal.shown), plain)
    return _judged(grade, seen, _shows(refusal))


def no_retry(run: Run, plain: Run | None) -> Judgement:
    """What no retry mends is not tried again."""
    refusal = next(refusals(run, retry=False), None)
    if refusal is None:
        return not_seen("nothing was refused for good")
    more = [talk for talk in run.talks if refusal.t < talk.asked_at <= run.until]
    usual = max(0, len(plain.talks) - 1) if plain else 0
    if len(more) > usual:
        within = more[-1].asked_at - refusal.t
        again = (proof(talk.asked_at, talk, "→ connects again") for talk in more)
        times = plural(len(more), "more time")
        seen = f"connects {times} within {within:.1f} s of {quote(refusal.shown)}: {refusal.words}"
        return Judgement("fail", seen, shown((*_shows(refusal), *again)))
    return Judgement("pass", f"does not connect again after {quote(refusal.shown)}")


def retries(run: Run, _plain: Run | None) -> Judgement:
    """What passes by itself is tried again, at the opening of a session."""
    refusal = next((one for one in refusals(run, retry=True) if _at_opening(one)), None)
    if refusal is None:
        return not_seen("nothing was refused for a while")
    if any(refusal.t < talk.asked_at <= run.until for talk in run.talks):
        return Judgement("pass", f"connects again after {quote(refusal.shown)}")
    seen = f"does not connect again after {quote(refusal.shown)}: {refusal.words}"
    return Judgement("warn", seen, _shows(refusal))


def _at_opening(refusal: Refusal) -> bool:
    return not refusal.talk.heard.first("server", "session.created")


def backs_off(run: Run, _plain: Run | None) -> Judgement:
    """The wait between attempts grows."""
    failed = [one.talk for one in refusals(run, retry=True) if _at_opening(one)]
    failed += [talk for talk in run.opened if talk.ended_by == "server" and not talk.closings and not talk.heard]
    failed.sort(key=lambda talk: talk.asked_at)
    waits = [wait for talk in failed if (wait := _wait(talk, run.talks, run.until)) is not None]
    if len(waits) < 2:
        return not_seen("fewer than two more attempts were made")
    seconds = ", ".join(f"{wait:.2f}" for wait in waits[:8])
    lines = shown(proof(talk.asked_at, talk, "→ connects") for talk in failed)
    if max(waits) < _HOT or _hammers(failed):
        return Judgement("fail", f"hammers: waits {seconds} s between attempts", lines)
    if fmean(waits[1:]) < _GROWS * waits[0]:  # one that was long by itself is no growth
        return Judgement("warn", f"the wait does not grow: {seconds} s", lines)
    return Judgement("pass", f"waits {seconds} s between attempts")


def _hammers(talks: Sequence[Talk]) -> bool:
    starts = [talk.asked_at for talk in talks]
    return any(later - first < _LONG for first, later in zip(starts, starts[_MANY:], strict=False))


def _wait(talk: Talk, talks: Sequence[Talk], until: float) -> float | None:
    over = talk.over_at if talk.over_at is not None else talk.answered_at
    if over is None:
        return None
    return next((other.asked_at - over for other in talks if over <= other.asked_at <= until), None)


def _shows(refusal: Refusal) -> tuple[str, ...]:
    return (proof(refusal.t, refusal.talk, f"← {quote(refusal.shown)}"),)


def _judged(grade: str, seen: str, shows: tuple[str, ...]) -> Judgement:
    match grade:
        case "pass" | "warn" | "fail":
            return Judgement(grade, seen, () if grade == "pass" else shows)
        case _:
            return not_seen(seen)

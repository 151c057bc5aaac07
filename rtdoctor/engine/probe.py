"""`probe`: the user's own handshake, repeated exactly; then control handshakes, then the smallest change that works."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rtdoctor.diagnose import rungs as judges
from rtdoctor.diagnose.distil import distil
from rtdoctor.diagnose.edits import Means
from rtdoctor.diagnose.handover import handover
from rtdoctor.diagnose.parity import parity
from rtdoctor.diagnose.proven import beyond, with_proof
from rtdoctor.diagnose.referee import Weighed, finding
from rtdoctor.diagnose.summary import summarise
from rtdoctor.engine.attempt import attempt
from rtdoctor.engine.caveats import with_caveats
from rtdoctor.engine.commandline import Sent
from rtdoctor.engine.controls import ambiguous, compare, conclude, left_open
from rtdoctor.engine.credential import ordinary_get, repeat
from rtdoctor.engine.fixing import MOST_CONNECTIONS, find_fix, spoke, works
from rtdoctor.engine.keys import KEY_VARIABLE
from rtdoctor.engine.opening import listed_in
from rtdoctor.engine.reach import reach, tell_tls_port
from rtdoctor.engine.run import deadline_passed, setting_of
from rtdoctor.engine.setup import Bench
from rtdoctor.knowledge.causes import UNKNOWN
from rtdoctor.linear import pattern
from rtdoctor.model.event import NotAnEvent, written
from rtdoctor.model.exchange import Answer, Exchange
from rtdoctor.model.finding import Finding, undecided
from rtdoctor.model.fix import Control, Fix, Handover
from rtdoctor.model.handshake import Handshake
from rtdoctor.model.outcome import Outcome
from rtdoctor.model.plural import plural
from rtdoctor.model.probed import Probed
from rtdoctor.model.report import Report, Result, Rung
from rtdoctor.model.scenario import Step, in_call, is_free, speaks_by_itself, waits_for_client
from rtdoctor.privacy.quote import quote_headers, quote_start, quoted
from rtdoctor.protocol.migrate import migrate
from rtdoctor.wire.session import read_back

SCENARIO = "probe"
_ONCE = "It begins a conversation that may cost money, so it was made once: no other was tried to find the cause."
_BEYOND = "No change of the handshake mends that, so none was looked for."
_PASSED = (
    "Sent once more after the search, the handshake as it was given works: what was met at first has passed, and no "
    "change is proven."
)
_MOST_REPEATED = 64 * 1024  # characters of events that are sent with every try; a session.update has a few thousand
_URL = pattern(r"(?i)\s*(?:https?|wss?|ftp)://")
_MOST_FRAMES, _MOST_HEADERS, _MOST_TEXT = 20, 100, 1_000


Progress = Callable[[str], None]  # hears what is being done


@dataclass(slots=True)
class ProbeState:
    """What is known so far; a probe that runs out of time tells it. `started` is monotonic time, in seconds; `unasked`
    tells that a server spoke, or may have, and nobody had asked it to. `listed` are the models that it lists."""

    started: float = field(default_factory=time.monotonic)

    rungs: list[Rung] = field(default_factory=list)
    exchange: Exchange | None = None
    outcome: Outcome | None = None
    judged: Finding | None = None
    controls: tuple[Control, ...] = ()
    parity: str = ""
    fix: Fix | None = None
    handover: Handover | None = None
    listed: tuple[str, ...] = ()
    unasked: bool = False


async def probe(
    bench: Bench,
    handshake: Handshake,
    *,
    want_fix: bool,
    progress: Progress = lambda _: None,
    state: ProbeState | None = None,
) -> Probed:
    """Repeat the handshake and judge it. What may not be sent is left out; `progress` hears what is done,
    and `state` is filled as the probe goes on.

    A cancelled probe, or one that is out of time, tells what it found until then.
    """
    state = state or ProbeState()
    return await _bounded(
        bench, handshake, state, want_fix, _look(bench, _allowed(bench, handshake), state, want_fix, progress)
    )


async def mend(bench: Bench, handshake: Handshake, *, state: ProbeState, progress: Progress = lambda _: None) -> Probed:
    """Look for the smallest change that works, after a probe that came to `state`; `bench` has a deadline of
    its own."""
    bench.listed = state.listed
    return await _bounded(bench, handshake, state, True, _mend(bench, _allowed(bench, handshake), state, progress))


def can_mend(handshake: Handshake, state: ProbeState) -> bool:
    """True where a change is worth looking for: the handshake was answered and does not work, and repeating it costs
    nothing."""
    outcome = state.outcome
    if outcome is None or outcome.http_status is None or works(outcome):
        return False
    return not state.unasked and not speaks_by_itself(handshake.url)


async def _bounded(
    bench: Bench, handshake: Handshake, state: ProbeState, want_fix: bool, work: Coroutine[Any, Any, None]
) -> Probed:
    stopped, interrupted = "", False
    try:
        async with asyncio.timeout(bench.choice.left):
            await work
    except TimeoutError:
        stopped = deadline_passed(bench.choice.deadline)
    except asyncio.CancelledError:
        stopped, interrupted = "interrupted", True
    return probed_of(bench, handshake, state, want_fix=want_fix, stopped=stopped, interrupted=interrupted)


def probed_of(
    bench: Bench, handshake: Handshake, state: ProbeState, *, want_fix: bool, stopped: str, interrupted: bool
) -> Probed:
    """All that was found, not redacted yet; `stopped` says what ended the probe before its time."""
    if stopped and want_fix and state.judged is not None and state.fix is None:
        cut = f"The search for a change that works was not finished: {stopped}."
        state.judged = replace(state.judged, facts=(*state.judged.facts, cut))
    if stopped and state.outcome is None:
        late = undecided(stopped)
        if not any(rung.dead for rung in state.rungs):
            state.rungs.append(Rung(("dns", "tcp", "tls", "upgrade")[len(state.rungs)], late, dead=True))
    report = replace(_report(bench, state), interrupted=interrupted)
    exchange = head_of(state.exchange) if state.exchange else None
    return Probed(report, _allowed(bench, handshake).shown(), exchange, state.controls, state.fix, state.handover)


async def _look(bench: Bench, free: Handshake, state: ProbeState, want_fix: bool, progress: Progress) -> None:
    progress("name, TCP and TLS")
    async for rung in reach(bench):  # ends by itself after a dead one
        state.rungs.append(rung)
    if any(rung.dead for rung in state.rungs):
        return
    progress("your handshake")
    state.exchange = await tell_tls_port(bench, await _once(bench, free))
    outcome = state.outcome = distil(state.exchange)
    state.judged = finding(outcome)
    if state.judged.verdict == "pass" and not works(outcome):
        state.judged = finding(outcome, "fail", Weighed(UNKNOWN, None, state.judged.ruled_out))
    begins = speaks_by_itself(free.url)
    state.unasked = (begins and outcome.http_status == 101) or (spoke(outcome) and not bench.ledger.total().billable)

    if works(outcome) and waits_for_client(free.url):
        state.judged = judges.judge_live(outcome, started=False)[0]
    if works(outcome):
        if want_fix:
            state.handover = _handed(bench, free, free)
        if state.judged.verdict == "fail":  # what other clients insist on: it opens for this one
            state.judged = replace(state.judged, verdict="warn")
            return
        state.judged = judges.judge_clock(state.judged, state.exchange.answer, bench.clock.now())
        return
    if not outcome.reached_session and free.path.rstrip("/").endswith("/realtime"):
        progress("REST over the same route")
        answered = await ordinary_get(bench, free)
        bench.listed = state.listed = listed_in(answered.answer)
        rest = distil(answered, rest=True)
        state.parity = parity(rest, outcome, "upgrade" if outcome.http_status != 101 else "first-event")
    if begins or state.unasked:
        if want_fix or ambiguous(outcome):
            state.judged = replace(state.judged, facts=(*state.judged.facts, _ONCE))
        want_fix = False
    elif ambiguous(outcome):
        progress("control handshakes")
        controls = await compare(free, outcome, _again(bench, state))
        state.controls = tuple(controls)
        state.judged = conclude(state.judged, controls)
    if bench.choice.withheld is not None:
        state.judged = judges.judge_without_key(state.judged)
    if want_fix and not state.unasked:
        await _mend(bench, free, state, progress)


def _again(bench: Bench, state: ProbeState) -> Callable[[Handshake], Awaitable[Outcome]]:
    """One more handshake. What costs money is sent once, as it was told; to look for causes it is not sent again."""

    async def again(changed: Handshake) -> Outcome:
        seen = distil(await _once(bench, _free_only(changed)))
        state.unasked = state.unasked or spoke(seen)
        return seen

    return again


async def _mend(bench: Bench, free: Handshake, state: ProbeState, progress: Progress) -> None:
    """Look for the smallest change, from what the handshake came to at first."""
    outcome, judged, exchange = state.outcome, state.judged, state.exchange
    assert outcome is not None
    assert judged is not None
    assert exchange is not None
    again, start, cheap = _again(bench, state), outcome, _free_only(free)
    key = _plain_key(bench)
    if beyond(outcome, judged.cause) and (not key or key in free.written()):
        if works(await again(cheap)):
            state.fix = Fix((), (), 1)
            state.judged = replace(judged, verdict="inconclusive", facts=(*judged.facts, _PASSED))
        else:
            state.judged = replace(judged, facts=(*judged.facts, _BEYOND))
        return
    if cheap != free:
        start = await again(cheap)
        sent = any(frame.direction == "client" for frame in exchange.frames)
        left_out = _left_out(free, cheap, sent, works(start))
        state.judged = judged = replace(judged, facts=(*judged.facts, left_out))
        if works(start):
            return
    means = Means(
        key,
        bench.choice.realtime_model,
        _ga_form,
        listed=bench.listed,
        base=bench.choice.profile.base,
        key_header=bench.choice.profile.key_header,
    )
    progress(f"the smallest change that works, in at most {MOST_CONNECTIONS} handshakes")
    state.fix, mended = await find_fix(cheap, start, means, again)
    if state.fix.edits and not state.unasked and works(await again(cheap)):
        # It would have worked without any change by then: no edit is proven by that.
        state.fix = replace(state.fix, edits=(), works=False)
        state.judged = replace(judged, verdict="inconclusive", facts=(*judged.facts, _PASSED))
    elif mended is not None:
        state.judged = with_proof(judged, cheap, mended, key, settled=left_open(judged, state.controls))
        state.handover = _handed(bench, cheap, mended)


def _handed(bench: Bench, before: Handshake, after: Handshake) -> Handover:
    """The handshake that works, to be pasted; the key stands in it by the name of its variable."""
    key = bench.choice.key
    variable = key.source if key and key.source.isidentifier() else KEY_VARIABLE
    return handover(before, after, _plain_key(bench), variable)


def _plain_key(bench: Bench) -> str | None:
    """The key as it stands inside a header or a query."""
    return bench.choice.key.reveal().removeprefix("Bearer ") if bench.choice.key else None


def head_of(exchange: Exchange) -> Exchange:
    """The exchange as a report can show it: quoted, with its frames cut; what was judged was all of it."""
    head = exchange.frames[:_MOST_FRAMES]
    answer, close, fault = exchange.answer, exchange.close, exchange.fault
    return replace(
        exchange,
        answer=answer and _shown_answer(answer),
        subprotocol=exchange.subprotocol and quote_start(exchange.subprotocol, _MOST_TEXT),
        frames=tuple(replace(frame, text=frame.text and quote_start(frame.text, _MOST_TEXT)) for frame in head),
        close=close and replace(close, reason=quote_start(close.reason, _MOST_TEXT)),
        fault=fault and replace(fault, text=quote_start(fault.text, _MOST_TEXT), details=quoted(fault.details)),
        more_frames=len(exchange.frames) - len(head),
    )


def _shown_answer(answer: Answer) -> Answer:
    head = answer.headers[:_MOST_HEADERS]
    return replace(
        answer,
        reason=quote_start(answer.reason, _MOST_TEXT),
        headers=quote_headers((name[:_MOST_TEXT], value[: 2 * _MOST_TEXT]) for name, value in head),
        body=quote_start(answer.body.decode("utf-8", "replace"), _MOST_TEXT).encode(),
    )


def _report(bench: Bench, state: ProbeState) -> Report:
    ms = round((time.monotonic() - state.started) * 1000, 1)
    results: Sequence[Result] = ()
    if state.outcome is not None and state.judged is not None:
        results = (
            Result(
                scenario=SCENARIO,
                title="the handshake given",
                tags=(),
                required=True,
                expected="101, then session.created",
                seen=state.judged.summary,
                finding=state.judged,
                outcome=state.outcome,
                ms=ms,
            ),
        )
    summary = summarise(state.rungs, results)
    if state.outcome is not None and state.judged is not None:
        healthy = works(state.outcome)
        why = state.judged.title or state.judged.summary
        sentence = "Yes, this handshake opens a session." if healthy else f"No. {why}."
        summary = replace(
            summary, can_connect=healthy, sentence=sentence, cause=state.judged.cause, parity=state.parity
        )
    spend = bench.ledger.total()
    setting = setting_of(bench)
    return Report(
        setting=setting,
        summary=with_caveats(summary, setting, tuple(state.rungs), bench.choice.retire_within),
        ladder=tuple(state.rungs),
        results=tuple(results),
        spend=replace(spend, billable=spend.billable or state.unasked),
        duration_s=round(ms / 1000, 2),
    )


def _allowed(bench: Bench, handshake: Handshake) -> Handshake:
    """The handshake with what the run has leave to send."""
    joined = in_call(handshake.url)
    events = tuple(event for event in handshake.events if bench.ledger.allows(event, joined=joined))
    return replace(handshake, events=events)


def _free_only(handshake: Handshake) -> Handshake:
    """The handshake with the events that may be sent again and again: without those that may cost money, those included
    that only an edit made so, that have a server fetch something, or are much in all."""
    joined, room = in_call(handshake.url), _MOST_REPEATED
    kept: list[Sent] = []
    for event in handshake.events:
        if _is_free(event, joined) and not _names_a_url(event) and (size := len(str(event))) <= room:
            kept.append(event)
            room -= size
    return replace(handshake, events=tuple(kept))


def _names_a_url(value: Any) -> bool:
    """True where a value in it is a URL: of a tool's server, of a file."""
    if isinstance(value, Mapping):
        return any(map(_names_a_url, value.values()))
    if isinstance(value, list):
        return any(map(_names_a_url, value))
    return isinstance(value, str) and _URL.match(value) is not None


def _is_free(event: Sent, joined: bool) -> bool:
    if isinstance(event, (str, bytes)) or not is_free(event, joined=joined):
        return False
    try:
        read_back(written(event))
    except (NotAnEvent, ValueError):
        return False  # an edit made it larger than what is sent
    return True


def _left_out(handshake: Handshake, cheap: Handshake, sent: bool, works_without: bool) -> str:
    """What the search did with the events that may cost money."""
    count = len(handshake.events) - len(cheap.events)
    are, were = ("is", "was") if count == 1 else ("are", "were")
    how = f"{were} sent once, and" if sent else f"{were} not sent, since it did not come so far, and {are}"
    costs = sum(not _is_free(event, in_call(handshake.url)) for event in handshake.events)
    what = "that may cost money" if costs == count else "that may cost money, fetch something or are long"
    once = f"{plural(count, 'message')} {what} {how} left out of the search for a change"
    if works_without:
        return f"{once}; without them the handshake works, so what is refused is one of them."
    return f"{once}."


async def _once(bench: Bench, handshake: Handshake) -> Exchange:
    steps = [_step(event) for event in handshake.events]
    if any(step.send and str(step.send.get("type", "")).endswith("session.update") for step in steps):
        steps.append(Step(await_=("session.updated", "error"), within=min(3.0, bench.choice.timeout)))
    return await attempt(bench, repeat(handshake), steps)


def _step(event: Mapping[str, Any] | str | bytes) -> Step:
    if isinstance(event, str):
        return Step(text=event)
    return Step(binary=event) if isinstance(event, bytes) else Step(send=event)


def _ga_form(event: Mapping[str, Any]) -> Mapping[str, Any] | None:
    migration = migrate(dict(event), "client")
    return migration.event if migration else None

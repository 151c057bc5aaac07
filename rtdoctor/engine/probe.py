"""`probe`: the user's own handshake, repeated exactly; then control handshakes, then the smallest change that works."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rtdoctor.diagnose.distil import distil
from rtdoctor.diagnose.edits import Means
from rtdoctor.diagnose.referee import finding
from rtdoctor.diagnose.summary import summarise
from rtdoctor.engine.attempt import attempt
from rtdoctor.engine.controls import ambiguous, compare, conclude
from rtdoctor.engine.credential import repeat
from rtdoctor.engine.fixing import find_fix, works
from rtdoctor.engine.ladder import reach
from rtdoctor.engine.run import setting_of
from rtdoctor.engine.setup import Bench
from rtdoctor.model.exchange import Exchange
from rtdoctor.model.fix import Control
from rtdoctor.model.given import Given
from rtdoctor.model.outcome import Outcome
from rtdoctor.model.probed import Probed
from rtdoctor.model.report import Report, Result, Rung
from rtdoctor.model.scenario import Step, is_free
from rtdoctor.protocol.migrate import migrate

SCENARIO = "probe"


async def probe(bench: Bench, given: Given, *, want_fix: bool, said: Callable[[str], None] = lambda _: None) -> Probed:
    """Repeat the handshake and judge it. Billable events are left out without leave to spend; `said` hears progress."""
    started = time.monotonic()
    free = replace(
        given, events=tuple(event for event in given.events if bench.ledger.billable or costs_nothing(event))
    )
    said("name, TCP and TLS")
    rungs: list[Rung] = [rung async for rung in reach(bench)]
    if any(rung.dead for rung in rungs):
        return Probed(_report(bench, rungs, [], started), given.shown(), None)
    said("your handshake")
    exchange = await _once(bench, free)
    outcome = distil(exchange)
    judged = finding(outcome)
    controls: list[Control] = []

    async def again(changed: Given) -> Outcome:
        return distil(await _once(bench, changed))

    if not works(outcome) and ambiguous(outcome):
        said("control handshakes")
        controls = await compare(free, outcome, again)
        judged = conclude(judged, controls)
    fix = None
    if want_fix and not works(outcome):
        said("the smallest change that works")
        key = bench.choice.key.reveal().removeprefix("Bearer ") if bench.choice.key else None
        fix = await find_fix(free, outcome, Means(key, bench.choice.realtime_model, _ga_form), again)
    result = Result(
        scenario=SCENARIO,
        title="the handshake given",
        tags=(),
        required=True,
        expected="101, then session.created",
        seen=judged.summary,
        finding=judged,
        outcome=outcome,
        ms=round((time.monotonic() - started) * 1000, 1),
    )
    return Probed(_report(bench, rungs, [result], started), free.shown(), exchange, tuple(controls), fix)


def _report(bench: Bench, rungs: Sequence[Rung], results: Sequence[Result], started: float) -> Report:
    summary = summarise(rungs, results)
    outcome = results[0].outcome if results else None
    if outcome is not None:
        healthy = works(outcome)
        cause = results[0].finding.cause
        told = "Yes, this handshake opens a session." if healthy else f"No. {results[0].finding.title or 'unknown'}."
        summary = replace(summary, can_connect=healthy, sentence=told, cause=cause)
    return Report(
        setting=setting_of(bench),
        summary=summary,
        ladder=tuple(rungs),
        results=tuple(results),
        spend=bench.ledger.total(),
        duration_s=round(time.monotonic() - started, 2),
    )


def costs_nothing(event: Mapping[str, Any] | str) -> bool:
    """True for a free event, and for text that is no event."""
    return isinstance(event, str) or is_free(event)


async def _once(bench: Bench, given: Given) -> Exchange:
    steps = [Step(text=event) if isinstance(event, str) else Step(send=event) for event in given.events]
    if any(not isinstance(e, str) and str(e.get("type", "")).endswith("session.update") for e in given.events):
        steps.append(Step(await_=("session.updated", "error"), within=min(3.0, bench.choice.timeout)))
    return await attempt(bench, repeat(given), steps)


def _ga_form(event: Mapping[str, Any]) -> Mapping[str, Any] | None:
    told = migrate(dict(event), "client")
    return told.event if told else None

"""The matrix: many scenarios at once, each with its own credential and connection."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from rtdoctor.diagnose.describe import expected
from rtdoctor.diagnose.distil import distil
from rtdoctor.diagnose.other_endpoint import in_its_way, told_there
from rtdoctor.diagnose.referee import finding, judge, with_violations
from rtdoctor.diagnose.rungs import skew_of
from rtdoctor.engine.attempt import KeptBack, attempt
from rtdoctor.engine.credential import (
    MALFORMED_SECRET,
    NOT_KNOWN_TO_MINT,
    SHORTEST_LIFE,
    WRONG_KEY,
    Minted,
    mint,
    outgoing,
)
from rtdoctor.engine.gate import Gate, patiently, pushed_back
from rtdoctor.engine.setup import Bench
from rtdoctor.engine.silence import heard_enough
from rtdoctor.engine.violations import judge_exchange
from rtdoctor.engine.word_errors import hear
from rtdoctor.model.exchange import Exchange
from rtdoctor.model.finding import Finding, left_out, undecided
from rtdoctor.model.outcome import Outcome
from rtdoctor.model.report import Result, Rung
from rtdoctor.model.scenario import Scenario
from rtdoctor.model.violation import Violation
from rtdoctor.privacy.secret import Secret

_KEPT_BACK = "not tried: the key was kept back (--insecure)"
# Behind these nothing of the socket could be tried at all.
_BELOW = frozenset(("config", "dns", "tcp", "tls"))
_NARROW = 2  # sockets at once at first
_EXPIRY_MARGIN = 1.0  # seconds beyond expires_at
_LONGEST_WAIT = SHORTEST_LIFE + 10.0  # a server that ignores what was asked for is not waited for


async def run_matrix(bench: Bench, scenarios: Sequence[Scenario], dead: Rung | None) -> AsyncIterator[Result]:
    """Try the scenarios, at most `concurrency` sockets at once; results come as they are done."""
    most = bench.choice.concurrency
    gate = Gate(most, most if bench.choice.on_mock else _NARROW)
    tasks = [asyncio.ensure_future(_try(bench, scenario, gate, dead)) for scenario in scenarios]
    try:
        for done in asyncio.as_completed(tasks):
            yield await done
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _try(bench: Bench, scenario: Scenario, gate: Gate, dead: Rung | None) -> Result:
    try:
        return await _tried(bench, scenario, gate, dead)
    except KeptBack:
        return result_of(scenario, is_required(bench, scenario), undecided(_KEPT_BACK))


async def _tried(bench: Bench, scenario: Scenario, gate: Gate, dead: Rung | None) -> Result:
    choice = bench.choice
    if not choice.profile.exact and bench.way is not None:
        changed = in_its_way(scenario, choice.aim, bench.way)
        if changed is None:
            return result_of(scenario, False, left_out("does not apply: no transcription sessions are served here"))
        scenario = changed
    reason = _does_not_apply(bench, scenario)
    if reason:
        return result_of(scenario, is_required(bench, scenario), left_out(reason))
    reason = _out_of_reach(scenario, dead, withheld=choice.withheld is not None)
    reason = reason or heard_enough(bench.silence, scenario)
    if bench.waits and not scenario.steps:
        reason = reason or "not tried: this server says nothing before the client does"
    if reason:
        return result_of(scenario, is_required(bench, scenario), undecided(reason))
    shake = scenario.handshake
    secret: Secret | None = {"wrong-key": WRONG_KEY, "secret-malformed": MALFORMED_SECRET}.get(
        shake.credential, choice.key
    )
    if shake.credential in ("secret", "secret-expired"):
        async with gate.entered():
            minted = await mint(
                bench, shake.secret_for, SHORTEST_LIFE if shake.credential == "secret-expired" else None
            )
        if minted.secret is None:
            return result_of(scenario, is_required(bench, scenario), _not_minted(minted))
        secret = minted.secret
        if shake.credential == "secret-expired":
            moment = _end_of(bench, minted) + _EXPIRY_MARGIN
            if moment - bench.clock.now() > _LONGEST_WAIT:
                why = "the endpoint gave the secret another lifetime than the 10 s asked for; it was not waited out"
                return result_of(scenario, is_required(bench, scenario), undecided(why))
            await bench.clock.pass_until(moment)
    out = outgoing(choice, shake, secret)
    if shake.reused:
        async with gate.entered():
            first = distil(await attempt(bench, out))
        if not first.open:
            failed = replace(finding(first), summary="the first use failed already")
            return result_of(scenario, is_required(bench, scenario), failed)
    started = time.monotonic()

    async def once() -> tuple[Exchange, Outcome]:
        exchange = await attempt(bench, out, scenario.steps)
        outcome = hear(distil(exchange), choice.reference)
        if pushed_back(outcome) and not choice.on_mock:
            gate.narrow()
        return exchange, outcome

    async with gate.entered():  # further tries are made inside: nobody else takes the place that is waited for
        exchange, outcome = await (once() if choice.on_mock else patiently(once, lambda seen: seen[1]))
    gate.passed()
    judged = judge(
        scenario, outcome, required=is_required(bench, scenario), on_mock=choice.on_mock, strict=choice.strict
    )
    if not choice.profile.exact:
        judged = told_there(shake, outcome, judged, key_passes=bench.way is not None and choice.key is not None)
    violations = judge_exchange(exchange)
    judged = with_violations(judged, violations, failing=choice.on_mock or choice.strict)
    return result_of(
        scenario, is_required(bench, scenario), judged, outcome, (time.monotonic() - started) * 1000, violations
    )


def is_required(bench: Bench, scenario: Scenario) -> bool:
    """True where the run's answer rests on the scenario: on an endpoint whose ways are known. Of any other the ladder
    tells whether the user's session opens, in whatever way it is asked for there."""
    return bench.choice.profile.exact and bench.choice.aim in scenario.required


def result_of(
    scenario: Scenario,
    required: bool,
    judged: Finding,
    outcome: Outcome | None = None,
    ms: float | None = None,
    violations: tuple[Violation, ...] = (),
) -> Result:
    """The result of a scenario, tried or not."""
    due = next(line for line in scenario.accept if line.grade == "expected")
    return Result(
        scenario=scenario.id,
        title=scenario.title,
        tags=scenario.tags,
        required=required,
        expected=expected(due.outcome, due.cause),
        seen=judged.summary,
        finding=judged,
        outcome=outcome,
        ms=round(ms, 1) if ms is not None else None,
        violations=violations,
    )


def _does_not_apply(bench: Bench, scenario: Scenario) -> str:
    """Why a scenario is skipped: it has no meaning here, or costs money that nobody allowed."""
    choice, shake = bench.choice, scenario.handshake
    if scenario.raw and not bench.ledger.raw:
        return "sends raw text or a binary frame; --spend allows it"
    if scenario.is_billable(choice.target.base_url) and not bench.ledger.billable:
        joins = scenario.joins(choice.target.base_url)
        what = "may send into a session that goes on" if joins else "sends audio or another billable event"
        return f"{what}; --transcribe or --audio allows it"
    if choice.aim in ("translation", "live"):
        return f"does not apply: it is about /realtime, and this run about a {choice.aim} session"
    uses_key = bool(shake.auth) and shake.credential in ("key", "secret", "secret-expired")
    if uses_key and choice.key is None and (shake.credential != "key" or shake.auth != ("header",)):
        return "there is no key to send"
    if shake.credential in ("secret", "secret-expired"):
        return bench.mints or ("" if choice.may_mint else NOT_KNOWN_TO_MINT)
    return ""


def _out_of_reach(scenario: Scenario, dead: Rung | None, *, withheld: bool) -> str:
    """Why a scenario cannot be decided: what it stands on has failed."""
    if dead is None:
        return ""
    if dead.rung in _BELOW:
        return f"not tried: the ladder ended at {dead.rung}"
    if dead.finding.cause == "refused.rate-limited":
        return f"not tried: the endpoint asks for fewer requests ({dead.finding.cause})"
    shake = scenario.handshake
    needs_key = bool(shake.auth) and shake.credential in ("key", "secret", "secret-expired")
    if needs_key and withheld:
        return _KEPT_BACK
    if needs_key and dead.finding.cause and dead.finding.cause.split(".")[0] in ("auth", "limits"):
        return f"not tried: the credential was refused ({dead.finding.cause})"
    if dead.finding.cause == "session.upstream" and shake.path == "/realtime":
        # Each more would count against an upstream that fails already: gateways take it out of service for everybody.
        return "not tried: the gateway's upstream fails"
    return ""


def _not_minted(minted: Minted) -> Finding:
    failed = finding(distil(minted.exchange, rest=True))
    return replace(failed, verdict="inconclusive", summary="no client secret was minted")


def _end_of(bench: Bench, minted: Minted) -> float:
    """When the secret ends, on the local clock: the server's own Date tells how far that is off."""
    end = minted.expires_at if minted.expires_at is not None else bench.clock.now() + SHORTEST_LIFE
    return end - (skew_of(minted.exchange.answer, bench.clock.now()) or 0.0)

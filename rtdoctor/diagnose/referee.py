"""The one referee: which cause an outcome points to, and what a scenario's outcome is worth. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rtdoctor.diagnose.describe import expected, short, tell
from rtdoctor.knowledge.causes import UNKNOWN, Rule, causes, matching
from rtdoctor.knowledge.profiles import advised
from rtdoctor.model.finding import Candidate, Evidence, Finding, Verdict, of_cause
from rtdoctor.model.outcome import Outcome, facts, matches

if TYPE_CHECKING:
    from rtdoctor.model.scenario import Accept, Scenario
    from rtdoctor.model.violation import Violation

# What is met first tells most: a session has no type where there was no 101.
_MET = ("fault", "http_status", "first_event", "error_code", "error_message", "close_code", "session_type")


@dataclass(frozen=True, slots=True)
class Weighed:
    """The cause that the strongest rule names; None when nothing is wrong, unknown.unknown when no rule fits."""

    cause: str | None
    rule: Rule | None
    ruled_out: tuple[Candidate, ...]


def weigh(outcome: Outcome) -> Weighed:
    """Apply the rules to an outcome."""
    rules_holding = matching(outcome)
    if not rules_holding or not rules_holding[0].decides:
        return Weighed(None if _healthy(outcome) else UNKNOWN, None, _stands(outcome))
    best = rules_holding[0]
    # After a socket that dropped or stayed silent, or where what was sent did not arrive, the way between is what is
    # suspected: a 101 clears nothing.
    stands = _stands(outcome) if best.clears_the_way else ()
    out = [Candidate(cause, reason) for cause, reason in best.rules_out.items()]
    named = {best.cause, *best.rules_out}
    for rule in rules_holding[1:]:
        if rule.cause not in named:
            named.add(rule.cause)
            out.append(Candidate(rule.cause, rule.title or causes()[rule.cause].title, fits=True))
    return Weighed(best.cause, best, (*out, *stands))


def _healthy(outcome: Outcome) -> bool:
    if outcome.stage == "http":
        return outcome.http_status is not None and outcome.http_status < 400
    return outcome.open and not outcome.errors and not outcome.unmet and outcome.first_event is not None


def _stands(outcome: Outcome) -> tuple[Candidate, ...]:
    """Whole layers that are out because what lies above them answered."""
    if outcome.http_status == 101:
        return (Candidate("network", "the 101 came, so the way to the server works"),)
    if outcome.stage == "http" and outcome.http_status is not None and outcome.http_status < 300:
        return (Candidate("network", "an answer came, so the way to the server works"),)
    return ()


def finding(outcome: Outcome, verdict: Verdict | None = None, weighed: Weighed | None = None) -> Finding:
    """What the referee says of an outcome that should be healthy. The verdict follows from the cause if not given."""
    weighed = weighed or weigh(outcome)
    if weighed.cause is None:
        return Finding(verdict or "pass", short(outcome), facts=tell(outcome), ruled_out=weighed.ruled_out)
    cause = causes()[weighed.cause]
    return of_cause(
        cause,
        verdict or ("inconclusive" if _undecided(weighed, outcome) else "fail"),
        short(outcome),
        tell(outcome),
        title=(weighed.rule and weighed.rule.title) or cause.title,
        explanation=(weighed.rule and weighed.rule.why) or cause.explanation,
        confidence=weighed.rule.evidence.confidence if weighed.rule else None,
        ruled_out=weighed.ruled_out,
        remedy=advised((weighed.rule and weighed.rule.remedy) or cause.remedy, outcome.asked.url),
        evidence=(weighed.rule.evidence,) if weighed.rule else (),
    )


def _undecided(weighed: Weighed, outcome: Outcome) -> bool:
    """True where the cause decides nothing (exit code 3), or what was awaited in vain may only be late."""
    if weighed.rule is not None and weighed.rule.decided:
        return False
    return causes()[weighed.cause or UNKNOWN].exit == 3 or (bool(outcome.unmet) and weighed.rule is None)


def judge(scenario: Scenario, outcome: Outcome, *, required: bool, on_mock: bool, strict: bool) -> Finding:
    """Hold a scenario's outcome against what it accepts.

    On the mock only the first grade passes: it is built to do exactly what is expected. On a live endpoint another
    known or a better answer passes and is told; an unknown one is drift, which warns, or fails when the scenario is
    `required` or the run is strict. What could not be decided (network, 5xx) stays inconclusive.
    """
    weighed = weigh(outcome)
    base = finding(outcome, "pass", weighed)
    flat = facts(outcome)
    hit = next(
        (line for line in scenario.accept if line.cause == weighed.cause and matches(line.outcome, flat)),
        None,
    )
    due = next(line for line in scenario.accept if line.grade == "expected")
    if hit is not None and hit.grade == "expected":
        return _with(base, "pass", evidence=hit.evidence)
    if hit is not None and not on_mock:
        verdict: Verdict = "pass" if hit.grade == "accepted" else "fail" if strict else "warn"
        return _with(base, verdict, evidence=hit.evidence, drift=_drift(due, outcome))
    drift = _drift(due, outcome)
    if not on_mock and weighed.cause and _undecided(weighed, outcome):
        return _with(base, "inconclusive", evidence=due.evidence, drift=drift)
    failed = on_mock or strict or required
    if failed and base.cause is None:
        base = finding(outcome, "fail", Weighed(UNKNOWN, None, weighed.ruled_out))
    return _with(base, "fail" if failed else "warn", evidence=due.evidence, drift=drift)


def with_violations(judged: Finding, violations: Sequence[Violation], *, failing: bool) -> Finding:
    """The finding of a scenario whose events broke schema or order: what passed so far warns, or fails where every
    deviation does."""
    errors = [violation for violation in violations if violation.severity == "error"]
    if not errors or judged.verdict not in ("pass", "warn"):
        return judged
    first = errors[0]
    sentence = f"Its events break schema or order; first {first.event_type}: {first.message}"
    drift = f"{judged.drift} {sentence}".strip()
    return replace(judged, verdict="fail" if failing else "warn", drift=drift)


def _drift(due: Accept, outcome: Outcome) -> str:
    wanted, seen = expected(due.outcome, due.cause), short(outcome)
    sentence = f"Expected: {wanted} ({due.evidence.confidence} {due.evidence.seen}). Seen now: {seen}."
    flat = facts(outcome)
    differing = [name for name, line in due.outcome.items() if not matches({name: line}, flat)]
    wrong = min(differing, key=_MET.index, default=None) if set(differing) <= set(_MET) else differing[0]
    return f"{sentence} Differs in {wrong}: {_plain(flat[wrong])}."[:600] if wrong else sentence


def _plain(value: object) -> str:
    """A fact as people read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_plain, value)) or "nothing"
    return str(value) if value not in (None, "") else "nothing"


def _with(base: Finding, verdict: Verdict, *, evidence: Evidence, drift: str = "") -> Finding:
    return replace(base, verdict=verdict, evidence=tuple(dict.fromkeys((*base.evidence, evidence))), drift=drift)

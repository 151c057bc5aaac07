"""What the judges of shape and order say of a case's traffic, as deviations."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, cast

from rtdoctor.conform.talk import Talk
from rtdoctor.knowledge.deviations import deviations
from rtdoctor.model.conformance import Deviation, Weight
from rtdoctor.model.finding import Evidence
from rtdoctor.model.violation import Severity, Violation
from rtdoctor.protocol.judging import StreamJudge

_MOST_JUDGED = 1_000  # events of one talk: no case needs more, and a flood must not hold up the others
_WEIGHTS: dict[Severity, Weight] = {"error": "medium", "warning": "low"}


@dataclass(frozen=True, slots=True)
class Judged:
    """A deviation that the traffic showed; `told_by` is the case that stands for its kind, and what has one `place` is
    the same."""

    deviation: Deviation
    seen: str
    told_by: str
    place: str


def judged(talk: Talk, *, complete: bool = False) -> Iterator[Judged]:
    """The deviations of the server in a talk, each with what was seen. What the client did wrong was done on purpose,
    so it is not told; `complete` asks for what never came, too."""
    judge = StreamJudge(begins=True)
    for sender, event, seconds in talk.log[:_MOST_JUDGED]:
        violations = judge.feed(cast(Literal["server", "client"], sender), event, seconds)
        if sender == "server":
            yield from _told(violations)
    if complete:
        judge.close()
        yield from _told(judge.finish(complete=True))
    for fault in talk.faults:
        yield Judged(deviations()["frames.server-breaks-rfc"], fault, "lifecycle.shapes", fault)


def _told(violations: list[Violation]) -> Iterator[Judged]:
    for violation in (one.quoted() for one in violations):
        if violation.severity in _WEIGHTS:
            place = f"{violation.rule} {violation.event_type} {violation.pointer}"
            yield Judged(deviation_of(violation), _seen(violation), _case_of(violation.rule), place)


def _case_of(rule: str) -> str:
    if rule.startswith("order.event-id-"):
        return "lifecycle.event-ids"
    return "lifecycle.order" if rule.startswith("order.") else "lifecycle.shapes"


def deviation_of(violation: Violation) -> Deviation:
    """The deviation that a violation stands for: the one that names its rule, or one by the rule's own name."""
    for known in deviations().values():
        if violation.rule in known.rules:
            return known
    sentence = violation.message.rstrip(".")
    return Deviation(
        id=violation.rule,
        weight=_WEIGHTS[violation.severity],
        title=sentence[:1].lower() + sentence[1:] + ": this rule is broken",
        real=f"{sentence}. {violation.evidence}".strip().rstrip(".") + ".",
        fix=f"Send the events so that this holds: {sentence}.",
        evidence=Evidence(violation.evidence or "the schemas of the official SDK", violation.seen, "observed"),
    )


def _seen(violation: Violation) -> str:
    where = f"{violation.event_type}{' ' + violation.pointer if violation.pointer else ''}"
    wanted = f", wanted {violation.wanted}" if violation.wanted else ""
    got = f", got {violation.got}" if violation.got else ""
    return f"{where}{wanted}{got}" if violation.rule.startswith("order.") else f"{where}: {violation.message}"

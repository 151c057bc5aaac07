"""What the ladder learnt of a server that says nothing. Each such answer costs a whole time-out to hear, so what was
waited out once is not waited out again, scenario by scenario: only what may be answered otherwise is tried."""

from collections.abc import Sequence
from dataclasses import dataclass

from rtdoctor.model.fix import Control
from rtdoctor.model.outcome import Outcome
from rtdoctor.model.scenario import Scenario, WantedHandshake

_GOOD = ("key", "secret")  # credentials of a scenario that a server takes


@dataclass(frozen=True, slots=True)
class Silence:
    """`asked` is the handshake that was met with silence, or opened a session in which nothing was answered (`after`
    is then `session`, else `upgrade`); `heeded` are the parts of it (path, query, no-key, wrong-key) of which a change
    got another answer."""

    asked: WantedHandshake
    after: str
    heeded: frozenset[str] = frozenset()


def is_silent(outcome: Outcome) -> bool:
    """True where a whole time-out passed without an answer to the handshake, or without a first event."""
    unanswered = outcome.http_status is None and outcome.fault_layer == "upgrade"
    unheard = outcome.http_status == 101 and outcome.first_event is None
    return outcome.fault == "timeout" and (unanswered or unheard)


def silence_of(asked: WantedHandshake, outcome: Outcome, controls: Sequence[Control]) -> Silence | None:
    """What is known of the server's silence after the ladder's handshake and its controls; None where it speaks."""
    if is_silent(outcome):
        return Silence(asked, "upgrade", frozenset(control.name for control in controls if not control.same))
    nothing_more = outcome.received <= 1 and outcome.close_code is None and outcome.fault is None
    if outcome.session_stands and outcome.unmet and nothing_more:
        return Silence(asked, "session")
    return None


def heard_enough(silence: Silence | None, scenario: Scenario) -> str:
    """Why a scenario need not be tried; empty where it may be answered."""
    if silence is None:
        return ""
    if silence.after == "session":
        waits = any(step.await_ for step in scenario.steps)
        return "not tried: in the ladder's session nothing was answered" if waits else ""
    if "again" in silence.heeded or _changed(scenario.handshake, silence.asked) & silence.heeded:
        return ""
    return "not tried: the ladder waited for an answer in vain"


def _changed(shake: WantedHandshake, asked: WantedHandshake) -> frozenset[str]:
    """The parts in which a handshake differs from the one that was asked, by the names of their controls."""
    parts = {
        "path": shake.path != asked.path,
        "query": dict(shake.query) != dict(asked.query),
        # What stands elsewhere is, to who looks for a key in its usual place, none.
        "no-key": shake.auth != asked.auth,
        "wrong-key": shake.credential not in _GOOD,
    }
    return frozenset(name for name, differs in parts.items() if differs)

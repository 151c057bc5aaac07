"""What the events of a live exchange break of shape and order."""

from collections import Counter

from rtdoctor.model.event import parse_event
from rtdoctor.model.exchange import Exchange
from rtdoctor.model.violation import Violation
from rtdoctor.protocol.era import EraWatch
from rtdoctor.protocol.judging import StreamJudge

# So many violations of an exchange are told, and of one rule: more of the same would only fill report and memory.
_MOST, _MOST_OF_RULE = 100, 5


def dialect_of(exchange: Exchange) -> str:
    """The era or other vendor's dialect that the server's events tell; `ga` where they tell none."""
    watch = EraWatch()
    for frame in exchange.frames:
        if frame.direction == "server" and (event := parse_event(frame.text)) is not None:
            watch.see(event, "server")
    return watch.dialect


def judge_exchange(exchange: Exchange) -> tuple[Violation, ...]:
    """Violations of the server in a live exchange. Client events count for the order, but what they do wrong was
    done on purpose by the scenario, so it is not told."""
    judge = StreamJudge(begins=True)
    violations: list[Violation] = []
    count: Counter[str] = Counter()
    for frame in exchange.frames:
        if len(violations) >= _MOST:
            break
        event = parse_event(frame.text)
        if event is None:
            continue
        judged = judge.feed(frame.direction, event, frame.at)
        if frame.direction == "server":
            count.update(violation.rule for violation in judged)
            violations += [violation for violation in judged if count[violation.rule] <= _MOST_OF_RULE]
    # A refusal or a scenario's end cuts a session short; nothing can be asked of what would have come.
    return tuple(violation.quoted() for violation in violations)

"""Puts a stream of events before both judges, shape and order, as it comes."""

from rtdoctor.model.timeline import Timeline
from rtdoctor.model.violation import Direction, Violation
from rtdoctor.protocol.era import EraWatch, judged_as
from rtdoctor.protocol.order import OrderJudge
from rtdoctor.protocol.shapes import judge_shape

# So many events of a client that speaks first wait for the server to say which era the session is of.
_MOST_EARLY = 4


class StreamJudge:
    """Both judges and the era over one connection. Memory does not grow with the stream.

    `era` fixes the era that shapes are judged by; None takes it from the stream itself. `begins`: the stream
    is known to begin with the connection.
    """

    def __init__(self, era: str | None = None, *, begins: bool = False) -> None:
        self._fixed = era
        self._watch = EraWatch()
        self._order = OrderJudge(era=era or "ga", begins=begins)
        self._index = -1
        self._early: list[tuple[int, object, str]] | None = [] if era is None else None

    @property
    def dialect(self) -> str:
        """The era or other vendor's dialect that the events so far tell."""
        return self._fixed or self._watch.dialect

    def feed(self, direction: Direction, event: object, at: float | None = None) -> list[Violation]:
        """What is wrong with the next event, in shape and in order."""
        self._index += 1
        if self._fixed is None:
            self._watch.see(event, direction)
        era = self._fixed or judged_as(self._watch.dialect)
        violations = judge_shape(event, direction, self._index, era)
        if self._early is not None:
            violations += self._again(event, direction, era)
        if isinstance(event, dict):
            violations += self._order.feed(direction, event, at)
        return violations

    def _again(self, event: object, direction: Direction, era: str) -> list[Violation]:
        """What the client sent before the server spoke was judged by what it spoke itself; now it is judged by the
        session that it came into."""
        if direction == "client":
            if self._early is not None and len(self._early) < _MOST_EARLY:
                self._early.append((self._index, event, era))
            return []
        early, self._early = self._early or [], None
        return [
            violation
            for index, sent, before in early
            if before != era
            for violation in judge_shape(sent, "client", index, era)
        ]

    def close(self) -> None:
        """The connection was closed here."""
        self._order.close()

    def finish(self, *, complete: bool = True) -> list[Violation]:
        """What never came."""
        return self._order.finish(complete=complete)

    def timeline(self) -> Timeline:
        """The items and their latencies."""
        return self._order.timeline()

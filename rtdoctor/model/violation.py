"""What a judge of event streams found wrong: one deviation, where it is, and the evidence for the rule."""

from dataclasses import dataclass, replace
from typing import Literal

from rtdoctor.privacy.quote import quote, quote_named

Severity = Literal["error", "warning", "notice"]
Direction = Literal["server", "client"]


@dataclass(frozen=True, slots=True)
class Violation:
    """One deviation of one event from a shape or an order rule.

    `rule` is a stable id (`shape.missing`, `order.session-created-first`); `pointer` a JSON pointer into the
    event (empty for the event as a whole); `wanted` and `got` are short texts for people, `got` cut to 80
    characters; `hint` holds a "did you mean" or is empty; `index` counts the events of the stream from 0.
    """

    severity: Severity
    rule: str
    message: str
    index: int = -1
    event_type: str = ""
    pointer: str = ""
    wanted: str = ""
    got: str = ""
    hint: str = ""
    evidence: str = ""
    seen: str = ""

    def quoted(self) -> "Violation":
        """The same with everything quoted that may come from the stream."""
        return replace(
            self,
            message=quote(self.message),
            event_type=quote(self.event_type),
            pointer=quote(self.pointer),
            wanted=quote(self.wanted),
            got=quote_named(self.pointer.rpartition("/")[2], self.got),
            hint=quote(self.hint),
        )

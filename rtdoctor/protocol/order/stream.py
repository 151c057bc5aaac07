"""What all states of the judge share: where the stream is, what kind it is, and how a violation is raised."""

from collections.abc import Mapping

from rtdoctor.model.plural import plural
from rtdoctor.model.violation import Violation
from rtdoctor.privacy.quote import quote_start
from rtdoctor.protocol.order.rules import LOWERED, rules

NOTHING: Mapping[str, object] = {}
ELLIPSES = ("…", "...")
CUT = 80
# The longest event_id that the OpenAPI document allows; a longer id is not worth the memory.
LONGEST_ID = 512


def mapping(value: object) -> Mapping[str, object]:
    """The value if it is a JSON object, else an empty one: wrong types are the judge of shapes' business."""
    return value if isinstance(value, dict) else NOTHING


def entries(value: object) -> list[object]:
    """The value if it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def text(value: object) -> str:
    """The value if it is a string, else an empty one."""
    return value if isinstance(value, str) else ""


def whole_number(value: object) -> int | None:
    """The value if it is an integer of 64 bits (and no boolean), else None. Python prints no huge ones."""
    return value if type(value) is int and -(1 << 63) <= value < 1 << 63 else None


def start(value: object) -> str:
    """The beginning of a text, for people; empty for anything else. It is quoted before it is cut."""
    return shown(value) if isinstance(value, str) else ""


def shown(value: object) -> str:
    """A value as a text for people: at most 80 characters, printable in UTF-8, and quick on a huge one."""
    if isinstance(value, (dict, list)):
        return plural(len(value), "entry", "entries")
    if isinstance(value, str):
        # A lone surrogate is legal in JSON and cannot be encoded.
        return quote_start(value[: 8 * CUT].encode("utf-8", "replace").decode(), CUT)
    if value is None:
        return "null"
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        return "a huge number"
    return str(value)[:CUT]


class Stream:
    """The place in the stream and the violations of the present event.

    `whole` is True once the stream is known to begin with session.created; rules about what must have come
    before are silent without it. `elided` is True where ids are replaced by an ellipsis: such a recording is
    taken for an excerpt, and only rules that say so (`elided = true`) are judged.
    """

    __slots__ = (
        "at",
        "client_seen",
        "elided",
        "event_type",
        "index",
        "laps",
        "last_server",
        "sideband",
        "told_rules",
        "violations",
        "whole",
    )

    def __init__(self, *, sideband: bool, elided: bool) -> None:
        self.index = -1
        self.event_type = ""
        self.at: float | None = None
        self.sideband = sideband
        self.elided = elided
        self.whole = False
        self.client_seen = False
        self.last_server = -1  # the index of the last server event
        self.laps = 0  # turns and responses that began
        self.told_rules: set[str] = set()
        self.violations: list[Violation] = []

    @property
    def hears_all_clients(self) -> bool:
        """Whether a client event that is not in the stream was not sent: not so in a server's own log."""
        return self.client_seen and not self.sideband

    def ident(self, value: object) -> str:
        """An id, or "" where there is none to compare; an ellipsis makes the whole stream an elided one."""
        if type(value) is not str or len(value) > LONGEST_ID:
            return ""
        if value.endswith(ELLIPSES):
            self.elided = True
        return "" if self.elided else value

    def violate(
        self,
        rule_id: str,
        pointer: str = "",
        wanted: str = "",
        got: object = "",
        *,
        index: int | None = None,
        event_type: str | None = None,
        milder: int = 0,
    ) -> None:
        """Raise a rule for the present event, or for the one that `index` and `event_type` name; `milder` by steps."""
        rule = rules()[rule_id]
        if (self.elided and not rule.elided) or (rule.once and rule_id in self.told_rules):
            return
        if rule.once:
            self.told_rules.add(rule_id)
        severity = rule.severity
        for _ in range(milder):
            severity = LOWERED[severity]
        self.violations.append(
            Violation(
                severity=severity,
                rule=rule_id,
                message=rule.message,
                index=self.index if index is None else index,
                event_type=shown(self.event_type if event_type is None else event_type),
                pointer=pointer,
                wanted=shown(wanted),
                got=shown(got),
                evidence=rule.evidence,
                seen=rule.seen,
            )
        )

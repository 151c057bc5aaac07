"""Which era of the Realtime API, or which other vendor's dialect, an event or a stream belongs to, by names.

Names of dialects: `ga`, `beta`, `translation` (those of the schemas) and `gpt-live`, `azure-voice-live`,
`xai`, `vllm`.
"""

from collections import Counter
from functools import cache
from typing import Any

from rtdoctor.model.violation import Direction
from rtdoctor.protocol.catalog import ERAS, dialects, event_types


def recognise(type_name: str, direction: Direction) -> list[str]:
    """The eras that know the event, the usual one first; then the dialects that it tells. Empty for an
    unknown name.

    A dialect is named only for events that OpenAI's own sessions have not: `session.updated` tells nothing.
    """
    return list(_owners(direction).get(type_name, ()))


@cache
def _owners(direction: Direction) -> dict[str, tuple[str, ...]]:
    owners: dict[str, tuple[str, ...]] = {}
    known = {era: event_types(era, direction) for era in ERAS}
    known |= {name: frozenset(d.get(direction, ())) for name, d in dialects().items() if name not in ERAS}
    for owner, names in known.items():
        for name in names:
            owners[name] = (*owners.get(name, ()), owner)
    return owners


def title(dialect: str) -> str:
    """What people call it. Raises KeyError for a name that is in no table."""
    text: str = dialects()[dialect]["title"]
    return text


def judged_as(dialect: str) -> str:
    """The era whose schemas come nearest to a dialect; an era is judged as itself."""
    era: str = dialects()[dialect].get("judged_as", dialect)
    return era


# The session that a server describes outweighs what its client believes it speaks.
_SERVER_SAYS = 1_000


class EraWatch:
    """Collects what the events of one stream tell, and says which dialect it is. Constant memory."""

    def __init__(self) -> None:
        self._votes: Counter[str] = Counter()
        self._begun = False
        self._told: str | None = "ga"

    def see(self, event: object, direction: Direction) -> None:
        """Takes one event of the stream, in order. What is no event tells nothing and does no harm."""
        kind = event.get("type") if isinstance(event, dict) else None
        if not isinstance(event, dict) or not isinstance(kind, str):
            return
        owners = _owners(direction).get(kind, ())
        if len(owners) == 1:
            self._vote(owners[0])
        if direction == "server" and not self._begun:
            self._begun = True
            for name in (name for name, table in dialects().items() if kind in table.get("first", ())):
                self._vote(name)
        if kind.startswith(("session.", "transcription_session.")):
            for name, table in dialects().items():
                if any(_has(event, field) for field in table.get("fields", ())):
                    self._vote(name, _SERVER_SAYS if direction == "server" else 1)

    def _vote(self, name: str, weight: int = 1) -> None:
        self._votes[name] += weight
        if name != self._told:
            self._told = None  # to be counted again when somebody asks

    @property
    def dialect(self) -> str:
        """The dialect with the most telling events; `ga` where nothing was told.

        Another vendor's name outweighs any number of OpenAI's: those dialects are OpenAI's events and a few
        more.
        """
        if self._told is None:
            others = Counter({name: n for name, n in self._votes.items() if name not in ERAS})
            self._told = (others or self._votes).most_common(1)[0][0]
        return self._told


def _has(event: dict[Any, Any], field: str) -> bool:
    """Whether a place like `session.type=translation` or `session.modalities` is in the event."""
    path, equals, value = field.partition("=")
    node: object = event
    for step in path.split("."):
        if not isinstance(node, dict) or step not in node:
            return False
        node = node[step]
    return not equals or node == value

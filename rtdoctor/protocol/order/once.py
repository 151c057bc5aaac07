"""Exclusion, for what has states of its own: begun once, ended once, and nothing after the end.

`STATES` is the table: event type -> (what it is about, the state that it leads to, the states that it may come from).
A state "" is that of a thing not seen before.
"""

from collections.abc import Mapping

from rtdoctor.protocol.order.memory import Recent
from rtdoctor.protocol.order.stream import Stream

NEW = ""
STATES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "mcp_list_tools.in_progress": ("item_id", "listing", (NEW,)),
    "mcp_list_tools.completed": ("item_id", "listed", ("listing",)),
    "mcp_list_tools.failed": ("item_id", "listed", ("listing",)),
    "response.mcp_call.in_progress": ("item_id", "calling", (NEW,)),
    "response.mcp_call.completed": ("item_id", "called", ("calling",)),
    "response.mcp_call.failed": ("item_id", "called", ("calling",)),
    "output_audio_buffer.started": ("response_id", "playing", (NEW,)),
    "output_audio_buffer.stopped": ("response_id", "played", ("playing",)),
    "output_audio_buffer.cleared": ("response_id", "played", ("playing",)),
    "output_audio_buffer.audio_started": ("response_id", "playing", (NEW,)),
    "output_audio_buffer.audio_stopped": ("response_id", "played", ("playing",)),
    "input_audio_buffer.timeout_triggered": ("item_id", "timed out", (NEW,)),
    "conversation.created": ("", "created", (NEW,)),
    "session.closed": ("", "ended", (NEW,)),
}
# These end; what stays in them although its owner went on was never ended.
OPEN = {"listing": "mcp_list_tools.completed", "calling": "response.mcp_call.completed"}


class Once:
    """The state of the last 1,024 things."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._states: Recent[str] = Recent(1024)
        self._where: Recent[tuple[int, str]] = Recent(1024)

    def event(self, event: Mapping[str, object]) -> None:
        """An event of the table."""
        stream = self._stream
        kind = stream.event_type
        key, state, wanted = STATES[kind]
        owner = stream.ident(event.get(key)) if key else kind
        if not owner:
            return
        name = f"{kind.partition('.')[0]}{kind.count('mcp')} {owner}"
        before = self._states.entries.get(name, NEW)
        # In a stream from the middle the beginning was not seen.
        if before not in wanted and (before or stream.whole) and not (before == NEW and self._states.forgot):
            after = " or ".join(filter(None, wanted)) or "nothing of the same before"
            stream.violate("order.comes-once", f"/{key}" if key else "", after, before or "nothing")
        self._states.put(name, state)
        self._where.put(name, (stream.index, kind))

    def over(self, prefix: str, owner: str) -> None:
        """The item is done: what runs for it has ended."""
        state = self._states.entries.get(f"{prefix}1 {owner}")
        if state in OPEN:
            self._stream.violate("order.state-never-ended", wanted=OPEN[state], got=state)

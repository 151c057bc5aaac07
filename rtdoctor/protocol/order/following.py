"""Pairs: events that the server sends directly one after the other, watched with one slot."""

from collections.abc import Mapping
from dataclasses import dataclass

from rtdoctor.protocol.order.memory import Recent
from rtdoctor.protocol.order.stream import Stream, mapping, text

# These may stand between a pair: they answer the client, or run beside the conversation.
BETWEEN = frozenset(
    {
        "error",
        "session.updated",
        "rate_limits.updated",
        "conversation.item.deleted",
        "conversation.item.retrieved",
        "conversation.item.truncated",
        "conversation.item.input_audio_transcription.completed",
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.input_audio_transcription.failed",
        "conversation.item.input_audio_transcription.segment",
        "input_audio_buffer.dtmf_event_received",
        "mcp_list_tools.completed",
        "mcp_list_tools.failed",
        "mcp_list_tools.in_progress",
        "output_audio_buffer.cleared",
        "output_audio_buffer.started",
        "output_audio_buffer.stopped",
    }
)
ADDS_ITEM = ("conversation.item.added", "conversation.item.created")
ANY = object()
KEPT_TOLD = 1024


@dataclass(frozen=True, slots=True)
class Next:
    """What must come next. `previous` is ANY where the previous_item_id does not matter."""

    rule: str
    types: tuple[str, ...]
    item_id: str
    previous: object = ANY


class Following:
    """The slot: at most one event is awaited at a time, so that one missing event gives one violation."""

    __slots__ = ("_stream", "awaited", "reported")

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.awaited: Next | None = None
        # Items of pairs that were broken, so that nobody misses the same event a second time.
        self.reported: Recent[bool] = Recent(KEPT_TOLD)

    def expect(self, rule: str, types: tuple[str, ...], item_id: str, previous: object = ANY) -> None:
        """The next server event must be one of these types and name this item."""
        if item_id:
            self.awaited = Next(rule, types, item_id, previous)

    def check(self, kind: str, event: Mapping[str, object]) -> None:
        """Compare a server event with what was awaited; called only while something is."""
        awaited = self.awaited
        if awaited is None or kind in BETWEEN:
            return
        self.awaited = None
        if kind == "input_audio_buffer.cleared" and awaited.types[0] == "input_audio_buffer.committed":
            return
        if kind not in awaited.types:
            self.reported.put(awaited.item_id, True)
            self._stream.violate(awaited.rule, wanted=f"{awaited.types[0]} {awaited.item_id}", got=kind)
            return
        pointer, named = "/item_id", text(event.get("item_id"))
        if not named:
            pointer, named = "/item/id", text(mapping(event.get("item")).get("id"))
        if named and named != awaited.item_id:
            self.reported.put(awaited.item_id, True)
            self._stream.violate(awaited.rule, pointer, awaited.item_id, named)
        elif awaited.previous is not ANY and event.get("previous_item_id", awaited.previous) != awaited.previous:
            wanted = awaited.previous if isinstance(awaited.previous, str) else "null"
            self._stream.violate(awaited.rule, "/previous_item_id", wanted, event["previous_item_id"])

    def finish(self, closed: bool) -> None:
        """Raise what still was awaited at the end: a recording that was cut is no fault of the server."""
        if self.awaited is None:
            return
        wanted = f"{self.awaited.types[0]} {self.awaited.item_id}"
        self.reported.put(self.awaited.item_id, True)
        self._stream.violate(self.awaited.rule, wanted=wanted, got="the recording ends here", milder=1 if closed else 2)

"""Reference: what an event names was made before, by the right side, and still lives.

Which events name what is derived from the schemas (places.py). Here stands which of them make an item; and which are
judged where their topic lives, by the rule that is named.
"""

from collections.abc import Mapping
from functools import cache

from rtdoctor.protocol.order.item import Item, Items
from rtdoctor.protocol.order.memory import Recent, RecentIds
from rtdoctor.protocol.order.places import places
from rtdoctor.protocol.order.stream import Stream, mapping, text

# These make the item that they name: what names it before them names nothing.
MAKES = frozenset(
    {
        "conversation.item.added",
        "conversation.item.create",
        "conversation.item.created",
        "input_audio_buffer.committed",
        "input_audio_buffer.speech_started",
        "input_audio_buffer.timeout_triggered",
        "mcp_list_tools.in_progress",
        "response.output_item.added",
    }
)
# These are judged with their topic, which knows more than that the item exists.
ELSEWHERE = {
    "conversation.item.done": "order.item-done-after-added",
    "conversation.item.truncated": "order.truncated-assistant-item",
    "input_audio_buffer.speech_stopped": "order.speech-stopped-item",
    "response.created": "order.response-created-fresh",
    "response.done": "order.output-listed",
}
OF_A_TRANSCRIPT = "conversation.item.input_audio_transcription."
KEPT_CALLS = 4096


def names_item(kind: str) -> bool:
    """Whether a server event of this type is judged here for the item that it names: not where it makes one, not in
    a response, whose own state knows its items."""
    paths = places("server").get(kind, {})
    if kind in MAKES or kind in ELSEWHERE or ("response_id",) in paths:
        return False
    return ("item_id",) in paths or ("item", "id") in paths


@cache
def named_items() -> frozenset[str]:
    """The server events that `References.item` judges."""
    return frozenset(kind for kind in places("server") if names_item(kind) and not kind.startswith(OF_A_TRANSCRIPT))


class References:
    """What was made, beside the items and responses that their own states keep: calls, and the client's events."""

    def __init__(self, stream: Stream, items: Items) -> None:
        self._stream = stream
        self._items = items
        self._calls: Recent[bool] = Recent(KEPT_CALLS)
        self._sent = RecentIds()
        self._any_sent = False
        self._early: Recent[tuple[int, str]] = Recent(64)

    # --- server

    def item(self, event: Mapping[str, object]) -> None:
        """A server event that names an item."""
        stream = self._stream
        pointer, item_id = "/item_id", stream.ident(event.get("item_id"))
        if not item_id:
            pointer, item_id = "/item/id", stream.ident(mapping(event.get("item")).get("id"))
        if not item_id or not stream.whole:
            return
        item = self._items.get(item_id)
        if item is None:
            if not self._items.forgot:
                stream.violate("order.item-unknown", pointer, "an item that was made before", item_id)
        elif item.deleted and not stream.event_type.startswith(OF_A_TRANSCRIPT):
            stream.violate("order.item-unknown", pointer, "an item that was not deleted", item_id)

    def transcript(self, event: Mapping[str, object], *, detects: bool | None) -> None:
        """An event of a transcription: its item holds audio of the user.

        Without turn detection a model that transcribes live names the item before it is committed.
        """
        stream = self._stream
        if not stream.whole:
            return
        item_id = stream.ident(event.get("item_id"))
        if not item_id:
            return
        item = self._items.get(item_id)
        if item is None:
            if self._items.forgot:
                return
            if stream.event_type.endswith(".delta") and detects is not True:
                if item_id not in self._early.entries:
                    self._early.put(item_id, (stream.index, stream.event_type))
                return
            stream.violate("order.item-unknown", "/item_id", "an item that was made before", item_id)
        elif item.audio is False:
            stream.violate("order.item-unknown", "/item_id", "an item with audio of the user", item_id)

    def committed(self, item_id: str) -> None:
        """What was transcribed before this commit was this item."""
        if not self._early.entries:
            return
        for early, (index, kind) in self._early.entries.items():
            if early != item_id and self._items.get(early) is None:
                wanted = "an item that the buffer becomes"
                self._stream.violate("order.item-unknown", "/item_id", wanted, early, index=index, event_type=kind)
        self._early = Recent(64)

    def call(self, described: Mapping[str, object], pointer: str) -> None:
        """An item, from either side: a call makes its call_id, an output names it."""
        kind = described.get("type")
        if kind != "function_call" and kind != "function_call_output":
            return
        call_id = self._stream.ident(described.get("call_id"))
        if not call_id or call_id in self._calls.entries:
            return
        if kind == "function_call":
            self._calls.put(call_id, True)
        elif self._stream.whole and not self._calls.forgot:
            self._stream.violate("order.call-unknown", f"{pointer}/call_id", "the call_id of a call", call_id)

    def error(self, event: Mapping[str, object]) -> None:
        """error.event_id names an event that the client sent. A recorder that saw no ids at all may have lost them."""
        stream = self._stream
        named = text(mapping(event.get("error")).get("event_id"))
        if named and stream.hears_all_clients and stream.whole and not self._sent.seen(named):
            lost = not self._any_sent
            stream.violate("order.error-event", "/error/event_id", "an event that was sent", named, milder=lost)

    # --- client

    def sent(self, event: Mapping[str, object]) -> None:
        """Any client event: its own id may be named later."""
        own = event.get("event_id")
        if type(own) is str and own:
            self._any_sent = True
            self._sent.repeated(own)

    def asked(self, event: Mapping[str, object], pointer: str = "/item_id") -> Item | None:
        """A client event that names an item, which the server refuses where the item is not in the conversation."""
        stream = self._stream
        item_id = stream.ident(event.get(pointer[1:]))
        if not item_id or not stream.whole or self._items.forgot or item_id == "root":
            return None
        item = self._items.get(item_id)
        if item is None or item.deleted:
            stream.violate("order.asked-unknown", pointer, "an item of the conversation", item_id)
            return None
        return item

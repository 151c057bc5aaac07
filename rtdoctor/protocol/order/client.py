"""The client's events: what each changes in the states, and what no client should send."""

from collections.abc import Callable, Mapping

from rtdoctor.protocol.order.answers import ASKS, Answers
from rtdoctor.protocol.order.append import LARGEST_EVENT, Appends
from rtdoctor.protocol.order.item import Items
from rtdoctor.protocol.order.output import Outputs
from rtdoctor.protocol.order.reference import References
from rtdoctor.protocol.order.session import Session
from rtdoctor.protocol.order.stream import Stream, entries, mapping, text, whole_number
from rtdoctor.protocol.order.times import LONGEST_MS
from rtdoctor.protocol.order.wishes import Wishes

Handler = Callable[[Mapping[str, object]], None]


class Client:
    """Dispatches client events. `closed` is set when the connection is known to be closed."""

    def __init__(
        self,
        stream: Stream,
        session: Session,
        items: Items,
        appends: Appends,
        references: References,
        answers: Answers,
        wishes: Wishes,
        outputs: Outputs,
    ) -> None:
        self._stream = stream
        self._session = session
        self._items = items
        self._appends = appends
        self._references = references
        self._answers = answers
        self._outputs = outputs
        self.closed = False
        self._handlers: dict[str, Handler] = {
            "session.update": session.asked,
            "transcription_session.update": session.asked,
            "input_audio_buffer.append": appends.append,
            "session.input_audio_buffer.append": appends.append,
            "input_audio_buffer.commit": self._commit,
            "input_audio_buffer.clear": self._clear,
            "conversation.item.create": self._create,
            "conversation.item.delete": self._names,
            "conversation.item.retrieve": self._names,
            "conversation.item.truncate": self._truncate,
            "response.create": wishes.create,
            "response.cancel": wishes.cancel,
        }

    def event(self, kind: str, event: Mapping[str, object]) -> None:
        """Any client event."""
        stream = self._stream
        if not stream.client_seen:
            stream.client_seen = True
            self._session.client_event()
        if self.closed:
            stream.violate("order.sent-after-close", wanted="nothing")
            return
        if "event_id" in event:
            self._references.sent(event)
        handler = self._handlers.get(kind)
        if handler is not None:
            handler(event)
        if kind in ASKS:
            self._answers.asked(kind, event)

    def _commit(self, _event: Mapping[str, object]) -> None:
        self._appends.commit()

    def _clear(self, _event: Mapping[str, object]) -> None:
        self._appends.emptied()

    def _names(self, event: Mapping[str, object]) -> None:
        self._references.asked(event)

    def _truncate(self, event: Mapping[str, object]) -> None:
        """Of an assistant's item, and not beyond the audio that was sent."""
        stream = self._stream
        item = self._references.asked(event)
        end = whole_number(event.get("audio_end_ms"))
        if end is not None and not 0 <= end <= LONGEST_MS:
            stream.violate("order.offset", "/audio_end_ms", "milliseconds since the audio began", end)
        elif item is not None and item.role not in ("assistant", ""):
            stream.violate("order.asked-unknown", "/item_id", "an item of the assistant", f"role {item.role}")
        elif item is not None and end is not None and item.ms and not self._outputs.samples.cut and end > item.ms + 1:
            wanted = f"at most {item.ms:.0f} ms, which were sent"
            stream.violate("order.truncate-beyond", "/audio_end_ms", wanted, end)

    def _create(self, event: Mapping[str, object]) -> None:
        self._items.asked(event)
        described = mapping(event.get("item"))
        self._references.asked(event, "/previous_item_id")
        self._references.call(described, "/item")
        own = self._stream.ident(described.get("id"))
        if own:
            self._items.make(own).role = text(described.get("role"))[:80]
        size = 0
        for content in entries(described.get("content")):
            fields = mapping(content)
            size += sum(len(text(fields.get(key))) for key in ("audio", "image_url", "text"))
        if size > LARGEST_EVENT:
            self._stream.violate("order.event-too-large", "/item/content", f"{LARGEST_EVENT} bytes", size)

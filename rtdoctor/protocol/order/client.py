"""The client's events: what each changes in the states, and what no client should send."""

from collections.abc import Callable, Mapping

from rtdoctor.protocol.order.append import LARGEST_EVENT, Appends
from rtdoctor.protocol.order.item import Items
from rtdoctor.protocol.order.session import Session
from rtdoctor.protocol.order.stream import Stream, entries, mapping, text

Handler = Callable[[Mapping[str, object]], None]


class Client:
    """Dispatches client events. `closed` is set when the connection is known to be closed."""

    def __init__(self, stream: Stream, session: Session, items: Items, appends: Appends) -> None:
        self._stream = stream
        self._session = session
        self._items = items
        self._appends = appends
        self.closed = False
        self._handlers: dict[str, Handler] = {
            "session.update": session.asked,
            "transcription_session.update": session.asked,
            "input_audio_buffer.append": appends.append,
            "session.input_audio_buffer.append": appends.append,
            "input_audio_buffer.commit": self._commit,
            "input_audio_buffer.clear": self._clear,
            "conversation.item.create": self._create,
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
        handler = self._handlers.get(kind)
        if handler is not None:
            handler(event)

    def _commit(self, _event: Mapping[str, object]) -> None:
        self._appends.commit()

    def _clear(self, _event: Mapping[str, object]) -> None:
        self._appends.emptied()

    def _create(self, event: Mapping[str, object]) -> None:
        self._items.asked(event)
        size = 0
        for content in entries(mapping(event.get("item")).get("content")):
            fields = mapping(content)
            size += sum(len(text(fields.get(key))) for key in ("audio", "image_url", "text"))
        if size > LARGEST_EVENT:
            self._stream.violate("order.event-too-large", "/item/content", f"{LARGEST_EVENT} bytes", size)

"""The input audio buffer's state: idle or speech(item), and what is committed from it."""

from collections.abc import Mapping

from rtdoctor.protocol.order.following import ADDS_ITEM, ANY, Following
from rtdoctor.protocol.order.item import Items
from rtdoctor.protocol.order.stream import Stream, whole_number
from rtdoctor.protocol.order.transcription import Transcriptions


class InputBuffer:
    """idle -> speech(item) -> idle.

    `turns` counts the speech that began, for responses that it may cancel. `over`: a turn was heard to its end, so that
    the server's own commit comes next.
    """

    def __init__(self, stream: Stream, following: Following, items: Items, transcriptions: Transcriptions) -> None:
        self._stream = stream
        self._following = following
        self._items = items
        self._transcriptions = transcriptions
        self.turns = 0
        self.speaking = False
        self.over = False
        self._item = ""
        self._start: int | None = None
        self._last_start: int | None = None

    def started(self, event: Mapping[str, object]) -> None:
        """speech_started: never nested, and not earlier than the turn before."""
        stream = self._stream
        item_id = stream.ident(event.get("item_id"))
        if self.speaking:
            stream.violate("order.speech-not-nested", wanted=f"speech_stopped {self._item}", got=item_id)
        self.turns += 1
        if item_id:
            self._items.make(item_id).audio = True
        self.speaking = True
        self._item = item_id
        self._start = start = whole_number(event.get("audio_start_ms"))
        if start is None:
            return
        if start < 0 or (self._last_start is not None and start < self._last_start):
            stream.violate(
                "order.speech-start-rises",
                "/audio_start_ms",
                f"{max(self._last_start or 0, 0)} or more",
                start,
            )
        self._last_start = start

    def stopped(self, event: Mapping[str, object]) -> None:
        """speech_stopped: of the open turn; the commit follows at once."""
        stream = self._stream
        item_id = stream.ident(event.get("item_id"))
        if not self.speaking:
            if stream.whole:
                stream.violate("order.speech-stopped-item", wanted="speech_started before", got=item_id)
        elif item_id and self._item and item_id != self._item:
            stream.violate("order.speech-stopped-item", "/item_id", self._item, item_id)
        end = whole_number(event.get("audio_end_ms"))
        if end is not None and self.speaking and self._start is not None and end <= self._start:
            stream.violate("order.speech-end-after-start", "/audio_end_ms", f"more than {self._start}", end)
        self.speaking = False
        self.over = True
        self._following.expect("order.committed-after-stopped", ("input_audio_buffer.committed",), item_id)

    def committed(self, event: Mapping[str, object], *, asked: bool) -> None:
        """committed: at the end of a turn or, `asked`, for the client's commit; the item follows at once."""
        # A manual commit ends an open turn without speech_stopped (seen on 2026-09-18).
        if self.speaking and self._stream.hears_all_clients and not asked:
            self._stream.violate("order.speech-never-stopped", wanted=f"speech_stopped {self._item} before")
        self.speaking = self.over = False
        item_id = self._stream.ident(event.get("item_id"))
        if not item_id:
            return
        previous = event.get("previous_item_id", ANY)
        self._items.committed(item_id, previous)
        self._transcriptions.committed(item_id)
        self._following.expect("order.item-after-committed", ADDS_ITEM, item_id, previous)

    def cleared(self, _event: Mapping[str, object]) -> None:
        """cleared: the client threw the buffer away; an open turn ends with it."""
        self.speaking = self.over = False

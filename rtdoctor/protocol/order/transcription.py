"""The transcription of an input item: none -> streaming -> final.

Deltas may come at any time from speech_started on, also before the item is committed or added (gpt-realtime-
whisper, 2026-07), and need not add up to the transcript: neither is a rule.
"""

from collections.abc import Mapping

from rtdoctor.protocol.order.following import Following
from rtdoctor.protocol.order.memory import Recent
from rtdoctor.protocol.order.session import Session
from rtdoctor.protocol.order.stream import Stream, whole_number

KEPT = 4096


class Transcriptions:
    """The last 4,096 items that wait for a transcript, and as many whose transcription ended."""

    def __init__(self, stream: Stream, session: Session, following: Following) -> None:
        self._stream = stream
        self._session = session
        self._following = following
        self._waiting: Recent[int] = Recent(KEPT)
        self._ended: Recent[str] = Recent(KEPT)

    def committed(self, item_id: str) -> None:
        """An item was committed; with transcription on, a transcript or a failure is owed."""
        if self._session.transcription and item_id not in self._ended.entries:
            self._waiting.put(item_id, self._stream.index)

    def delta(self, event: Mapping[str, object]) -> None:
        """A delta or a segment."""
        if event.get("content_index", 0) != 0:
            self._index(event)
        item_id = self._stream.ident(event.get("item_id"))
        if item_id in self._ended.entries:
            ended = self._ended.entries[item_id]
            self._stream.violate("order.transcription-delta-after-end", "/item_id", f"no delta after {ended}", item_id)

    def ended(self, event: Mapping[str, object]) -> None:
        """completed or failed."""
        if event.get("content_index", 0) != 0:
            self._index(event)
        item_id = self._stream.ident(event.get("item_id"))
        if not item_id:
            return
        self._waiting.entries.pop(item_id, None)
        if item_id in self._ended.entries:
            self._stream.violate("order.transcription-ends-once", "/item_id", "one completed or failed", item_id)
        else:
            self._ended.put(item_id, self._stream.event_type.rpartition(".")[2])

    def deleted(self, event: Mapping[str, object]) -> None:
        """A deleted item owes nothing."""
        self._waiting.entries.pop(self._stream.ident(event.get("item_id")), None)

    def _index(self, event: Mapping[str, object]) -> None:
        index = whole_number(event.get("content_index"))
        if index:
            self._stream.violate("order.transcription-content-index", "/content_index", "0", index)

    def finish(self, lowered: bool) -> None:
        """Items whose transcript never came, told as one violation."""
        waiting = [
            (index, item_id)
            for item_id, index in self._waiting.entries.items()
            if item_id not in self._following.told.entries
        ]
        if waiting:
            self._stream.violate(
                "order.transcription-never-ended",
                wanted=f"completed or failed for {waiting[0][1]}",
                got=f"{len(waiting)} without an end",
                index=waiting[0][0],
                event_type="input_audio_buffer.committed",
                lowered=lowered,
            )

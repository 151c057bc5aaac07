"""The transcription of an input item: none -> streaming -> final.

Deltas may come at any time from speech_started on, also before the item is committed or added (gpt-realtime-
whisper, 2026-07), and need not add up to the transcript: neither is a rule.
"""

from collections.abc import Mapping

from rtdoctor.protocol.order.following import Following
from rtdoctor.protocol.order.memory import Digest, Recent
from rtdoctor.protocol.order.session import Session
from rtdoctor.protocol.order.stream import Stream, whole_number
from rtdoctor.protocol.order.usage import sums_of_transcript

KEPT, KEPT_GROWN = 4096, 64


class Transcriptions:
    """The last 4,096 items that wait for a transcript, and as many whose transcription ended."""

    def __init__(self, stream: Stream, session: Session, following: Following) -> None:
        self._stream = stream
        self._session = session
        self._following = following
        self._waiting: Recent[tuple[int, int]] = Recent(KEPT)
        self._grown: Recent[Digest] = Recent(KEPT_GROWN)
        self._heard = False
        self._committed = (-1, 0)
        self._last_ended = -1
        self._where: Recent[int] = Recent(KEPT)
        self._ended: Recent[str] = Recent(KEPT)

    def committed(self, item_id: str) -> None:
        """An item was committed; with transcription on, a transcript or a failure is owed."""
        self._committed = (self._stream.index, self._committed[1] + 1)
        self._where.put(item_id, self._stream.index)
        if self._session.transcription and item_id not in self._ended.entries:
            self._waiting.put(item_id, (self._stream.index, self._stream.laps + 1))  # of this commit

    def delta(self, event: Mapping[str, object]) -> None:
        """A delta or a segment."""
        if event.get("content_index", 0) != 0:
            self._index(event)
        self._heard = True
        item_id = self._stream.ident(event.get("item_id"))
        if item_id in self._ended.entries:
            ended = self._ended.entries[item_id]
            self._stream.violate("order.transcription-delta-after-end", "/item_id", f"no delta after {ended}", item_id)
        self._grow(item_id, event)

    def ended(self, event: Mapping[str, object]) -> None:
        """completed or failed."""
        self._heard = True
        sums_of_transcript(self._stream, event)
        if event.get("content_index", 0) != 0:
            self._index(event)
        item_id = self._stream.ident(event.get("item_id"))
        if not item_id:
            return
        self._waiting.entries.pop(item_id, None)
        self._last_ended = max(self._last_ended, self._where.entries.get(item_id, -1))
        self._add_up(item_id, event)
        if item_id in self._ended.entries:
            self._stream.violate("order.transcription-ends-once", "/item_id", "one completed or failed", item_id)
        else:
            self._ended.put(item_id, self._stream.event_type.rpartition(".")[2])

    def _grow(self, item_id: str, event: Mapping[str, object]) -> None:
        """A delta's words, without the white space: the server trims a transcript, and not its deltas."""
        delta = event.get("delta")
        if type(delta) is not str or not item_id or not self._stream.whole:
            return
        grown = self._grown.entries.get(item_id)
        if grown is None:
            grown = Digest()
            self._grown.put(item_id, grown)
        grown.add("".join(delta.split()))

    def _add_up(self, item_id: str, event: Mapping[str, object]) -> None:
        grown = self._grown.entries.pop(item_id, None)
        transcript = event.get("transcript")
        if grown is not None and type(transcript) is str and not grown.same(Digest("".join(transcript.split()))):
            self._stream.violate("order.transcript-deltas-sum", "/transcript", f"{grown}, as the deltas", transcript)

    def deleted(self, event: Mapping[str, object]) -> None:
        """A deleted item owes nothing."""
        self._waiting.entries.pop(self._stream.ident(event.get("item_id")), None)

    def _index(self, event: Mapping[str, object]) -> None:
        index = whole_number(event.get("content_index"))
        if index:
            self._stream.violate("order.transcription-content-index", "/content_index", "0", index)

    def finish(self, closed: bool, resting: bool) -> None:
        """Items whose transcript never came, told as one violation. `resting`: nothing else was under way at the end.

        Where a later turn has its transcript, this one never will; where only the recording ended, nobody knows.
        """
        self._never_on()
        waiting = [
            (index, item_id, laps)
            for item_id, (index, laps) in self._waiting.entries.items()
            if item_id not in self._following.reported.entries
        ]
        if waiting:
            # A response came and went, or further turns: time enough for a transcript.
            passed = resting and self._stream.laps > waiting[0][2]
            self._stream.violate(
                "order.transcription-never-ended",
                wanted=f"completed or failed for {waiting[0][1]}",
                got=f"{len(waiting)} without an end; set to {self._session.model or 'an unknown model'}",
                index=waiting[0][0],
                event_type="input_audio_buffer.committed",
                milder=0 if waiting[0][0] < self._last_ended else 1 if closed or passed else 2,
            )

    def _never_on(self) -> None:
        """A session for transcription alone, in which turns were committed and none is transcribed."""
        index, count = self._committed
        off = self._session.transcription is False and self._session.kind == "transcription"
        if count and off and not self._heard and self._stream.whole:
            self._stream.violate(
                "order.turn-without-transcript",
                wanted="audio.input.transcription with a model",
                got=f"{count} committed; transcription is null",
                index=index,
                event_type="input_audio_buffer.committed",
            )

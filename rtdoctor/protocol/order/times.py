"""Times in events: offsets into the audio, spans, and clocks that do not run backwards."""

from collections.abc import Mapping

from rtdoctor.protocol.order.memory import Recent
from rtdoctor.protocol.order.stream import Stream, text, whole_number

# A session ends after an hour (2026); a day of milliseconds is far more, and an epoch a thousand times as much.
LONGEST_MS = 86_400_000
OFFSETS = ("audio_start_ms", "audio_end_ms", "elapsed_ms")
# Spans: event type -> where it begins and where it ends.
SPANS = {
    "input_audio_buffer.timeout_triggered": ("audio_start_ms", "audio_end_ms"),
    "conversation.item.input_audio_transcription.segment": ("start", "end"),
}


class Times:
    """The last elapsed_ms of each type, and the last segment of each item."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._elapsed: dict[str, int] = {}
        self._segments: Recent[str] = Recent(1024)

    def event(self, event: Mapping[str, object]) -> None:
        """Any event with times."""
        stream = self._stream
        kind = stream.event_type
        for key in OFFSETS:
            value = event.get(key)
            if type(value) is int and not 0 <= value <= LONGEST_MS:
                # A start that is negative is told by its own rule.
                if value < 0 and kind == "input_audio_buffer.speech_started":
                    continue
                stream.violate("order.offset", f"/{key}", "milliseconds since the audio began", value)
        span = SPANS.get(kind)
        if span is not None:
            begin, end = event.get(span[0]), event.get(span[1])
            if isinstance(begin, (int, float)) and isinstance(end, (int, float)) and end < begin:
                stream.violate("order.span", f"/{span[1]}", f"{begin} or more", end)
        self._clock(kind, event)

    def _clock(self, kind: str, event: Mapping[str, object]) -> None:
        elapsed = whole_number(event.get("elapsed_ms"))
        if elapsed is not None:
            before = self._elapsed.get(kind)
            if before is not None and elapsed < before:
                self._stream.violate("order.time-runs-back", "/elapsed_ms", f"{before} or more", elapsed)
            self._elapsed[kind] = elapsed
        if kind.endswith(".segment"):
            item_id, own = self._stream.ident(event.get("item_id")), text(event.get("id"))[:200]
            if item_id and own:
                if self._segments.entries.get(item_id) == own:
                    self._stream.violate("order.comes-once", "/id", "a new segment", own)
                self._segments.put(item_id, own)

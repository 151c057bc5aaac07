"""What was said and done in a recorded session: transcripts, function calls, usage, seconds of audio. Counted as the
events pass, and bounded: the first of each are kept, all are counted."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rtdoctor.model.sound import PCM16_PER_SECOND, Way, bytes_per_second
from rtdoctor.model.validation import Call, Content, Spoken
from rtdoctor.model.violation import Direction
from rtdoctor.privacy.quote import quote_start

_MOST, _MOST_TEXT, _MOST_NUMBER = 50, 400, 1 << 50
_SPOKEN = {
    "conversation.item.input_audio_transcription.completed": ("user", "transcript"),
    "response.output_audio_transcript.done": ("model", "transcript"),
    "response.audio_transcript.done": ("model", "transcript"),
    "response.output_text.done": ("model", "text"),
    "response.text.done": ("model", "text"),
}
_WAYS: tuple[tuple[str, Way], ...] = (("client", "input"), ("server", "output"))
_SOUND = {"response.output_audio.delta": "delta", "response.audio.delta": "delta"}


@dataclass(slots=True)
class Heard:
    """One connection while it is read."""

    spoken: list[Spoken] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    tokens: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)
    _rates: dict[str, int] = field(default_factory=dict)

    def hear(self, direction: Direction, kind: str, event: Mapping[str, Any], line: int) -> None:
        """Take an event of that type."""
        if direction == "client":
            if kind == "input_audio_buffer.append":
                self._sound("client", event.get("audio"))
            elif kind == "conversation.item.create":
                self._typed(event.get("item"), line)
            return
        if kind in ("session.created", "session.updated"):
            self._formats(event.get("session"))
        elif kind in _SOUND:
            self._sound("server", event.get(_SOUND[kind]))
        elif kind in _SPOKEN:
            speaker, name = _SPOKEN[kind]
            self._say(speaker, event.get(name), line)
            self._use(event.get("usage"))
        elif kind == "response.output_item.done":
            self._call(event.get("item"), line)
        elif kind == "response.done":
            self.counts["responses"] += 1
            response = event.get("response")
            self._use(response.get("usage") if isinstance(response, dict) else None)

    def content(self) -> Content:
        """What was heard."""
        return Content(
            spoken=tuple(self.spoken),
            more_spoken=self.counts["spoken"] - len(self.spoken),
            calls=tuple(self.calls),
            more_calls=self.counts["calls"] - len(self.calls),
            responses=self.counts["responses"],
            tokens=dict(self.tokens),
            seconds={name: round(value, 3) for name, value in self.seconds.items()},
        )

    def _say(self, speaker: str, text: object, line: int) -> None:
        if not isinstance(text, str) or not text.strip():
            return
        self.counts["spoken"] += 1
        if len(self.spoken) < _MOST:
            self.spoken.append(Spoken(line, speaker, quote_start(" ".join(text[: 4 * _MOST_TEXT].split()), _MOST_TEXT)))

    def _typed(self, item: object, line: int) -> None:
        parts = item.get("content") if isinstance(item, dict) and item.get("role") == "user" else None
        for part in parts[:_MOST] if isinstance(parts, list) else ():
            if isinstance(part, dict) and part.get("type") == "input_text":
                self._say("user", part.get("text"), line)

    def _call(self, item: object, line: int) -> None:
        if not isinstance(item, dict) or item.get("type") != "function_call":
            return
        self.counts["calls"] += 1
        name, arguments = item.get("name"), item.get("arguments")
        if len(self.calls) < _MOST and isinstance(name, str):
            text = arguments if isinstance(arguments, str) else ""
            self.calls.append(Call(line, quote_start(name, 100), quote_start(text, _MOST_TEXT)))

    def _use(self, usage: object) -> None:
        if not isinstance(usage, dict):
            return
        for name in ("input_tokens", "output_tokens", "total_tokens"):
            if (count := _number(usage.get(name))) is not None:
                self.tokens[name] += int(count)
        if usage.get("type") == "duration" and (seconds := _number(usage.get("seconds"))) is not None:
            self._add("transcribed", seconds)

    def _sound(self, side: str, text: object) -> None:
        if isinstance(text, str):
            self._add(side, len(text.rstrip("=")) * 3 / 4 / self._rates.get(side, PCM16_PER_SECOND))

    def _add(self, name: str, seconds: float) -> None:
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds

    def _formats(self, session: object) -> None:
        """How many bytes a second of audio has, each way."""
        for side, way in _WAYS:
            if (rate := bytes_per_second(session, way)) is not None:
                self._rates[side] = rate


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) and 0 <= value <= _MOST_NUMBER else None

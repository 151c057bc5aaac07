"""Voice activity by energy, on the real samples: enough for a mock, and not a model of OpenAI's detector."""

from dataclasses import dataclass, field

from rtdoctor.mock.audio_frames import FRAME_MS, Frames, levels

_START_FRAMES = 3  # loud frames in a row that begin a turn


@dataclass(frozen=True, slots=True)
class Mark:
    """Speech began or ended, at so many milliseconds since the session's first sample."""

    kind: str  # "started" or "stopped"
    ms: int


@dataclass(slots=True)
class Detector:
    """Takes PCM16 in pieces of any size and tells where speech begins and ends."""

    threshold: float = 0.5
    prefix_ms: int = 300
    silence_ms: int = 200
    _frames: Frames = field(default_factory=Frames)
    _ms: int = 0
    _loud: int = 0
    _quiet_ms: int = 0
    _speaking: bool = False
    _last_end: int = field(default=0)

    def after(self, ms: int, *, speaking: bool) -> "Detector":
        """Go on at so many milliseconds of the session, where its audio was taken or its settings changed."""
        self._ms, self._speaking = ms - ms % FRAME_MS, speaking
        self._last_end = 0 if speaking else self._ms
        return self

    def feed(self, pcm: bytes) -> list[Mark]:
        """The marks that this piece brings, in order."""
        each = (level for frames in self._frames.feed(pcm) for level in levels(frames).tolist())
        return [mark for level in each if (mark := self._frame(level))]

    def _frame(self, level: float) -> Mark | None:
        self._ms += FRAME_MS
        # 0.5 stands for -40 dBFS; the scale is the mock's own.
        loud = level > 0.02 * self.threshold
        if not self._speaking:
            self._loud = self._loud + 1 if loud else 0
            if self._loud < _START_FRAMES:
                return None
            self._speaking, self._loud, self._quiet_ms = True, 0, 0
            return Mark("started", max(self._last_end, self._ms - _START_FRAMES * FRAME_MS - self.prefix_ms, 0))
        self._quiet_ms = 0 if loud else self._quiet_ms + FRAME_MS
        if self._quiet_ms < self.silence_ms:
            return None
        self._speaking = False
        self._last_end = self._ms
        return Mark("stopped", self._ms)

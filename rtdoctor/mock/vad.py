"""Voice activity by energy, on the real samples: enough for a mock, and not a model of OpenAI's detector."""

from dataclasses import dataclass, field

import numpy as np

from rtdoctor.protocol.audio import RATE, from_pcm16

FRAME_MS = 20
_FRAME_BYTES = RATE * 2 * FRAME_MS // 1000
_BLOCK = 256  # frames that are looked at in one go
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
    _rest: bytes = b""
    _ms: int = 0
    _loud: int = 0
    _quiet_ms: int = 0
    _speaking: bool = False
    _last_end: int = field(default=0)

    def feed(self, pcm: bytes) -> list[Mark]:
        """The marks that this piece brings, in order."""
        data = self._rest + pcm
        usable = len(data) - len(data) % _FRAME_BYTES
        self._rest = data[usable:]
        marks = []
        for start in range(0, usable, _FRAME_BYTES * _BLOCK):
            frames = from_pcm16(data[start : min(start + _FRAME_BYTES * _BLOCK, usable)]).reshape(-1, _FRAME_BYTES // 2)
            marks += [mark for level in np.sqrt((frames**2).mean(axis=1)).tolist() if (mark := self._frame(level))]
        return marks

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

"""Audio that comes in pieces of any size, cut into frames of 20 ms: what the mock's ears and voice detector hear."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from rtdoctor.protocol.audio import BYTES_PER_SAMPLE, RATE, from_pcm16

Floats = NDArray[np.float32]

FRAME_MS = 20
FRAME = RATE * FRAME_MS // 1000  # samples
_BYTES = FRAME * BYTES_PER_SAMPLE
_BLOCK = 256  # frames that are looked at in one go


class Frames:
    """Takes PCM16 at 24 kHz; what is left over waits for the next piece."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, pcm: bytes) -> Iterator[Floats]:
        """The frames that this piece completes, in arrays of at most 256 times `FRAME` samples. Go through all of
        them before the next piece."""
        data = self._rest + pcm
        usable = len(data) - len(data) % _BYTES
        self._rest = data[usable:]
        for start in range(0, usable, _BYTES * _BLOCK):
            yield from_pcm16(data[start : min(start + _BYTES * _BLOCK, usable)]).reshape(-1, FRAME)


def levels(frames: Floats) -> Floats:
    """The level of each frame: the root of its mean square."""
    levels: Floats = np.sqrt((frames**2).mean(axis=1))
    return levels

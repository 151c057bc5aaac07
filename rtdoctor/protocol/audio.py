"""The audio that the Realtime API takes: 24 kHz mono PCM16 (observed 2026-09-18: 16000 is refused), and G.711.

numpy is imported here and where samples are touched, nowhere else.
"""

import base64
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE = 24_000
BYTES_PER_SAMPLE = 2
Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Measure:
    """What can be told of samples without hearing them. Levels in dBFS, `clipped` as a share of all samples."""

    seconds: float
    peak_db: float
    rms_db: float
    clipped: float

    @property
    def silent(self) -> bool:
        return self.peak_db < -50


def to_pcm16(samples: Samples) -> bytes:
    """Float samples in -1..1 as little-endian 16 bit."""
    return np.clip(np.round(samples * 32767.0), -32768, 32767).astype("<i2").tobytes()


def from_pcm16(data: bytes) -> Samples:
    """Little-endian 16 bit as float samples; a last odd byte is left out."""
    usable = len(data) - len(data) % BYTES_PER_SAMPLE
    return np.frombuffer(data[:usable], dtype="<i2").astype(np.float32) / 32768.0


def from_g711(data: bytes, law: str) -> Samples:
    """8 kHz G.711 (`audio/pcmu` or `audio/pcma`) as float samples at 8 kHz (ITU-T G.711)."""
    raw = np.frombuffer(data, dtype=np.uint8)
    if law == "audio/pcmu":
        bits = (~raw).astype(np.int32)
        size = (((bits & 0x0F) << 3) + 0x84 << ((bits & 0x70) >> 4)) - 0x84
        return np.where(bits & 0x80, -size, size).astype(np.float32) / 32768.0
    bits = (raw ^ 0x55).astype(np.int32)
    step, low = (bits & 0x70) >> 4, ((bits & 0x0F) << 4) + 8
    size = np.where(step == 0, low, (low + 0x100) << np.maximum(step - 1, 0))
    return np.where(bits & 0x80, size, -size).astype(np.float32) / 32768.0


def resampled(samples: Samples, rate: int, wanted: int) -> Samples:
    """Samples at another rate, by straight lines: good enough for ears that know what they listen for."""
    if rate == wanted or not len(samples):
        return samples
    size = len(samples) * wanted // rate
    lines = np.interp(np.linspace(0, len(samples) - 1, size), np.arange(len(samples)), samples)
    return lines.astype(np.float32)


class Gauge:
    """Measures samples that come in blocks."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._count = 0
        self._peak = 0.0
        self._squares = 0.0
        self._clipped = 0

    @property
    def seconds(self) -> float:
        """How much has come."""
        return self._count / self._rate

    def add(self, samples: Samples) -> bool:
        """Take the next block; False when there is something in it that is no number."""
        size = np.abs(samples)
        self._count += len(samples)
        self._peak = max(self._peak, float(size.max(initial=0.0)))
        self._squares += float(np.sum(np.square(samples, dtype=np.float64)))
        self._clipped += int(np.count_nonzero(size >= 0.999))
        return math.isfinite(self._squares)

    def measure(self) -> Measure:
        """Of all blocks together; levels that are no numbers where samples were none."""
        count = max(self._count, 1)
        rms = math.sqrt(self._squares / count) if math.isfinite(self._squares) else math.nan
        return Measure(self.seconds, _decibel(self._peak), _decibel(rms), self._clipped / count)


def measure(samples: Samples, rate: int) -> Measure:
    """Length, levels and clipping of samples."""
    gauge = Gauge(rate)
    gauge.add(samples)
    return gauge.measure()


def _decibel(value: float) -> float:
    return round(20 * math.log10(max(value, 1e-6)), 1) if math.isfinite(value) else math.nan


def chunks(pcm: bytes, ms: int, silence_ms: int = 0) -> Iterator[bytes]:
    """Cut PCM16 at 24 kHz, and so much silence after it, into pieces of so many milliseconds.

    Raises:
        ValueError: a piece outside 20 to 100 ms.
    """
    if not 20 <= ms <= 100:
        raise ValueError(f"a chunk of {ms} ms; 20 to 100 are allowed")
    size = RATE * BYTES_PER_SAMPLE * ms // 1000
    whole = len(pcm) + RATE * BYTES_PER_SAMPLE * silence_ms // 1000
    for start in range(0, whole, size):
        piece = pcm[start : start + size]
        yield piece + bytes(min(size, whole - start) - len(piece))


def append_event(piece: bytes) -> dict[str, Any]:
    """The client event that carries a piece of audio."""
    return {"type": "input_audio_buffer.append", "audio": base64.b64encode(piece).decode("ascii")}

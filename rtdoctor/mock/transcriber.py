"""The mock's ears: it knows the fixtures by their sound and says honestly when it hears anything else.

No recogniser runs, and no audio is kept: it is compared by its spectrum over time, so chunking, resampling, G.711,
clipping and silence around it do not matter.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from rtdoctor.data import folder
from rtdoctor.mock.audio_frames import FRAME, Floats, Frames, levels
from rtdoctor.protocol.audio import RATE

_BANDS = 16
_ALIKE = 0.75
_SLACK = 25  # frames by which two utterances may differ in length or place
_SILENT = 0.003
_LEAST_START = 50  # frames of sound by which its beginning is known
_LONGEST_START = 30.0  # seconds, after which no beginning is looked for
_MOST_ARRAYS = 256  # small pieces do not stay as many small arrays
_WINDOW = np.hanning(FRAME).astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Known:
    text: str
    picture: Floats


class Ear:
    """Takes PCM16 at 24 kHz in pieces of any size and keeps how it sounds, a fifteenth of it: what it is can be told
    at any time."""

    def __init__(self) -> None:
        self._frames = Frames()
        self._levels: list[Floats] = []
        self._bands: list[Floats] = []
        self.size = 0  # bytes taken

    @property
    def seconds(self) -> float:
        """How much was taken."""
        return self.size / (2 * RATE)

    def feed(self, pcm: bytes) -> None:
        """Take a piece. Some 3 ms of work for each second of audio."""
        self.size += len(pcm)
        for frames in self._frames.feed(pcm):
            self._levels.append(levels(frames))
            self._bands.append(_energy(frames))
        if len(self._levels) > _MOST_ARRAYS:
            self._levels, self._bands = [np.concatenate(self._levels)], [np.concatenate(self._bands)]

    def text(self) -> str:
        """The text of the fixture that this is, nothing for silence, a placeholder for everything else."""
        picture = self._picture()
        if picture is None:
            return ""
        for known in _fixtures():
            if _alike(picture, known.picture) > _ALIKE:
                return known.text
        return f"[rtdoctor mock: {self.seconds:.1f} s of audio that is none of its fixtures; no recogniser ran]"

    def start(self) -> str:
        """The words that are certain before the end: of a fixture as many as it has come to, nothing otherwise."""
        picture = self._picture() if self.seconds < _LONGEST_START else None
        if picture is None or len(picture) < _LEAST_START:
            return ""
        for known in _fixtures():
            size = min(len(picture), len(known.picture))
            if _alike(picture[:size], known.picture[:size]) > _ALIKE:
                words = known.text.split()
                return " ".join(words[: len(words) * size // len(known.picture) - 1])
        return ""

    def _picture(self) -> Floats | None:
        """Log energy in bands below 4 kHz every 20 ms, trimmed to where sound is; None for silence."""
        if not self._levels:
            return None
        loud = np.concatenate(self._levels)
        heard = np.flatnonzero(loud > max(_SILENT, 0.02 * float(loud.max())))
        if not len(heard):
            return None
        picture = np.log(np.concatenate(self._bands)[heard[0] : heard[-1] + 1] + 1e-3)
        centred: Floats = (picture - picture.mean(axis=0)).astype(np.float32)
        return centred


def transcribe(pcm: bytes) -> str:
    """What an ear says of all of this."""
    ear = Ear()
    ear.feed(pcm)
    return ear.text()


@cache
def _fixtures() -> tuple[_Known, ...]:
    import soundfile

    place = folder("fixtures") / "audio"
    text = (place / "speech.txt").read_text(encoding="utf-8").strip()
    samples, _ = soundfile.read(place / "speech-24k.wav", dtype="int16")
    ear = Ear()
    ear.feed(samples.astype("<i2").tobytes())
    picture = ear._picture()
    assert picture is not None
    return (_Known(text, picture),)


def _energy(frames: Floats) -> Floats:
    """The energy in bands below 4 kHz of every frame."""
    spectrum = np.abs(np.fft.rfft(frames * _WINDOW, axis=1))
    below = spectrum[:, : 4000 * FRAME // RATE]
    usable = below[:, : below.shape[1] // _BANDS * _BANDS]
    bands: Floats = usable.reshape(len(below), _BANDS, -1).mean(axis=2).astype(np.float32)
    return bands


def _alike(one: Floats, other: Floats) -> float:
    """The best correlation of two pictures over small shifts; 0 when their lengths are too different."""
    if abs(len(one) - len(other)) > _SLACK:
        return 0.0
    best = 0.0
    for shift in range(-_SLACK, _SLACK + 1):
        left, right = one[max(0, shift) :], other[max(0, -shift) :]
        size = min(len(left), len(right))
        if size < len(other) // 2:
            continue
        a, b = left[:size].ravel(), right[:size].ravel()
        norm = float(np.linalg.norm(a) * np.linalg.norm(b))
        best = max(best, float(a @ b) / norm if norm else 0.0)
    return best

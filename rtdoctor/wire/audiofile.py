"""Reads an audio file of any form that libsndfile knows, as the 24 kHz mono PCM16 that the API takes."""

import io
import math
from dataclasses import dataclass
from pathlib import Path

from rtdoctor.files import is_regular, read_bounded
from rtdoctor.protocol.audio import RATE, Measure, measure, to_pcm16

MOST_SECONDS = 600
_MOST_PIPED = 64 << 20  # bytes: ten minutes of a pipe's audio, 48 kHz in 16 bits
_LEAST_SECONDS = 0.1  # a commit of less is refused (observed 2025-10)


class BadAudio(ValueError):
    """The file cannot be used; the message says why, in one sentence."""


@dataclass(frozen=True, slots=True)
class Speech:
    """Audio that is ready to be sent. `reference` is the text that is spoken, or None when it is not known."""

    name: str
    pcm: bytes
    rate: int
    channels: int
    measure: Measure
    reference: str | None = None


def read_speech(path: Path, reference: str | None = None) -> Speech:
    """Read, mix down to mono and resample. A text file beside it with the same stem is its reference.

    Raises:
        BadAudio: no such file, not audio, empty, or longer than ten minutes.
    """
    import soundfile

    try:
        # libsndfile goes to and fro in a file, which a pipe does not take; a device may have no end.
        source = path if is_regular(path) else io.BytesIO(read_bounded(path, _MOST_PIPED))
    except FileNotFoundError as error:
        raise BadAudio(f"{path}: no such file") from error
    except OSError as error:
        raise BadAudio(f"{path}: {error.strerror or error}") from error
    try:
        with soundfile.SoundFile(source) as file:
            rate, channels, frames = file.samplerate, file.channels, file.frames
            if frames > rate * MOST_SECONDS:
                raise BadAudio(f"{path}: longer than {MOST_SECONDS // 60} minutes")
            samples = file.read(dtype="float32", always_2d=True).mean(axis=1)
    except (soundfile.LibsndfileError, RuntimeError, TypeError, OSError) as error:
        raise BadAudio(f"{path}: is no audio that libsndfile can read ({error})") from error
    if len(samples) < rate * _LEAST_SECONDS:
        raise BadAudio(f"{path}: shorter than 100 ms, the least that can be committed")
    if not math.isfinite(float(abs(samples).sum())):
        raise BadAudio(f"{path}: holds samples that are no numbers")
    taken = measure(samples, rate)
    if rate != RATE:
        import soxr

        samples = soxr.resample(samples, rate, RATE)
    beside = path.with_suffix(".txt")
    if reference is None and beside.is_file():
        try:
            reference = read_bounded(beside, 1 << 20).decode("utf-8", "replace").strip() or None
        except OSError as error:
            raise BadAudio(f"{beside}: {error.strerror or error}") from error
    return Speech(path.name, to_pcm16(samples), rate, channels, taken, reference)

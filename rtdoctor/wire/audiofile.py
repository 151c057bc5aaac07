"""Reads an audio file of any form that libsndfile knows, as the 24 kHz mono PCM16 that the API takes."""

import io
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rtdoctor.files import NothingCame, hurry, is_regular, read_bounded, will_read
from rtdoctor.privacy.errors import InputError
from rtdoctor.protocol.audio import RATE, Gauge, Measure, to_pcm16

MOST_SECONDS = 600
_MOST_PIPED = 64 << 20  # bytes: ten minutes of a pipe's audio, 48 kHz in 16 bits
_RATES = (1_000, 768_000)  # Hz
_BLOCK = 1 << 18  # samples that are held at once: read, those of all channels counted, or made of them
_LEAST_SECONDS = 0.1  # a commit of less is refused (observed 2025-10)


class BadAudio(InputError):
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
        will_read(path)
        source = path if is_regular(path) else io.BytesIO(read_bounded(path, _MOST_PIPED))
    except OSError as error:
        raise BadAudio("{}: {}", path, error) from error
    try:
        with soundfile.SoundFile(source) as file:
            rate, channels = file.samplerate, file.channels
            if file.frames > rate * MOST_SECONDS:
                raise BadAudio("{}: longer than {} minutes", path, MOST_SECONDS // 60)
            if not _RATES[0] <= rate <= _RATES[1]:
                raise BadAudio("{}: has a sample rate of {} Hz; {} to {} are read", path, rate, _RATES[0], _RATES[1])
            pcm, taken = _resampled(file)
    except NothingCame as error:
        raise BadAudio("{}: {}", path, error) from error
    except (soundfile.LibsndfileError, RuntimeError, TypeError, OSError) as error:
        raise BadAudio("{}: is no audio that libsndfile can read ({})", path, error) from error
    if taken.seconds > MOST_SECONDS:
        raise BadAudio("{}: longer than {} minutes", path, MOST_SECONDS // 60)
    if taken.seconds < _LEAST_SECONDS:
        raise BadAudio("{}: shorter than 100 ms, the least that can be committed", path)
    if not math.isfinite(taken.rms_db):
        raise BadAudio("{}: holds samples that are no numbers", path)
    beside = path.with_suffix(".txt")
    if reference is None and os.path.isfile(beside):
        try:
            reference = read_bounded(beside, 1 << 20).decode("utf-8", "replace").strip() or None
        except OSError as error:
            raise BadAudio("{}: {}", beside, error) from error
    return Speech(path.name, pcm, rate, channels, taken, reference)


def _resampled(file: Any) -> tuple[bytes, Measure]:
    """Mono PCM16 at 24 kHz, and what the samples were before, read in blocks: float samples of ten minutes in several
    channels would fill the memory. Ends a little after MOST_SECONDS, whatever the file's head says."""
    import soxr

    rate = file.samplerate
    stream = soxr.ResampleStream(rate, RATE, 1) if rate != RATE else None
    gauge = Gauge(rate)
    pcm = bytearray()
    size = max(1, min(_BLOCK // file.channels, _BLOCK * rate // RATE))
    while gauge.seconds <= MOST_SECONDS and len(block := file.read(size, dtype="float32", always_2d=True)):
        hurry()
        samples = block.mean(axis=1)
        if not gauge.add(samples):
            break
        pcm += to_pcm16(stream.resample_chunk(samples) if stream else samples)
    if stream:
        pcm += to_pcm16(stream.resample_chunk(block[:0, 0], last=True))
    return bytes(pcm), gauge.measure()

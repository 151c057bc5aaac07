"""Any audio file becomes 24 kHz mono PCM16, and what is no audio is refused in one sentence."""

import numpy as np
import pytest
import soundfile

from rtdoctor.protocol.audio import chunks, from_g711, from_pcm16, measure
from rtdoctor.wire import audiofile
from rtdoctor.wire.audiofile import BadAudio, read_speech
from tests.conftest import AUDIO


@pytest.mark.parametrize(
    ("name", "rate"),
    [("speech-24k.wav", 24_000), ("speech-16k.wav", 16_000), ("speech-8k-mulaw.wav", 8_000)],
)
def test_the_fixtures_are_the_same_speech_at_three_rates(name, rate):
    speech = read_speech(AUDIO / name)
    assert speech.rate == rate
    assert abs(len(speech.pcm) / 48_000 - 5.22) < 0.05
    assert -12 < speech.measure.peak_db < -3


def test_silence_and_clipping_are_measured():
    assert read_speech(AUDIO / "silence-24k.wav").measure.silent
    clipped = read_speech(AUDIO / "speech-clipped-24k.wav").measure
    assert clipped.clipped > 0.01
    assert read_speech(AUDIO / "speech-24k.wav").measure.clipped == 0


def test_stereo_is_mixed_and_a_text_beside_the_file_is_its_reference(tmp_path):
    tone = np.sin(np.arange(48_000) / 20).astype("float32") * 0.5
    soundfile.write(tmp_path / "a.flac", np.stack([tone, np.zeros_like(tone)], axis=1), 48_000)
    (tmp_path / "a.txt").write_text("a tone\n")
    speech = read_speech(tmp_path / "a.flac")
    assert (speech.channels, speech.rate, speech.reference) == (2, 48_000, "a tone")
    assert abs(len(speech.pcm) - 48_000) < 100
    assert abs(speech.measure.peak_db - -12) < 0.5


@pytest.mark.parametrize("samples", [np.zeros(1000), np.full(48_000, np.nan), np.full(48_000, np.inf)])
def test_too_short_or_no_numbers_is_told(tmp_path, samples):
    soundfile.write(tmp_path / "x.wav", samples.astype("float32"), 24_000, subtype="FLOAT")
    with pytest.raises(BadAudio):
        read_speech(tmp_path / "x.wav")


@pytest.mark.parametrize("content", [None, b"", b"this is no audio at all", b"RIFF\x00\x00\x00\x00WAVE"])
def test_what_is_no_audio_is_told(tmp_path, content):
    file = tmp_path / "x.wav"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BadAudio) as told:
        read_speech(file)
    assert str(file) in str(told.value)


def test_chunks_are_of_20_to_100_ms_and_lose_nothing():
    pcm = bytes(range(256)) * 100
    for ms in (20, 40, 100):
        pieces = list(chunks(pcm, ms))
        assert b"".join(pieces) == pcm
        assert all(len(piece) == 48 * ms for piece in pieces[:-1])
    with pytest.raises(ValueError, match="20 to 100"):
        next(chunks(pcm, 10))


@pytest.mark.parametrize(("law", "subtype"), [("audio/pcmu", "ULAW"), ("audio/pcma", "ALAW")])
def test_g711_is_decoded_as_libsndfile_does(tmp_path, law, subtype):
    every = bytes(range(256))
    path = tmp_path / "all.raw"
    path.write_bytes(every)
    known, _ = soundfile.read(path, dtype="float32", samplerate=8000, channels=1, subtype=subtype, format="RAW")
    assert np.allclose(from_g711(every, law), known, atol=1e-4)


def test_an_odd_byte_at_the_end_is_left_out():
    assert len(from_pcm16(b"\x00\x01\x02")) == 1
    assert measure(from_pcm16(b""), 24_000).seconds == 0


@pytest.mark.parametrize("rate", [16_000, 24_000, 44_100, 192_000])
def test_the_blocks_in_which_a_file_is_read_change_nothing(tmp_path, monkeypatch, rate):
    noise = np.random.default_rng(1).normal(0, 0.2, (rate, 2))
    soundfile.write(tmp_path / "a.wav", noise, rate)
    whole = read_speech(tmp_path / "a.wav")
    monkeypatch.setattr(audiofile, "_BLOCK", 777)
    pieces = read_speech(tmp_path / "a.wav")
    assert abs(len(pieces.pcm) - 48_000) < 200
    assert np.abs(from_pcm16(pieces.pcm) - from_pcm16(whole.pcm)).max() < 1e-3
    assert (pieces.measure.peak_db, pieces.measure.rms_db) == (whole.measure.peak_db, whole.measure.rms_db)


@pytest.mark.parametrize(("rate", "seconds", "why"), [(8_000, 601, "longer than 10"), (500, 5, "sample rate of 500")])
def test_a_file_is_refused_by_its_head(tmp_path, monkeypatch, rate, seconds, why):
    soundfile.write(tmp_path / "a.flac", np.zeros(rate * seconds, dtype="int16"), rate)
    monkeypatch.setattr(soundfile.SoundFile, "read", None)
    with pytest.raises(BadAudio, match=why):
        read_speech(tmp_path / "a.flac")


def test_silence_is_cut_into_the_same_pieces():
    pcm = bytes(range(256)) * 10
    pieces = list(chunks(pcm, 20, silence_ms=50))
    assert b"".join(pieces) == pcm + bytes(48 * 50)
    assert [len(piece) for piece in pieces[:-1]] == [960] * (len(pieces) - 1)

"""The word error rate counts words, not case or punctuation."""

import pytest

from rtdoctor.engine.word_errors import word_error_rate


@pytest.mark.parametrize(
    ("reference", "heard", "rate"),
    [
        ("The quick doctor.", "the quick, doctor", 0),
        ("one two three four", "one two three", 0.25),
        ("one two", "three four", 1),
        ("one two", "", 1),
        ("one two", "one two three four", 1),
    ],
)
def test_word_error_rate(reference, heard, rate):
    assert word_error_rate(reference, heard) == rate


def test_a_transcript_without_an_end_is_compared_as_far_as_speech_goes():
    assert word_error_rate("a " * 1_000_000, "b " * 25_000) == 1
    assert word_error_rate("a " * 1_000_000, "a " * 25_000) == 0

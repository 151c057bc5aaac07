"""The word error rate of a transcript against its reference text."""

from dataclasses import replace

from rtdoctor.model.outcome import Outcome

# More than ten minutes of speech have. Time and memory go with the words of the one times those of the other.
_MOST_WORDS = 5_000


def word_error_rate(reference: str, heard: str) -> float:
    """Words wrong, missing or added, as a share of the reference's words; case and punctuation do not count."""
    import jiwer

    plain = jiwer.Compose(
        [
            jiwer.ToLowerCase(),
            jiwer.RemovePunctuation(),  # type: ignore[no-untyped-call]
            jiwer.RemoveMultipleSpaces(),
            jiwer.Strip(),
            jiwer.ReduceToListOfListOfWords(),
        ]
    )
    first, other = (" ".join(text.split()[:_MOST_WORDS]) for text in (reference, heard))
    return float(jiwer.wer(first, other, reference_transform=plain, hypothesis_transform=plain))


def hear(outcome: Outcome, reference: str | None) -> Outcome:
    """The outcome with its word error rate, where there is a transcript and something to hold it against."""
    if outcome.transcript is None or not reference:
        return outcome
    return replace(outcome, wer=round(word_error_rate(reference, outcome.transcript), 3))

"""What clients say, as it arrives: mutated, it keeps its cause wherever the deciding line is left."""

import pytest

from rtdoctor.diagnose.text import wrapped as reading
from tests.diagnose.mutations import WAYS, in_json, tally, wrapped


def test_nearly_all_keep_their_cause_where_the_deciding_line_stays() -> None:
    told = tally(120, sample=60)
    assert told.broken == []
    assert told.slowest < 1
    assert told.share >= 0.93, told.lost[:3]


def test_a_wrapped_and_an_escaped_text_are_read_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tally(30, (wrapped, in_json), sample=30).share >= 0.9
    monkeypatch.setattr(reading, "MOST", 0)
    assert tally(30, (wrapped, in_json), sample=30).share < 0.9, "without these readings they are lost"


@pytest.mark.heavy
def test_most_of_some_thousand_keep_their_cause() -> None:
    told = tally(3_000, WAYS, seed=2)
    assert told.broken == []
    assert told.slowest < 1
    assert told.share >= 0.95

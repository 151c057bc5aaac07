"""Time stamps in the text before an event."""

import pytest

from rtdoctor.recording.times import time_in_prefix

MOMENT = 1789728574.5


@pytest.mark.parametrize(
    "prefix",
    [
        *(
            "2026-09-18T10:49:34.5Z ",
            "[2026-09-18 10:49:34,500] INFO ",
            "INFO 2026-09-18T12:49:34.500+0200 - ",
        ),
        *(
            "2026-09-18 10:49:34.500000 <- ",
            "1789728574.5 ",
            "[1789728574.500] ",
            "1789728574500 ",
            "(1789728574.5) ",
        ),
        "2026-09-18T10:49:34.500000000Z stdout F ",
    ],
)
def test_a_moment_is_read_in_the_forms_that_loggers_write(prefix: str) -> None:
    assert time_in_prefix(prefix) == pytest.approx(MOMENT)


@pytest.mark.parametrize(("prefix", "seconds"), [("10:49:34.5 ", 38974.5), ("+1.250s ", 1.25), ("12.5ms ", 0.0125)])
def test_a_time_without_a_date_is_seconds_from_some_start(prefix: str, seconds: float) -> None:
    assert time_in_prefix(prefix) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "prefix",
    ["", "INFO ", "17 ", "line 17: ", "2026-99-99T10:00:00Z ", f"{'9' * 400}.5 ", "٢٠٢٦-٠٩-١٨T١٠:٠٠:٠٠ "],
)
def test_other_text_holds_no_time(prefix: str) -> None:
    assert time_in_prefix(prefix) is None

"""Most of a long log is passed over, and what is new in it is not."""

import pytest

from rtdoctor.diagnose.text import sieve
from rtdoctor.diagnose.text.findings import explain
from rtdoctor.diagnose.text.sieve import sifted

NOISE = "2026-11-30 10:00:00,123 INFO worker took 403 items in 4000 ms\n"
REFUSED = "2026-11-30 10:00:00,123 ERROR server rejected WebSocket connection: HTTP 401\n"


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sieve, "_WHOLE", 1 << 10)
    monkeypatch.setattr(sieve, "_PART", 1 << 12)


def kept(text: str) -> str:
    return "".join(sifted(text[at : at + 1000] for at in range(0, len(text), 1000)))


def test_a_short_text_is_read_as_it_is() -> None:
    text = NOISE * 5 + REFUSED * 5
    assert kept(text) == text


def test_of_a_long_log_only_what_is_new_is_left_and_its_lines_keep_their_numbers() -> None:
    text = NOISE * 400 + REFUSED + NOISE * 400 + REFUSED.replace("401", "429") + NOISE * 400
    left = kept(text)
    assert left.count("\n") == text.count("\n")
    assert [number for number, line in enumerate(left.split("\n")) if "HTTP" in line] == [400, 801]
    assert left.count("worker") < 200
    assert [found.cause for found in explain([text]).findings] == ["refused.unauthorized", "refused.rate-limited"]


def test_what_was_said_often_is_passed_over() -> None:
    left = kept((NOISE * 9 + REFUSED) * 300)
    assert left.count("HTTP 401") < 30
    assert left.count("\n") == 3000


def test_a_fault_in_code_deep_in_a_long_text_has_its_line() -> None:
    code = 'ws = connect("wss://api.openai.com/v1/realtime/sessions")\n'
    [found] = explain([NOISE * 500, code, NOISE * 500]).findings
    assert [(place.line, place.source) for place in found.places] == [(501, code.strip())]


@pytest.mark.parametrize(
    "line", ["closed with 4004", "closed with 4000", 'code: 3000, reason: ""', "HTTP 503", "ENOTFOUND"]
)
def test_one_line_of_another_kind_is_found_among_many(line: str) -> None:
    text = (NOISE * 9 + REFUSED) * 60 + f"websocket {line}\n" + (NOISE * 9 + REFUSED) * 60
    assert line in kept(text)


def test_numbers_in_ids_are_nothing() -> None:
    text = NOISE * 30 + "".join(f"request a{number}403b served\n" for number in range(900))
    assert kept(text).count("served") < 20


def test_the_time_of_a_line_is_no_status() -> None:
    text = NOISE * 30 + "".join(f"2026-11-30 10:00:00,{400 + number % 30} INFO status read\n" for number in range(900))
    assert kept(text).count("read") < 30


def test_kinds_are_known_where_all_lines_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sieve, "_KINDS", 100)
    said = "WARN [{}] server rejected WebSocket connection: HTTP 401, attempt {}\n"
    assert kept(NOISE * 30 + "".join(said.format(4000 + number, number) for number in range(900))).count("WARN") < 200


def test_any_characters_and_line_ends_pass() -> None:
    text = ("schön \ud800 \u2028 x\x0b\x0c\r\n" * 500) + "ws HTTP 401\n"
    assert kept(text).count("\n") == text.count("\n")

"""Quoting, guarding and searching take time in proportion to the text, whatever it is; ratios, not seconds."""

import io

import pytest

from rtdoctor.privacy.blot import blot
from rtdoctor.privacy.guard import Guarded
from rtdoctor.privacy.known import keep
from rtdoctor.privacy.quote import quote, redact
from rtdoctor.privacy.secret import Secret
from tests.doubling import assert_linear

KEY = "sk-proj-Zq8xW2vT9rL4nB7mK1jH6gF3dS5a"
PIECES = [
    *("a", "a ", "%25", "%", "\\", "\\u0041", "&amp;", "sk-", "*a", "**", "://a:", "a@", "bearer ", "key=", "key: a, "),
    *(
        "eyJaaaaaaaa-",
        "eyJaaaaaaaa.",
        KEY,
        KEY[8:13],
        KEY.encode().hex(),
        "-----BEGIN PRIVATE KEY-----",
        "[secret ",
        "é",
    ),
    *(
        "\u200b",
        "cookie: a=b; ",
        "-u a:b ",
        "password is ",
        "aB3",
        "aB3-",
        "aB3dE5fG7h",
        "0123456789abcdef-",
        "hf_" * 9,
    ),
    *("event_", "https://", "request id: ", '{"a": "', "AKIA", "x" * 11 + " ", "Zq8xW2", "\x1b[1m"),
]


@pytest.fixture(autouse=True)
def _known():
    keep([Secret(KEY, "key", "a test")])


def write(text):
    out = io.StringIO()
    Guarded(out).write(text)


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("step", [quote, write], ids=lambda step: step.__name__)
@pytest.mark.heavy
def test_twice_the_text_takes_twice_the_time(step, piece):
    assert_linear(lambda size: piece * (size // len(piece)), step)


@pytest.mark.parametrize("piece", PIECES)
def test_no_text_of_50_000_characters_takes_more_than_a_moment(piece):
    # Work that grows with the square of a text would take minutes here.
    for step in (quote, redact, blot, write):
        step(piece * (50_000 // len(piece)))


def test_a_bearer_of_letters_that_ends_in_a_digit_costs_nothing():
    quote("Authorization: Bearer hf_" + "a" * 60_000 + "1")

"""What a hint leaves out holds no match: the shapes find the same around the hints as in the whole text."""

import random

import pytest

from rtdoctor.linear import flat
from rtdoctor.privacy.hints import white
from rtdoctor.privacy.named import _HINTED, named_spans
from rtdoctor.privacy.quote import quote
from tests.doubling import assert_linear

PIECES = (
    *("bearer ", "Basic ", "Authorization: ", "api-key: ", "x-api-key : word ", "proxy-authorization:   bearer  word "),
    *(
        "set ",
        "set_header -a -b Foo ",
        "PASSWORD ",
        "API_KEY\n",
        "-u a:b ",
        "--token ",
        '-H "',
        '("',
        '= ("',
        "('abcdefgh')",
    ),
    *(
        'key("hunter22abc")',
        'or "abcdefg1"',
        ' || "x9y8z7w6"',
        "?? '",
        'default("',
        "value: ",
        "default = ",
        "sessionid=abc",
    ),
    *(
        "JSESSIONID=",
        "connect.sid=",
        'response="' + "a1" * 16 + '"',
        "Received=abc123",
        "invalid api key ",
        'token provided: "',
    ),
    *("wss://me:pw@host/ ", "https://token@", "u@h", "://a:b c@", " me:hunter2@host", "=a:b@"),
    *("password\n", "DB_PASS\n", "\nDB_SECRET\r\n  ", "x9y8z7w6v5\n", "use password abc1def2 "),
    *("secret 'abc123def'", 'auth("user","hunter2pw")', 'login.x ( "a" , "b c d e" )', "openai-insecure-api-key."),
    *(
        "word",
        "\n",
        " ",
        "  ",
        "\t",
        '"',
        "'",
        "é",
        "…",
        "x" * 70,
        "a" * 700,
        "ab1 " * 90,
        " for my org ",
        " is",
        " given",
    ),
)
CASES = [(group, number) for group in _HINTED for number in range(len(group.shapes))]


def made(seed):
    chance = random.Random(seed)
    return "".join(chance.choice(PIECES) for _ in range(chance.choice((3, 20, 200))))


@pytest.mark.parametrize(("group", "number"), CASES)
def test_around_hints_a_shape_finds_what_it_finds_in_the_whole_text(group, number):
    found_any = 0
    shape, _ = group.shapes[number]
    for seed in range(150):
        text = made(seed)
        flattened = flat(text)
        whole = [found.span() for found in shape.finditer(text)]
        around = [
            found.span()
            for start, end, numbers in group.places(flattened, white(flattened))
            if number in numbers
            for found in shape.finditer(text, start, end, flattened)
        ]
        assert around == whole, repr(text)
        found_any += len(whole)
    assert found_any, "the pieces make matches of it"


@pytest.mark.heavy
def test_a_text_full_of_hints_takes_time_in_proportion():
    assert_linear(lambda size: "-a=(' " * (size // 6), lambda text: list(named_spans(text, flat(text))))


def test_digits_before_what_begins_a_key_are_no_word():
    assert "fD3kL9pQ2xW8vB5nM1" not in quote("0123456789abcdefsk-proj-fD3kL9pQ2xW8vB5nM1")

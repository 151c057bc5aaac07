"""A message is an event or it is not, and why it is none can be told, whatever a server sends."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtdoctor.model.event import (
    MOST_NAME,
    MOST_VALUES,
    NotAnEvent,
    TooDeep,
    parse_client_event,
    parse_event,
    type_of,
    why_no_event,
    written,
)

DEEP = 100_000
NOT_READ = [
    ('{"type": "a", "type": "b"}', "the name 'type' twice"),
    ('{"type": "a", "x": {"y": 1, "z": 2, "y": 1}}', "the name 'y' twice"),
    ('[{"y": 1, "y": 1}]', "the name 'y' twice"),
    ('{"type": "a", "x": NaN}', "NaN is no number"),
    ('{"type": "a", "x": [Infinity]}', "Infinity is no number"),
    ('{"type": "a", "x": -Infinity}', "-Infinity is no number"),
    ("NaN", "NaN is no number"),
    ('{"type": "a", "x": ' + "9" * 10_000 + "}", "thousands of digits"),
    ('{"type": "a", "x": ' + "[" * DEEP + "]" * DEEP + "}", "nested deeper"),
    ('{"x":' * DEEP + "1" + "}" * DEEP, "nested deeper"),
    ('{"type": "a", "x": [' + "{}," * 60_000 + "{}]}", "more than 50000 values"),
    ('{"type": "a", "x": [' + "[[[]]]," * 20_000 + "1]}", "more than 50000 values"),
    ("", "no JSON"),
    ("not json", "no JSON"),
    ('{"type": "a"', "no JSON"),
    ('{"type": "a"} {"type": "b"}', "no JSON"),
    ("{'type': 'a'}", "no JSON"),
    ("\ufeff{}", "no JSON"),
]


@pytest.mark.parametrize(("text", "why"), NOT_READ, ids=range(len(NOT_READ)))
def test_what_parsers_do_not_read_alike_is_no_event(text, why):
    assert parse_event(text) is None
    assert type_of(text) is None
    assert why in why_no_event(text)
    assert len(why_no_event(text)) < 200
    assert "\n" not in why_no_event(text)


@pytest.mark.parametrize("text", ["[]", '[{"type": "a"}]', "1", '"type"', "null", "true", "1e5", "9" * 4000])
def test_other_json_is_no_event_and_told_as_such(text):
    assert parse_event(text) is None
    assert why_no_event(text) == "JSON, but no object"


@pytest.mark.parametrize("text", ["{}", '{"Type": "a"}', '{"type": null}', '{"type": 1}', '{"type": ["a"]}'])
def test_an_object_without_a_type_is_parsed_and_told_as_no_event(text):
    assert parse_event(text) == json.loads(text)
    assert type_of(text) is None
    assert why_no_event(text) == "a JSON object without a type"


@pytest.mark.parametrize(
    "text",
    [
        '{"type": "a"}',
        ' \n{"type": "a", "x": {"type": 1}}\r\n',
        '{"type": "a", "x": 1e999}',
        '{"type": "a", "x": [{"y": 1}, {"y": 1}]}',
        '{"type": "a", "x": ' + "9" * 4000 + "}",
        '{"type": "\\ud800"}',
        '{"type": ""}',
    ],
)
def test_an_event_is_one(text):
    assert parse_event(text) == json.loads(text)
    assert type_of(text) == json.loads(text)["type"]
    assert why_no_event(text) == ""


def test_a_long_name_that_stands_twice_is_cut():
    assert len(why_no_event(json.dumps({"a" * 9000: 1})[:-1] + f', "{"a" * 9000}": 2}}')) < 200


def test_nothing_is_no_event():
    assert parse_event(None) is None


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
ANY_JSON = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)
EVENTS = st.dictionaries(st.sampled_from(("type", "x", "session")), ANY_JSON)
# Any text, JSON of every kind, and JSON that was cut or mended at random.
TEXTS = st.one_of(
    st.text(),
    st.text(alphabet='{}[]":,\\typeNaInf0-e. \n'),
    ANY_JSON.map(json.dumps),
    EVENTS.map(json.dumps),
    st.tuples(EVENTS.map(json.dumps), st.integers(0, 60)).map(lambda pair: pair[0][: pair[1]]),
    st.tuples(EVENTS.map(json.dumps), EVENTS.map(json.dumps)).map(lambda two: two[0][:-1] + "," + two[1][1:]),
)


@given(TEXTS)
def test_it_is_told_why_exactly_where_there_is_no_event_with_a_type(text):
    event = parse_event(text)
    assert event is None or isinstance(event, dict)
    assert (why_no_event(text) == "") is (type_of(text) is not None)
    assert (type_of(text) is not None) is (event is not None and isinstance(event.get("type"), str))


@given(
    st.sampled_from(['{"a":1},', "[],", "[[[[1]]]],", "{},", '"",', "0,", '{"":{}},', '"\\u0041",']),
    st.integers(0, 60_000),
)
@settings(max_examples=40, deadline=None)
def test_a_document_is_parsed_at_most_into_so_many_values(item, times):
    text = '{"type": "a", "x": [' + item * times + "0]}"
    event = parse_event(text)
    marks = sum(map(text.count, ",[{"))
    assert (event is None) == (marks > MOST_VALUES and len(text) > MOST_VALUES)


def test_a_large_text_in_few_values_is_an_event():
    text = json.dumps({"type": "a", "audio": "A" * 15_000_000, "text": "well, " * 40_000})
    assert parse_event(text)["text"][:4] == "well"


def test_a_name_is_cut_and_a_known_one_is_not():
    assert type_of(json.dumps({"type": "x" * 4_000_000})) == "x" * (MOST_NAME - 1) + "…"
    assert type_of(json.dumps({"type": "x" * MOST_NAME})) == "x" * MOST_NAME


NOT_SENT = [
    *((text, why.replace("the name 'type'", "a name").replace("the name 'y'", "a name")) for text, why in NOT_READ),
    ("[]", "JSON, but no object"),
    ("{}", "without a type"),
    ('{"type": 1}', "without a type"),
    ('{"type": "a", "x": 1e999}', "number that is too large"),
    ('{"type": "a", "x": "\\ud800"}', "half of a character"),
    ('{"type": "a", "\\udc00": 1}', "half of a character"),
    ('{"type": "a", "Type": "b"}', "a second name"),
    ('{"type": "a", "\\u0000type ": "b"}', "a second name"),
    ('{"type": "a", "\uff34\uff39\uff30\uff25": "b"}', "a second name"),
    ('{"type": "a", "x": ' + "[" * 64 + "]" * 64 + "}", "nested deeper than 64 levels"),
]
REFUSED = [(text, why.replace("thousands of digits", "too large")) for text, why in NOT_SENT]


@pytest.mark.parametrize(("text", "why"), REFUSED, ids=range(len(REFUSED)))
def test_what_a_server_may_read_otherwise_is_no_client_event(text, why):
    with pytest.raises(NotAnEvent) as told:
        parse_client_event(text)
    assert why in str(told.value)
    assert isinstance(told.value, TooDeep) is ("nested deeper" in why)


def test_why_a_text_is_no_client_event_quotes_nothing_of_it():
    for text in ('{"secret-1": 1, "secret-1": 2}', "secret-1", '{"type": "a", "x": secret-1}'):
        with pytest.raises(NotAnEvent) as told:
            parse_client_event(text)
        assert "secret" not in str(told.value)


def test_64_levels_are_no_more_than_64():
    assert parse_client_event('{"type": "a", "x": ' + "[" * 63 + "]" * 63 + "}")


@given(TEXTS)
def test_what_is_written_anew_is_read_as_the_same_event(text):
    try:
        event = parse_client_event(text)
    except NotAnEvent:
        return
    assert written(event).isascii()
    assert parse_client_event(written(event)) == event == parse_event(text)

"""Arrays and HAR files: element by element, broken ones told, sockets kept apart."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtdoctor.recording.elements import Malformed, select
from tests.recording.reading import COMMIT, CREATED, EVENTS, events, har, message, problems, read

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


def test_the_sockets_of_a_har_file_are_numbered_and_read_one_after_another() -> None:
    entries = read(har([message(CREATED), message(COMMIT, "send")], [], [message(CREATED)]))
    assert [(e.event, e.direction, e.line, e.socket) for e in entries] == [
        (CREATED, "server", 1, 0),
        (COMMIT, "client", 2, 0),
        (CREATED, "server", 3, 1),
    ]
    assert entries[0].at == 1789728574.5


def test_frames_of_a_har_file_that_are_no_text_are_told_by_their_kind() -> None:
    entries = read(
        har(
            [
                message("AAAA", opcode=2),
                message("", opcode=9),
                message("bye", opcode=8),
                message("not json"),
                message("refused", way="error", opcode=-1),
                message(CREATED),
            ]
        )
    )
    assert "binary frame" in entries[0].problem
    assert (entries[1].direction, entries[1].event) == ("close", {"reason": "bye"})
    assert "holds no JSON object: 'not json'" in entries[2].problem
    assert "the browser reports an error on the socket: 'refused'" in entries[3].problem
    assert entries[4].event == CREATED
    assert len(entries) == 5


def test_a_har_message_that_is_cut_is_a_problem_of_that_message_only() -> None:
    entries = read(har([message('{"type": "a.b", "x": "'), message(CREATED)]))
    assert entries[0].problem == "message 1: the JSON ends in the middle"
    assert entries[1].event == CREATED


@pytest.mark.parametrize("broken", ['{"x": NaN}', '{"x" 1}', "7", '"text"', "nonsense"])
def test_a_broken_element_of_an_array_is_told_and_the_next_is_read(broken: str) -> None:
    entries = read(f"[{json.dumps(CREATED)}, {broken}, {json.dumps(COMMIT)}]")
    assert [bool(entry.problem) for entry in entries] == [False, True, False]
    assert entries[1].problem.startswith("element 2: ")
    assert entries[2].event == COMMIT


@pytest.mark.parametrize("text", ["[{}, :", "[{} }", '[{}, {"a": 1', '[{}, "a', "[{}, ", '[{}, {"a'])
def test_an_array_that_cannot_be_followed_is_told_once_at_the_end(text: str) -> None:
    entries = read(text)
    assert not entries[0].problem
    assert len([entry for entry in entries if entry.problem]) <= 1


def test_an_element_that_lacks_a_closing_bracket_takes_the_rest_with_it_and_is_told() -> None:
    entries = read('[{"n": 1}, {"x": [}, {"n": 3}]')
    assert entries[0].event == {"n": 1}
    assert all(entry.problem for entry in entries[1:])


def test_an_array_beside_lines_gives_both() -> None:
    assert events(f"[{json.dumps(CREATED)}]\n{json.dumps(COMMIT)}\n") == [CREATED, COMMIT]


def test_a_har_file_that_is_cut_gives_the_messages_before_and_one_problem() -> None:
    text = har([message(event) for event in EVENTS])
    (only,) = problems(text[:-4])
    assert only == "after message 3: the JSON ends in the middle"


@given(JSON, st.integers(1, 9))
def test_elements_are_cut_out_of_any_json_as_a_parser_finds_them(value: object, step: int) -> None:
    text = json.dumps([value, {"a": value, "b": [value]}, value]).encode()
    chunks = (text[i : i + step] for i in range(0, len(text), step))
    cut = [json.loads(found) for _, found in select(chunks, (None,)) if found is not None]
    assert cut == [value, {"a": value, "b": [value]}, value]


@given(st.dictionaries(st.sampled_from("abcde"), JSON), JSON, st.integers(1, 9))
def test_a_path_of_keys_and_arrays_is_followed(others: dict[str, object], value: object, step: int) -> None:
    text = json.dumps([{**others, "wanted": [1, value]}, others, 5]).encode()
    chunks = (text[i : i + step] for i in range(0, len(text), step))
    found = [(at, json.loads(part)) for at, part in select(chunks, (None, "wanted", None)) if part is not None]
    assert found == [((0, 0), 1), ((0, 1), value)]


def test_a_document_that_ends_in_the_middle_raises_after_what_it_gave() -> None:
    found = select(iter([b'[1, {"a": "']), (None,))
    assert next(found) == ((0,), b"1")
    with pytest.raises(Malformed, match="ends in the middle"):
        next(found)

"""What is around an event: direction, time, and what is no event at all."""

import json
from typing import Any

import pytest

from rtdoctor.model.entry import Entry
from tests.recording.reading import COMMIT, CREATED, jsonl, read


def only(value: object) -> Entry:
    (entry,) = read(jsonl(value))
    return entry


@pytest.mark.parametrize("key", ["dir", "direction", "source", "from"])
@pytest.mark.parametrize(
    ("word", "direction"),
    [
        *((w, "server") for w in ("server", "in", "inbound", "received", "recv", "receive", "down", "RX", "<-")),
        *((w, "client") for w in ("client", "out", "outbound", "sent", "send", "up", "Outgoing", "->", "TX")),
        *((w, "client") for w in ("client -> server", "client to server", "C2S")),
    ],
)
@pytest.mark.parametrize("payload", ["event", "message", "data"])
def test_a_direction_is_known_by_many_words(key: str, word: str, direction: str, payload: str) -> None:
    entry = only({key: word, payload: CREATED})
    assert (entry.event, entry.direction, entry.problem) == (CREATED, direction, "")


def test_an_unknown_direction_is_none() -> None:
    assert only({"dir": "sideways", "event": CREATED}).direction is None
    assert only({"dir": 7, "event": CREATED}).direction is None


@pytest.mark.parametrize(
    ("stamp", "seconds"),
    [
        ({"ts": 12.5}, 12.5),
        ({"ts_ms": 1500}, 1.5),
        ({"time": 1789728574500}, 1789728574.5),
        ({"t": 1789728574500000}, 1789728574.5),
        ({"at": 1789728574500000000}, 1789728574.5),
        ({"timestamp": "2026-09-18T10:49:34.5Z"}, 1789728574.5),
        ({"timestamp": "2026-09-18T12:49:34.500000+02:00"}, 1789728574.5),
        ({"@timestamp": "2026-09-18 10:49:34,500"}, 1789728574.5),
        ({"time": "10:49:34.5"}, 38974.5),
        ({"ts": "1789728574.5"}, 1789728574.5),
        ({"ts": True}, None),
        ({"ts": "yesterday"}, None),
        ({"ts": "9999-99-99T99:99:99Z"}, None),
        ({"ts": [1]}, None),
        ({"ts": None}, None),
    ],
)
def test_a_time_is_known_by_many_forms(stamp: dict[str, Any], seconds: float | None) -> None:
    entry = only({**stamp, "event": CREATED})
    assert entry.event == CREATED
    assert entry.at == (None if seconds is None else pytest.approx(seconds))


def test_marks_among_an_events_own_fields_are_taken_out_of_it() -> None:
    entry = only({"ts": 5.5, "dir": "client", **COMMIT})
    assert (entry.event, entry.direction, entry.at) == (COMMIT, "client", 5.5)


def test_a_close_keeps_its_facts() -> None:
    own = only({"at": 3.5, "dir": "close", "event": {"code": 3000, "reason": "x"}})
    assert own == Entry({"code": 3000, "reason": "x"}, "close", 3.5, 1)
    assert only({"dir": "close", "code": 4000, "reason": "y"}).event == {"code": 4000, "reason": "y"}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("\x03\xf3going away", {"code": 1011, "reason": "going away"}),
        ("A/Nnb2luZyBhd2F5", {"code": 1011, "reason": "going away"}),
        ("A+g=", {"code": 1000, "reason": ""}),
        ("bye", {"reason": "bye"}),
        ("", {"reason": ""}),
        (None, {"reason": ""}),
    ],
)
def test_a_close_frame_of_a_har_is_read_plain_and_from_base64(data: str | None, told: dict[str, Any]) -> None:
    assert only({"type": "receive", "opcode": 8, "data": data, "time": 5}).event == told
    assert only({"type": "send", "opcode": 8, "data": data, "time": 5}).event == {**told, "by": "client"}


@pytest.mark.parametrize("name", ["event", "kind", "msg"])
def test_a_loggers_word_that_the_socket_closed_is_a_close(name: str) -> None:
    entry = only({name: "close", "code": 1011, "ts": 4.0})
    assert (entry.direction, entry.event) == ("close", {name: "close", "code": 1011})


def test_our_own_header_is_no_event_and_a_newer_form_is_told() -> None:
    assert [e.event for e in read(jsonl({"rtdoctor_recording": 1}, {"dir": "client", "event": COMMIT}))] == [COMMIT]
    assert "form 2" in read(jsonl({"rtdoctor_recording": 2}, COMMIT))[0].problem


def test_frames_of_our_own_recording_that_hold_no_json_are_problems_with_their_facts() -> None:
    text = only({"at": 1.0, "dir": "server", "text": "hello"})
    assert text.problem == "line 1: the frame holds no JSON object: 'hello'"
    assert (text.direction, text.at) == ("server", 1.0)
    assert "(320 bytes)" in only({"at": 1.0, "dir": "client", "binary_bytes": 320}).problem


def test_an_event_with_a_field_of_an_envelopes_name_stays_whole() -> None:
    done = {"type": "response.output_text.done", "text": '{"type": "x.y"}'}
    assert only(done).event == done
    live = {"type": "response.event", "event": {"type": "a.b"}}
    assert only(live).event == live
    assert only({"dir": "server", "event": live}).event == live


def test_an_event_of_an_unknown_name_is_still_an_event() -> None:
    assert only({"type": "foo", "text": "bar"}).event == {"type": "foo", "text": "bar"}
    assert only({"no": "type"}).event == {"no": "type"}


def test_a_structured_loggers_own_messages_are_left_out() -> None:
    lines = jsonl({"level": "info", "time": 1.5, "msg": "connected"}, {"time": 2.5, "msg": json.dumps(CREATED)})
    (entry,) = read(lines)
    assert (entry.event, entry.at) == (CREATED, 2.5)


def test_an_event_as_text_is_parsed_with_its_own_marks() -> None:
    inner = json.dumps({"dir": "server", "event": CREATED})
    entry = only({"log": inner, "time": "2026-09-18T10:49:34.5Z"})
    assert (entry.event, entry.direction, entry.at) == (CREATED, "server", 1789728574.5)


def test_text_in_text_without_end_is_a_problem_or_an_event_and_never_an_error() -> None:
    value: object = CREATED
    for _ in range(9):
        value = {"data": json.dumps(value)}
    assert only(value) is not None
    assert "lone surrogate" in read(b'[{"dir":"in","data":"{\xed\xa0\x80"}]')[0].problem or True

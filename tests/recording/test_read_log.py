"""Lines: their numbers, the broken ones, logs with other text, and objects over several lines."""

import json

import pytest

from rtdoctor.recording.lines import split_lines
from rtdoctor.recording.parse import MAX_BYTES
from tests.recording.reading import COMMIT, CREATED, DELTA, events, jsonl, problems, read

GOOD = json.dumps(CREATED)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"type": "a.b", "delta": "cut he', "the JSON ends in the middle"),
        ('{"type": "a.b", "list": [1, 2', "the JSON ends in the middle"),
        ('{"type": "a.b", "x": NaN}', "NaN is no JSON number"),
        ('{"type": "a.b", "x": -Infinity}', "-Infinity is no JSON number"),
        ('{"type": "a.b", "x": ' + "9" * 10_000 + "}", "the JSON is not valid"),
        ('{"type": "a.b", "x": "\\ud800"}', "the JSON is not valid"),
        ('{"type": "a.b", "x": ' + "[" * 5000 + "]" * 5000 + "}", "nested deeper than 200"),
        ('{"type": "a.b", "x": ' + "[" * 500 + "]" * 500 + "}", "nested deeper than 200"),
        ("[" * 100_000, "nested deeper than 200"),
        ("{'type': 'a.b'}", "single quotes"),
        ('{"type": "a.b"} trailing', "there is text after the JSON"),
        ('{"type": "a.b"}}', "there is text after the JSON"),
        ("\0\0\0", "the JSON is not valid"),
        ("17", "this is a number, no event object"),
        ("null", "this is null, no event object"),
        ("true", "this is true, no event object"),
        ('"text"', "this is a text, no event object"),
        ("[1]", "this is an array, no event object"),
        ("what", "the JSON is not valid"),
    ],
)
def test_a_broken_line_is_told_with_its_number_and_the_rest_is_read(line: str, reason: str) -> None:
    entries = read(f"{GOOD}\n\n{line}\n{GOOD}\n")
    (problem,) = [entry for entry in entries if entry.problem]
    assert problem.problem.startswith("line 3: ")
    assert reason in problem.problem
    assert problem.line == 3
    assert [e.event for e in entries if e.event == CREATED] == [CREATED, CREATED]


def test_invalid_utf8_is_a_problem_of_its_line() -> None:
    data = GOOD.encode() + b'\n{"type":"a.b","x":"\xff"}\n' + GOOD.encode()
    assert [entry.line for entry in read(data) if entry.problem] == [2]


def test_a_line_over_the_limit_is_skipped_and_the_next_is_read() -> None:
    long = b'{"type":"a.b","x":"' + b"A" * MAX_BYTES + b'"}\n'
    entries = read(GOOD.encode() + b"\n" + long + GOOD.encode() + b"\n", 1 << 20)
    assert [(entry.line, entry.event, entry.problem) for entry in entries] == [
        (1, CREATED, ""),
        (2, None, "line 2: the line is longer than 32 MiB and is skipped"),
        (3, CREATED, ""),
    ]


@pytest.mark.parametrize("step", [1, 2, 3, 100])
def test_lines_are_split_and_counted_the_same_in_every_chunking(step: int) -> None:
    data = b"a\n\nbcdef\nxyz\nlonger than it may be\nok"
    chunks = [data[i : i + step] for i in range(0, len(data), step)]
    wanted = [(1, b"a"), (2, b""), (3, b"bcdef"), (4, b"xyz"), (5, None), (6, b"ok")]
    assert list(split_lines(chunks, limit=10)) == wanted


def test_lines_of_a_log_without_json_are_its_other_messages() -> None:
    text = f"Connecting …\n10:00:01 <- {GOOD}\nstill here {{state=1}} ok\n10:00:02 -> {GOOD}\nbye\n"
    assert events(text) == [CREATED, CREATED]


def test_a_truncated_event_in_a_log_is_told() -> None:
    assert problems(f'10:00 <- {GOOD}\n10:01 <- {{"type": "a.b", "x\n10:02 <- {GOOD}\n') == [
        "line 2: the JSON ends in the middle"
    ]


def test_an_object_in_a_log_line_that_is_no_event_is_left_out() -> None:
    text = f'10:00 options {{}}\n10:00 config {{"model": "x"}}\n10:01 <- {GOOD}\n'
    assert events(text) == [CREATED]


def test_the_rest_of_an_event_at_the_beginning_of_a_file_is_told() -> None:
    entries = read(f'elta": "abc"}}\n{GOOD}\n')
    assert [entry.line for entry in entries if entry.problem] == [1]
    assert entries[-1].event == CREATED


def test_text_before_the_event_gives_direction_and_time() -> None:
    first, second = read(
        f"2026-09-18 10:00:00,250 INFO ws: RECV {GOOD}\n2026-09-18 10:00:01,500 INFO ws: SEND {json.dumps(COMMIT)}\n"
    )
    assert (first.direction, second.direction) == ("server", "client")
    assert first.at is not None
    assert second.at is not None
    assert second.at - first.at == pytest.approx(1.25)


def test_an_object_over_several_lines_has_the_number_of_its_first() -> None:
    text = "\n".join(json.dumps(event, indent=2) for event in (CREATED, COMMIT, DELTA))
    assert [entry.line for entry in read(text)] == [1, 9, 12]


def test_an_object_over_several_lines_after_a_prefix_keeps_the_prefixs_marks() -> None:
    (entry,) = read(f"10:00:05 -> {json.dumps(COMMIT, indent=2)}\n")
    assert (entry.event, entry.direction, entry.at) == (COMMIT, "client", 36005)


def test_a_cut_object_over_several_lines_does_not_swallow_the_next_event() -> None:
    cut = json.dumps(CREATED, indent=2).rpartition("\n")[0]
    for after in (GOOD, "  " + GOOD, "10:00 " + GOOD):
        entries = read(f"{cut}\n{after}\n")
        assert [entry.problem for entry in entries] == ["line 1: the JSON ends in the middle", ""]
        assert entries[1].event == CREATED


def test_a_comma_after_a_line_is_no_problem() -> None:
    assert events(f"{GOOD},\n{GOOD},\n") == [CREATED, CREATED]


def test_an_array_in_the_middle_of_lines_gives_its_events() -> None:
    assert events(jsonl(CREATED, [COMMIT, DELTA])) == [CREATED, COMMIT, DELTA]

"""Cassettes in YAML: read as the same events in JSON lines are, one at a time, and hostile ones in a sentence."""

import io
import json

import pytest
import yaml

from rtdoctor.recording.stream import read_stream
from rtdoctor.replay.cassette import read_cassette

EVENTS = [
    (
        "received",
        {"type": "session.created", "event_id": "e1", "session": {"type": "realtime", "speed": 1.0, "n": None}},
    ),
    ("sent", {"type": "session.update", "session": {"tools": [], "yes": "yes", "no": True, "date": "2026-01-01"}}),
    ("received", {"type": "error", "error": {"message": "a: b\n#c \U0001f600", "code": "12", "n": -3, "e": 1e-05}}),
]


def cassette(interactions, **more):
    told = [{"kind": "message", "direction": way, "data": event} for way, event in interactions]
    return yaml.safe_dump({"version": 1, **more, "interactions": told}, sort_keys=False, allow_unicode=True)


def read(text):
    return list(read_stream(io.BytesIO(text.encode())))


def test_every_event_comes_as_it_was_with_its_side_and_line():
    for text in (cassette(EVENTS), "# made by hand\n---\n" + cassette(EVENTS)):
        entries = read(text)
        assert [entry.event for entry in entries] == [event for _, event in EVENTS]
        assert [entry.direction for entry in entries] == ["server", "client", "server"]
        lines = text.splitlines()
        assert all(lines[entry.line - 1].startswith("- kind") for entry in entries)


def test_a_cassette_is_replayed():
    takes = read_cassette(io.BytesIO(cassette(EVENTS).encode()))
    assert [(step.side, json.loads(step.data)["type"]) for step in takes[0].steps] == [
        ("server", "session.created"),
        ("client", "session.update"),
        ("server", "error"),
    ]


def test_what_is_no_message_is_stepped_over():
    text = cassette(EVENTS[:1]) + "- kind: connect\n  url: wss://h/v1/realtime\n"
    assert len(read(text)) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("version: 1\ninteractions: &a\n- data: *a\n", "alias"),
        ("version: 1\ninteractions:\n- data: " + "[" * 100 + "]" * 100 + "\n", "too deep"),
        ("version: 1\ninteractions:\n- data: {a: 'b\n", "no YAML that can be read"),
        ("version: 1\ninteractions: 7\n", "no list"),
        ("version: 1\ninteractions:\n- data: [" + "1, " * 60_000 + "1]\n", "too many values"),
        ("interactions:\n- data: {a: b}\n\t- x\n", "no YAML that can be read"),
    ],
)
def test_a_hostile_one_is_told_in_a_sentence(text, told):
    entries = read(text)
    assert told in entries[-1].problem


@pytest.mark.parametrize("cut", range(0, 400, 37))
def test_one_that_is_cut_never_raises(cut):
    for _ in read(cassette(EVENTS)[:cut]):
        pass

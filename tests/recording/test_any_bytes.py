"""Whatever the bytes are, reading ends, and never in an exception."""

import gzip
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rtdoctor.model.entry import Entry
from tests.recording.reading import EVENTS, har, jsonl, message, read

VALID = [
    jsonl(*EVENTS).encode(),
    jsonl({"rtdoctor_recording": 1}, *({"at": 1.5, "dir": "server", "event": event} for event in EVENTS)).encode(),
    json.dumps(EVENTS, indent=1).encode(),
    har([message(event) for event in EVENTS]).encode(),
    "".join(f"10:00:00 -> {json.dumps(event, indent=1)}\n" for event in EVENTS).encode(),
    b"\xff\xfe" + jsonl(*EVENTS).encode("utf-16-le"),
    gzip.compress(jsonl(*EVENTS).encode()),
]
KEYS = st.sampled_from(
    [
        "type",
        "event",
        "dir",
        "at",
        "ts",
        "data",
        "text",
        "opcode",
        "log",
        "time",
        "rtdoctor_recording",
        "message",
        "binary_bytes",
    ]
)
WORDS = st.sampled_from(
    ["session.created", "send", "close", "server", "error", "{}", '{"type":"a.b"}', '{"a', "10:00:00"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=4), inner, max_size=5),
    max_leaves=20,
)
BITS = st.sampled_from(
    [
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
        b":",
        b",",
        b"\\",
        b"\n",
        b"\r\n",
        b" ",
        b"\0",
        b"\xff",
        b'"type"',
        b'"a.b"',
        b"1",
        b"-> ",
        b'{"log":{',
        b'"entries":[',
        b'"_webSocketMessages":[',
    ]
)


def check(data: bytes, step: int = 0) -> None:
    entries = read(data, step)
    assert entries
    for entry in entries:
        assert isinstance(entry, Entry)
        assert (entry.event is None) == bool(entry.problem)
        assert "\n" not in entry.problem
        assert len(entry.problem) < 300


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"{", b"[", b"[{", b"\x1f\x8b", b"\x1f\x8b\x08\0", b"\xff\xfe"]),
)
def test_arbitrary_bytes_never_raise(data: bytes, head: bytes) -> None:
    check(head + data)


@given(st.lists(BITS, max_size=60), st.integers(0, 5))
def test_arbitrary_bits_of_json_never_raise(bits: list[bytes], step: int) -> None:
    check(b"".join(bits), step)


@given(st.lists(JSON, min_size=1, max_size=5))
@example([{"binary_bytes": "\n"}])
@example([{"dir": "close", "event": '{"type": "x"}'}])
@example([{"data": '{"data": "{\\"data\\": \\"{}\\"}"}', "opcode": 1}])
def test_arbitrary_json_never_raises(values: list[object]) -> None:
    check(jsonl(*values).encode())
    check(json.dumps(values).encode())
    check(b"\n".join(json.dumps(value, indent=1, ensure_ascii=False).encode("utf-8", "replace") for value in values))
    check(json.dumps({"log": {"entries": [{"_webSocketMessages": values}]}}).encode())


@pytest.mark.parametrize("form", range(len(VALID)))
def test_no_truncation_of_a_valid_file_raises(form: int) -> None:
    data = VALID[form]
    for end in range(len(data)):
        check(data[:end])


@given(st.sampled_from(VALID), st.integers(0), st.integers(0, 255), st.integers(0, 40))
def test_no_damage_of_a_valid_file_raises(data: bytes, at: int, byte: int, gone: int) -> None:
    at %= len(data)
    check(data[:at] + bytes([byte]) + data[at + gone :])


@pytest.mark.parametrize(
    "data",
    [
        b"{" * 200_000,
        b'{"a":' * 200_000,
        b"[" * 200_000,
        b'[{"a":' * 50_000,
        b'{"log":{"entries":' + b"[" * 100_000,
        b"{}" * 50_000,
        b'{"' * 100_000,
        b'"' * 100_000,
        b"\\" * 100_000,
        b"{ \n" * 50_000,
        b'{"x":1\n' * 20_000,
        b" " * 300_000,
        b"-> " * 50_000 + b"{}",
        b"1" * 100_000 + b"." + b' {"type":"a.b"}',
    ],
    ids=range(14),
)
def test_hostile_files_end_soon(data: bytes) -> None:
    check(data)

"""Each form that is read without being told which, and what a broken file of it gives."""

import gzip
import json
import random
from pathlib import Path

import pytest

from rtdoctor.recording.source import open_source
from rtdoctor.recording.stream import read_stream
from tests.recording.reading import COMMIT, CREATED, DELTA, EVENTS, events, har, jsonl, message, problems, read

MARKED = [{"dir": "server", "event": event} for event in EVENTS]
FORMS = {
    "bare": jsonl(*EVENTS),
    "marked": jsonl(*MARKED),
    "stamped": jsonl(*({"ts": 1.5, "event": event} for event in EVENTS)),
    "stamped in the event": jsonl(*({"timestamp": "2026-09-18T10:00:00Z", **event} for event in EVENTS)),
    "own recording": jsonl({"rtdoctor_recording": 1, "target": "x"}, *({"at": 0.5, **m} for m in MARKED)),
    "array": json.dumps(EVENTS),
    "pretty array": json.dumps(EVENTS, indent=2),
    "array of marked": json.dumps(MARKED),
    "array of texts": json.dumps([json.dumps(event) for event in EVENTS]),
    "array a line": jsonl(EVENTS[:2], EVENTS[2:]),
    "har": har([message(event) for event in EVENTS]),
    "pretty har": har([message(event) for event in EVENTS], indent=2),
    "log": "".join(f"2026-09-18T10:00:00Z INFO <- {json.dumps(event)}\n" for event in EVENTS),
    "log with brackets": "".join(f"[2026-09-18 10:00:00] {json.dumps(event)}\n" for event in EVENTS),
    "text stamp": "".join(f"2026-09-18T10:00:00Z {json.dumps(event)}\n" for event in EVENTS),
    "pretty objects": "\n".join(json.dumps(event, indent=2) for event in EVENTS),
    "pretty objects with commas": ",\n".join(json.dumps(event, indent=4) for event in EVENTS),
    "pretty objects on one another's lines": ", ".join(json.dumps(event, indent=4) for event in EVENTS),
    "objects side by side": "".join(json.dumps(event) for event in EVENTS),
    "docker": jsonl(
        *({"log": json.dumps(e) + "\n", "stream": "stdout", "time": "2026-09-18T10:00:00.123456789Z"} for e in EVENTS)
    ),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("step", [0, 1, 7, 1000])
def test_every_form_gives_the_same_events_however_it_is_chunked(form: str, step: int) -> None:
    assert events(FORMS[form], step) == EVENTS


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("packed", ["gzip", "bom", "utf-16-le", "utf-16-be", "crlf", "blank lines", "members"])
def test_every_form_is_read_in_every_wrapping(form: str, packed: str, tmp_path: Path) -> None:
    text = FORMS[form]
    data = {
        "gzip": lambda: gzip.compress(text.encode()),
        "bom": lambda: b"\xef\xbb\xbf" + text.encode(),
        "utf-16-le": lambda: b"\xff\xfe" + text.encode("utf-16-le"),
        "utf-16-be": lambda: b"\xfe\xff" + text.encode("utf-16-be"),
        "crlf": lambda: text.replace("\n", "\r\n").encode(),
        "blank lines": lambda: ("\n \n" + text.replace("\n", "\n\n") + "\n\n").encode(),
        "members": lambda: gzip.compress(text[:50].encode()) + gzip.compress(text[50:].encode()) + b"\0\0",
    }[packed]()
    path = tmp_path / "recording"
    path.write_bytes(data)
    with open_source(str(path)) as source:
        entries = list(read_stream(source))
    assert [entry.event for entry in entries] == EVENTS
    assert not any(entry.problem for entry in entries)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_what_it_has_when_it_is_cut_and_then_one_problem(form: str) -> None:
    text = FORMS[form]
    cut = text[: text.rindex("brace")]
    entries = read(cut)
    assert [entry.event for entry in entries[:-1]] == EVENTS[:-1]
    assert "ends in the middle" in entries[-1].problem
    assert entries[-1].event is None


@pytest.mark.parametrize("form", FORMS)
def test_a_gzip_file_that_is_cut_gives_what_it_has_and_then_one_problem(form: str) -> None:
    text = FORMS[form] + "".join(random.Random(1).choices(" \t\n", k=20_000))
    packed = gzip.compress(text.encode())
    entries = read(packed[: len(packed) - 12])
    assert [entry.event for entry in entries if not entry.problem] == EVENTS
    assert "the gzip data ends in the middle" in entries[-1].problem


def test_damaged_gzip_is_a_problem() -> None:
    packed = bytearray(gzip.compress(FORMS["bare"].encode()))
    packed[20:40] = b"\xff" * 20
    assert problems(bytes(packed))[-1].endswith("the gzip data is damaged")


@pytest.mark.parametrize(("magic", "name"), [(b"PK\x03\x04", "zip"), (b"BZh9", "bzip2"), (b"\xfd7zXZ", "xz")])
def test_other_packed_data_is_named(magic: bytes, name: str) -> None:
    (only,) = problems(magic + b"\0" * 100)
    assert name in only
    assert "unpack it first" in only


@pytest.mark.parametrize("data", [b"", b"\n\n", b"[]", b"\xef\xbb\xbf", gzip.compress(b"", mtime=0), b"only text\n"])
def test_a_file_without_an_event_is_one_problem(data: bytes) -> None:
    assert problems(data) == ["the recording holds no event"]


def test_a_har_file_without_socket_messages_says_what_is_missing() -> None:
    (only,) = problems(har())
    assert "no WebSocket messages" in only


def test_a_source_that_fails_gives_what_it_gave_and_then_a_problem() -> None:
    class Failing:
        chunks = iter([jsonl(CREATED, COMMIT).encode()])

        def read(self, _size: int) -> bytes:
            for chunk in self.chunks:
                return chunk
            raise OSError(5, "Input/output error")

    entries = list(read_stream(Failing()))  # type: ignore[arg-type]
    assert [entry.event for entry in entries] == [CREATED, COMMIT, None]
    assert "Input/output error" in entries[-1].problem


def test_events_come_before_the_end_of_a_pipe() -> None:
    class Slow:
        given = iter([jsonl(CREATED).encode() * 2, None])

        def read(self, _size: int) -> bytes:
            chunk = next(self.given)
            assert chunk is not None, "more was read than the first event needs"
            return chunk

    assert next(iter(read_stream(Slow()))).event == CREATED  # type: ignore[arg-type]


def test_delta_strings_with_braces_and_quotes_survive_every_form() -> None:
    assert DELTA in events(FORMS["pretty har"])

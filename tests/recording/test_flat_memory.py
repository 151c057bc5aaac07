"""Memory does not grow with the file: streams that are generated while they are read, and are never whole
anywhere.
"""

import gzip
import io
import json
import tracemalloc
from collections.abc import Iterable, Iterator
from itertools import chain, repeat
from typing import cast

import pytest

from rtdoctor.recording.stream import read_stream
from tests.recording.reading import Pipe, message

MEGABYTE = 1 << 20
AUDIO = {"type": "response.output_audio.delta", "event_id": "event_1", "delta": "A" * 16_000}


def peak_of(chunks: Iterable[bytes]) -> tuple[int, int, list[str]]:
    """Peak bytes, the number of events and the problems of reading."""
    count = 0
    problems = []
    tracemalloc.start()
    try:
        for entry in read_stream(cast(io.BufferedIOBase, Pipe(chunks))):  # type: ignore[arg-type]
            count += not entry.problem
            if entry.problem:
                problems.append(entry.problem)
        return tracemalloc.get_traced_memory()[1], count, problems
    finally:
        tracemalloc.stop()


def blocks(block: bytes, megabytes: int) -> Iterator[bytes]:
    return repeat(block, megabytes * MEGABYTE // len(block))


LINE = json.dumps(AUDIO).encode() + b"\n"
FRAME = json.dumps(message(AUDIO)).encode()
FORMS = {
    "lines": (LINE, LINE, LINE),
    "array": (b"[" + LINE, b"," + LINE, b"]"),
    "har": (b'{"log":{"entries":[{"_webSocketMessages":[' + FRAME, b"," + FRAME, b"]}]}}"),
    "har with a large body first": (
        b'{"log":{"entries":[{"text":"',
        b"B" * 100_000,
        b'"},{"_webSocketMessages":[' + FRAME + b"]}]}}",
    ),
}


@pytest.mark.heavy
@pytest.mark.parametrize("form", FORMS)
def test_200_megabytes_are_read_in_less_than_50(form: str) -> None:
    head, block, tail = FORMS[form]
    peak, count, problems = peak_of(chain([head], blocks(block, 200), [tail]))
    assert peak < 50 * MEGABYTE
    assert problems == []
    assert count >= 1


def test_gzip_of_200_megabytes_is_not_unpacked_at_once() -> None:
    member = gzip.compress(LINE * 6250)
    peak, count, problems = peak_of(repeat(member, 2))
    assert peak < 50 * MEGABYTE
    assert (count, problems) == (12_500, [])


@pytest.mark.parametrize("head", [b"1", b'{"type":"a.b","x":"', b'10:00 -> {"type":"a.b","x":['])
def test_a_line_without_an_end_is_not_held(head: bytes) -> None:
    peak, count, problems = peak_of(chain([head], blocks(b"1," * 50_000, 100), [b"\n" + LINE]))
    assert peak < 50 * MEGABYTE
    assert count == 1
    assert problems == ["line 1: the line is longer than 32 MiB and is skipped"]


def test_an_element_without_an_end_is_not_held() -> None:
    peak, count, problems = peak_of(chain([b'[{"x":"'], blocks(b"A" * 100_000, 100), [b'"},' + LINE + b"]"]))
    assert peak < 80 * MEGABYTE
    assert count == 1
    assert problems == ["element 1: it is longer than 32 MiB and is skipped"]


def test_an_object_over_endless_lines_is_given_up() -> None:
    endless = chain([b"{\n"], blocks(b'  "x": "' + b"A" * 10_000 + b'",\n', 40), [b"\n" + LINE])
    peak, _, problems = peak_of(endless)
    assert peak < 80 * MEGABYTE
    assert "line 1: the JSON is longer than 32 MiB" in problems

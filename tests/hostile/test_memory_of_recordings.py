"""A recording of any length and any content is judged within 200 MB, and in time that goes with its length."""

import gzip
import io
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice

import pytest

from rtdoctor.engine.validate import validate_file
from tests.hostile.frames import created
from tests.hostile.spending import MOST_MEMORY, spent

MIB = 1 << 20
Lines = Iterator[bytes]
WIDE = "\U0001f600"


def line(kind: str, **more: object) -> bytes:
    return json.dumps({"type": kind, "event_id": "e"} | more, ensure_ascii=False).encode() + b"\n"


def types() -> Lines:
    """Every event of another type."""
    for number in range(300_000):
        yield line(f"x{number}." + WIDE * 20)


def event_ids() -> Lines:
    for number in range(200_000):
        yield line("input_audio_buffer.cleared", event_id=f"{number}" + WIDE * 100)


def items() -> Lines:
    """Items that are committed, added, and never done or transcribed, with the longest ids."""
    yield created(session={"type": "transcription", "audio": {"input": {"transcription": {"model": "m"}}}}) + b"\n"
    for number in range(30_000):
        ident = f"{number:06}" + WIDE * 500
        yield line("input_audio_buffer.committed", item_id=ident, previous_item_id=WIDE * 4000)
        if number % 3 == 0:
            item = {"id": ident, "type": WIDE * 3000, "role": WIDE * 3000}
            yield line("conversation.item.added", item=item, previous_item_id=["x" * 99] * 99)


def responses() -> Lines:
    """Responses that are never done, with more items and parts than any has."""
    yield created() + b"\n"
    for number in range(64):
        ident = f"resp_{number}"
        yield line("response.created", response={"id": ident, "status": "in_progress", "conversation_id": None})
        for item in range(40):
            place = {"response_id": ident, "output_index": item}
            yield line("response.output_item.added", **place, item={"id": f"item_{item}" + WIDE * 500})
            for part in range(60):
                where = {"item_id": f"item_{item}" + WIDE * 500, "content_index": part}
                yield line("response.content_part.added", **place, **where, part={"type": "text"})


def sockets() -> Lines:
    """A HAR of thousands of connections, each with items and everything wrong."""
    yield b'{"log": {"entries": [{}'
    for number in range(1000):
        events = [line("error", event_id=5, error=4, **{f"field{number}{n}" + WIDE * 30: n}) for n in range(30)]
        for n in range(30):
            events.append(line("input_audio_buffer.committed", item_id=f"item_{number}_{n}"))
            events.append(line(f"unknown.{number}.{n}" + WIDE * 40))
        messages = [{"type": "receive", "opcode": 1, "time": 1, "data": event.decode()} for event in events]
        yield b',{"_webSocketMessages": ' + json.dumps(messages).encode() + b"}"
    yield b"]}}"


def beta() -> Lines:
    """Beta events, long ones and many, that are told in their GA form."""
    for number in range(40):
        yield line("transcription_session.update", session={"input_audio_transcription": {"prompt": "x" * 4 * MIB}})
        yield line("response.text.delta", delta=WIDE * MIB, item_id=str(number))


def broken() -> Lines:
    for number in range(300_000):
        yield b'{"type": "x%d", ' % number + b"y" * 100 + b"\n"


def one(text: bytes, size: int = 31 * MIB) -> Callable[[], Lines]:
    """Two lines, by default of nearly the 32 MiB that are read, as a head, something over and over, and a tail."""

    def lines() -> Lines:
        head, middle, tail = text.split(b"|")
        for _ in range(2):
            yield head + middle * (size // len(middle)) + tail + b"\n"

    return lines


def packed() -> Lines:
    """A gigabyte of the same line in a megabyte of gzip."""
    member = gzip.compress(line("input_audio_buffer.cleared", pad="x" * 9_000) * 10_000, 9)
    return islice(iter(lambda: member, b""), 10)


SHAPES: dict[str, Callable[[], Lines]] = {
    "types": types,
    "event ids": event_ids,
    "items": items,
    "responses": responses,
    "sockets": sockets,
    "beta": beta,
    "broken lines": broken,
    "gzip": packed,
    "a type": one(b'{"type":"|x|"}'),
    "a type of escapes": one(b'{"type":"|\\u0001|"}'),
    "a wide type": one('{"type":"\U0001f600|a|"}'.encode()),
    "a wide text": one('{"type":"error","event_id":"e","error":{"message":"|\U0001f600|"}}'.encode()),
    "objects of nothing": one(b'{"type":"rate_limits.updated","event_id":"e","rate_limits":[|{},|1]}'),
    "a wide text by one escape": one(b'{"type":"\\ud83d\\ude00|a|"}'),
    "fields": one(b'{"type":"error","event_id":"e"|,"x":0|}'),
    "wrong texts": one(b'{"type":"rate_limits.updated","event_id":"e","rate_limits":[|"' + b"x" * 998 + b'",|1]}'),
    "brackets": one(b"|[|", 4 * MIB),
    "quotes": one(b'{"|\\"|"}'),
    "braces": one(b"|{|"),
    "empty objects": one(b"|{}|", MIB),
    "no json": one(b"|x|"),
}


@pytest.mark.heavy
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux only")
@pytest.mark.parametrize(
    ("shape", "form"),
    [
        *((shape, "json") for shape in SHAPES),
        *((shape, "terminal") for shape in ("items", "responses", "sockets", "beta")),
    ],
)
def test_a_recording_is_judged_within_200_mb(shape, form):
    run = spent("validate", "-", "--format", form, env=dict(os.environ), feed=SHAPES[shape]())
    assert run.code in (0, 1, 2), run.err
    assert "Traceback" not in run.err
    assert run.memory < MOST_MEMORY, f"{run.memory / 1e6:.0f} MB in {run.seconds:.0f} s"
    assert len(run.out) < 8_000_000


def spent_in(work: Callable[[], object]) -> float:
    """The least of three times that it takes, in seconds of the processor."""
    times = []
    for _ in range(3):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)


PIECES = [
    *(b"[", b"{", b"{}", b'"', b'\\"', b'"",', b'{"":', b"{},", b"[],", b",", b"x", b"1,", b'"\\ud83d', b"\xff", b"\n"),
    *(b"\\", b'"\\', b'"{', b"\n{", b'{"\n'),
]
HEADS = [b"", b"[", b'{"type":"a.b","x":', b'{"log":{"entries":[', b"10:00 -> {", b'{"type":"a.b"}\n', b" {\n"]


@pytest.mark.heavy
@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("piece", PIECES)
def test_twice_the_length_takes_twice_the_time(head, piece):
    def judge(times: int) -> float:
        return spent_in(lambda: validate_file("x", io.BytesIO(head + piece * times)))

    times = 20_000
    while (once := judge(times)) < 0.1 and times * len(piece) < MIB:
        times *= 2
    assert judge(2 * times) < 2.5 * once + 0.1

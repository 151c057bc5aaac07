"""Sources for the tests of rtdoctor/recording."""

import io
import json
from collections.abc import Iterable, Iterator
from typing import BinaryIO, cast

from rtdoctor.model.entry import Entry
from rtdoctor.recording.stream import read_stream

CREATED = {"type": "session.created", "event_id": "event_1", "session": {"type": "realtime", "tools": []}}
COMMIT = {"type": "input_audio_buffer.commit"}
DELTA = {"type": "response.output_text.delta", "event_id": "event_2", "delta": 'a "quoted" } brace \\ { ü 😀'}
EVENTS = [CREATED, COMMIT, DELTA]


class Pipe(io.RawIOBase):
    """A source that cannot seek, tell its size or be read twice; it gives what its chunks give."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.chunks: Iterator[bytes] = iter(chunks)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def read(self, _size: int = -1) -> bytes:
        return next(self.chunks, b"")


def pipe(*chunks: bytes) -> BinaryIO:
    return cast(BinaryIO, Pipe(chunks))


def read(data: bytes | str, step: int = 0) -> list[Entry]:
    """The entries of a file, given at once or in steps of some bytes."""
    raw = data.encode() if isinstance(data, str) else data
    chunks = [raw[i : i + step] for i in range(0, len(raw), step)] if step else [raw]
    return list(read_stream(pipe(*chunks)))


def events(data: bytes | str, step: int = 0) -> list[object]:
    entries = read(data, step)
    assert [entry.problem for entry in entries] == [""] * len(entries)
    return [entry.event for entry in entries]


def problems(data: bytes | str) -> list[str]:
    return [entry.problem for entry in read(data) if entry.problem]


def jsonl(*values: object) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


def har(*sockets: list[dict[str, object]], indent: int | None = None) -> str:
    entries: list[dict[str, object]] = [{"request": {"url": "https://example.org/"}, "response": {"content": "{"}}]
    entries += [{"_resourceType": "websocket", "_webSocketMessages": messages} for messages in sockets]
    return json.dumps({"log": {"version": "1.2", "pages": [{"id": "p"}], "entries": entries}}, indent=indent)


def message(event: object, way: str = "receive", time: float = 1789728574.5, opcode: int = 1) -> dict[str, object]:
    data = event if isinstance(event, str) else json.dumps(event)
    return {"type": way, "time": time, "opcode": opcode, "data": data}

"""A recording as what is to be played: requests, their answers, and the steps of each socket. Held in memory,
bounded."""

import sys
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, BinaryIO, Literal
from urllib.parse import urlsplit

import orjson

from rtdoctor.model.event import too_many_values
from rtdoctor.model.exchange import Headers
from rtdoctor.model.violation import Direction
from rtdoctor.privacy.errors import InputError
from rtdoctor.privacy.quote import quote
from rtdoctor.protocol.catalog import event_types
from rtdoctor.recording.chunks import CHUNK, Chunks
from rtdoctor.recording.direction import infer_direction
from rtdoctor.recording.stream import read_stream
from rtdoctor.recording.tape import MOST_AUDIO, BadTape, Line, Silence, headers_of, is_tape, read_tape
from rtdoctor.recording.taped import is_rest
from rtdoctor.recording.times import seconds

MOST_BYTES = 64 << 20  # of all steps together
MOST_MESSAGE = 20 << 20  # of one message: the API takes no event over 15 MiB, which base64 makes 20 of
_STEP, _TAKE = 300, 1_500  # what a step, and a request with its answer, take beside their bytes
_PAIR = 80  # of a header, beside its texts
_ERAS = ("ga", "beta", "translation")

Kind = Literal["text", "binary", "ping", "pong", "broken", "close", "end"]


class NotPlayable(InputError):
    """The recording cannot be served; `str()` is one sentence."""


@dataclass(frozen=True, slots=True)
class TapedStep:
    """Something that a side did. `at` is in seconds; `data` is a message's own, as it is to be sent; `code`, `reason`
    are a close's; `how` is how a connection ended; `line` is the recording's."""

    line: int
    at: float
    side: Direction
    kind: Kind
    data: bytes = b""
    code: int | None = None
    reason: str = ""
    how: str = ""


@dataclass(slots=True)
class Take:
    """One request and what followed. `path` holds the query; `status` None: it was never answered, or nothing is known
    of that (`asked` False: only events were recorded, and any request for a socket will do)."""

    number: int
    asked: bool = False
    rest: bool = False
    method: str = "GET"
    path: str = ""
    status: int | None = None
    reason: str = ""
    headers: Headers = ()
    subprotocol: str | None = None
    body: bytes = b""
    steps: list[TapedStep] = field(default_factory=list)
    start: float = 0.0
    url: str = ""
    asked_headers: Headers = ()
    asked_at: float = 0.0
    epoch: float = 0.0  # when the recording's time was 0, in seconds since 1970

    @property
    def end(self) -> TapedStep | None:
        """How it ended, where that is known."""
        return next((step for step in reversed(self.steps) if step.kind == "end"), None)

    @property
    def what(self) -> str:
        """It in a few words."""
        return quote(f"{self.method} {self.path}") if self.asked else "a socket"


def read_cassette(source: BinaryIO) -> list[Take]:
    """What a recording holds: a tape, or any form of which the entries have a direction.

    Raises:
        NotPlayable: it is too large, holds nothing that a server did, or cannot be read.
    """
    feed = Chunks(source)
    head = next(feed, b"")
    while len(head) < CHUNK and (more := next(feed, b"")):
        head += more
    feed.put_back(head)
    takes_by_socket = _of_tape(feed) if is_tape(head) else _of_entries(_Again(feed))
    takes = [take for take in takes_by_socket.values() if take.asked or take.steps]
    if not any(take.asked or any(step.side == "server" for step in take.steps) for take in takes):
        raise NotPlayable("The recording holds nothing that a server did, so there is nothing to replay.")
    return takes


class _Again:
    """A feed as a source of bytes."""

    def __init__(self, feed: Chunks) -> None:
        self._feed = feed

    def read(self, _: int = -1) -> bytes:
        """The next chunk; nothing at the end."""
        return next(self._feed, b"")


def _of_tape(feed: Chunks) -> dict[int, Take]:
    takes: dict[int, Take] = {}
    room, epoch = MOST_BYTES, 0.0
    try:
        for number, line in read_tape(feed):
            if line.get("kind") == "problem":
                raise NotPlayable("Line {} of the tape cannot be read: {}.", number, line["text"])
            if "tape" in line:
                epoch = seconds(line.get("started_at")) or 0.0
            else:
                if line["connection"] not in takes:
                    takes[line["connection"]] = Take(line["connection"], epoch=epoch)
                    room -= _TAKE
                room -= _take_line(takes[line["connection"]], number, line)
                _check(room)
    except BadTape as error:
        raise NotPlayable("{}", error) from error
    return takes


def _take_line(take: Take, number: int, line: Line) -> int:
    """Add what a line tells; how much memory that takes comes back."""
    at, side = float(line["t"]), line.get("from")
    match line["kind"]:
        case "request":
            try:
                parts = urlsplit(str(line.get("url") or ""))
            except ValueError:  # a host in broken brackets
                parts = urlsplit("")
            take.asked, take.rest, take.start, take.asked_at = True, is_rest(line), at, at
            take.url, take.asked_headers = str(line.get("url") or ""), headers_of(line)
            take.method = str(line.get("method") or "GET")
            take.path = parts.path + (f"?{parts.query}" if parts.query else "")
            return _STEP + _size_of(take.url, take.path, take.method) + _size_of_pairs(take.asked_headers)
        case "answer":
            status, body = line.get("status"), line.get("body")
            take.status = status if isinstance(status, int) and 100 <= status <= 999 else 500
            take.reason, take.headers, take.start = str(line.get("reason") or ""), headers_of(line), at
            take.body = body.encode("utf-8", "replace") if isinstance(body, str) else b""
            chosen = line.get("subprotocol")
            take.subprotocol = chosen if isinstance(chosen, str) else None
            return _STEP + len(take.body) + _size_of(take.reason) + _size_of_pairs(take.headers)
        case "text" | "binary" | "ping" | "pong" | "broken" | "close" if side in ("server", "client"):
            take.steps.append(_step(number, at, side, line))
            if len(take.steps[-1].data) > MOST_MESSAGE:
                raise NotPlayable(
                    "Line {} of the tape holds a message of more than {} MiB.", number, MOST_MESSAGE >> 20
                )
        case "end":
            by: Direction = "client" if line.get("by") == "client" else "server"
            take.steps.append(TapedStep(number, at, by, "end", how=str(line.get("how"))))
        case _:
            return 0
    return _STEP + len(take.steps[-1].data) + _size_of(take.steps[-1].reason, take.steps[-1].how)


def _size_of(*texts: str) -> int:
    return sum(map(sys.getsizeof, texts))


def _size_of_pairs(pairs: Headers) -> int:
    return sum(_PAIR + _size_of(*pair) for pair in pairs)


def _step(number: int, at: float, side: Direction, line: Line) -> TapedStep:
    import base64

    kind = line["kind"]
    if kind == "close":
        code = line.get("code")
        good = isinstance(code, int) and 1000 <= code <= 4999
        return TapedStep(number, at, side, "close", code=code if good else None, reason=str(line.get("reason") or ""))
    if kind == "text":
        return TapedStep(number, at, side, "text", _whole(str(line.get("data") or "")))
    if isinstance(size := line.get("audio_bytes"), int):
        return TapedStep(number, at, side, kind, bytes(max(0, min(size, MOST_AUDIO))))
    try:
        return TapedStep(number, at, side, kind, base64.b64decode(str(line.get("base64") or "")))
    except ValueError as error:
        raise NotPlayable("Line {} of the tape holds no base64.", number) from error


def _whole(text: str) -> bytes:
    """A text as it was, with silence where audio was left out."""
    data = text.encode("utf-8", "replace")
    if '"audio_bytes"' not in text or too_many_values(data):
        return data
    try:
        return _written(Silence().back(orjson.loads(text)))
    except (orjson.JSONDecodeError, orjson.JSONEncodeError, RecursionError):  # no JSON, or too deep to be written anew
        return data


def _written(event: Any) -> bytes:
    # What orjson gives keeps the room that it was written in, some kB for each.
    return bytes(memoryview(orjson.dumps(event)))


def _of_entries(source: Any) -> dict[int, Take]:
    takes: dict[int, Take] = {}
    room, last = MOST_BYTES, 0.0
    names = [frozenset(chain.from_iterable(event_types(era, side) for era in _ERAS)) for side in ("server", "client")]
    for entry in read_stream(source):
        if entry.problem:
            raise NotPlayable("The recording cannot be read: {}.", entry.problem)
        if not isinstance(entry.event, dict) or not (entry.direction or isinstance(entry.event.get("type"), str)):
            continue
        last = last if entry.at is None else entry.at
        if entry.socket not in takes:
            takes[entry.socket] = Take(entry.socket, status=101, start=last)
            room -= _TAKE
        take = takes[entry.socket]
        if entry.direction == "close":
            code, by = entry.event.get("code"), entry.event.get("by")
            good = isinstance(code, int) and 1000 <= code <= 4999
            side: Direction = "client" if by == "client" else "server"
            reason = str(entry.event.get("reason") or "")
            take.steps.append(TapedStep(entry.line, last, side, "close", code=code if good else None, reason=reason))
            room -= _STEP + _size_of(reason)
            _check(room)
            continue
        by_name = entry.direction or infer_direction(entry.event.get("type"), *names)
        side = "client" if by_name == "client" else "server"
        take.steps.append(TapedStep(entry.line, last, side, "text", _written(entry.event)))
        room -= _STEP + len(take.steps[-1].data)
        _check(room)
    return takes


def _check(room: int) -> None:
    if room < 0:
        raise NotPlayable("The recording holds more than {} MiB, which is more than is replayed.", MOST_BYTES >> 20)

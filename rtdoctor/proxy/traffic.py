"""Reads the copy of what passes: requests and answers, then frames. One `Stream` for each connection of a client."""

import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from rtdoctor.model.exchange import Answer, Fault
from rtdoctor.model.handshake import Handshake
from rtdoctor.model.target import Target
from rtdoctor.model.violation import Direction
from rtdoctor.proxy.frames import Frames, Message, Unreadable
from rtdoctor.proxy.watch import Ended, Watch
from rtdoctor.recording.tape import MOST_BODY
from rtdoctor.wire.messages import Head, Messages, Piece, parse_head

_MOST_EARLY = 1 << 20
_MOST_WAITING = 100  # requests of one connection that wait for an answer
_ENTRY = 2_000  # bytes that a request takes beside its own
_WINDOW = 15 + 32  # zlib's word for: gzip or zlib, by its head


@dataclass(slots=True)
class _Asked:
    """A request on its way, and the answer to it."""

    number: int
    head: Head
    at: float
    body: bytearray = field(default_factory=bytearray)
    told: bool = False
    answer: Head | None = None
    answered: bytearray = field(default_factory=bytearray)
    answered_at: float = 0.0
    size: int = 0  # bytes of its head and of the answer's

    @property
    def held(self) -> int:
        """How many bytes are kept of it."""
        return _ENTRY + self.size + len(self.body) + len(self.answered)


class Traffic:
    """Gives each request a number, and what it is read as to the watch."""

    def __init__(self, watch: Watch, target: Target) -> None:
        self.watch, self.target = watch, target
        self._numbers = count(1)

    def number(self) -> int:
        """The next request's."""
        return next(self._numbers)

    def given(self, head: Head) -> Handshake:
        """A request as it went to the upstream."""
        scheme = ("wss" if self.target.tls else "ws") if head.upgrades else ("https" if self.target.tls else "http")
        host = head.value("host") or self.target.host
        offered = ",".join(value for name, value in head.headers if name.lower() == "sec-websocket-protocol")
        plain = tuple(pair for pair in head.headers if pair[0].lower() != "sec-websocket-protocol")
        protocols = tuple(item.strip() for item in offered.split(",") if item.strip())
        path = head.words[1] if head.words[1].startswith("/") else "/" + head.words[1]
        return Handshake(f"{scheme}://{host}{path}", plain, protocols)


class Stream:
    """One connection of a client: both directions of it."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic, self._watch = traffic, traffic.watch
        self._requests, self._answers = Messages(), Messages(answers=True)
        self._asking: _Asked | None = None  # whose body is coming
        self._waiting: deque[_Asked] = deque()
        self._number = 0  # of the socket, once there is one
        self._frames: dict[Direction, Frames | None] = {}  # None: what comes cannot be read
        self._fault: Fault | None = None
        self._early = bytearray()  # what the client sent before it was answered
        self._opening = 0  # bytes of the handshake of the socket
        self._given_up = False

    @property
    def held(self) -> int:
        """How many bytes are kept of what is not over yet."""
        framed = sum(frames.held for frames in self._frames.values() if frames is not None)
        asked = sum(asked.held for asked in self._waiting)
        alone = self._asking.held if self._asking is not None and self._asking not in self._waiting else 0
        heads = self._requests.held + self._answers.held
        return self._opening + framed + asked + alone + len(self._early) + heads

    def give_up(self, why: str, at: float) -> None:
        """Keep nothing of it, and judge it no further; `why` is a clause."""
        for side in ("client", "server"):
            self.lose(side, at, why)
        if not self._number:
            for asked in self._waiting:
                self._watch.end(asked.number, "client", "stopped", at)
        self._waiting.clear()
        self._early.clear()
        self._requests, self._answers = Messages(), Messages(answers=True)
        self._asking, self._opening, self._given_up = None, 0, True

    def feed(self, side: Direction, data: bytes, at: float) -> None:
        """What a side sent, in the order in which it came."""
        if self._given_up:
            return
        if self._number:
            self._frame(side, data, at)
            return
        messages = self._requests if side == "client" else self._answers
        for piece in messages.feed(data):
            self._piece(side, piece, at)

    def fail(self, fault: Fault, at: float) -> None:
        """The upstream cannot be reached: what is asked gets no answer."""
        self._fault = fault
        self._fail_waiting(at)

    def lose(self, side: Direction, at: float, why: str = "the judgement fell behind") -> None:
        """Nothing more of that side will be fed, or looked at."""
        numbers = [self._number] if self._number else [asked.number for asked in self._waiting]
        if (frames := self._frames.get(side)) is not None:
            frames.drop()
        self._frames[side] = None
        for number in numbers:
            self._watch.lost(number, side, why, at)

    def note(self, id: str, text: str, at: float) -> None:
        """The proxy did something to it on purpose."""
        number = self._number or (self._waiting[0].number if self._waiting else 0)
        self._watch.note(number, id, text, at)

    def end(self, by: Direction, how: Ended, at: float) -> None:
        """The connection is over."""
        if not self._number:
            for piece in self._answers.finish():
                self._piece("server", piece, at)
        if self._asking is not None:
            self._told(self._asking)
        for asked in self._waiting:
            self._watch.end(asked.number, by, how, at)
        self._waiting.clear()
        if self._number:
            self._watch.end(self._number, by, how, at)
        for frames in self._frames.values():
            if frames is not None:
                frames.drop()

    # --- HTTP ---------------------------------------------------------------------------------------------------------

    def _piece(self, side: Direction, piece: Piece, at: float) -> None:
        if self._number and piece.kind == "raw":  # what came with the 101, or right behind it
            self._frame(side, piece.raw, at)
        elif side == "client":
            self._of_request(piece, at)
        else:
            self._of_answer(piece, at)

    def _of_request(self, piece: Piece, at: float) -> None:
        match piece.kind:
            case "head":
                head = parse_head(piece.raw)
                self._asking = asked = _Asked(self._traffic.number(), head, at, size=len(piece.raw))
                if len(self._waiting) < _MOST_WAITING:
                    self._waiting.append(asked)
                if head.upgrades:
                    self._told(asked)
                    self._requests.go_raw()
            case "raw":
                self._early += piece.raw[: _MOST_EARLY - len(self._early)]
            case "body" if self._asking is not None:
                self._asking.body += piece.payload[: MOST_BODY - len(self._asking.body)]
            case "end" if self._asking is not None:
                self._told(self._asking)
                self._asking = None
                self._fail_waiting(at)

    def _told(self, asked: _Asked) -> None:
        if asked.told:
            return
        asked.told = True
        body = _readable(bytes(asked.body), asked.head)
        self._watch.request(
            asked.number,
            self._traffic.given(asked.head),
            asked.at,
            method=asked.head.words[0],
            rest=not asked.head.upgrades,
            body=body.decode("utf-8", "replace"),
        )

    def _fail_waiting(self, at: float) -> None:
        if self._fault is None:
            return
        while self._waiting and self._waiting[0].told:
            asked = self._waiting.popleft()
            self._watch.fault(asked.number, self._fault, at)
            self._watch.end(asked.number, "server", "eof", at)

    def _of_answer(self, piece: Piece, at: float) -> None:
        asked = self._waiting[0] if self._waiting else None
        if asked is None:
            return
        match piece.kind:
            case "head":
                head = parse_head(piece.raw)
                asked.answer, asked.answered_at = head, at
                asked.size += len(piece.raw)
                if asked.head.words[0] == "HEAD":
                    self._answers.no_body()
                if head.status == 101:
                    self._open(asked, head, at)
            case "body":
                asked.answered += piece.payload[: MOST_BODY - len(asked.answered)]
            case "end" if asked.answer is not None and not self._number:
                if asked.answer.status < 200:  # an answer before the answer (RFC 9110, 15.2)
                    return
                self._waiting.popleft()
                self._answered(asked)
                self._watch.end(asked.number, "server", "close", at)
                if asked.head.upgrades:  # and was refused
                    self._requests.go_http()
                    early, self._early = bytes(self._early), bytearray()
                    self.feed("client", early, at)

    def _answered(self, asked: _Asked) -> None:
        head = asked.answer
        assert head is not None
        self._told(asked)
        body = _readable(bytes(asked.answered), head)
        ms = (asked.answered_at - asked.at) * 1000
        answer = Answer(head.status, head.words[2], head.headers, body, ms)
        self._watch.answer(asked.number, answer, head.value("sec-websocket-protocol") or None, asked.answered_at)

    def _open(self, asked: _Asked, head: Head, at: float) -> None:
        self._answered(asked)
        self._number, self._opening = asked.number, asked.held
        self._waiting.clear()
        self._asking = None
        chosen = head.value("sec-websocket-extensions")
        for side in ("client", "server"):
            if self._frames.get(side, self) is not None:
                self._frames[side] = Frames(side, chosen)
        self._answers.go_raw()
        self._frame("client", bytes(self._early), at)
        self._early.clear()

    # --- frames -------------------------------------------------------------------------------------------------------

    def _frame(self, side: Direction, data: bytes, at: float) -> None:
        frames = self._frames.get(side)
        if frames is None:
            return
        take: Callable[[Message], Any] = lambda message: self._watch.message(self._number, side, message, at)  # noqa: E731
        try:
            frames.feed(data, take)
        except Unreadable as error:
            self._frames[side] = None
            self._watch.unreadable(self._number, side, error, at)


def _readable(body: bytes, head: Head) -> bytes:
    """A body without its coding, as much of it as is kept; one that is coded otherwise has nothing to be read."""
    coding = head.value("content-encoding").strip().lower()
    if coding in ("gzip", "x-gzip", "deflate"):
        try:
            return zlib.decompressobj(_WINDOW).decompress(body, MOST_BODY)
        except zlib.error:
            return b""
    return body if coding in ("", "identity") else f"({len(body)} bytes, coded as {coding[:20]})".encode()

"""Where the messages of an HTTP/1.1 connection begin and end (RFC 9112), and the two changes in a request's head."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rtdoctor.model.exchange import Headers

MOST_HEAD = 64 * 1024  # bytes; what is longer is no head, and passes unread
_MOST_SIZE_LINE = 1_000

_State = Literal["head", "length", "size", "chunk", "chunk-end", "trailer", "until-close", "raw"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a connection: `raw` is what stood there, `payload` what of it is the body's own. All `raw` in a row
    are the bytes that were fed. `end` comes after each message's last piece."""

    kind: Literal["head", "body", "end", "raw"]
    raw: bytes = b""
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class Head:
    """A request's or answer's first line in its three words, and its headers in their order."""

    words: tuple[str, str, str]
    headers: Headers

    def value(self, name: str) -> str:
        """The first value of a header, or the empty string."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    @property
    def upgrades(self) -> bool:
        """True for a request for a WebSocket."""
        return "websocket" in self.value("upgrade").lower()

    @property
    def status(self) -> int:
        """The status of an answer; 0 where it has none."""
        return int(self.words[1]) if len(self.words[1]) == 3 and self.words[1].isdecimal() else 0


def parse_head(raw: bytes) -> Head:
    """The head as text: a character a byte, so that nothing is lost. Never raises."""
    first, *lines = raw.decode("latin-1").replace("\r\n", "\n").strip("\n").split("\n")
    words = [*first.split(" ", 2), "", ""]
    headers: list[tuple[str, str]] = []
    for line in lines:
        name, colon, value = line.partition(":")
        if line[:1] in " \t" and headers:  # folded (RFC 9112, 5.2)
            headers[-1] = (headers[-1][0], f"{headers[-1][1]} {line.strip()}")
        elif colon:
            headers.append((name.strip(), value.strip()))
    return Head((words[0], words[1], words[2]), tuple(headers))


def with_headers(raw: bytes, changed: dict[str, str]) -> bytes:
    """The head with these headers (by their small names) at the value given, each once, in the place where it stood or
    at the end; every other byte is as it was."""
    rest = {name.encode("latin-1"): value.encode("latin-1") for name, value in changed.items()}
    wanted = dict(rest)
    lines = raw.split(b"\n")
    ending = b"\r" if lines[0].endswith(b"\r") else b""
    out, dropping = [lines[0]], False
    for line in lines[1:]:
        name = line.partition(b":")[0].strip().lower()
        if line.strip() == b"":
            out += [b"%s: %s%s" % (name.title(), value, ending) for name, value in rest.items()]
            rest = {}
            out.append(line)
        elif line[:1] in b" \t":
            out += [] if dropping else [line]
        elif name in wanted:
            dropping = True
            if name in rest:
                out.append(line.partition(b":")[0] + b": " + rest.pop(name) + ending)
        else:
            dropping = False
            out.append(line)
    return b"\n".join(out)


def without_header(raw: bytes, name: str) -> bytes:
    """The head without a header (by its small name); every other byte is as it was."""
    out, dropping = [], False
    for place, line in enumerate(raw.split(b"\n")):
        if line[:1] not in (b" ", b"\t"):  # else it goes on with the header before (RFC 9112, 5.2)
            dropping = place > 0 and line.partition(b":")[0].strip().lower() == name.encode("latin-1")
        if not dropping:
            out.append(line)
    return b"\n".join(out)


class Messages:
    """Takes one side of a connection apart. Only a head, or the line with a chunk's size, is held until it is whole;
    with `answers` what is fed are answers, and their bodies may go on to the end of the connection.

    After a head, and before the next piece is asked for, `no_body` and `go_raw` say what only the other side knows.
    """

    def __init__(self, *, answers: bool = False) -> None:
        self._answers = answers
        self._held = bytearray()
        self._state: _State = "head"
        self._left = 0

    def no_body(self) -> None:
        """The message whose head came last has none, whatever it says (an answer to HEAD)."""
        self._state = "head"

    def go_raw(self) -> None:
        """From here on it is no HTTP."""
        self._state = "raw"

    def go_http(self) -> None:
        """The next bytes begin a message."""
        self._state = "head"

    @property
    def held(self) -> int:
        """How many bytes wait for more."""
        return len(self._held)

    def feed(self, data: bytes) -> Iterator[Piece]:
        """The pieces that are whole now."""
        self._held += data
        while self._held:
            match self._state:
                case "head":
                    if (raw := self._take_head()) is None:
                        return
                    if not raw:
                        continue
                    self._frame(parse_head(raw))
                    yield Piece("head", raw)
                    if self._is("head"):  # whoever took it may have changed the state
                        yield Piece("end")
                case "length" | "chunk":
                    body = self._take(self._left)
                    self._left -= len(body)
                    yield Piece("body", body, body)
                    if not self._left:
                        done = self._state == "length"
                        self._state = "head" if done else "chunk-end"
                        if done:
                            yield Piece("end")
                case "chunk-end" | "size" | "trailer":
                    if (line := self._take_line()) is None:
                        return
                    yield Piece("body", line)
                    if self._after(line.strip()):
                        yield Piece("end")
                case "until-close" | "raw":
                    rest = self._take(len(self._held))
                    raw_now = self._state == "raw"
                    yield Piece("raw", rest) if raw_now else Piece("body", rest, rest)

    def finish(self) -> Iterator[Piece]:
        """The connection is over: what is held comes as it is, and a body without a length has its end."""
        if self._held:
            yield Piece("raw", self._take(len(self._held)))
        if self._state == "until-close":
            self._state = "head"
            yield Piece("end")

    def _is(self, state: _State) -> bool:
        return self._state == state

    def _take(self, size: int) -> bytes:
        taken = bytes(memoryview(self._held)[:size])
        del self._held[:size]
        return taken

    def _take_head(self) -> bytes | None:
        """A head; None while it is not whole; nothing where this is none, and all goes on raw."""
        ends = [at + len(mark) for mark in (b"\r\n\r\n", b"\n\n") if (at := self._held.find(mark)) >= 0]
        # Empty lines before a request are skipped by servers (RFC 9112, 2.2); they are part of its head here.
        start = len(self._held) - len(self._held.lstrip(b"\r\n"))
        ends = [end for end in ends if end > start]
        if ends and min(ends) <= MOST_HEAD:
            return self._take(min(ends))
        if len(self._held) > MOST_HEAD or not _may_be_http(bytes(self._held[start : start + 24]), self._answers):
            self._state = "raw"
            return b""
        return None

    def _take_line(self) -> bytes | None:
        end = self._held.find(b"\n")
        if end < 0 and len(self._held) > _MOST_SIZE_LINE:
            self._state = "raw"
            return b""
        return None if end < 0 else self._take(end + 1)

    def _frame(self, head: Head) -> None:
        coding, size = head.value("transfer-encoding").lower(), head.value("content-length")
        if self._answers and (100 <= head.status < 200 or head.status in (204, 304)):
            self._state = "head"
        elif coding.endswith("chunked"):
            self._state = "size"
        elif size.isdecimal() and len(size) < 16:
            self._left = int(size)
            self._state = "length" if self._left else "head"
        else:
            self._state = "until-close" if self._answers else "head"

    def _after(self, line: bytes) -> bool:
        """Go on after a line between chunks; True where it was the last."""
        if self._state == "chunk-end":
            self._state = "size"
            return False
        if self._state == "trailer":
            self._state = "trailer" if line else "head"
            return not line
        size = line.partition(b";")[0].strip()
        try:
            self._left = int(size, 16) if len(size) < 12 else -1
        except ValueError:
            self._left = -1
        self._state = "raw" if self._left < 0 else "chunk" if self._left else "trailer"
        return False


def _may_be_http(start: bytes, answers: bool) -> bool:
    """False for what begins as no message does: a method is letters, an answer begins with its version."""
    if answers:
        return b"HTTP/".startswith(start[:5]) or start.startswith(b"HTTP/")
    word = start.partition(b" ")[0].rstrip(b"\r\n")
    return word == b"" or (word.isalpha() and len(word) < 24)

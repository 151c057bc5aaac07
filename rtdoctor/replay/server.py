"""Plays a recording: each request gets the answer that was recorded for it, and each socket what the server said, once
the client has said what it said then."""

import asyncio
import socket
import struct
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal, Self

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from rtdoctor.model.replayed import Play, Replayed
from rtdoctor.privacy.quote import quote, quote_start
from rtdoctor.replay.cassette import Step, Take
from rtdoctor.replay.match import APPEND, Policy, differs, same_request, type_of
from rtdoctor.wire.messages import Head, Messages, parse_head

Pace = Literal["real", "none"]

_MOST_MESSAGE = 32 << 20
_MOST_BODY = 8 << 20
_MOST_TOLD = 20  # mismatches of a connection, and requests that nothing answers
_MOST_OPEN = 200
_RESET = struct.pack("ii", 1, 0)
# What is of the connection and not of the answer, or is made anew.
_OWN = frozenset(
    (
        *("connection", "upgrade", "content-length", "transfer-encoding", "content-encoding", "keep-alive", "date"),
        *("sec-websocket-accept", "sec-websocket-protocol", "sec-websocket-extensions"),
    )
)


@dataclass(slots=True)
class _Playing:
    """What became of a take."""

    take: Take
    played: bool = False
    mismatches: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def differ(self, what: str) -> None:
        """Note a mismatch."""
        if len(self.mismatches) < _MOST_TOLD:
            self.mismatches.append(what)


class Replay:
    """The endpoint, as an asynchronous context; `say` hears a sentence of each mismatch as it comes."""

    def __init__(
        self,
        takes: list[Take],
        *,
        file: str = "",
        policy: Policy = "order",
        pace: Pace = "none",
        say: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._file, self._policy, self._pace, self._say = file, policy, pace, say
        self._playing = [_Playing(take) for take in takes]
        self._strays: list[str] = []
        self._open: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.done = asyncio.Event()  # everything was played
        self.base_url = ""

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> None:
        """Listen.

        Raises:
            OSError: the port cannot be had.
        """
        self._server = await asyncio.start_server(self._serve, host, port)
        self.base_url = f"http://{host}:{self._server.sockets[0].getsockname()[1]}{_base(self._playing)}"

    async def stop(self) -> Replayed:
        """End what is open, and tell what came of each connection."""
        assert self._server is not None
        self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        plays = tuple(
            Play(one.take.number, one.take.what, one.played, tuple(one.mismatches), tuple(one.left))
            for one in self._playing
        )
        return Replayed(quote(self._file), self.base_url, plays, tuple(self._strays))

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    # --- requests -----------------------------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._open) >= _MOST_OPEN:
            writer.close()
            return
        self._open.add(task)
        try:
            with suppress(ConnectionError, asyncio.CancelledError):
                await self._requests(reader, writer)
        finally:
            self._open.discard(task)
            writer.close()
            if all(one.played for one in self._playing) and not self._open:
                self.done.set()

    async def _requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        messages = Messages()
        head, raw, body = None, b"", 0
        while data := await reader.read(1 << 16):
            pieces = messages.feed(data)
            for piece in pieces:
                if piece.kind == "head":
                    head, raw, body = parse_head(piece.raw), piece.raw, 0
                body += len(piece.payload)
                if piece.kind == "raw" or body > _MOST_BODY:
                    return  # no HTTP, or no end of it
                if piece.kind != "end" or head is None:
                    continue
                if head.upgrades:
                    messages.go_raw()
                    early = b"".join(rest.raw for rest in pieces)
                    await self._socket(head, raw + early, reader, writer)
                    return
                if not await self._rest(head, writer):
                    return

    def _find(self, head: Head) -> _Playing | None:
        """What was recorded of such a request and was not played yet; a note where there is nothing."""
        method, path = head.words[0], head.words[1]
        for one in self._playing:
            take = one.take
            if one.played or take.rest == head.upgrades:
                continue
            if not take.asked or (take.method == method and same_request(take.path, path, self._policy)):
                one.played = True
                return one
        told = quote_start(f"{method} {path}", 300)
        if len(self._strays) < _MOST_TOLD:
            self._strays.append(told)
        self._say(f"nothing on the recording answers {told}")
        return None

    async def _rest(self, head: Head, writer: asyncio.StreamWriter) -> bool:
        """Answer a request; False where the connection is over with it."""
        one = self._find(head)
        if one is None:
            writer.write(
                _answer(404, "Not Found", (), b'{"error": {"message": "nothing on the recording answers this"}}')
            )
        elif one.take.status is None:
            _reset(writer)
            return False
        else:
            take = one.take
            writer.write(_answer(take.status or 500, take.reason, take.headers, take.body))
        await writer.drain()
        return True

    async def _socket(self, head: Head, raw: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        one = self._find(head)
        if one is None or one.take.status not in (None, 101):
            if one is None:
                writer.write(_answer(404, "Not Found", (), b""))
            else:
                writer.write(_answer(one.take.status or 500, one.take.reason, one.take.headers, one.take.body))
            await writer.drain()
            return
        if one.take.status is None:
            _reset(writer)
            return
        await _Conversation(one, self._policy, self._pace, self._say, reader, writer).play(raw)


class _Conversation:
    """One socket: the recorded steps, one after the other."""

    def __init__(
        self,
        one: _Playing,
        policy: Policy,
        pace: Pace,
        say: Callable[[str], object],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._one, self._policy, self._pace, self._say = one, policy, pace, say
        self._reader, self._writer = reader, writer
        offered = one.take.subprotocol
        self._protocol = ServerProtocol(
            subprotocols=[Subprotocol(offered)] if offered else None,
            select_subprotocol=lambda _, theirs: next((one for one in theirs if one == offered), None),
            max_size=_MOST_MESSAGE,
        )
        self._got: deque[bytes] = deque()  # what the client sent and nobody looked at yet
        self._parts: list[bytes] = []
        self._closed: int | None = None
        self._gone = False
        self._asked: Request | None = None
        self._appended = False
        self._unordered: Counter[str] = Counter()

    async def play(self, raw: bytes) -> None:
        """Answer the handshake that stands in `raw`, and play."""
        self._take(raw)
        if self._asked is None:
            return
        response = self._protocol.accept(self._asked)
        for name, value in self._one.take.headers if response.status_code == 101 else ():
            if name.lower() not in _OWN:
                with suppress(ValueError):
                    response.headers[name] = value
        self._protocol.send_response(response)
        await self._flush()
        if self._protocol.state is not State.OPEN:
            self._one.differ("the handshake of the client cannot be answered")
            return
        steps = self._one.take.steps
        last, moment = self._one.take.start, time.monotonic()
        ended = False
        for place, step in enumerate(steps):
            if step.side == "server":
                if self._pace == "real":
                    await self._wait_until(moment + step.at - last)
                last, moment = step.at, time.monotonic()
                ended = await self._do(step) or ended
            elif not await self._hear(step):
                self._leave(steps[place:])
                break
            else:
                last, moment = step.at, time.monotonic()
        else:
            await self._rest_of_it(ended)

    async def _do(self, step: Step) -> bool:
        """What the server did then; True where the connection is over with it."""
        protocol = self._protocol
        if step.kind == "end":
            if step.how == "reset":
                _reset(self._writer)
                self._gone = True
            elif step.how == "eof":
                self._writer.close()
                self._gone = True
            return True
        if protocol.state is not State.OPEN:
            return False
        match step.kind:
            case "text":
                protocol.send_text(step.data)
            case "binary":
                protocol.send_binary(step.data)
            case "ping":
                protocol.send_ping(step.data[:125])
            case "close":
                if step.code is None or step.code in (1005, 1006, 1015):
                    protocol.send_close()
                else:
                    protocol.send_close(step.code, step.reason.encode()[:123].decode("utf-8", "ignore"))
        await self._flush()
        return False

    async def _hear(self, step: Step) -> bool:
        """Wait for what the client did then. False where it is gone."""
        if step.kind in ("ping", "pong", "end"):
            return True  # every library does these by itself
        if step.kind == "close":
            while self._closed is None and not self._gone:
                await self._more()
            if self._got:
                self._stray()
            return True
        if self._policy == "loose":
            return await self._hear_loosely(type_of(step.data))
        kind = type_of(step.data)
        if self._policy == "order" and kind == APPEND and self._appended:
            return True  # of pieces in a row the first was enough
        while (data := await self._next()) is not None:
            if self._policy == "order" and self._appended and type_of(data) == APPEND:
                continue
            self._appended = kind == APPEND
            if told := differs(step.data, data, self._policy):
                self._note(f"line {step.line}: {told}")
            return True
        return False

    async def _hear_loosely(self, kind: str) -> bool:
        """Wait until as many of a type came as were recorded so far; of audio one is enough."""
        self._unordered[kind] += kind != APPEND or not self._appended
        self._appended = self._appended or kind == APPEND
        self._drain()
        while self._unordered[kind] > 0:
            if self._gone or self._closed is not None:
                return False
            await self._more()
            self._drain()
        return True

    async def _next(self) -> bytes | None:
        while not self._got:
            if self._gone or self._closed is not None:
                return None
            await self._more()
        return self._got.popleft()

    def _drain(self) -> None:
        while self._got:
            self._unordered[type_of(self._got.popleft())] -= 1

    async def _rest_of_it(self, ended: bool) -> None:
        """Everything was played: what the client sends now was not recorded. It is listened to until it leaves."""
        if ended and not self._gone and self._protocol.state is not State.OPEN:
            self._writer.close()
        while not self._gone and self._closed is None:
            await self._more()
        if not self._gone:
            await self._flush()
        self._stray()

    def _stray(self) -> None:
        if self._policy == "loose":
            self._drain()
        while self._got:
            kind = type_of(self._got.popleft())
            if not (self._appended and kind == APPEND and self._policy == "order"):
                self._note(f"{quote_start(kind, 80)} came, and nothing was recorded there")

    def _leave(self, steps: list[Step]) -> None:
        """The client went away before all was played."""
        for step in steps:
            if step.kind in ("text", "binary") and len(self._one.left) < _MOST_TOLD:
                self._one.left.append(f"line {step.line}: {quote_start(type_of(step.data), 80)} of the {step.side}")
        if self._one.left:
            self._say(
                f"connection {self._one.take.number}: the client left, and {len(self._one.left)} or more are left over"
            )

    def _note(self, what: str) -> None:
        self._one.differ(what)
        self._say(f"connection {self._one.take.number}: {what}")

    # --- bytes --------------------------------------------------------------------------------------------------------

    async def _wait_until(self, moment: float) -> None:
        """Let the time pass that passed then, and take what comes meanwhile."""
        while (left := moment - time.monotonic()) > 0 and not self._gone:
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._more()

    async def _more(self) -> None:
        data = await self._reader.read(1 << 16)
        if not data:
            self._gone = True
            return
        self._take(data)
        await self._flush()

    def _take(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._asked = event
            elif isinstance(event, Frame):
                self._frame(event)

    def _frame(self, frame: Frame) -> None:
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            self._parts.append(bytes(frame.data))
            if frame.fin:
                self._got.append(b"".join(self._parts))
                self._parts = []
        elif frame.opcode is Opcode.CLOSE:
            self._closed = self._protocol.close_code or 1005

    async def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._writer.write(data)
            elif self._writer.can_write_eof():
                self._writer.write_eof()
        await self._writer.drain()


def _base(playing: list[_Playing]) -> str:
    """What a client's base URL has before the paths that were recorded."""
    path = next((one.take.path for one in playing if "/realtime" in one.take.path), "/v1/realtime")
    return path[: path.index("/realtime")]


def _answer(status: int, reason: str, headers: tuple[tuple[str, str], ...], body: bytes) -> bytes:
    lines = [f"HTTP/1.1 {status} {_plain(reason)}"]
    lines += [f"{_plain(name)}: {_plain(value)}" for name, value in headers if name.lower() not in _OWN]
    if not any(name.lower() == "content-type" for name, _ in headers) and body[:1] == b"{":
        lines.append("Content-Type: application/json")
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1", "replace") + body


def _plain(text: str) -> str:
    """A header's text without what would end its line."""
    return "".join(char for char in text if char >= " ")


def _reset(writer: asyncio.StreamWriter) -> None:
    held = writer.get_extra_info("socket")
    if held is not None:
        with suppress(OSError):
            held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()

"""One socket of a replay: the recorded steps, one after the other."""

import asyncio
import socket
import struct
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from websockets.datastructures import Headers
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol
from websockets.utils import accept_key

from rtdoctor.privacy.quote import quote_start
from rtdoctor.privacy.secret import MARKS
from rtdoctor.replay.cassette import Take, TapedStep
from rtdoctor.replay.match import APPEND, Policy, differs, renamed, type_of
from rtdoctor.wire import rawframes

Pace = Literal["real", "none"]

_MOST_MESSAGE = 32 << 20
_CLOSE_FRAME = 0x88
_MOST_IDS = 1_000
MOST_TOLD = 20  # mismatches of a connection, and requests that nothing answers
_RESET = struct.pack("ii", 1, 0)
# What is of the connection and not of the answer, or is made anew.
OWN = frozenset(
    (
        *("connection", "upgrade", "content-length", "transfer-encoding", "content-encoding", "keep-alive", "date"),
        *("sec-websocket-accept", "sec-websocket-protocol", "sec-websocket-extensions"),
    )
)


@dataclass(slots=True)
class Playing:
    """What became of a take."""

    take: Take
    played: bool = False
    mismatches: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def differ(self, what: str) -> None:
        """Note a mismatch."""
        if len(self.mismatches) < MOST_TOLD:
            self.mismatches.append(what)


class Conversation:
    """One socket: the recorded steps, one after the other."""

    def __init__(
        self,
        one: Playing,
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
        self._echo = _echo(one.take)
        self._ids: dict[bytes, bytes] = {}  # of the recorded client, and of this one in their place
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
            if name.lower() not in OWN:
                with suppress(ValueError):
                    response.headers[name] = value
        if response.status_code == 101:
            _break_as_recorded(response.headers, self._one.take)
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

    async def _do(self, step: TapedStep) -> bool:
        """What the server did then; True where the connection is over with it."""
        protocol = self._protocol
        if step.kind == "end":
            if step.how == "reset":
                reset(self._writer)
                self._gone = True
            elif step.how == "eof":
                self._writer.close()
                self._gone = True
            return True
        if protocol.state is not State.OPEN:
            return False
        match step.kind:
            case "text":
                protocol.send_text(self._renamed(step.data))
            case "binary":
                protocol.send_binary(step.data)
            case "ping":
                protocol.send_ping(step.data[:125])
            case "broken":
                self._writer.write(step.data)
            case "close":
                if step.code is None or step.code in (1005, 1006, 1015):
                    protocol.send_close()
                else:
                    protocol.send_close(step.code, step.reason.encode()[:123].decode("utf-8", "ignore"))
        await self._flush()
        return False

    def _rename(self, recorded: bytes, sent: bytes) -> None:
        """Learn the ids that the client made anew."""
        if self._policy == "order":
            for one, other in renamed(recorded, sent):
                if len(self._ids) < _MOST_IDS:
                    self._ids[one] = other

    def _renamed(self, data: bytes) -> bytes:
        """What the server said, with the ids of this client in the place of the recorded client's."""
        for one, other in self._ids.items():
            if one in data:
                data = data.replace(one, other)
        return data

    async def _hear(self, step: TapedStep) -> bool:
        """Wait for what the client did then. False where it is gone."""
        if step.kind in ("ping", "pong", "broken", "end"):
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
            self._rename(step.data, data)
            if difference := differs(step.data, data, self._policy):
                self._note(f"line {step.line}: {difference}")
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

    def _leave(self, steps: list[TapedStep]) -> None:
        """The client went away before all was played."""
        for step in steps:
            if step.kind in ("text", "binary") and len(self._one.left) < MOST_TOLD:
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
                echoes = self._closed is not None and data[0] == _CLOSE_FRAME and self._echo is not None
                self._writer.write(self._echo if echoes and self._echo is not None else data)
            elif self._writer.can_write_eof():
                self._writer.write_eof()
        await self._writer.drain()


def _echo(take: Take) -> bytes | None:
    """What the server answered to a close of the client, where that was no plain echo."""
    closes = [step for step in take.steps if step.kind == "close"]
    if [step.side for step in closes[:2]] != ["client", "server"] or closes[0].code == closes[1].code:
        return None
    code = closes[1].code
    payload = b"" if code is None else code.to_bytes(2, "big") + closes[1].reason.encode()[:123]
    return rawframes.frame(rawframes.CLOSE, payload, mask=False)


def _break_as_recorded(headers: Headers, take: Take) -> None:
    """What was wrong with the 101 (RFC 6455, section 4.1) is wrong again; what was right is made anew."""
    recorded = {name.lower(): value for name, value in take.headers}
    key = next((value for name, value in take.asked_headers if name.lower() == "sec-websocket-key"), "")
    if "sec-websocket-accept" not in recorded:  # a recording that holds no such headers tells nothing of them
        return
    if key and MARKS.search(key) is None and recorded["sec-websocket-accept"] != accept_key(key):
        del headers["Sec-WebSocket-Accept"]
        headers["Sec-WebSocket-Accept"] = accept_key("another")
    for name in ("Upgrade", "Connection"):
        if name.lower() not in recorded:
            del headers[name]
    if take.subprotocol and "Sec-WebSocket-Protocol" not in headers:
        headers["Sec-WebSocket-Protocol"] = take.subprotocol


def reset(writer: asyncio.StreamWriter) -> None:
    """End the connection by a reset."""
    held = writer.get_extra_info("socket")
    if held is not None:
        with suppress(OSError):
            held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()

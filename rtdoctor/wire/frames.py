"""The frames of one WebSocket (RFC 6455, section 5): what came, told as messages; the frames themselves are read and
written by websockets' protocol, which does no I/O."""

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from websockets.exceptions import PayloadTooBig
from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol, Side, State

from rtdoctor.wire.link import Link

MOST_FRAME = 4 * 1024 * 1024  # OpenAI's events are far smaller (recordings of 2026)
_PIECE = 4 * 1024  # bytes that are taken apart at once: a flood of small frames makes an object of each
_GOOD_BYE = 1.0  # seconds that the answer to our close may take
# In plainer words than the library's; what is not here is told in its own.
_BROKEN = {
    "incorrect masking": "the server masked a frame, which only a client may (RFC 6455, section 5.1)",
    "close frame too short": "the close frame holds one byte, where a code has two (RFC 6455, section 5.5.1)",
    "fragmented control frame": "a fragmented control frame (close, ping or pong) (RFC 6455, section 5.5)",
    "control frame too long": "a control frame (close, ping or pong) holds more than 125 bytes (RFC 6455, section 5.5)",
    "invalid status code": "the close frame holds a code that nobody may send (RFC 6455, section 7.4)",
}


_NO_UTF_8 = "the reason in the close frame is no UTF-8 (RFC 6455, section 5.5.1)"


@dataclass(frozen=True, slots=True)
class Message:
    """What came: a message, a pong or a close frame (`code` 1005 where it held none); or, `broken`, frames that break
    the protocol, as `text` says; or, `gone`, the end of the connection."""

    kind: Literal["text", "binary", "pong", "close", "broken", "gone"]
    data: bytes | bytearray = b""
    code: int = 0
    text: str = ""


class Socket:
    """One open WebSocket. A message may have `most` bytes; `rest` is what came with the head of the 101."""

    def __init__(self, link: Link, most: int, rest: bytes = b"") -> None:
        self._link = link
        self._protocol = Protocol(Side.CLIENT, state=State.OPEN, max_size=most)
        self._unread = deque([rest] if rest else [])
        self._come: deque[Message] = deque()
        self._message = bytearray()
        self._kind: Literal["text", "binary"] = "text"

    async def send(self, data: str | bytes) -> None:
        """Send one text or binary message.

        Raises:
            OSError: the connection broke, or a close frame was sent or came.
        """
        if self._protocol.state is not State.OPEN:
            raise ConnectionResetError("the socket is closing")
        if isinstance(data, str):
            self._protocol.send_text(data.encode())
        else:
            self._protocol.send_binary(data)
        await self._flush()

    async def ping(self, data: bytes) -> None:
        """Send a ping.

        Raises:
            OSError: the connection broke, or a close frame was sent or came.
        """
        if self._protocol.state is not State.OPEN:
            raise ConnectionResetError("the socket is closing")
        self._protocol.send_ping(data)
        await self._flush()

    async def receive(self) -> Message:
        """The next thing that came. Pings are answered, and not told."""
        while not self._come:
            try:
                data = self._unread.popleft() if self._unread else await self._link.read()
            except OSError as error:
                return Message("gone", text=f"the connection broke: {error}" if str(error) else "")
            if not data:
                return Message("gone")
            if len(data) > _PIECE:
                self._unread.extendleft(data[at : at + _PIECE] for at in reversed(range(_PIECE, len(data), _PIECE)))
                data = data[:_PIECE]
            self._protocol.receive_data(data)
            self._take()
            # What waits is read without a pause; whoever set a time for this must have a turn.
            await asyncio.sleep(0)
            with suppress(OSError):  # what was said before the end is still to be read
                await self._flush()
        return self._come.popleft()

    def _take(self) -> None:
        for event in self._protocol.events_received():
            assert isinstance(event, Frame)
            self._frame(event)
        error = self._protocol.parser_exc
        if error is not None:
            code = 1009 if isinstance(error, PayloadTooBig) else 1002
            told = _NO_UTF_8 if isinstance(error, UnicodeDecodeError) else _BROKEN.get(str(error), str(error))
            self._come.append(Message("broken", code=code, text=told))

    def _frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.PONG:
            self._come.append(Message("pong"))
        elif frame.opcode is Opcode.CLOSE:
            close = self._protocol.close_rcvd
            assert close is not None
            self._come.append(Message("close", code=int(close.code), text=close.reason))
        elif frame.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            if frame.opcode is not Opcode.CONT:
                self._kind = "text" if frame.opcode is Opcode.TEXT else "binary"
            whole = frame.fin and not self._message
            if not whole:
                self._message += frame.data
            if frame.fin:
                # What came in one frame is not copied: it may be of some megabytes.
                data, self._message = (frame.data if whole else self._message), bytearray()
                assert not isinstance(data, memoryview)
                self._come.append(Message(self._kind, data))

    async def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                await self._link.write(data)

    async def close(self) -> None:
        """Close with 1000, and wait a second for the answer; then the connection is over."""
        try:
            if self._protocol.state is State.OPEN:
                self._protocol.send_close(1000)
                await self._flush()
                async with asyncio.timeout(_GOOD_BYE):
                    while (await self.receive()).kind not in ("close", "broken", "gone"):
                        pass
        except (OSError, TimeoutError):
            pass
        finally:
            self._link.close()
            self._forget()

    def abort(self) -> None:
        """Drop the connection without a good-bye."""
        self._link.abort()
        self._forget()

    def _forget(self) -> None:
        """Nothing is read any more. The parser holds the last frame and itself: megabytes that would wait for the
        collector of garbage."""
        self._protocol.parser.close()
        self._unread.clear()
        self._come.clear()

"""WebSocket frames as bytes (RFC 6455, section 5.2): written as they are wanted, right or wrong, and read as they come.

What a client library refuses to send, and hides of what it receives, is what a test of conformance needs.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
_CONTROL = 0x8  # opcodes from here on are of control frames
_MOST_CONTROL = 125
_ZERO = b"\0\0\0\0"


@dataclass(frozen=True, slots=True)
class RawFrame:
    """One frame as it came; `rsv` are its three reserved bits, `payload` is unmasked."""

    opcode: int
    payload: bytes
    fin: bool = True
    rsv: int = 0
    masked: bool = False

    @property
    def fault(self) -> str:
        """What RFC 6455 forbids in a frame of a server to whom no extension was promised; empty where nothing."""
        if self.masked:
            return "masks a frame (section 5.1)"
        if self.opcode in (0x3, 0x4, 0x5, 0x6, 0x7) or self.opcode > PONG:
            return f"sends the reserved opcode {self.opcode} (section 5.2)"
        if self.opcode >= _CONTROL and (not self.fin or len(self.payload) > _MOST_CONTROL):
            return "sends a control frame that is fragmented or longer than 125 bytes (section 5.5)"
        return ""


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    mask: bool = True,
    length: int | None = None,
) -> bytes:
    """A frame of a client; `length` is announced in the place of the payload's own."""
    size = len(payload) if length is None else length
    marked = 0x80 if mask else 0
    if size < 126:
        sized = bytes((marked | size,))
    elif size < 65_536:
        sized = bytes((marked | 126,)) + struct.pack("!H", size)
    else:
        sized = bytes((marked | 127,)) + struct.pack("!Q", size)
    head = bytes((fin << 7 | rsv << 4 | opcode,)) + sized
    if not mask:
        return head + payload
    key = os.urandom(4)
    return head + key + masked(payload, key)


def masked(payload: bytes, key: bytes) -> bytes:
    """The payload under a masking key; the same once more takes it off again."""
    if key == _ZERO or not payload:
        return payload
    size = len(payload)
    pad = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(pad, "big")).to_bytes(size, "big")


class TooLarge(Exception):
    """A frame is announced that is larger than what is taken; its bytes are not waited for."""


class FrameReader:
    """Takes bytes of any size and gives the frames that they complete; one of more than `most` bytes is not taken."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[RawFrame]:
        """The frames that are whole now.

        Raises:
            TooLarge: one is announced that is larger than what is taken.
        """
        self._rest += data
        while (frame := self._next()) is not None:
            yield frame

    def _next(self) -> RawFrame | None:
        rest = self._rest
        if len(rest) < 2:
            return None
        size, start = rest[1] & 0x7F, 2
        if size >= 126:
            wide = 2 if size == 126 else 8
            if len(rest) < 2 + wide:
                return None
            size, start = int.from_bytes(rest[2 : 2 + wide], "big"), 2 + wide
        if size > self._most:
            raise TooLarge
        is_masked = bool(rest[1] & 0x80)
        key = bytes(rest[start : start + 4]) if is_masked else b""
        start += 4 if is_masked else 0
        if len(rest) < start + size:
            return None
        payload = bytes(rest[start : start + size])
        first = rest[0]
        del rest[: start + size]
        if is_masked:
            payload = masked(payload, key)
        return RawFrame(first & 0x0F, payload, bool(first & 0x80), first >> 4 & 7, is_masked)

"""Frames written by hand, and what a server does with them after a right 101."""

import asyncio
import json
import struct
import time
import zlib
from collections.abc import Iterator
from functools import cache

from tests.hostile.http import Request, Shake, accepted
from tests.hostile.servers import Handle, hold, pour

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
MIB = 1024 * 1024
_MASK = b"\x12\x34\x56\x78"


def frame(
    opcode: int, payload: bytes = b"", *, fin: int = 1, rsv: int = 0, mask: bool = False, length: int | None = None
) -> bytes:
    """A WebSocket frame (RFC 6455, section 5.2); `length` is announced in place of the payload's own."""
    size = len(payload) if length is None else length
    first = bytes((fin << 7 | rsv << 4 | opcode,))
    marked = 0x80 if mask else 0
    if size < 126:
        sized = bytes((marked | size,))
    elif size < 65536:
        sized = bytes((marked | 126,)) + struct.pack("!H", size)
    else:
        sized = bytes((marked | 127,)) + struct.pack("!Q", size)
    if not mask:
        return first + sized + payload
    return first + sized + _MASK + bytes(byte ^ _MASK[place % 4] for place, byte in enumerate(payload))


def event(kind: str, **more: object) -> bytes:
    """An event as a text frame."""
    return frame(TEXT, json.dumps({"type": kind, "event_id": "event_1"} | more).encode())


def close(code: int, reason: str = "") -> bytes:
    """A close frame."""
    return frame(CLOSE, struct.pack("!H", code) + reason.encode())


def created(**more: object) -> bytes:
    """session.created of a transcription session, as text."""
    session = {
        "type": "transcription",
        "object": "realtime.transcription_session",
        "id": "sess_1",
        "expires_at": int(time.time()) + 3600,
        "audio": {"input": {"format": {"type": "audio/pcm", "rate": 24000}, "transcription": None}},
    }
    return json.dumps({"type": "session.created", "event_id": "event_1", "session": session} | more).encode()


def error(kind: str, code: str, message: str, closing: int) -> list[bytes]:
    """An error event and the close frame right after it, as OpenAI refuses (captures of 2026-09)."""
    told = {"type": kind, "code": code, "message": message, "param": None, "event_id": None}
    return [event("error", error=told), close(closing)]


def after_101(*pieces: bytes, then: Handle = hold) -> Shake:
    """A right 101, these bytes, and then this."""

    async def shake(request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(accepted(request) + b"".join(pieces))
        await writer.drain()
        await then(reader, writer)

    return shake


def for_ever(piece: bytes, *, deaf: bool = False) -> Handle:
    """The same frames for ever; a deaf server never reads what comes back."""

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if deaf:
            await pour(writer, piece)
        await asyncio.gather(hold(reader, writer), pour(writer, piece))

    return flood


async def huge_frame(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One text frame of 64 MiB, every byte of it."""
    writer.write(frame(TEXT, length=64 * MIB))
    for _ in range(1024):
        writer.write(b"x" * 65536)
        await writer.drain()
        await asyncio.sleep(0)
    await hold(_reader, writer)


@cache
@cache
def bomb() -> bytes:
    """A frame that says to be compressed (RSV1), and holds 100 MB of zeros."""
    squeezed = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    data = b"".join(squeezed.compress(bytes(1_000_000)) for _ in range(100)) + squeezed.flush(zlib.Z_SYNC_FLUSH)
    return frame(TEXT, data.removesuffix(b"\x00\x00\xff\xff"), rsv=0b100)


def deep() -> bytes:
    """JSON of 100,000 lists in each other."""
    return frame(TEXT, b"[" * 100_000 + b"]" * 100_000)


def odd_created(key: str, value: str) -> bytes:
    """session.created with one more member, whose value is put in as text."""
    return frame(TEXT, created()[:-1] + f', "{key}": {value}}}'.encode())


_NEARLY = 4 * MIB - 300
LARGE = {
    "a type of escapes": b'{"type":"' + b"\\u0001" * (_NEARLY // 6) + b'"}',
    "a type of surrogates": b'{"type":"' + b"\\ud83d\\ude00" * (_NEARLY // 12) + b'"}',
    "a type of four bytes a letter": b'{"type":"' + "\U0001f600".encode() * (_NEARLY // 4) + b'"}',
    "a type with one wide letter": b'{"type":"' + "\U0001f600".encode() + b"a" * _NEARLY + b'"}',
    "a session's type": b'{"type":"session.created","event_id":"e","session":{"type":"'
    + b"\\u0001" * (_NEARLY // 6)
    + b'"}}',
    "an error's type": b'{"type":"error","event_id":"e","error":{"type":"'
    + b"\\u0001" * (_NEARLY // 6)
    + b'","message":"x"}}',
    "an error's message": b'{"type":"error","event_id":"e","error":{"type":"x","message":"'
    + b"\\u0001" * (_NEARLY // 6)
    + b'"}}',
    "fields that nobody knows": b'{"type":"error","event_id":"e"'
    + b"".join(b',"%x":1' % n for n in range(49_000))
    + b"}",
    "values of a wrong type": b'{"type":"rate_limits.updated","event_id":"e","rate_limits":['
    + b'"'
    + b'x","' * 49_000
    + b'"]}',
    "a transcript": b'{"type":"conversation.item.input_audio_transcription.completed","event_id":"e","item_id":"i",'
    b'"content_index":0,"usage":{"type":"duration","seconds":1},"transcript":"' + b"a \\u0001" * (_NEARLY // 8) + b'"}',
}
"""Messages of nearly 4 MiB, the largest that are taken, as text."""


def wide_lists(messages: int = 4) -> Iterator[bytes]:
    """Events of 4 MiB of nearly nothing: each of the empty objects costs a reader twenty times its size."""
    items = b"[" + b",".join([b"{}"] * (4 * MIB // 3)) + b"]"
    for _ in range(messages):
        yield frame(TEXT, b'{"type": "rate_limits.updated", "event_id": "event_1", "rate_limits": ' + items + b"}")

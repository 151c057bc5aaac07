"""Frames become messages however the bytes are cut; a frame that breaks the protocol is told, and never a message."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtdoctor.wire.frames import Socket

TEXT, BINARY, CONTINUED, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10
EASY = settings(deadline=None, max_examples=60)


def frame(opcode: int, data: bytes = b"", *, fin: bool = True, masked: bool = False, reserved: int = 0) -> bytes:
    """One frame as a server sends it (RFC 6455, section 5.2)."""
    size = len(data)
    length = (
        bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2) if size < 65_536 else b"\x7f" + size.to_bytes(8)
    )
    mask = bytes(4) if masked else b""
    return bytes([fin << 7 | reserved << 4 | opcode, length[0] | masked << 7]) + length[1:] + mask + data


class Peer:
    """A link whose other end says these pieces and then hangs up; it keeps what is written."""

    def __init__(self, pieces):
        self.pieces = list(pieces)
        self.written = b""

    async def read(self):
        return self.pieces.pop(0) if self.pieces else b""

    async def write(self, data):
        self.written += data


def opened(pieces, *, most=1 << 20, rest=b""):
    """A socket to such a peer, and the peer."""
    peer = Peer(pieces)
    return Socket(peer, most, rest), peer


async def heard(pieces, **more):
    """All that a socket tells of these pieces."""
    socket, _ = opened(pieces, **more)
    found = []
    while not found or found[-1].kind not in ("broken", "gone"):
        found.append(await socket.receive())
    return found


def told(data, places=(), **more):
    marks = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    pieces = [data[start:end] for start, end in pairwise(marks)]
    return [(one.kind, one.data) for one in asyncio.run(heard(pieces, **more))]


@EASY
@given(
    st.lists(st.tuples(st.sampled_from((TEXT, BINARY)), st.binary(max_size=300)), max_size=6),
    st.lists(st.integers(0, 5000), max_size=8),
)
def test_messages_come_out_as_they_went_in_however_they_are_cut(messages, places):
    data = b"".join(frame(opcode, body) for opcode, body in messages)
    kinds = {TEXT: "text", BINARY: "binary"}
    assert told(data, places) == [*((kinds[opcode], body) for opcode, body in messages), ("gone", b"")]


@EASY
@given(st.lists(st.binary(max_size=50), min_size=2, max_size=6), st.lists(st.integers(0, 500), max_size=8))
def test_fragments_with_pings_between_them_are_one_message(parts, places):
    first, *between, last = parts
    data = frame(TEXT, first, fin=False)
    for part in between:
        data += frame(PING, b"?") + frame(CONTINUED, part, fin=False)
    data += frame(CONTINUED, last)
    assert told(data, places) == [("text", b"".join(parts)), ("gone", b"")]


@pytest.mark.parametrize("length", [0, 125, 126, 65_535, 65_536, 200_000])
def test_every_length_is_read(length):
    assert told(frame(BINARY, b"x" * length)) == [("binary", b"x" * length), ("gone", b"")]


def test_what_came_with_the_head_of_the_101_is_read_first():
    assert told(frame(TEXT, b"two"), rest=frame(TEXT, b"one"))[:2] == [("text", b"one"), ("text", b"two")]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (frame(TEXT, b"x", masked=True), "the server masked a frame"),
        (frame(CLOSE, b"\x03"), "the close frame holds one byte"),
        (frame(CLOSE, b"\x03\xe8", fin=False), "fragmented"),
        (frame(CLOSE, b"\x03\xe8\xff\xfe"), "no utf-8"),
        (frame(CLOSE, b"\x03\xe8" + b"a" * 200), "more than 125 bytes"),
        (frame(TEXT, b"x", reserved=4), "reserved bits"),
        (frame(3, b"x"), "opcode"),
        (frame(CONTINUED, b"x"), "continuation"),
        (frame(TEXT, b"x", fin=False) + frame(TEXT, b"y"), "continuation"),
        (frame(PING, b"x" * 126), "control frame"),
        (frame(PING, b"x", fin=False), "fragmented"),
        (frame(CLOSE, b"\x03"), "close"),
        (frame(CLOSE, (1006).to_bytes(2)), "nobody may send"),
        (frame(CLOSE, (999).to_bytes(2)), "nobody may send"),
        (frame(CLOSE, b"\x03\xe8\xff"), "utf-8"),
    ],
)
async def test_what_breaks_the_protocol_is_told_and_ends_everything(data, says):
    found = await heard([frame(TEXT, b"before"), data, frame(TEXT, b"after")])
    assert [one.kind for one in found] == ["text", "broken"]
    assert says in found[-1].text.lower()


@pytest.mark.parametrize(
    "pieces", [[frame(TEXT, b"x" * 11)], [frame(TEXT, b"x" * 6, fin=False), frame(CONTINUED, b"y" * 6)]]
)
async def test_a_message_of_more_than_the_bound_is_broken_with_1009(pieces):
    (only,) = await heard(pieces, most=10)
    assert (only.kind, only.code) == ("broken", 1009)


@pytest.mark.parametrize(
    ("data", "code", "reason"),
    [
        (b"", 1005, ""),
        ((1000).to_bytes(2), 1000, ""),
        ((4000).to_bytes(2) + b"invalid_request_error.missing_model", 4000, "invalid_request_error.missing_model"),
        ((1013).to_bytes(2) + b"insufficient_quota", 1013, "insufficient_quota"),
    ],
)
async def test_a_close_frame_is_told_and_echoed(data, code, reason):
    socket, line = opened([frame(CLOSE, data)])
    message = await socket.receive()
    assert (message.kind, message.code, message.text) == ("close", code, reason)
    assert line.written[0] == 0x88
    with pytest.raises(ConnectionError):
        await socket.send("too late")


async def test_a_ping_is_answered_and_a_pong_is_told():
    socket, line = opened([frame(PING, b"here"), frame(PONG, b"there")])
    assert (await socket.receive()).kind == "pong"
    assert (line.written[0], line.written[1]) == (0x8A, 0x84), "a pong, masked, with the ping's four bytes"


async def test_our_own_messages_are_masked():
    socket, line = opened([])
    await socket.send("text")
    await socket.send(b"data")
    assert (line.written[0], line.written[1]) == (0x81, 0x84)
    assert line.written[10:12] == b"\x82\x84"


@EASY
@given(st.lists(st.binary(max_size=200), max_size=6))
def test_any_bytes_are_read_without_an_error_of_ours(pieces):
    found = asyncio.run(heard([piece for piece in pieces if piece]))
    assert found[-1].kind in ("broken", "gone")

"""The tap sees a masked frame however the bytes are cut, never where there is none, and hands everything on."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtdoctor.wire.tap import FIRST, Tap

ACCEPTED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
MASKED_TEXT = b"\x81\x85\x01\x02\x03\x04\x69\x67\x6f\x68\x6e"


class Heard(asyncio.Protocol):
    """What stands behind the tap: keeps what it is handed."""

    def __init__(self):
        self.data = b""
        self.calls = []

    def data_received(self, data):
        self.data += data

    def eof_received(self):
        self.calls.append("eof")
        return True

    def connection_lost(self, exc):
        self.calls.append(("lost", exc))

    def pause_writing(self):
        self.calls.append("pause")

    def resume_writing(self):
        self.calls.append("resume")


def frame(length, masked, opcode=1, fill=0x00):
    """A frame of that length (RFC 6455, section 5.2) in the shortest form."""
    bit = 0x80 if masked else 0
    if length < 126:
        header = bytes((0x80 | opcode, bit | length))
    elif length < 1 << 16:
        header = bytes((0x80 | opcode, bit | 126)) + length.to_bytes(2, "big")
    else:
        header = bytes((0x80 | opcode, bit | 127)) + length.to_bytes(8, "big")
    return header + (b"\x01\x02\x03\x04" if masked else b"") + bytes((fill,)) * length


def fed(*pieces):
    heard = Heard()
    tap = Tap(heard)
    for piece in pieces:
        tap.data_received(piece)
    assert heard.data == b"".join(pieces), "everything is handed on unchanged"
    return tap


def cut(data, places):
    edges = [0, *sorted({place for place in places if 0 < place < len(data)}), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


LENGTHS = st.sampled_from((0, 1, 2, 125, 126, 127, 65_535, 65_536, 70_000)) | st.integers(0, 300)
# A payload of such bytes would look like headers of masked frames, if it were read as headers.
FRAMES = st.lists(
    st.tuples(LENGTHS, st.sampled_from((0, 1, 2, 8, 9, 10)), st.sampled_from((0, 0x81, 0xFF))), max_size=6
)
# Near the beginning, where the headers are, and anywhere.
PLACES = st.lists(st.integers(0, 400) | st.integers(0, 300_000), max_size=12)
EASY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.data_too_large])


@EASY
@given(FRAMES, PLACES)
def test_frames_without_a_mask_are_no_alarm(frames, places):
    data = ACCEPTED + b"".join(frame(length, False, opcode, fill) for length, opcode, fill in frames)
    assert fed(*cut(data, places)).broken == ""


@EASY
@given(FRAMES, LENGTHS, FRAMES, PLACES)
def test_a_masked_frame_is_found_at_any_position_and_cut(before, length, after, places):
    data = ACCEPTED + b"".join(frame(size, False, opcode, fill) for size, opcode, fill in before)
    data += frame(length, True) + b"".join(frame(size, False, opcode, fill) for size, opcode, fill in after)
    assert "masked" in fed(*cut(data, places)).broken


@pytest.mark.parametrize("length", [0, 125, 126, 65_535, 65_536])
@pytest.mark.parametrize("masked", [False, True])
def test_every_cut_in_two_and_byte_by_byte_around_the_headers(length, masked):
    data = ACCEPTED + frame(length, False, fill=0xFF) + frame(length, masked, fill=0xFF)
    second = len(ACCEPTED) + len(frame(length, False))
    near = [*range(len(ACCEPTED) - 5, len(ACCEPTED) + 12), *range(second - 3, second + 12)]
    for place in near:
        assert bool(fed(*cut(data, [place])).broken) is masked, place
    assert bool(fed(*cut(data, near)).broken) is masked


def test_the_alarm_comes_with_the_second_byte_of_the_header_and_stays():
    tap = fed(ACCEPTED, MASKED_TEXT[:1])
    assert tap.broken == ""
    tap.data_received(MASKED_TEXT[1:2])
    assert "RFC 6455, section 5.1" in tap.broken
    tap.data_received(frame(3, False))
    assert tap.broken


@EASY
@given(st.lists(st.sampled_from((100, 102, 103)), max_size=3), PLACES, st.booleans())
def test_interim_heads_before_the_101_are_gone_over(interim, places, masked):
    heads = b"".join(b"HTTP/1.1 %d Wait\r\nLink: </x>\r\n\r\n" % status for status in interim)
    assert bool(fed(*cut(heads + ACCEPTED + frame(5, masked), places)).broken) is masked


@pytest.mark.parametrize("status", [200, 302, 400, 403, 426, 500])
def test_the_body_of_another_answer_is_never_read_as_frames(status):
    head = b"HTTP/1.1 %d No\r\nContent-Length: 11\r\n\r\n" % status
    assert fed(head + MASKED_TEXT).broken == ""
    assert fed(head, MASKED_TEXT).broken == ""
    assert fed(b"HTTP/1.1 100 Continue\r\n\r\n" + head, MASKED_TEXT, ACCEPTED, MASKED_TEXT).broken == ""


def test_a_head_without_end_is_given_up_at_64_kib():
    endless = b"HTTP/1.1 101 Switching Protocols\r\nX: " + b"x" * 64 * 1024
    tap = fed(endless)
    assert tap._head is None, "nothing more is kept of it"
    tap.data_received(b"\r\n\r\n" + MASKED_TEXT)
    assert tap.broken == ""
    assert fed(endless[:-2000] + b"\r\n\r\n" + MASKED_TEXT).broken, "a large head is one all the same"


def test_many_interim_heads_do_not_add_up():
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: " + b"x" * 1000 + b"\r\n\r\n"
    assert fed(*[interim] * 200, ACCEPTED, MASKED_TEXT).broken


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_any_bytes_are_handed_on_and_the_first_are_kept(pieces):
    tap = fed(*pieces)
    assert tap.first == b"".join(pieces)[:FIRST]


def test_the_rest_of_a_protocol_is_handed_on_too():
    heard = Heard()
    tap = Tap(heard)
    error = OSError("gone")
    assert tap.eof_received() is True
    tap.pause_writing()
    tap.resume_writing()
    tap.connection_lost(error)
    assert heard.calls == ["eof", "pause", "resume", ("lost", error)]


class Line(asyncio.Transport):
    """A transport that only tells how it stands."""

    def __init__(self):
        super().__init__()
        self.closing = False
        self.reading = True

    def is_closing(self):
        return self.closing

    def pause_reading(self):
        self.reading = False

    def resume_reading(self):
        self.reading = True


LONG = b"HTTP/1.1 403 No\r\nContent-Length: 20000\r\n\r\n" + b"x" * 20_000


async def test_http_is_handed_on_in_pieces_between_which_others_have_a_turn():
    heard, line = Heard(), Line()
    tap = Tap(heard, line)
    tap.data_received(LONG)
    assert (len(heard.data), line.reading) == (4096, False)
    tap.data_received(b"more")
    for _ in range(8):
        await asyncio.sleep(0)
    assert (heard.data, line.reading) == (LONG + b"more", True)


async def test_after_a_101_everything_is_handed_on_at_once():
    heard = Heard()
    frames = frame(20_000, False)
    Tap(heard, Line()).data_received(ACCEPTED + frames)
    assert heard.data == ACCEPTED + frames


@pytest.mark.parametrize(("error", "lost"), [(OSError("reset"), False), (None, True)])
async def test_what_waits_is_lost_where_we_end_the_connection_and_not_where_the_peer_does(error, lost):
    heard, line = Heard(), Line()
    tap = Tap(heard, line)
    tap.data_received(LONG)
    line.closing = True
    await asyncio.sleep(0)
    tap.connection_lost(error)
    assert (len(heard.data) < len(LONG)) is lost
    assert heard.calls == [("lost", error)]

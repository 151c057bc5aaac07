"""Frames are written as they are wanted and read as they come, whatever the pieces are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtdoctor.mock.masks import Masks
from rtdoctor.wire.rawframes import CLOSE, PING, TEXT, FrameReader, RawFrame, TooLarge, frame

SIZES = st.sampled_from((0, 1, 125, 126, 127, 65_535, 65_536, 70_000))
CUTS = st.lists(st.integers(0, 200_000), max_size=6)


def cut(raw, places):
    """The bytes in pieces, cut at these places and, where frames begin and end, at each byte."""
    ends = sorted({place % (len(raw) + 1) for place in places} | set(range(min(40, len(raw)))) | {len(raw)})
    return [raw[start:end] for start, end in zip([0, *ends], ends, strict=False) if start != end]


@given(
    st.lists(st.tuples(st.sampled_from((TEXT, CLOSE, PING)), SIZES, st.booleans(), st.booleans()), max_size=4),
    CUTS,
)
def test_what_is_written_is_read_in_any_pieces(wanted, places):
    frames = [RawFrame(opcode, b"x" * size, fin, 0, mask) for opcode, size, fin, mask in wanted]
    raw = b"".join(frame(one.opcode, one.payload, fin=one.fin, mask=one.masked) for one in frames)
    reader = FrameReader(1 << 20)
    assert [one for piece in cut(raw, places) for one in reader.feed(piece)] == frames


def test_a_frame_that_is_too_large_is_not_waited_for():
    with pytest.raises(TooLarge):
        list(FrameReader(1000).feed(frame(TEXT, length=1001, mask=False)))


@pytest.mark.parametrize(
    ("one", "fault"),
    [
        (RawFrame(TEXT, b"", masked=True), "masks a frame"),
        (RawFrame(3, b""), "reserved opcode"),
        (RawFrame(11, b""), "reserved opcode"),
        (RawFrame(PING, b"x" * 126), "control frame"),
        (RawFrame(PING, b"", fin=False), "control frame"),
        (RawFrame(TEXT, b"", fin=False), ""),
    ],
)
def test_what_a_server_may_not_send_is_named(one, fault):
    assert fault in one.fault
    assert bool(one.fault) == bool(fault)


@given(st.lists(SIZES, min_size=1, max_size=4), st.integers(0, 4), CUTS)
def test_the_mock_sees_a_frame_without_a_mask_in_any_pieces(sizes, bare, places):
    pieces = [frame(TEXT, b"y" * size, mask=place != bare) for place, size in enumerate(sizes)]
    raw = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n" + b"".join(pieces)
    masks = Masks()
    seen = [masks.all_masked(piece) for piece in cut(raw, places)]
    assert seen[-1] == (bare >= len(sizes))

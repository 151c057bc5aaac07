"""Where an object ends is told in two ways, by brackets line by line and by one look at the whole: they agree."""

from itertools import accumulate

from hypothesis import example, given
from hypothesis import strategies as st

from rtdoctor.recording.scan import balance, end_of

BITS = st.sampled_from([b"{", b"}", b"[", b"]", b'"', b"\\", b'\\"', b"\\{", b"\\\\", b"\n", b" ", b"a"])


@given(st.lists(BITS, max_size=20).map(b"".join))
@example(b' "a": \\"\n }')
@example(b"\\}\n}")
def test_a_text_that_is_balanced_has_an_end_and_another_has_none(text: bytes) -> None:
    text = b"{" + text
    # lines as a reader takes them: no string and no escape goes beyond one
    lines = [line + b"x" * line.endswith(b"\\") for line in text.split(b"\n")]
    found = [balance(line) for line in lines]
    if any(opened for *_, opened in found):
        return
    depths = accumulate((net for net, *_ in found), initial=0)
    closed = any(depth + lowest <= 0 for depth, (_, lowest, _) in list(zip(depths, found, strict=False))[1:])
    closed = closed or end_of(lines[0], 0) >= 0
    assert (end_of(b"\n".join(lines), 0) >= 0) == closed

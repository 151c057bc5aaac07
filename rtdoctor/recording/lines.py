"""From chunks to lines, with their numbers. A line beyond the limit is counted, not held."""

from collections.abc import Iterable, Iterator

from rtdoctor.recording.parse import MAX_BYTES


def split_lines(chunks: Iterable[bytes], limit: int = MAX_BYTES) -> Iterator[tuple[int, bytes | None]]:
    """`(number from 1, line without its LF)`; the line is None where it is longer than `limit` bytes."""
    number = 0
    begun = bytearray()
    lost = False
    for chunk in chunks:
        first, *others = chunk.split(b"\n")
        lost = lost or len(begun) + len(first) > limit
        if lost:
            begun.clear()
        else:
            begun += first
        if not others:
            continue
        number += 1
        whole, begun = bytes(begun), bytearray(others.pop())
        yield number, None if lost else whole
        lost = False
        for line in others:
            number += 1
            yield number, line if len(line) <= limit else None
    if lost or len(begun) > limit:
        yield number + 1, None
    elif begun:
        yield number + 1, bytes(begun)

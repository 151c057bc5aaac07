"""Where in a text an expression need not be tried: the parts of it in which nothing hints at a match.

A hint is a short expression of bounded length of which each match of some longer ones holds a match. All that hint at a
group of shapes are looked for in one pass, and the shapes then tried around what was found. A part reaches from white
space to white space, for what has no bound in these shapes (a value, a word) goes on to the next one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from rtdoctor.linear import BytePattern, byte_pattern

_SKIP = 256  # characters behind a hint that are taken with it, so that a text full of hints costs no more
_WHITE = bytes(32 if code in b"\t\n\f\r " else 46 for code in range(256))


@dataclass(frozen=True, slots=True)
class Hint:
    """`before` and `after` are how many characters a match may begin before a hint, and go on behind its beginning,
    beside the word that stands there and one at either end."""

    shape: BytePattern
    before: int
    after: int


def hint(*shapes: str, before: int = 0, after: int) -> Hint:
    """One hint of several expressions."""
    return Hint(byte_pattern("|".join(f"(?:{shape})" for shape in shapes).encode("ascii")), before, after)


def white(flattened: bytes) -> bytes:
    """A flat text in which white space is a blank, and all else is none."""
    return flattened.translate(_WHITE)


def parts(hinted: Hint, flattened: bytes, blanks: bytes) -> Iterator[tuple[int, int]]:
    """The parts of a flat text that may hold a match, in order; none touch. `blanks` is `white(flattened)`."""
    size, place = len(flattened), 0
    start = end = -1
    while (at := hinted.shape.find(flattened, place)) >= 0:
        place = at + _SKIP
        low = blanks.rfind(b" ", 0, max(0, blanks.rfind(b" ", 0, at) - hinted.before))
        high = blanks.find(b" ", _end(blanks, place, size) + hinted.after)
        if end < 0:
            start = max(0, low)
        elif low > end:
            yield start, end
            start = low
        end = size if high < 0 else high + 1
        if end >= size:
            break
    if end >= 0:
        yield start, end


def _end(blanks: bytes, place: int, size: int) -> int:
    blank = blanks.find(b" ", place)
    return size if blank < 0 else blank

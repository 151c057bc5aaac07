"""Cuts a stream of text into windows of bounded size, so that a log of any length is read in constant memory."""

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rtdoctor.linear import flat, pattern, small
from rtdoctor.privacy.blot import blot

SIZE = 1 << 16  # characters in a window
_STEP = 1 << 14
OVERLAP = 1 << 12  # the part that is looked at again at the start of the next: the longest text that a pattern spans

_COLOUR = pattern(r"\x1b\[[0-9;]*[A-Za-z]")
# Typographic quotes come from forums and chat programs, spaces beyond ASCII from web pages. One character each: places
# stay.
_STRAIGHT = str.maketrans("‘’“”„", '\'\'"""') | dict.fromkeys(
    (0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000), " "
)
_BOMS = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"), (codecs.BOM_UTF8, "utf-8"))


@dataclass(frozen=True, slots=True)
class Block:
    """A window. `start` is its place in the whole text; what begins at or after `until` belongs to the next one.

    `lower` is it in small letters, `flat` what expressions are matched on, `whole` what words are looked for in: half
    of a character (a lone surrogate) is no text to an automaton, and part of no word.
    """

    text: str
    lower: str
    flat: bytes
    start: int
    until: int
    last: bool

    @property
    def whole(self) -> str:
        """The text in small letters, without halves of characters."""
        return self.lower if self.lower.isascii() else self.lower.encode("utf-8", "replace").decode()


def decoded(chunks: Iterable[bytes]) -> Iterator[str]:
    """Bytes as text: UTF-8, or UTF-16 with its mark (Windows shells write it); what is neither is replaced."""
    decoder: codecs.IncrementalDecoder | None = None
    head = b""
    for chunk in chunks:
        if decoder is None:
            head += chunk
            if len(head) < 3:
                continue
            decoder, chunk = _decoder(head)
        yield decoder.decode(chunk)
    if decoder is None:
        decoder, head = _decoder(head)
        yield decoder.decode(head)
    yield decoder.decode(b"", True)


def _decoder(head: bytes) -> tuple[codecs.IncrementalDecoder, bytes]:
    for mark, name in _BOMS:
        if head.startswith(mark):
            return codecs.getincrementaldecoder(name)("replace"), head[len(mark) :]
    return codecs.getincrementaldecoder("utf-8")("replace"), head


def blocks(chunks: Iterable[str]) -> Iterator[Block]:
    """The windows of a text, each overlapping the next."""
    before, held, start = "", "", 0  # as they were read: a blotted text, blotted again, shows the rest of a secret
    for chunk in chunks:
        for place in range(0, len(chunk), _STEP):
            held += _plain(chunk[place : place + _STEP])
            while len(held) >= SIZE + 2 * OVERLAP:
                yield _block(_blotted(before, held)[: SIZE + OVERLAP], start, SIZE, last=False)
                before, held, start = held[SIZE - OVERLAP : SIZE], held[SIZE:], start + SIZE
    yield _block(_blotted(before, held), start, len(held), last=True)


def _blotted(before: str, held: str) -> str:
    """What is held, blotted with what stands on either side of it, so that no secret is cut in two."""
    return blot(before + held)[len(before) :]


def _plain(text: str) -> str:
    plain = text if text.isascii() else text.translate(_STRAIGHT)
    if "\x1b" in plain:
        plain = _COLOUR.sub("", plain)
    return plain.replace("\r", " ") if "\r" in plain else plain


def _block(text: str, start: int, until: int, *, last: bool) -> Block:
    return Block(text, small(text), flat(text), start, until, last)

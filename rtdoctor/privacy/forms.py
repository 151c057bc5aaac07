"""How a secret may be written: plain, reversed, and in the encodings that servers and logs use, one inside of another.

Each form is what the secret's characters become, wherever they stand in a longer text: base64 and its kin have one form
for each alignment. What is told of depth: two encodings, in any order of those listed here; escapes (percent, JSON,
HTML, octal) may lie around them in six layers, see `unescape`.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass

from rtdoctor.privacy.unescape import fold

_LONG = 200  # characters
_TWICE = 20  # characters of what was encoded twice: some ten of the secret


@dataclass(frozen=True, slots=True)
class Form:
    """A folded form, and how many of its characters in a row are a piece of the secret."""

    text: bytes
    least: int


def forms(core: str, least: int) -> Iterator[Form]:
    """The forms of a secret of which `least` folded characters in a row count as a piece; of a long one, such as a
    private key, more in the rarer encodings."""
    raw = core.encode("utf-8", "surrogatepass")
    times = 3 if len(core) > _LONG else 1
    yield Form(fold(core).text, least)
    if not core.isascii():
        yield Form(fold(raw.decode("latin-1")).text, least)  # its bytes, an escape for each
    yield Form(fold(core[::-1]).text, least)
    yield from _folded(_base64(raw), max(8, least * 4 // 3))
    yield Form(raw.hex().encode(), 2 * least)
    wide = core.encode("utf-16-le", "surrogatepass")
    yield Form(wide.hex().encode(), 24 * times)
    for prefix in (b"0x", b"u00", b"00", b"0000", b"000000"):
        yield Form(prefix + raw.hex(" ").encode().replace(b" ", prefix), 20 * times)
    yield from _folded(_base32(raw), 10 * times)
    yield from _folded(_base85(raw), 8 * times)
    yield from _folded(_base64(wide), 16 * times)
    for text in dict.fromkeys((*_base64(raw), raw.hex(), raw.hex().upper(), core[::-1], *_base32(raw))):
        inner = text.encode("utf-8", "surrogatepass")
        yield from _folded(_base64(inner), _TWICE * times)
        yield Form(inner.hex().encode(), 2 * _TWICE * times)
        yield Form(fold(text[::-1]).text, _TWICE * times)


def number_forms(core: str) -> Iterator[Form]:
    """The digits of a list of the secret's bytes in decimal, octal or binary: `115, 107`, `chr(115)`, `0o163`."""
    raw = core.encode("utf-8", "surrogatepass")
    for each in ("{}", "{:03}", "{:o}", "{:03o}", "0{:o}", "0{:03o}"):
        yield Form("".join(map(each.format, raw)).encode(), 15)
    for each in ("{:b}", "{:07b}", "{:08b}", "0{:b}", "0{:07b}", "0{:08b}"):
        yield Form("".join(map(each.format, raw)).encode(), 64)


def _folded(texts: Iterator[str], least: int) -> Iterator[Form]:
    for text in texts:
        yield Form(fold(text).text, least)


def _base64(raw: bytes) -> Iterator[str]:
    """The characters that are settled by the bytes, for each of the three places where they may begin."""
    for before in range(3):
        text = base64.b64encode(bytes(before) + raw).decode()
        settled = text[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
        yield from dict.fromkeys((settled, settled.replace("+", "-").replace("/", "_")))


def _base32(raw: bytes) -> Iterator[str]:
    for before in range(5):
        text = base64.b32encode(bytes(before) + raw).decode()
        yield text[-(-before * 8 // 5) : (before + len(raw)) * 8 // 5]


def _base85(raw: bytes) -> Iterator[str]:
    """Groups of four bytes are five characters: whole groups are settled."""
    for before in range(4):
        whole = raw[(4 - before) % 4 :]
        whole = whole[: len(whole) // 4 * 4]
        yield base64.b85encode(whole).decode()
        yield base64.a85encode(whole).decode()

"""Finds pieces of known secrets in a text, in plain and encoded, however short the piece."""

import binascii
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rtdoctor.model.secret import Secret

_GRAM, _STRIDE = 4, 5  # every window of 8 characters holds a gram of 4 that begins at a multiple of 5
_SHORTEST = _GRAM + _STRIDE - 1


@dataclass(frozen=True, slots=True)
class Hit:
    """A piece of a secret from `start` to `end` of the text."""

    start: int
    end: int
    secret: Secret


class Needles:
    """The pieces of secrets that count: `length` characters of a core in a row (twice as many of a client key, whose
    base64 is long), or the whole of a shorter one; and what these are in base64 (at all three alignments) and hex."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._pieces: dict[int, dict[str, Secret]] = {}
        self._grams: dict[str, tuple[int, ...]] = {}  # with the sizes of the pieces that it stands in
        self._short: list[tuple[str, Secret]] = []

    def add(self, secret: Secret) -> None:
        """Learn a secret."""
        length = min(2 * self._length if secret.kind == "client-key" else self._length, len(secret.core))
        for exact, wanted in _forms(secret.core, length):
            form = small("".join(exact.split()))
            size = min(wanted, len(form))
            if size < _SHORTEST:
                self._short.append((exact, secret))
                continue
            pieces = self._pieces.setdefault(size, {})
            for start in range(len(form) - size + 1):
                pieces.setdefault(form[start : start + size], secret)
            for start in range(len(form) - _GRAM + 1):
                gram = form[start : start + _GRAM]
                sizes = self._grams.get(gram, ())
                if size not in sizes:
                    self._grams[gram] = (*sizes, size)

    def find(self, text: str) -> Iterator[Hit]:
        """Every piece in a text of small letters without white space; what overlaps of one secret is one piece."""
        grams = self._grams
        found: dict[int, Hit] = {}
        for place in range(0, len(text) - _GRAM + 1, _STRIDE):
            for size in grams.get(text[place : place + _GRAM], ()):
                pieces = self._pieces[size]
                for start in range(max(0, place - size + _GRAM), place + 1):
                    secret = pieces.get(text[start : start + size])
                    if secret is None:
                        continue
                    before = found.get(id(secret))
                    if before is not None and start > before.end:
                        yield before
                        before = None
                    end = start + size
                    if before is not None:
                        start, end = min(start, before.start), max(end, before.end)
                    found[id(secret)] = Hit(start, end, secret)
        yield from found.values()

    def find_short(self, text: str) -> Iterator[Hit]:
        """Every short secret as a whole, in a text as it stands: its letters' case and the spaces around it count."""
        for form, secret in self._short:
            start = text.find(form)
            while start >= 0:
                yield Hit(start, start + len(form), secret)
                start = text.find(form, start + len(form))

    def __bool__(self) -> bool:
        return bool(self._grams or self._short)


def _forms(core: str, length: int) -> Iterable[tuple[str, int]]:
    """Each form of a core, with how many of its characters in a row count as a piece."""
    raw = core.encode("utf-8", "surrogatepass")
    yield core, length
    if not core.isascii():
        yield raw.decode("latin-1"), length  # its bytes, an escape for each
    settled = (length * 8 - 5) // 6  # so many characters of base64 are settled by `length` bytes, wherever they stand
    for before in range(3):
        text = binascii.b2a_base64(bytes(before) + raw, newline=False).decode()
        form = text[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
        for variant in dict.fromkeys((form, form.replace("+", "-").replace("/", "_"))):
            yield variant, min(settled, len(variant))
    yield raw.hex(), 2 * length


def small(text: str) -> str:
    """The text in small letters, every character in its place."""
    lower = text.lower()
    if len(lower) != len(text):  # some capitals have two small letters
        lower = "".join(one if len(one := char.lower()) == 1 else char for char in text)
    return lower

"""Tells words from what is no word: which parts of a text are opaque, and so may be a secret that nobody knows.

A word is told by how often its letters follow each other in English and in programs (`letters.txt`, made by
`tools/make_letters.py`), a name of many words by its parts. There is no list of words: what was not foreseen is judged,
too. A secret that looks like a word is taken for one (SECURITY.md).
"""

from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from string import ascii_letters, digits

from rtdoctor.linear import flat, pattern

SHORTEST = 12  # characters of opaque text that are taken for a secret
_STRANGE = 8  # so many of them in pieces that are opaque by themselves
# By the length of a word, the score that it must reach. Measured: of 8 random letters 1 % reach 4.9, of 12 4.5, of 16
# 4.3; of words of 8 letters 1 % miss 4.1, of 12 4.5, of 16 4.8.
_SCORES = ((12, 4.4), (8, 4.0), (4, 3.3))
_NAME = 4.0  # the score of a whole name of several words
_HUMP = 3.0  # letters that the parts of a camelCase name have at least, on average
_MOST = 0.6  # the share of a token that is opaque, from which on all of it is
_BASE64 = pattern(r"[A-Za-z0-9_\-]+=*|[A-Za-z0-9/+]+={1,2}|[A-Za-z0-9/+]*\+[A-Za-z0-9/+]*")
_LONGEST = 4096  # of a longer token the classes of its characters are not looked at: it is opaque
# What may be one token; all else parts two.
_TOKENS = bytes(code if chr(code) in f"{ascii_letters}{digits}_-+/=~.!#$^*@%" else 32 for code in range(256))
_PIECE = pattern(r"[A-Za-z0-9]+")
_HUMPS = pattern(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
# What everybody writes: a pointer, a moment in milliseconds, ISO 8601 without its punctuation, an error's code
# (AADSTS7000215), how a certificate was signed.
_PLAIN = pattern(
    r"0x0{0,4}[0-9a-fA-F]{1,12}|1[0-9]{12}|[0-9]{8}T[0-9]{6}Z?|[0-9]{2}T[0-9]{2}|[A-Z]{2,8}[0-9]{3,8}|"
    r"(?:md5|sha(?:1|224|256|384|512))With[A-Za-z]{3,20}"
)
# What versions, models and sizes are called: a word and a number, a number and a unit.
_NUMBERED = pattern(r"[A-Za-z]{0,3}[0-9]{1,4}[A-Za-z]{0,2}")


@cache
def _letters() -> tuple[tuple[int, ...], ...]:
    """How often letter b follows letter a, from 0 (never) to 9 (always)."""
    text = Path(__file__).with_name("letters.txt").read_text(encoding="ascii")
    return tuple(tuple(map(int, line)) for line in text.split() if line.isdigit())


def _score(word: str) -> float:
    table, codes = _letters(), [ord(char) - 97 for char in word.lower()]
    return sum(table[a][b] for a, b in pairwise(codes)) / max(1, len(codes) - 1)


def _like_a_word(letters: str) -> bool:
    """True for letters in a row that people could have written."""
    return len(letters) <= 3 or _score(letters) >= next(score for least, score in _SCORES if len(letters) >= least)


def is_word(letters: str) -> bool:
    """True for letters in a row, in one case or capitalised, that read like a word; of anything else false."""
    if not (letters.isascii() and letters.isalpha()):
        return False
    return (letters.islower() or letters.isupper() or letters.istitle()) and _like_a_word(letters)


def humps(piece: str) -> list[str]:
    """The parts of a camelCase name; the last of some capitals before small letters begins a word: HTTP, Error."""
    parts: list[str] = []
    for match in _HUMPS.finditer(piece):
        part = match.text()
        if parts and part.islower() and parts[-1].isupper():
            part = parts[-1][-1] + part
            parts[-1] = parts[-1][:-1]
        parts.append(part)
    return [part for part in parts if part]


@lru_cache(8192)
def opaque(piece: str) -> bool:
    """True for letters and digits in a row that are no word, number or name."""
    if len(piece) <= 3 or (len(piece) < _LONGEST and (_PLAIN.fullmatch(piece) or _NUMBERED.fullmatch(piece))):
        return False
    if piece.isdigit():
        return len(piece) >= SHORTEST
    if len(piece) >= _LONGEST:
        return True
    parts = humps(piece)
    letters = [part for part in parts if not part.isdigit()]
    size = sum(map(len, letters))
    if len(parts) - len(letters) > 1 or len(piece) - size > 4:
        return True
    if size < _HUMP * len(letters) or (size < len(piece) and size < 4):
        return len(piece) > 5
    return not all(map(_like_a_word, letters)) or (len(letters) > 1 and _score("".join(letters)) < _NAME)


@lru_cache(8192)
def _strange(piece: str) -> int:
    """How many characters of a piece speak for a secret: all of what is opaque, half of what is odd (kinds of
    characters change within it) and says no more, none of a word, a name or a number."""
    if opaque(piece):
        return len(piece)
    if piece.isdigit() or _PLAIN.fullmatch(piece):
        return 0
    if len(piece) <= 5:
        kinds = len(humps(piece))
        return len(piece) if kinds > 2 else len(piece) // 2 if kinds > 1 and not piece.istitle() else 0
    parts = humps(piece.rstrip("0123456789"))
    # A name may begin with one small letter and hold capitals: kCFNetwork. Two of such are odd.
    short = sum(len(part) < 3 and not part.isupper() for part in parts)
    return len(piece) // 2 if short > 1 or any(map(str.isdigit, parts)) else 0


@lru_cache(8192)
def _spans(token: str) -> tuple[tuple[int, int], ...]:
    """The opaque parts of a token. What is short or a number between two opaque pieces belongs to them."""
    places: list[tuple[int, int]] = []
    run: list[tuple[int, int, int]] = []  # pieces that may belong together: from, to, how many characters are strange

    def close() -> None:
        strange = [place for place, piece in enumerate(run) if piece[2]]
        if strange:
            first, last = strange[0], strange[-1]
            # What is short at either end belongs to it, too, where nothing but a dash stands between.
            while first and not _parted(token, run[first - 1], run[first]):
                first -= 1
            while last + 1 < len(run) and not _parted(token, run[last], run[last + 1]):
                last += 1
            kept = run[first : last + 1]
            if sum(high - low for low, high, _ in kept) >= SHORTEST and sum(piece[2] for piece in kept) >= _STRANGE:
                places.append((kept[0][0], kept[-1][1]))
        run.clear()

    every = 0
    for piece in _PIECE.finditer(token):
        (low, high), text = piece.span(), piece.text()
        strange = _strange(text)
        every += high - low
        if strange or high - low <= 5 or text.isdigit():
            run.append((low, high, strange))
        else:
            close()
    close()
    # Base64 has pieces that look like a word: where most of a token is opaque, all of it is.
    if places and sum(high - low for low, high in places) >= _MOST * every and _BASE64.fullmatch(token):
        return ((0, len(token)),)
    return tuple(places)


def _parted(token: str, one: tuple[int, int, int], two: tuple[int, int, int]) -> bool:
    return bool(token[one[1] : two[0]].strip("-_+"))


def opaque_spans(text: str, flattened: bytes | None = None) -> Iterator[tuple[int, int]]:
    """Where a text holds opaque parts of 12 characters or more, from left to right."""
    plain = (flat(text) if flattened is None else flattened).translate(_TOKENS)
    place = 0
    for token in [token for token in plain.split() if len(token) >= SHORTEST]:
        place = plain.find(token, place)
        for start, end in _spans(token.decode("ascii")):
            yield place + start, place + end
        place += len(token)

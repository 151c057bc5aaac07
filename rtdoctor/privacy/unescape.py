"""A text as it reads: its escapes undone, layer by layer, and folded to small letters and digits; and the way back to
where each character stood.

Percent, JSON, HTML and string escapes may be mixed and nested. Folding leaves out everything that may be put between
the characters of a secret: white space, punctuation, NUL (so UTF-16 reads as ASCII), what cannot be seen; the letters
of other alphabets' look-alikes (full width, mathematical) become plain ones.
"""

import codecs
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate

from rtdoctor.linear import Match, flat, pattern

_HEX = "[0-9a-fA-F]"
# `%252573` is a percent sign that was escaped several times: undone at once, however often.
_ESCAPE = pattern(
    rf"%(?:25){{0,40}}(?:[uU](?P<a>{_HEX}{{4}})|(?P<b>{_HEX}{{2}}))"
    rf"|\\(?:[uUxX]\{{0*(?P<c>{_HEX}{{1,6}})\}}|u(?P<d>{_HEX}{{4}})|U(?P<e>{_HEX}{{8}})|[xX](?P<f>{_HEX}{{2}})"
    rf"|N\{{U\+0*(?P<h>{_HEX}{{1,6}})\}}|o\{{0*(?P<octals>[0-7]{{1,7}})\}}"
    r"|(?P<octal>[0-3][0-7]{2})|(?P<same>[/\\])|(?P<white>[nrtbfvae0]))"
    rf"|&(?:#[xX]0*(?P<g>{_HEX}{{1,6}});?|#0*(?P<decimal>[0-9]{{1,7}});?|(?P<name>[a-zA-Z]{{2,8}});)"
    r"|\x1b\[(?P<colour>[0-9;?]*[A-Za-z])"
)
_NAMED = {
    "amp": "&", "quot": '"', "apos": "'", "lt": "<", "gt": ">", "sol": "/", "plus": "+", "equals": "=",
    "lowbar": "_", "hyphen": "-", "dash": "-", "period": ".", "percnt": "%", "bsol": "\\", "num": "#", "colon": ":",
    "nbsp": " ", "shy": " ", "zwnj": " ", "zwj": " ", "ensp": " ", "emsp": " ", "thinsp": " ", "tab": " ",
}  # fmt: skip
MOST_LAYERS = 6
_NEAR = 1000  # characters around an escape in which what it stands in may begin and end
# Between two parts that do not follow each other: no white space in an expression is as long, no value goes over it.
_GAP = "\n" * 41 + "\0" + "\n" * 41
_BLOCK = 4096
_TAGS = 0xE0000  # Unicode's tag characters: ASCII that cannot be seen
_MOST_KNOWN = 20_000  # characters of other alphabets that are remembered
# What is left out of a folded text, and what the rest becomes.
_DROPPED = bytes(code for code in range(256) if not chr(code).isalnum() or code > 127)
_NO_DIGITS = bytes(code for code in range(256) if not 48 <= code <= 57)
_SMALL = bytes(code + 32 if 65 <= code <= 90 else code for code in range(256))


@dataclass(frozen=True, slots=True)
class View:
    """A text as it reads after some escapes were undone in the one before it.

    `at` holds where the characters stand that were escapes, `lows` and `highs` from where to where each of them stood
    in the text before; all others follow the one before them as they did there. Where it consists of several parts of
    the text before, with a gap between two, `gaps` are where these end.
    """

    text: str
    before: "View | None" = None
    at: tuple[int, ...] = ()
    lows: tuple[int, ...] = ()
    highs: tuple[int, ...] = ()
    gaps: tuple[int, ...] = ()

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a piece of the view stands in the first text."""
        if self.before is None:
            return start, end
        gap = bisect_right(self.gaps, start)
        if gap < len(self.gaps):  # nothing goes on behind the part in which it begins
            end = max(start + 1, min(end, self.gaps[gap] - len(_GAP)))
        return self.before.span(self._place(start)[0], self._place(end - 1)[1])

    def _place(self, index: int) -> tuple[int, int]:
        last = bisect_right(self.at, index) - 1
        if last < 0:
            return index, index + 1
        if self.at[last] == index:
            return self.lows[last], self.highs[last]
        place = self.highs[last] + index - self.at[last] - 1
        return place, place + 1


def layers(text: str) -> Iterator[View]:
    """The text as it stands, then with one layer of escapes undone after the other; of those only what is near to an
    escape, since the rest was given before."""
    view = View(text)
    yield view
    for _ in range(MOST_LAYERS):
        if not any(char in view.text for char in "%\\&\x1b"):
            return
        undone = _undone(view)
        if undone is view:
            return
        view = undone
        yield _near_escapes(view)


def _near_escapes(view: View) -> View:
    """The parts of a view that lie near to a character that was an escape, as one."""
    parts: list[str] = []
    at: list[int] = []
    lows: list[int] = []
    size, start, end = 0, 0, -1

    def close() -> None:
        nonlocal size
        if end >= 0:
            at.append(size)
            lows.append(start)
            parts.append(view.text[start:end])
            size += end - start + len(_GAP)

    for place in view.at:
        if place - _NEAR > end:
            close()
            start = max(0, place - _NEAR)
        end = min(len(view.text), place + _NEAR)
    close()
    return View(_GAP.join(parts), view, tuple(at), tuple(lows), tuple(low + 1 for low in lows), tuple(at[1:]))


def _undone(view: View) -> View:
    parts: list[str] = []
    at: list[int] = []
    lows: list[int] = []
    highs: list[int] = []
    size = place = 0
    for match in _ESCAPE.finditer(view.text):
        char = _char(match.text())
        if char is None:
            continue
        start, end = match.span()
        size += start - place
        parts += (view.text[place:start], char)
        at.append(size)
        lows.append(start)
        highs.append(end)
        size += 1
        place = end
    if not at:
        return view
    parts.append(view.text[place:])
    return View("".join(parts), view, tuple(at), tuple(lows), tuple(highs))


_USUAL = 40  # characters of an escape that is remembered; zeros may stand before its number without end


def _char(escape: str) -> str | None:
    """The one character that an escape stands for; None for a name that is not known."""
    return _remembered_char(escape) if len(escape) <= _USUAL else _read_char(escape)


def _read_char(escape: str) -> str | None:
    match = _ESCAPE.fullmatch(escape)
    assert match is not None
    kind, held = _group(match)
    if kind == "same":
        return held
    if kind in ("white", "colour"):
        return " "
    if kind == "name":
        return _NAMED.get(held.lower())
    number = int(held, {"decimal": 10, "octal": 8, "octals": 8}.get(kind, 16))
    return chr(number) if number < 0x110000 else None


_remembered_char = lru_cache(4096)(_read_char)


def _group(match: Match) -> tuple[str, str]:
    return next((name, held) for name, held in match.groupdict().items() if held is not None)


class _LookAlikes(dict[int, int | str]):
    """For str.translate: what another alphabet's letter or digit stands for in ASCII, or SUB."""

    def __missing__(self, code_point: int) -> int | str:
        code = code_point - _TAGS if _TAGS < code_point < _TAGS + 128 else code_point
        plain = unicodedata.normalize("NFKC", chr(code)) if code > 127 else chr(code)
        shown = ord(plain) if len(plain) == 1 and plain.isascii() else 0x1A if code > 127 else code
        if len(self) < _MOST_KNOWN:
            self[code_point] = shown
        return shown


_LOOK_ALIKES = _LookAlikes()


def _look_alike(error: UnicodeError) -> tuple[bytes, int]:
    assert isinstance(error, UnicodeEncodeError)
    return flat(error.object[error.start : error.end].translate(_LOOK_ALIKES)), error.end


codecs.register_error("rtdoctor-look-alike", _look_alike)


@dataclass(frozen=True, slots=True)
class Folded:
    """What is left of a text, in small letters; `place(i)` is where character i of them stands in it."""

    text: bytes
    plain: bytes
    _dropped: bytes
    _counts: tuple[int, ...]
    _places: dict[int, list[int]] = field(default_factory=dict)  # of a block's characters, once one was asked for

    def place(self, index: int) -> int:
        """The place in the text of a character of the folded one."""
        block = bisect_right(self._counts, index) - 1
        if block not in self._places:
            held = self.plain[block * _BLOCK : (block + 1) * _BLOCK]
            self._places[block] = [place for place, code in enumerate(held) if code not in self._dropped]
        return block * _BLOCK + self._places[block][index - self._counts[block]]


def fold(text: str, dropped: bytes = _DROPPED) -> Folded:
    """The text in small letters and digits alone, or without the characters that are dropped."""
    plain = text.encode("ascii", "rtdoctor-look-alike")
    blocks = [plain[at : at + _BLOCK].translate(_SMALL, dropped) for at in range(0, len(plain), _BLOCK)]
    return Folded(b"".join(blocks), plain, dropped, (0, *accumulate(map(len, blocks))))


def digits(text: str) -> Folded:
    """The digits of a text alone: what lists of numbers have in common, whatever each of them is wrapped in."""
    return fold(text, _NO_DIGITS)

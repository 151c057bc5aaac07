"""Blots what is not to be shown out of a text before anything is read from it, in place: the text keeps its length.

`shown` turns the blots into marks when the text is told. A blot keeps which mark it is in its first characters, of
Unicode's private use area: two keys stay two.
"""

from rtdoctor.privacy.quote import spans, wants_opaque
from rtdoctor.privacy.secret import MARKS, MASK

BLOT = "\u2588"
_ZERO = 0xE000
_HEX = "0123456789abcdef"
_DIGITS = {digit: chr(_ZERO + place) for place, digit in enumerate(_HEX)}
_VALUES = {char: digit for digit, char in _DIGITS.items()}
# Nobody else's blots: what stands there already is none of ours.
_FOREIGN = {_ZERO + place: "\ufffd" for place in range(16)}


def blot(text: str) -> str:
    """The text of the same length, blotted."""
    if not text.isascii():
        text = text.translate(_FOREIGN)
    parts: list[str] = []
    place = 0
    for span in spans(text, opaque_too=not wants_opaque()):
        digits = span.mark[len("[secret ") : -1] if MARKS.fullmatch(span.mark) and span.mark != MASK else ""
        size = span.end - span.start
        digits = "".join(_DIGITS[digit] for digit in digits) if size > len(digits) else ""
        parts += (text[place : span.start], digits + BLOT * (size - len(digits)))
        place = span.end
    return "".join((*parts, text[place:]))


def shown(text: str) -> str:
    """A blotted text as it is told: a mark for each blot."""
    if text.isascii():
        return text
    kept: list[str] = []
    run: list[str] = []  # the characters of the blot that is being read
    for char in text:
        begins = char in _VALUES and BLOT in run[-1:]
        ours = char in _VALUES or char == BLOT
        if run and (begins or not ours):
            kept.append(_mark(run))
            run = []
        (run if ours else kept).append(char)
    return "".join((*kept, _mark(run) if run else ""))


def _mark(run: list[str]) -> str:
    digits = "".join(_VALUES[char] for char in run if char != BLOT)
    return f"[secret {digits}]" if len(digits) == 4 else MASK

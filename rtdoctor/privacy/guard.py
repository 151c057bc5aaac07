"""The last thing before an output: a stream that lets no known secret pass.

What comes from outside was quoted before; what the guard finds is a bug, or a server that put a secret together out of
pieces. It masks and goes on, and at the end it is told: a report must not be lost because a server knows the key. It
looks at what was written before, too, so that a secret is found that comes in pieces, and masks what would complete it.
"""

import sys
import traceback
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, TextIO, cast

from rtdoctor.linear import pattern
from rtdoctor.privacy.clean import visible
from rtdoctor.privacy.known import Hit, known, reads_like_words
from rtdoctor.privacy.quote import quote
from rtdoctor.privacy.secret import MARKS
from rtdoctor.privacy.unescape import fold, layers

GUARDED = 12  # small letters and digits of a secret in a row that no output may hold
_FILLERS = "xqzjkvwy"
_TAIL = 4096  # characters of what was written that are looked at again with what comes next
_PIECE = 1 << 16
_RUN = pattern(r"[A-Za-z0-9]+")
_COLOURS = pattern(r"\x1b\[[0-9;?]*[A-Za-z]")
# What carries text in a document; an escaped quote or backslash is punctuation, an escaped letter or number is none.
_WORD = pattern(r"\\\\|(?:[^\s\"',:;(){}\[\]<>\\]|\\[0-9A-Za-z])+")


class Leak(Exception):
    """A write held a secret that could not be masked, and was refused. The message tells kind and origin of it, and
    never more."""


class Guarded:
    """A text stream in front of another. Whatever it does not do itself, the other one does.

    `masked` holds the names of the secrets of which pieces were masked at the last moment. With `quoting` all text is
    quoted: a library's usage errors repeat what was typed, a key in the wrong place included.
    """

    def __init__(self, stream: TextIO, *, quoting: bool = False) -> None:
        self._stream = stream
        self._quoting = quoting
        self._tail = ""
        self.masked: dict[str, None] = {}

    def write(self, text: str) -> int:
        """Write it, with what is secret in it masked.

        Raises:
            Leak: it holds a secret that stays after masking.
        """
        self._stream.write(self.without_secrets(visible(quote(text)) if self._quoting else text))
        return len(text)

    def own(self, text: str) -> None:
        """Write a sentence of ours, in which what came from outside was quoted: no word of it is taken for a secret."""
        self._stream.write(self.without_secrets(visible(text)))

    def writelines(self, lines: Any) -> None:
        """Write each of them."""
        for line in lines:
            self.write(line)

    def without_secrets(self, text: str) -> str:
        """The text as it may be written after what was written before; it is taken for written.

        Raises:
            Leak: it holds a secret that stays after masking.
        """
        enough = len(text) > _PIECE or len(fold(self._tail + text).text) >= GUARDED
        if enough and known() and not text.isspace():
            pieces = _places(self._tail + text)
            self.masked |= dict.fromkeys(name for name, _, _ in pieces)
            text = self._masked(text, pieces) if pieces else text
        self._tail = (self._tail + text)[-_TAIL:]
        return text

    def _masked(self, text: str, pieces: list[tuple[str, int, int]]) -> str:
        """The text without those pieces, by whatever letter puts no other together."""
        for letter in _FILLERS:
            places = ((start - len(self._tail), end - len(self._tail)) for _, start, end in pieces)
            masked = _blotted(text, places, letter)
            if not any(end > len(self._tail) for _, _, end in _places(self._tail + masked)):
                return masked
        raise Leak(pieces[0][0])

    @property
    def buffer(self) -> Any:
        """The bytes below, guarded as well."""
        return _GuardedBytes(self, self._stream.buffer)

    def __enter__(self) -> "Guarded":
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.flush()

    def __iter__(self) -> Any:
        return iter(self._stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _GuardedBytes:
    """The bytes below a guarded stream."""

    def __init__(self, text: Guarded, stream: Any) -> None:
        self._text = text
        self._stream = stream

    def write(self, data: bytes) -> int:
        """Write it, with what is secret in it masked."""
        text = bytes(data).decode("utf-8", "surrogateescape")
        self._stream.write(self._text.without_secrets(text).encode("utf-8", "surrogateescape"))
        return len(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _places(text: str) -> list[tuple[str, int, int]]:
    """Where secrets stand that no output may hold: the name of each, from, to."""
    pieces: list[tuple[str, int, int]] = []
    for start in range(0, len(text), _PIECE):
        piece = text[start : start + _PIECE + _TAIL]
        # Marks and colours are ours, and of the same length they hide nothing.
        plain = _COLOURS.sub(
            lambda colour: "\0" * len(colour.text()), MARKS.sub(lambda mark: "\0" * len(mark.text()), piece)
        )
        for view in layers(plain):
            for hit in known().find(view, words=False):
                if hit.size >= GUARDED:
                    for place in _not_ours(view.text, hit):
                        low, high = view.span(*place)
                        pieces.append((hit.secret.name, start + low, start + high))
    return pieces


def _not_ours(text: str, hit: Hit) -> Iterator[tuple[int, int]]:
    """What of a hit does not read like our own text. Who chooses a client secret can make it of our keys and sentences,
    however long: of such a one only letters and digits in a row count, and those that are no words."""
    if hit.secret.kind != "secret":
        if not reads_like_words(text[hit.start : hit.end]):
            yield hit.start, hit.end
        return
    for run in _RUN.finditer(text[hit.start : hit.end]):
        if len(run.text()) >= GUARDED and not reads_like_words(run.text(), most=None):
            yield hit.start + run.start(), hit.start + run.end()


def _odd_slashes(text: str, start: int) -> bool:
    """True where an escape begins right before `start`: an odd number of backslashes stands there."""
    count = 0
    while count < start and text[start - count - 1] == "\\":
        count += 1
    return count % 2 == 1


def _merged(places: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The places in their order, as far as they lie behind the start, those that touch as one."""
    low, high = 0, 0
    for start, end in sorted(places):
        if start > high:
            if low < high:
                yield low, high
            low = start
        high = max(high, end)
    if low < high:
        yield low, high


def _blotted(text: str, places: Iterable[tuple[int, int]], letter: str) -> str:
    """The text with those places made unreadable, of the same length. What gives a document its form stays, so that
    JSON with a secret in it, even one that is put together of several values, is JSON still: a number becomes another.
    """
    parts, done = [], 0
    for start, end in _merged(places):
        parts.append(text[done:start])
        if _odd_slashes(text, start):
            parts.append("\\")  # half of an escape
            start += 1
        place = start
        for colour in _COLOURS.finditer(text[start:end]):
            parts += (_unread(text[place : start + colour.start()], letter), colour.text())
            place = start + colour.end()
        parts.append(_unread(text[place:end], letter))
        done = end
    return "".join((*parts, text[done:]))


def _unread(text: str, letter: str) -> str:
    return _WORD.sub(lambda word: _unreadable(word.text(), letter), text)


def _unreadable(word: str, letter: str) -> str:
    if word in ("true", "false", "null", "\\\\"):
        return word
    return ("1" if word.strip("-").replace(".", "", 1).isdigit() else letter) * len(word)


def install() -> None:
    """Put guards around stdout and stderr, and let no traceback be printed that was not quoted.

    What prints to sys.stderr looks it up when it prints (logging's last resort, warnings), and meets the guard, too.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, Guarded):
            setattr(sys, name, cast(TextIO, Guarded(stream, quoting=name == "stderr")))

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        print(quote("".join(traceback.format_exception(kind, error, trace))), end="", file=sys.stderr)

    sys.excepthook = hook


def say(text: str) -> None:
    """Print a sentence of ours to standard error, in which what came from outside was quoted."""
    if isinstance(sys.stderr, Guarded):
        sys.stderr.own(text + "\n")
    else:
        print(text, file=sys.stderr)


def confess() -> str:
    """One sentence about what was masked at the last moment; empty where nothing was."""
    names: dict[str, None] = {}
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, Guarded):
            names |= stream.masked
    return f"a piece of a secret was masked in the output at the last moment ({', '.join(names)})" if names else ""

"""Regular expressions in linear time: the one engine that meets text from outside.

A backtracking matcher can be made to run for ever, by the text, the expression, or both; RE2 cannot. It knows no
look-around and no back-reference, `\\w`, `\\d` and `\\b` are ASCII, and a repeat counts to 1000 at most
(https://github.com/google/re2/wiki/Syntax). Here it works on one byte a character, so that places are those of the
text: a character beyond ASCII is seen as SUB (0x1A), which `.`, `\\S` and negated classes take. One in an expression
stands for any of them.
"""

import codecs
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

_STAND_IN = b"\x1a"
_MANY = 20_000  # characters of an expression that is a list of texts


class BadPattern(ValueError):
    """The expression cannot be used; the message says why."""


def _beyond_ascii(error: UnicodeError) -> tuple[bytes, int]:
    assert isinstance(error, UnicodeEncodeError)
    return _STAND_IN * (error.end - error.start), error.end


codecs.register_error("rtdoctor-sub", _beyond_ascii)


def flat(text: str) -> bytes:
    """The text as it is matched: one byte a character."""
    return text.encode("ascii", "rtdoctor-sub")


class Match:
    """A match in a text; groups and places are those of the text, as in `re`."""

    __slots__ = ("_found", "_numbers", "_spans", "string")

    def __init__(self, match: Any, string: str, numbers: Mapping[str, int]) -> None:
        self._found, self.string, self._numbers = match, string, numbers
        self._spans: dict[int | str, tuple[int, int]] = {}  # those that were asked for

    def span(self, group: int | str = 0) -> tuple[int, int]:
        """Where a group stands; (-1, -1) where it took no part."""
        place = self._spans.get(group)
        if place is None:
            place = self._spans[group] = self._found.span(self._numbers[group] if isinstance(group, str) else group)
        return place

    def start(self, group: int | str = 0) -> int:
        """Where a group begins."""
        return self.span(group)[0]

    def end(self, group: int | str = 0) -> int:
        """Where a group ends."""
        return self.span(group)[1]

    def group(self, group: int | str = 0) -> str | None:
        """The text of a group; None where it took no part."""
        start, end = self.span(group)
        return None if start < 0 else self.string[start:end]

    def text(self, group: int | str = 0) -> str:
        """The text of a group; the empty string where it took no part."""
        return self.group(group) or ""

    __getitem__ = text

    def groupdict(self) -> dict[str, str | None]:
        """The named groups."""
        return {name: self.group(name) for name in self._numbers}


class Pattern:
    """An expression, compiled when it is first needed. Flags stand in it: `(?i)`, `(?m)`, `(?s)`."""

    __slots__ = ("_engine", "_numbers", "source")

    def __init__(self, source: str) -> None:
        self.source = source
        self._engine: Any = None
        self._numbers: Mapping[str, int] = {}

    def compiled(self) -> "Pattern":
        """The same, compiled now.

        Raises:
            BadPattern: it is no expression of RE2's.
        """
        if self._engine is None:
            self._engine = _compiled(flat(self.source).decode())
            self._numbers = self._engine.groupindex
        return self

    def size(self) -> int:
        """How large it is once compiled, in instructions of RE2, of some 16 bytes each."""
        return int(self.compiled()._engine.programsize)

    def names(self) -> tuple[str, ...]:
        """The names of its groups."""
        return tuple(self.compiled()._numbers)

    def finditer(
        self, text: str, start: int = 0, end: int | None = None, flattened: bytes | None = None
    ) -> Iterator[Match]:
        """Every match, from left to right. `flattened` is `flat(text)`, where the caller has it."""
        data = flat(text) if flattened is None else flattened
        for match in self.compiled()._engine.finditer(data, start, len(data) if end is None else end):
            yield Match(match, text, self._numbers)

    def search(self, text: str, start: int = 0, end: int | None = None, flattened: bytes | None = None) -> Match | None:
        """The first match."""
        return next(self.finditer(text, start, end, flattened), None)

    def match(self, text: str, start: int = 0, flattened: bytes | None = None) -> Match | None:
        """A match that begins at `start`."""
        match = self.compiled()._engine.match(flat(text) if flattened is None else flattened, start)
        return Match(match, text, self._numbers) if match else None

    def fullmatch(self, text: str) -> Match | None:
        """A match that is the whole text."""
        match = self.compiled()._engine.fullmatch(flat(text))
        return Match(match, text, self._numbers) if match else None

    def sub(self, by: str | Callable[[Match], str], text: str) -> str:
        """The text with every match replaced, by a text as it stands or by what a function makes of the match."""
        parts: list[str] = []
        place = 0
        for match in self.finditer(text):
            start, end = match.span()
            parts += (text[place:start], by if isinstance(by, str) else by(match))
            place = end
        return "".join((*parts, text[place:])) if parts else text

    def __repr__(self) -> str:
        return self.source


class BytePattern:
    """The same over bytes as they come, of any encoding or none: each is a character of its own."""

    __slots__ = ("_engine", "source")

    def __init__(self, source: bytes) -> None:
        self.source = source
        self._engine: Any = None

    def compiled(self) -> "BytePattern":
        """The same, compiled now.

        Raises:
            BadPattern: it is no expression of RE2's.
        """
        if self._engine is None:
            self._engine = _compiled(self.source)
        return self

    def end(self, data: bytes | bytearray, start: int = 0) -> int:
        """Where a match that begins at `start` ends; -1 where there is none."""
        match = self.compiled()._engine.match(data, start)
        return int(match.end()) if match else -1

    def find(self, data: bytes | bytearray, start: int = 0) -> int:
        """Where the first match from `start` on begins; -1 where there is none."""
        match = self.compiled()._engine.search(data, start)
        return int(match.start()) if match else -1


class ByteSet:
    """Several expressions over bytes, of which one pass tells which stand in a text; compiled when first needed."""

    __slots__ = ("_engine", "_every", "sources")

    def __init__(self, sources: Iterable[bytes]) -> None:
        self.sources = tuple(sources)
        self._engine: Any = None
        self._every = frozenset(range(len(self.sources)))

    def found(self, data: bytes | bytearray) -> frozenset[int]:
        """The numbers of the expressions that match anywhere in it."""
        if self._engine is None:
            self._engine = _compiled_set((*self.sources, b""))
        matched = frozenset(self._engine.Match(bytes(data)) or ())
        # The last one, of nothing, stands everywhere: where it was not found the engine gave up for want of memory.
        return matched if len(self.sources) in matched else self._every


def _compiled_set(sources: Iterable[bytes]) -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    options.max_mem = 32 << 20
    options.encoding = re2.Options.Encoding.LATIN1
    engine = re2.Set.SearchSet(options)
    try:
        for source in sources:
            engine.Add(source)
        engine.Compile()
    except re2.error as error:
        raise BadPattern(str(error)) from error
    return engine


def _compiled(source: str | bytes) -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    if len(source) > _MANY:
        options.max_mem = 32 << 20  # of the usual 8 MB it would soon run out, and be slow from then on
    if isinstance(source, bytes):
        options.encoding = re2.Options.Encoding.LATIN1
    try:
        return re2.compile(source, options)
    except re2.error as error:
        text = error.args[0] if error.args else ""
        raise BadPattern(text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)) from error


@lru_cache(maxsize=1024)  # our own are some five hundred; those of a stranger's scenarios may be many, and large
def pattern(source: str) -> Pattern:
    """The pattern of an expression, one for as long as it is in use."""
    return Pattern(source)


def small(text: str) -> str:
    """The text in small letters, every character in its place."""
    lower = text.lower()
    if len(lower) != len(text):  # some capitals have two small letters
        lower = "".join(one if len(one := char.lower()) == 1 else char for char in text)
    return lower


@cache
def byte_pattern(source: bytes) -> BytePattern:
    """The pattern of an expression over bytes, one for the whole process."""
    return BytePattern(source)

"""The values at one path of a large JSON document, one at a time, without holding the document.

Strings and brackets are followed, values outside the path are stepped over without being kept, and each value
of the path is given as bytes, so that a broken one does not end the reading. (ijson, the usual library for
this, stops at the first error, holds a string of any length, and builds small objects slower than this cuts
them out.)
"""

from collections.abc import Iterator

from rtdoctor.linear import byte_pattern
from rtdoctor.recording.parse import MAX_BYTES
from rtdoctor.recording.scan import BALANCED, STRING_REST, UP_TO_BRACKET

Path = tuple[str | None, ...]
"""Keys from the outside in; None is each element of an array: HAR is log, entries, None, _webSocketMessages,
None.
"""

_SPACE = byte_pattern(rb"[ \t\r\n]*")
_SCALAR = byte_pattern(rb'[^\s\v,:{}\[\]"]*')


class Malformed(Exception):
    """The document cannot be followed further. `str()` is a clause."""


def select(
    chunks: Iterator[bytes], path: Path, most: int = MAX_BYTES
) -> Iterator[tuple[tuple[int, ...], bytes | None]]:
    """`(index in each array of the path, value as JSON text)`; the text is None where it is over `most` bytes.

    A file of several documents is read as if they were one after another. Raises Malformed.
    """
    window = _Window(chunks, most)
    while byte := window.peek():
        # lines between arrays: an object by itself is an element too
        beside = path[0] is None and byte != b"["
        yield from _walk(window, () if beside else path, ())


class _Window:
    """The part of the document in sight: `data[at:]` is ahead; a value that is kept begins at `kept`."""

    __slots__ = ("at", "chunks", "data", "kept", "most")

    def __init__(self, chunks: Iterator[bytes], most: int) -> None:
        self.chunks, self.data, self.at, self.most = chunks, bytearray(), 0, most
        self.kept: int | None = None

    def more(self) -> bool:
        """Take the next chunk, dropping what is behind; False at the end."""
        chunk = next(self.chunks, b"")
        if self.kept is not None and self.at - self.kept > self.most:
            self.kept = None
        self._drop(self.at if self.kept is None else self.kept)
        self.data += chunk
        return bool(chunk)

    def _drop(self, size: int) -> None:
        del self.data[:size]
        self.at -= size
        if self.kept is not None:
            self.kept -= size

    def peek(self) -> bytes:
        """The next byte that is no space; empty at the end."""
        while True:
            byte = bytes(self.data[self.at : self.at + 1])
            if not byte or byte.isspace():
                self.at = _SPACE.end(self.data, self.at)
                byte = bytes(self.data[self.at : self.at + 1])
            if byte:
                return byte
            if not self.more():
                return b""

    def take(self) -> bytes:
        """`peek`, and step over it. Raises Malformed at the end."""
        byte = self.peek()
        if not byte:
            raise Malformed("the JSON ends in the middle")
        self.at += 1
        return byte

    def skip_string(self) -> None:
        """From after an opening quote to after the closing one."""
        while True:
            self.at = STRING_REST.end(self.data, self.at)
            if self.data[self.at : self.at + 1] == b'"':
                self.at += 1
                return
            if not self.more():
                raise Malformed("the JSON ends in the middle")

    def skip_value(self) -> None:
        byte = self.take()
        if byte == b'"':
            return self.skip_string()
        if byte not in (b"{", b"["):
            return self._skip_scalar()
        if (whole := BALANCED.end(self.data, self.at - 1)) >= 0:
            self.at = whole
            return None
        depth = 1
        while depth:
            self.at = UP_TO_BRACKET.end(self.data, self.at)
            byte = self.take()
            if byte == b'"':
                self.skip_string()
            elif byte in (b"{", b"["):
                depth += 1
            elif byte in (b"}", b"]"):
                depth -= 1
            elif byte == b"\\" and (self.at < len(self.data) or self.more()):
                self.at += 1  # the last byte in sight takes the next one with it
        return None

    def _skip_scalar(self) -> None:
        if self.data[self.at - 1] in b",:}]":
            raise Malformed("the JSON is not valid: a value is missing")
        while True:
            self.at = _SCALAR.end(self.data, self.at)
            if self.at < len(self.data) or not self.more():
                return

    def value(self) -> bytes | None:
        """The next value as text; None if it is too long."""
        self.peek()
        self.kept = self.at
        try:
            self.skip_value()
            if self.kept is None or self.at - self.kept > self.most:
                return None
            return bytes(memoryview(self.data)[self.kept : self.at])
        finally:
            self.kept = None
            if self.at > MAX_BYTES >> 5:
                self._drop(self.at)  # a large value is not held twice while it is parsed


def _walk(window: _Window, path: Path, indices: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], bytes | None]]:
    if not path:
        yield indices, window.value()
        return
    key, rest = path[0], path[1:]
    opening = b"[" if key is None else b"{"
    if window.peek() != opening:
        window.skip_value()
        return
    window.take()
    index = 0
    while True:
        byte = window.peek()
        if byte in (b"]", b"}"):
            window.take()
            return
        if byte == b",":
            window.take()
        elif key is None:
            yield from _walk(window, rest, (*indices, index))
            index += 1
        elif _key(window) == key:
            yield from _walk(window, rest, indices)
        else:
            window.skip_value()


def _key(window: _Window) -> str:
    name = window.value() if window.peek() == b'"' else b""
    if not name and window.peek():
        raise Malformed("the JSON is not valid: a field has no name")
    if window.take() != b":":
        raise Malformed("the JSON is not valid: a colon is missing")
    return (name or b"").decode("utf-8", "replace").strip('"')

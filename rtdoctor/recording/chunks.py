"""From a file's bytes to UTF-8 chunks: gzip by its magic number, UTF-16 by its byte order mark, the UTF-8
mark dropped.

Nothing is held but one chunk, however well the data is compressed.
"""

import codecs
import zlib
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

CHUNK = 1 << 18
_GZIP = b"\x1f\x8b"
# https://www.rfc-editor.org/rfc/rfc8878 (zstd), and the well-known magic numbers of the others
_OTHER_PACKERS = {
    b"PK\x03\x04": "a zip archive",
    b"\x28\xb5\x2f\xfd": "zstd data",
    b"BZh": "bzip2 data",
    b"\xfd7zX": "xz data",
}


class Chunks:
    """An iterator of UTF-8 chunks. `fault` is "" or one sentence about why the data ended early."""

    __slots__ = ("_chunks", "fault")

    def __init__(self, source: BinaryIO) -> None:
        self.fault = ""
        self._chunks: Iterator[bytes] = self._text(self._unpacked(self._read(source)))

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._chunks)

    def put_back(self, chunk: bytes) -> None:
        """Give this chunk before the others."""
        self._chunks = chain((chunk,), self._chunks) if chunk else self._chunks

    def _read(self, source: BinaryIO) -> Iterator[bytes]:
        # read1 gives what a pipe has now; read would wait until a whole chunk has come
        read = getattr(source, "read1", None) or source.read
        try:
            while chunk := read(CHUNK):
                yield chunk
        except (OSError, ValueError) as error:
            self.fault = f"the file could not be read to its end: {error}"

    def _unpacked(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        chunks = _with_head(chunks, 4)
        head = next(chunks, b"")
        for magic, name in _OTHER_PACKERS.items():
            if head.startswith(magic):
                self.fault = f"this is {name}; unpack it first (gzip is read as it is)"
                return
        if head.startswith(_GZIP):
            yield from self._gunzip(head, chunks)
        elif head:
            yield head
            yield from chunks

    def _gunzip(self, head: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The members of a gzip file one after another (logs that were rotated hold several)."""
        data = head
        member = zlib.decompressobj(wbits=31)
        begun = True
        try:
            while True:
                if text := member.decompress(data, CHUNK):
                    yield text
                data = member.unconsumed_tail
                if member.eof:
                    data = member.unused_data.lstrip(b"\0")  # tapes and block devices pad with NUL
                    member, begun = zlib.decompressobj(wbits=31), bool(data)
                if not data:
                    data = next(chunks, b"")
                    if not begun:
                        data = data.lstrip(b"\0")
                    if not data:
                        break
                    begun = True
            if begun:
                self.fault = self.fault or "the gzip data ends in the middle"
        except zlib.error:
            self.fault = "the gzip data is damaged"

    def _text(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        chunks = _with_head(chunks, 3)
        head = next(chunks, b"")
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            # PowerShell's `>` writes UTF-16; what is no character there becomes U+FFFD and is judged as text
            decode = codecs.getincrementaldecoder("utf-16")("replace").decode
            yield decode(head).encode()
            for chunk in chunks:
                yield decode(chunk).encode()
            yield decode(b"", True).encode()
        else:
            yield head.removeprefix(codecs.BOM_UTF8)
            yield from chunks


def _with_head(chunks: Iterator[bytes], size: int) -> Iterator[bytes]:
    """The same chunks, the first of at least `size` bytes if there are so many."""
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= size:
            yield head
            yield from chunks
            return
    if head:
        yield head

"""What `explain` is given: words, files, a folder or standard input, as bytes that come in pieces."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from rtdoctor import process
from rtdoctor.files import open_to_read
from rtdoctor.privacy.errors import Usage
from rtdoctor.privacy.quote import quote

_CHUNK = 1 << 16
_MOST_FILES = 1_000  # that are read of a folder
Ending = Callable[[BinaryIO], BinaryIO]  # makes a source end at an interrupt


class ChunkSource:
    """A source of bytes that come in pieces."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks

    def read(self, _: int = -1) -> bytes:
        """The next piece, whatever its size; nothing at the end."""
        return next(self._chunks, b"")


def standard_input(words: Sequence[str], ending: Ending) -> Iterator[bytes]:
    if not words and (sys.stdin is None or sys.stdin.closed or sys.stdin.isatty()):
        raise Usage("give a text, a file, or - for standard input; rtdoctor explain --help tells more")
    if sys.stdin is None or sys.stdin.closed:
        raise Usage("standard input is closed, so - has nothing to read")
    return _read_stdin(ending(sys.stdin.buffer))


def _read_stdin(stdin: BinaryIO) -> Iterator[bytes]:
    try:
        yield from iter(lambda: stdin.read(_CHUNK), b"")
    except OSError as error:
        raise Usage("standard input: {}", error) from error


def filled(chunks: Iterable[str]) -> Iterator[str]:
    """The same; nothing but white space is a usage error."""
    empty = True
    for chunk in chunks:
        empty = empty and not chunk.strip()
        yield chunk
    if empty and not process.is_interrupted():
        raise Usage("there is nothing to explain: the text is empty")


def files_named(words: Sequence[str]) -> list[Path]:
    """The files that the words name, those of a folder one by one; none where the words are a text.

    Raises:
        Usage: some are files and one is not, or there is nothing to read in a folder.
    """
    if list(words) == ["-"]:
        return []
    paths = [_path(word) for word in words]
    if not any(paths):
        return []
    if missing := next((word for word, path in zip(words, paths, strict=True) if path is None), None):
        if any(path is not None and path.is_dir() for path in paths) or like_a_path(missing):
            raise Usage("there is no file {!a}", quote(missing))
        return []  # a word of a text that is also a file's name
    files: list[Path] = []
    for path in paths:
        assert path is not None
        files += _in_folder(path) if path.is_dir() else [path]
    return files


def _path(word: str) -> Path | None:
    try:
        path = Path(word)
        if path.is_dir():
            return path if os.sep in word or word in (".", "..") else None
        return path if path.exists() else None
    except (OSError, ValueError):  # too long for a name, or a NUL in it: a text
        return None


def _in_folder(folder: Path) -> list[Path]:
    """The files of a folder and of those in it, by name, without hidden ones and what is no text."""
    try:
        files = []
        for path in sorted(folder.rglob("*")):
            hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
            if not hidden and path.is_file() and not path.is_symlink() and _is_text(path):
                files.append(path)
            if len(files) > _MOST_FILES:
                raise Usage("{} holds more than {} files; name some of them", folder, _MOST_FILES)
    except OSError as error:
        raise Usage("{}: {}", folder, error) from error
    if not files:
        raise Usage("{} is a folder without a text in it; name a file", folder)
    return files


def _is_text(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(1024)
    return bool(head) and (b"\0" not in head or head[:2] in (b"\xff\xfe", b"\xfe\xff"))


def file_chunks(path: Path, ending: Ending) -> Iterator[bytes]:
    try:
        with open_to_read(path) as file:
            source = ending(file)
            yield from iter(lambda: source.read(_CHUNK), b"")
    except OSError as error:
        raise Usage("{}: {}", path, error) from error


def like_a_path(word: str) -> bool:
    return (
        not any(char.isspace() for char in word) and "://" not in word and (os.sep in word or Path(word).suffix != "")
    )

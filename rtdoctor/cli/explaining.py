"""Carries out `rtdoctor explain`. Loads no network stack, and a writer when it is needed."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import BinaryIO, cast

from rtdoctor import process
from rtdoctor.cli import exits
from rtdoctor.cli.outputs import Outputs
from rtdoctor.diagnose.text.blocks import decoded
from rtdoctor.diagnose.text.findings import explain, explain_all
from rtdoctor.engine.current import current
from rtdoctor.files import open_to_read, until_interrupted
from rtdoctor.knowledge.causes import UNKNOWN, causes, page
from rtdoctor.model.explanation import Explanation
from rtdoctor.model.near import did_you_mean
from rtdoctor.privacy.errors import Usage
from rtdoctor.privacy.quote import quote
from rtdoctor.recording.tape import is_tape

_CHUNK = 1 << 16
_MOST_FILES = 1_000  # that are read of a folder
Ending = Callable[[BinaryIO], BinaryIO]  # makes a source end at an interrupt


def carry_out(
    words: Sequence[str],
    *,
    cause: str | None,
    list_only: bool,
    format: str,
    follow: bool = False,
    reports: Sequence[str] = (),
) -> int:
    """Explain, and print; the exit code comes back.

    Raises:
        Usage: nothing was given, a file cannot be read, or nothing is known of a cause.
    """
    if follow:
        return _followed(words, format, reports)
    with Outputs("explain", format, reports) as outputs:
        return outputs.code(_explained(words, cause, list_only, outputs))


def _followed(words: Sequence[str], format: str, reports: Sequence[str]) -> int:
    from rtdoctor.cli.following import follow

    if len(words) != 1 or not Path(words[0]).is_file():
        raise Usage("--follow reads one file that is there")
    if format != "terminal" or reports:
        raise Usage("--follow shows on the terminal only")
    return follow(Path(words[0]))


def _explained(words: Sequence[str], cause: str | None, list_only: bool, outputs: Outputs) -> int:
    if list_only:
        outputs(tuple(causes().values()))
        return exits.OK
    if cause is not None:
        outputs(page(_cause_of(cause)))
        return exits.OK
    files = _files(words)
    with until_interrupted() as ending:
        told = _told(files, words, ending)
    with process.telling():
        outputs(told)
    if process.is_interrupted():
        exits.say("interrupted; this is what was found until then", 0)
    unknown = any(finding.cause == UNKNOWN for finding in told.findings)
    if unknown and not files and len(words) == 1 and _like_a_path(words[0]):
        exits.say(f"there is no file {quote(ascii(words[0]))}; it was read as text", 0)
    return process.exit_code(exits.INCONCLUSIVE if unknown else exits.OK)


def _told(files: Sequence[Path], words: Sequence[str], ending: Ending) -> Explanation:
    """What is told of a text, files or standard input. A tape holds the facts themselves, and is no text."""
    if len(files) > 1:
        return explain_all(((str(file), decoded(_read(file, ending))) for file in files), current())
    if not files and words and list(words) != ["-"]:
        return explain(_filled(_source(words)), current())
    chunks = _read(files[0], ending) if files else _stdin(words, ending)
    head = next(chunks, b"")
    chunks = chain((head,), chunks)
    if not is_tape(head[:64]):
        if files:
            return explain_all([(str(files[0]), decoded(chunks))], current())
        return explain(_filled(decoded(chunks)), current())
    from rtdoctor.engine.validate import explain_tape

    return explain_tape(cast(BinaryIO, _Chunks(chunks)))


class _Chunks:
    """A source of bytes that come in pieces."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks

    def read(self, _: int = -1) -> bytes:
        """The next piece, whatever its size; nothing at the end."""
        return next(self._chunks, b"")


def _source(words: Sequence[str]) -> Iterator[str]:
    # Words that the shell has taken apart are one text.
    return iter([" ".join(words)])


def _stdin(words: Sequence[str], ending: Ending) -> Iterator[bytes]:
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


def _filled(chunks: Iterator[str]) -> Iterator[str]:
    """The same; nothing but white space is a usage error."""
    empty = True
    for chunk in chunks:
        empty = empty and not chunk.strip()
        yield chunk
    if empty and not process.is_interrupted():
        raise Usage("there is nothing to explain: the text is empty")


def _files(words: Sequence[str]) -> list[Path]:
    """The files that the words name, those of a folder one by one; none where the words are a text.

    Raises:
        Usage: some are files and one is not, or there is nothing to read in a folder.
    """
    if list(words) == ["-"]:
        return []
    found = [_path(word) for word in words]
    if not any(found):
        return []
    if missing := next((word for word, path in zip(words, found, strict=True) if path is None), None):
        if any(path is not None and path.is_dir() for path in found) or _like_a_path(missing):
            raise Usage("there is no file {!a}", quote(missing))
        return []  # a word of a text that is also a file's name
    files: list[Path] = []
    for path in found:
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


def _read(path: Path, ending: Ending) -> Iterator[bytes]:
    try:
        with open_to_read(path) as file:
            source = ending(file)
            yield from iter(lambda: source.read(_CHUNK), b"")
    except OSError as error:
        raise Usage("{}: {}", path, error) from error


def _like_a_path(word: str) -> bool:
    return (
        not any(char.isspace() for char in word) and "://" not in word and (os.sep in word or Path(word).suffix != "")
    )


def _cause_of(asked: str) -> str:
    """A cause's id as it is; anything else is explained, and its first cause taken."""
    if asked in causes():
        return asked
    found = explain([asked]).findings
    if not found or found[0].cause in (None, UNKNOWN):
        hint = did_you_mean(asked, causes()) or "; --list names the causes"
        raise Usage("nothing is known of {!a}{}", quote(asked), hint)
    return found[0].cause

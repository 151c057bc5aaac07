"""The process: its signals, its standard streams, its end. Loads next to nothing, for it is set up before all else.

A signal raises nothing: an exception that comes at any moment is lost in a destructor, or met by an `except` that means
something else. Where nothing can be lost the process ends at once; who has something to tell says what happens instead.
"""

import errno
import io
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn, TextIO

INTERRUPTED = 130
_PATIENCE, _AT_ONCE = 0.5, 4096  # seconds that stderr is waited for, bytes that a pipe takes or not
_LEFT = (errno.EPIPE, errno.ECONNRESET, errno.EIO)  # a pipe, socket or terminal that nobody reads any more
_MOST_HEARD = 3  # interrupts after which the process ends at once, whatever it is doing
groups: set[int] = set()  # process groups that we started: killed when the process ends at once
unfinished: set[str] = set()  # files that are being written: removed when the process ends at once

_heard = 0
_take: Callable[[], object] | None = None
_writing = False


def start() -> None:
    """Take the signals and mend the standard streams. A signal that the parent ignores (nohup) stays ignored."""
    for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGXCPU"):  # Windows has the first two
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _hear)
    _fill_descriptors()
    from rtdoctor.encoding import legible

    _waiting()
    sys.stdout = _whole(sys.stdout)
    sys.stderr = _forgiving(sys.stderr)
    for stream in (sys.stdout, sys.stderr):
        legible(stream)
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")  # what is typed in another encoding is no bug of ours


def _hear(*_: object) -> None:
    global _heard
    _heard += 1
    if _take is None or _heard >= _MOST_HEARD:
        whisper("rtdoctor: interrupted")
        leave(INTERRUPTED, flush=False)
    _take()


def new_file(folder: str, suffix: str) -> tuple[int, str]:
    """A new file of our own, mode 0600: its descriptor and its name, which is in `unfinished` before the file is there,
    so that an end at any moment leaves none behind.

    Raises:
        OSError: it cannot be made there.
    """
    name = os.path.join(folder, f".rtdoctor-{os.urandom(8).hex()}{suffix}")
    unfinished.add(name)
    try:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        return os.open(name, flags | getattr(os, "O_CLOEXEC", 0), 0o600), name
    except OSError:
        unfinished.discard(name)
        raise


@contextmanager
def on_interrupt(take: Callable[[], object]) -> Iterator[None]:
    """Inside, an interrupt calls `take` and goes on; only the third ends the process at once."""
    global _take
    before, _take = _take, take
    try:
        yield
    finally:
        _take = before


@contextmanager
def at_once() -> Iterator[None]:
    """Inside, an interrupt ends the process at once, as it does where nobody takes it: there is nothing to tell yet."""
    global _take
    before, _take = _take, None
    try:
        yield
    finally:
        _take = before


@contextmanager
def telling() -> Iterator[None]:
    """Inside, a report is written to standard output: an interrupt does not cut it in two, and it is out at the end."""
    with on_interrupt(lambda: None):
        yield
        if sys.stdout is not None:
            sys.stdout.flush()


def exit_code(code: int) -> int:
    """The exit code of a command: its own, or that it was interrupted."""
    return INTERRUPTED if _heard else code


def is_interrupted() -> bool:
    """True once an interrupt was heard."""
    return _heard > 0


def is_waiting() -> bool:
    """True while standard output waits for whoever reads it."""
    return _writing


def leave(code: int, *, flush: bool = True) -> NoReturn:
    """End the process now. No thread is waited for, and no signal meets an interpreter that is half taken down."""
    if flush:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):
                stream.flush()
    if sys.platform != "win32":  # which has no groups
        for group in list(groups):
            with suppress(OSError):
                os.killpg(group, signal.SIGKILL)
    for name in list(unfinished):
        with suppress(OSError):
            os.unlink(name)
    os._exit(code)


def whisper(sentence: str) -> None:
    """One sentence to standard error, if it takes it at once: nobody waits for it."""
    with suppress(OSError, ValueError):
        if _takes(2, 0.0):
            os.write(2, f"{sentence}\n".encode())


def _takes(descriptor: int, seconds: float) -> bool:
    """True where a write of 4 KiB would not wait, within so many seconds. Windows asks for sockets only."""
    if os.name == "nt":
        return True
    import select

    try:
        return bool(select.select([], [descriptor], [], seconds)[1])
    except (OSError, ValueError):
        return True  # the write itself will tell


def _fill_descriptors() -> None:
    """A standard stream that is closed leaves its number to the next file or socket, and a library that complains there
    would write into that one."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one


class _Over(io.RawIOBase):
    """A raw stream that writes to another one."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def writable(self) -> bool:
        """It is."""
        return True

    def fileno(self) -> int:
        """The descriptor below."""
        return int(self._raw.fileno())

    def isatty(self) -> bool:
        """True on a terminal."""
        return bool(self._raw.isatty())


class _Forgiving(_Over):
    """Bytes to a stream that may be full, closed or left by its reader: what it does not take is dropped."""

    def __init__(self, raw: Any) -> None:
        super().__init__(raw)
        self._patience = _PATIENCE

    def write(self, data: Any) -> int:
        """Write what can be written."""
        rest = memoryview(data).cast("B")
        whole = len(rest)
        with suppress(OSError, ValueError):
            while rest:
                if not _takes(self._raw.fileno(), self._patience):
                    self._patience = 0.0  # whoever does not read now is not waited for again
                    break
                rest = rest[self._raw.write(rest[:_AT_ONCE]) or len(rest) :]
        return whole


def _waiting() -> None:
    """A stream that does not wait for its peer gives "nothing yet", which reads as the end, and loses what is left."""
    if sys.platform == "win32":  # where none is made so
        return
    for number in (0, 1):
        with suppress(OSError, ValueError):
            if not os.get_blocking(number):
                os.set_blocking(number, True)


class _Steady(_Over):
    """Bytes to standard output. Whoever read it may leave (a pager, head): what is left then goes nowhere, and the
    command keeps its own exit code. Whoever shares it may make it one that does not wait: it is made to wait again."""

    def write(self, data: Any) -> int:
        """Write all of it, or raise OSError."""
        global _writing
        rest = memoryview(data).cast("B")
        whole = len(rest)
        _writing = True
        try:
            while rest:
                written = self._raw.write(rest)
                if written is None and sys.platform != "win32":
                    os.set_blocking(self._raw.fileno(), True)
                rest = rest[written or 0 :]
        except OSError as error:
            if error.errno not in _LEFT:
                raise
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._raw.fileno())
            os.close(nowhere)
        finally:
            _writing = False
        return whole


def _whole(stream: TextIO | None) -> TextIO | None:
    """The same stream with a buffer, where Python was told to have none, too (PYTHONUNBUFFERED): without one what a
    write leaves over is lost without a word."""
    if stream is None:
        return stream
    stream.flush()
    buffered = io.BufferedWriter(_Steady(getattr(stream.buffer, "raw", stream.buffer)))
    lines = bool(stream.line_buffering) or isinstance(stream.buffer, io.RawIOBase)
    return io.TextIOWrapper(buffered, _encoding(stream), stream.errors, line_buffering=lines)


def _encoding(stream: TextIO) -> str:
    """The stream's encoding, or UTF-8 where that one writes no text (PYTHONIOENCODING=undefined, idna)."""
    try:
        "a..b\u2026".encode(stream.encoding, "backslashreplace")
    except (UnicodeError, LookupError):
        return "utf-8"
    return stream.encoding


def _forgiving(stream: TextIO | None) -> TextIO:
    """The same stream, which never fails: what is told beside a report must not cost the report."""
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")
    below = stream.buffer
    raw = _Forgiving(getattr(below, "raw", below))
    return io.TextIOWrapper(raw, _encoding(stream), stream.errors, line_buffering=True)  # type: ignore[type-var]

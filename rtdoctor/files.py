"""The one way in and the one way out for files that a user names.

Reading trusts neither size nor kind: a device has no end, and a FIFO may have no writer. Writing destroys nothing: a
regular file is replaced whole or not at all, a device or FIFO is written into, and nothing else is touched.
"""

import errno
import os
import stat
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

from rtdoctor import process
from rtdoctor.privacy.errors import InputError

T = TypeVar("T")
PATIENCE = 10.0  # seconds that a FIFO is waited for where a command has no deadline
# A FIFO without a reader is not waited for, a terminal does not become ours, a link is not followed. Windows has none.
_AS_IT_IS = sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOCTTY", "O_NOFOLLOW"))
_patience: ContextVar[tuple[float, float] | None] = ContextVar("patience", default=None)  # seconds, and when they end


_read: dict[tuple[int, int], os.stat_result] | None = None  # regular files that a command has read, by device and inode


class NotTaken(OSError):
    """The file is not read; its text says why."""

    def __str__(self) -> str:
        return self.strerror or ""


class TooLarge(NotTaken):
    """The file holds more than is taken; its text says how much that is."""


class NothingCame(NotTaken):
    """Nobody wrote to a FIFO or pipe in time, or not to its end."""


class NotWritten(InputError):
    """A file cannot be written, and is as it was; the message begins with its path and says why."""


@contextmanager
def patient(seconds: float) -> Iterator[None]:
    """What is read inside is waited for so many seconds in all."""
    token = _patience.set((seconds, time.monotonic() + seconds))
    try:
        yield
    finally:
        _patience.reset(token)


def hurry() -> None:
    """To be called in long work on what was read.

    Raises:
        NothingCame: the time that `patient` gave is over.
    """
    if (patience := _patience.get()) and time.monotonic() > patience[1]:
        raise NothingCame(None, f"it could not be read within {patience[0]:g} s")


def keep_what_is_read() -> None:
    """From now on no file that is read is written, by whatever name; a command begins with it."""
    global _read
    _read = {}


def will_read(path: Path | int) -> None:
    """Note that a file is read, for who reads it by other means than these."""
    found = _stat(path)
    if _read is not None and found is not None and stat.S_ISREG(found.st_mode):
        _read[found.st_dev, found.st_ino] = found


def renewed(path: Path) -> None:
    """Take the note back: the file was read to be written anew."""
    if _read is not None and (found := _stat(path)) is not None:
        _read.pop((found.st_dev, found.st_ino), None)


def is_regular(path: Path) -> bool:
    """True for a file that has an end and can be read again.

    Raises:
        OSError: there is no such file, or it may not be looked at.
    """
    return stat.S_ISREG(path.stat().st_mode)


def open_to_read(path: Path) -> BinaryIO:
    """The file, unbuffered, for who reads to the end. A FIFO is waited for until it has a writer; how slow that one is
    does not matter. A device is refused, for it may have no end (/dev/zero); a terminal has one, and so has /dev/null.

    Raises:
        OSError: it cannot be opened; NothingCame when there is no writer, NotTaken for a device.
    """

    def work() -> BinaryIO:
        return cast(BinaryIO, path.open("rb", buffering=0))

    will_read(path)
    if is_regular(path):
        return work()
    with process.at_once():  # no byte has come, and perhaps none will
        file = in_time(work, bytearray())
    try:
        mode = os.fstat(file.fileno()).st_mode
        ends = file.isatty() or _is_null(file.fileno())
        if stat.S_ISBLK(mode) or (stat.S_ISCHR(mode) and not ends):
            raise NotTaken(None, "a device, which may have no end; copy what is to be read into a file")
    except BaseException:
        file.close()
        raise
    return file


def _is_null(descriptor: int) -> bool:
    null, opened = _stat(os.devnull), _stat(descriptor)
    return null is not None and opened is not None and os.path.samestat(null, opened)


def read_bounded(path: Path, most: int) -> bytes:
    """The file's bytes, at most so many. What has no end of its own is waited for as long as `patient` says.

    Raises:
        OSError: it cannot be read; TooLarge when it holds more, NothingCame when its end does not come.
    """
    got = bytearray()
    will_read(path)

    def work() -> None:
        with path.open("rb", buffering=0) as file:
            while len(got) <= most and (piece := file.read(min(most + 1 - len(got), 1 << 20))):
                got.extend(piece)

    if is_regular(path):
        work()
    else:
        in_time(work, got)
    if len(got) > most:
        size = f"{most >> 20} MiB" if most >= 1 << 20 else f"{most >> 10} KiB"
        raise TooLarge(None, f"larger than {size}")
    return bytes(got)


def in_time(work: Callable[[], T], got: bytearray | None = None) -> T:
    """What `work` returns; it is done in a thread, for opening and reading may wait for ever, as may a library that is
    given what was read. `got` is what it has read so far, where it reads by itself.

    Raises:
        OSError: its own; NothingCame when it was not done in time.
    """
    import queue
    import threading

    done: queue.SimpleQueue[tuple[T | None, Exception | None]] = queue.SimpleQueue()

    def whole() -> None:
        try:
            done.put((work(), None))
        except Exception as error:
            done.put((None, error))

    threading.Thread(target=whole, daemon=True, name="reader").start()
    seconds, until = _patience.get() or (PATIENCE, time.monotonic() + PATIENCE)
    try:
        result, error = done.get(timeout=max(0.0, until - time.monotonic()))
    except queue.Empty:
        why = "its end did not come" if got else "nothing was written to it"
        why = "it could not be read" if got is None else why
        raise NothingCame(None, f"{why} within {seconds:g} s") from None
    if error is not None:
        raise error
    return cast(T, result)


@contextmanager
def until_interrupted() -> Iterator[Callable[[BinaryIO], BinaryIO]]:
    """Inside, an interrupt ends what is read by way of the function that is given, as if the source ended there: who
    reads a live stream still gets what is known of it."""
    heard, ring = os.pipe()
    if sys.platform != "win32":  # where a byte always fits: it is written once
        os.set_blocking(ring, False)

    def stop() -> None:
        with suppress(OSError):
            os.write(ring, b"!")

    try:
        with process.on_interrupt(stop):
            yield lambda source: cast(BinaryIO, _Ending(source, heard))
    finally:
        os.close(heard)
        os.close(ring)


class _Ending:
    """A source that ends when `heard` can be read: what has come until then is still given, once."""

    def __init__(self, source: BinaryIO, heard: int) -> None:
        self._source, self._heard, self._last = source, heard, False
        # read1 gives what a pipe has now; read would wait until a whole chunk has come
        self._read = getattr(source, "read1", None) or source.read

    def read(self, size: int = -1) -> bytes:
        """What there is, so much at most; nothing at the end, or after an interrupt."""
        return b"" if self._stopped() else self._read(size) or b""

    def _stopped(self) -> bool:
        import select

        if os.name == "nt":  # which can wait for sockets only
            return process.is_interrupted()
        wanted: list[Any] = [self._source, self._heard]
        try:
            ready, _, _ = select.select(wanted, [], [])
        except (OSError, ValueError):  # a source without a descriptor
            return process.is_interrupted()
        if self._heard not in ready:
            return False
        over, self._last = self._last or self._source not in ready, True
        return over


@contextmanager
def writing(path: Path, inputs: Iterable[int | str | Path] = ()) -> Iterator[Callable[[bytes], None]]:
    """A function that writes to the file. `inputs` are the paths and descriptors that the command will read: none of
    them, and nothing that was read before the end, is written, by whatever name.

    A regular file is written beside its place and appears whole when the block ends well; if anything fails nothing is
    left, and what was there stays. A new one has mode 0600, one that is replaced gives its mode and owner on. A device
    of characters or a FIFO is written into.

    Raises:
        NotWritten: it cannot be written: a link, a folder, an input, a FIFO that nobody reads, a full disk.
    """
    # What they are now: a name may be another file's when it is looked at again.
    taken = [found for found in map(_stat, inputs) if found is not None]
    special = _special(path, taken)
    name = None
    try:
        if special:
            handle = os.open(path, os.O_WRONLY | _AS_IT_IS)
            if stat.S_ISREG(os.fstat(handle).st_mode):
                os.close(handle)
                raise NotWritten("{}: a file has come there", path)
            if sys.platform != "win32":
                os.set_blocking(handle, True)  # a reader may be slow
        else:
            handle, name = process.new_file(str(path.parent), ".part")
            _like(handle, _stat(path))
    except OSError as error:
        nobody = special and error.errno == errno.ENXIO
        raise NotWritten("{}: {}", path, "nobody reads from it" if nobody else error) from error
    file = os.fdopen(handle, "wb")

    def write(data: bytes) -> None:
        with _told(path):
            file.write(data)
            if special:  # somebody may read along
                file.flush()

    try:
        yield write
        with _told(path):
            file.flush()
            if name is not None:
                os.fsync(handle)
                file.close()
                if _special(path, taken):  # what has come there meanwhile is not replaced either
                    raise NotWritten("{}: a device or FIFO has come there", path)
                os.replace(name, path)
    finally:
        with suppress(OSError):
            file.close()
        if name is not None:
            Path(name).unlink(missing_ok=True)
            process.unfinished.discard(name)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NotWritten("{}: {}", path, error) from error


def _like(handle: int, before: os.stat_result | None) -> None:
    """Give a new file the mode and the owner of the one in whose place it comes; Windows has none."""
    if sys.platform != "win32":
        os.fchmod(handle, stat.S_IMODE(before.st_mode) if before else 0o600)
        if before:
            with suppress(OSError):  # only root may give a file away
                os.fchown(handle, before.st_uid, before.st_gid)


def _stat(file: int | str | Path) -> os.stat_result | None:
    try:
        return os.stat(file)
    except (OSError, ValueError):
        return None


def _special(path: Path, taken: Iterable[os.stat_result]) -> bool:
    """True for a device or FIFO, False for a regular file or a new one.

    Raises:
        NotWritten: it is something else, or one of the inputs.
    """
    try:
        status = path.lstat()
    except FileNotFoundError:
        return False
    except (OSError, ValueError) as error:
        raise NotWritten("{}: {}", path, error) from error
    if any(os.path.samestat(one, status) for one in taken) or (status.st_dev, status.st_ino) in (_read or ()):
        raise NotWritten("{}: is what is read, or printed to, by this very command; name another file", path)
    mode = status.st_mode
    if stat.S_ISREG(mode):
        if not os.access(path, os.W_OK):
            raise NotWritten("{}: is protected against writing", path)
        return False
    if stat.S_ISCHR(mode) or stat.S_ISFIFO(mode):
        return True
    kinds = ((stat.S_ISLNK, "a link"), (stat.S_ISDIR, "a folder"), (stat.S_ISSOCK, "a socket"))
    kind = next((name for test, name in kinds if test(mode)), "no regular file")
    raise NotWritten("{}: is {}, not a file to write", path, kind)

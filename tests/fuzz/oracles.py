"""What holds for every example of every target, and how it is measured. Knows nothing of rtdoctor's insides."""

import gc
import json
import os
import re
import signal
import sys
import time
import traceback
import unicodedata
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from types import FrameType
from typing import Any, Literal
from urllib.parse import unquote

from tests.fuzz.mutate import KEY

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

WINDOW = 12  # characters of the key in a row that are a leak
CODES = frozenset((0, 1, 2, 3))  # 4 is a bug of rtdoctor's own
_SECONDS, _PER = 1.0, 1 << 16  # CPU of an example of so many bytes, growing with them
_MEMORY, _MEMORY_PER_BYTE = 64 << 20, 30
_ESCAPE = re.compile(r"\\u\{(0?[0-9a-fA-F]{1,5})\}|\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})")
_CORE = "".join(char for char in KEY.removeprefix("sk-proj-").lower() if char.isalnum())
_PIECES = tuple(_CORE[at : at + WINDOW // 2] for at in range(0, len(_CORE) - WINDOW // 2 + 1, WINDOW // 2))
# Line feeds are the writers' own; everything else of these kinds acts on a terminal or hides in it.
_ACTING = frozenset(("Cc", "Cf", "Zl", "Zp", "Cs"))


Kind = Literal["terminal", "json", "values", "text", "code"]


@dataclass(frozen=True)
class Shown:
    """What one writer wrote: for a terminal; as JSON, the whole or only each value for itself; as text that only must
    not leak (a file); or an exit code."""

    name: str
    text: str
    kind: Kind = "terminal"


@dataclass(frozen=True)
class Target:
    """`run` takes an example through the product and returns all that is shown; what it may raise is caught there.
    `seeds` gives valid examples. `most` is the size that examples have at most, in bytes."""

    name: str
    run: Callable[[bytes], list[Shown]]
    seeds: Callable[[], list[bytes]]
    most: int = 1 << 19


class Broken(AssertionError):
    """A property does not hold. `oracle` names it; `place` tells two bugs apart and does not change with the text."""

    def __init__(self, oracle: str, place: str, told: str) -> None:
        super().__init__(f"{oracle}: {place}: {told}")
        self.oracle, self.place, self.told = oracle, place, told

    @property
    def signature(self) -> tuple[str, str]:
        """Equal for examples that most likely show the same bug."""
        return self.oracle, self.place


class OutOfTime(BaseException):
    """Raised wherever the code is when the time is over; no `except Exception` of the product stops it."""


def seconds_for(size: int) -> float:
    """The CPU time that an example may take."""
    return _SECONDS * max(1.0, size / _PER)


def memory_for(size: int) -> int:
    """The bytes by which the process may grow for an example, at its peak."""
    return _MEMORY + _MEMORY_PER_BYTE * size


def attempt(target: Target, data: bytes, *, measured: bool = True) -> list[Shown]:
    """Take an example through a target and hold it against every oracle. `measured` False leaves time and memory out.

    Raises:
        Broken: one of them does not hold.
    """
    if not measured:
        shown = _run(target, data)
    else:
        before = _peak(reset=True)
        started = time.process_time()
        try:
            with _limited(seconds_for(len(data))):
                shown = _run(target, data)
        except OutOfTime:  # when all was done, or nearly so
            raise Broken("time", target.name, f"{seconds_for(len(data)):.1f} s for {len(data)} bytes") from None
        took, grown = time.process_time() - started, _peak() - before
        if took > seconds_for(len(data)):  # where there is no timer, or what ran did not let itself be stopped
            raise Broken("time", target.name, f"{took:.1f} s for {len(data)} bytes")
        if grown > memory_for(len(data)):
            gc.collect()
            raise Broken("memory", target.name, f"{grown >> 20} MB for {len(data)} bytes")
    for one in shown:
        _check(one)
    if zlib.crc32(data) % 4 == 0 and _run(target, data) != shown:
        raise Broken("twice", target.name, "a second time it shows something else")
    return shown


def _run(target: Target, data: bytes) -> list[Shown]:
    try:
        return target.run(data)
    except Broken:
        raise
    except OutOfTime as late:
        raise Broken("time", _where(late), f"over {seconds_for(len(data)):.1f} s for {len(data)} bytes") from None
    except MemoryError as error:
        raise Broken("memory", _where(error), f"none left, for {len(data)} bytes") from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        told = "".join(traceback.format_exception(error)[-6:])
        raise Broken("exception", f"{type(error).__name__} in {_where(error)}", told) from error


def _where(error: BaseException) -> str:
    """The innermost function of rtdoctor's that an exception came through."""
    found = "nowhere"
    for frame, _ in traceback.walk_tb(error.__traceback__):
        code = frame.f_code
        if f"{os.sep}rtdoctor{os.sep}" in code.co_filename:
            found = f"{code.co_filename.rpartition(f'{os.sep}rtdoctor{os.sep}')[2]}:{code.co_name}"
    return found


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """CPU time for what is inside; OutOfTime is raised in it when that is over."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def over(_number: int, _frame: FrameType | None) -> None:
        raise OutOfTime

    try:
        before = signal.signal(signal.SIGPROF, over)
    except ValueError:  # not the main thread: the time is measured afterwards
        yield
        return
    signal.setitimer(signal.ITIMER_PROF, seconds, 0.5)  # again, where a callback of C swallowed the first
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _peak(*, reset: bool = False) -> int:
    """The most memory that the process has held, in bytes; since the reset, where the system knows one (Linux)."""
    if resource is None:
        return 0
    if reset:
        try:
            with open("/proc/self/clear_refs", "w") as file:
                file.write("5")
        except OSError:
            pass
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


# --- what is shown ----------------------------------------------------------------------------------------------------


def _check(shown: Shown) -> None:
    if shown.kind == "code":
        if int(shown.text) not in CODES:
            raise Broken("exit", f"{shown.name} {shown.text}", "is no documented exit code of this")
        return
    texts: Sequence[str] = (shown.text,)
    if shown.kind == "values":
        texts = tuple(_strings(_parsed(shown)))
    elif shown.kind == "json":
        texts = (shown.text, "\n".join(_strings(_parsed(shown))))
    for text in texts:
        if (view := exposed(text)) is not None:
            raise Broken("secret", f"{shown.name}, {view}", f"{WINDOW} characters of the key are in {text[:2000]!r}")
    if shown.kind == "terminal":
        for char in shown.text:
            if char != "\n" and not " " <= char <= "~" and unicodedata.category(char) in _ACTING:
                raise Broken("control", f"{shown.name}, {unicodedata.category(char)}", f"{char!a} in {shown.text!a}")


def _parsed(shown: Shown) -> Any:
    if not shown.text.isascii():
        raise Broken("json", shown.name, "is not ASCII")
    try:
        return json.loads(shown.text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Broken("json", shown.name, f"does not parse: {error}") from None


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def exposed(text: str) -> str | None:
    """How the key shows in a text, whatever the case and whatever stands between its characters, or None."""
    views = {"plain": text}
    if "\\" in text:  # also those that our writers make of what cannot be seen
        views["in escapes"] = _ESCAPE.sub(lambda found: chr(int("".join(filter(None, found.groups())), 16)), text)
    if "%" in text:
        views["in percent"] = unquote(text)
        views["twice in percent"] = unquote(views["in percent"])
    if "&#" in text:
        views["in HTML"] = unescape(text)
    for name, view in views.items():
        if _shows(view):
            return name
        if _shows("".join(filter(str.isalnum, view))):
            return f"{name}, with separators"
    return None


def _shows(text: str) -> bool:
    small = text.lower()
    # Every window holds one of the pieces of half its size: those are looked for first.
    if not any(piece in small for piece in _PIECES):
        return False
    return any(_CORE[at : at + WINDOW] in small for at in range(len(_CORE) - WINDOW + 1))

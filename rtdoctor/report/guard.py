"""The last thing before an output: a stream that refuses to write a secret.

The redactor has been over everything before; what the guard finds is a bug, so it fails closed. It looks at what was
written before, too, so that a secret is found that comes in pieces, and lets no character of a write pass that would
complete one.
"""

import re
import sys
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any, TextIO, cast

from rtdoctor.model.redact import Redactor

WITHHELD = "[withheld: it held a secret]\n"
_TAIL = 4096  # characters of what was written that are looked at again with what comes next
_PIECE = 64 * 1024
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Leak(Exception):
    """A write to stdout held a secret, and was refused. The message tells kind and origin of it, and never more."""


class Guarded:
    """A text stream in front of another. Whatever it does not do itself, the other one does.

    With `refuse` a write that holds a secret raises `Leak`; without, a sentence takes its place and nothing is raised.
    """

    def __init__(self, stream: TextIO, redactor: Callable[[], Redactor], *, refuse: bool) -> None:
        self._stream = stream
        self._redactor = redactor
        self._refuse = refuse
        self._tail = ""

    def write(self, text: str) -> int:
        """Write it all, or nothing of it.

        Raises:
            Leak: it holds a secret, or the end of one, and this stream refuses.
        """
        # What goes to stderr was not all made here: typer's usage errors repeat what was typed, a key's form included.
        shown = text if self._refuse else self._redactor().text(text)
        self._stream.write(WITHHELD if self.holds(shown) else shown)
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Write each of them."""
        for line in lines:
            self.write(line)

    def holds(self, text: str) -> bool:
        """True when a secret is in the text, or comes to its end in it; the text is taken for written otherwise.

        Raises:
            Leak: it is so, and this stream refuses.
        """
        seen = self._tail + text
        # In pieces that overlap: the search takes many times the memory of what it looks through.
        pieces = range(0, 0 if text.isspace() else len(seen), _PIECE)
        names = (self._redactor().leaks(_COLOURS.sub("", seen[max(0, at - _TAIL) : at + _PIECE])) for at in pieces)
        name = next(filter(None, names), None)
        if name is None:
            self._tail = seen[-_TAIL:]
            return False
        if self._refuse:
            raise Leak(name)
        self._tail = ""
        return True

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
        """Write it all, or nothing of it."""
        held = self._text.holds(bytes(data).decode("utf-8", "replace"))
        self._stream.write(WITHHELD.encode() if held else data)
        return len(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def install(redactor: Callable[[], Redactor]) -> None:
    """Put guards around stdout and stderr, and let no traceback be printed that was not redacted.

    What prints to sys.stderr looks it up when it prints (logging's last resort, warnings), and meets the guard, too.
    """
    for name, refuse in (("stdout", True), ("stderr", False)):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, Guarded):
            setattr(sys, name, cast(TextIO, Guarded(stream, redactor, refuse=refuse)))

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        print(redactor().text("".join(traceback.format_exception(kind, error, trace))), end="", file=sys.stderr)

    sys.excepthook = hook

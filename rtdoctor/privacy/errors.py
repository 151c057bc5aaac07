"""Errors that are told to a person: a sentence of ours, and in it, quoted, what came from outside."""

import errno
import os

from rtdoctor.privacy.quote import quote_start

_MOST = 300  # characters of a value that are told
_REASONS = {
    errno.ENOENT: "no such file or folder",
    errno.EADDRINUSE: "the port is in use",
    errno.EADDRNOTAVAIL: "this machine has no such address",
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset",
}


class InputError(Exception):
    """Bad input. `sentence` is of ours, with `{}` where something from outside is named; whatever is put there is
    quoted, so that no error shows a key that was typed, pasted or read in the wrong place."""

    def __init__(self, sentence: str, *outside: object) -> None:
        super().__init__(sentence.format(*map(_shown, outside)) if outside else sentence)


class Usage(InputError):
    """What was asked for cannot be done: one sentence that names the place and the reason. Ends a command with exit
    code 2."""


def reason_of(error: BaseException) -> str:
    """Why the system would not, in words: neither a number nor an address in Python's form. What is no error of the
    system tells itself."""
    if isinstance(error, UnicodeDecodeError):
        return "it is no UTF-8 text"
    # The number is the system's in its own classes only: a resolver and a TLS library count otherwise.
    if not isinstance(error, OSError) or type(error).__module__ != "builtins" or error.errno is None:
        return getattr(error, "strerror", None) or str(error) or type(error).__name__
    if error.errno in _REASONS:
        return _REASONS[error.errno]
    # asyncio puts a sentence and an address of its own in the place of the system's; Windows' is in the error only.
    own = error.strerror or ""
    asyncios = own.startswith(("Connect call", "error while", "[Errno"))
    return own if own and os.name == "nt" and not asyncios else os.strerror(error.errno)


def _shown(value: object) -> object:
    if isinstance(value, (OSError, UnicodeDecodeError)):
        value = reason_of(value)
    return value if isinstance(value, (int, float)) else quote_start(str(value), _MOST)

"""Opens a recording: a path or `-` for standard input."""

import stat
import sys
from pathlib import Path
from typing import BinaryIO, cast

from rtdoctor.files import open_to_read
from rtdoctor.privacy.errors import InputError


class UnreadableSource(InputError):
    """The recording cannot be opened. `str()` is one sentence that names the path."""


def open_source(path: str) -> BinaryIO:
    """The opened file, unbuffered where the reader buffers itself; `-` is standard input. The caller closes
    it.

    Raises UnreadableSource: no such file, a folder, no permission, a FIFO without a writer, a closed standard input.
    """
    if path == "-":
        # sys.stdin is None under a service manager or pythonw
        if sys.stdin is None or sys.stdin.closed:
            raise UnreadableSource("Standard input is closed, so `-` has nothing to read.")
        return cast(BinaryIO, sys.stdin.buffer)
    try:
        if stat.S_ISDIR(Path(path).stat().st_mode):
            raise UnreadableSource("{} is a folder; name the file in it that holds the events.", path)
        return open_to_read(Path(path))
    except PermissionError:
        raise UnreadableSource("{} may not be read by this user.", path) from None
    except ValueError:
        raise UnreadableSource("{!r} is no path: it holds a NUL character.", path) from None
    except OSError as error:
        raise UnreadableSource("{}: {}", path, error) from None

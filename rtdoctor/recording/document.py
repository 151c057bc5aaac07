"""Recordings that are one JSON document: an array of entries, and HAR, the log that browsers export.

HAR: Chrome writes `log.entries[]._webSocketMessages[]`, each `{type: "send" | "receive", time, opcode, data}`
with the time in seconds since the epoch; the entries are requests, and each with messages is one connection.
"""

from collections.abc import Iterator

from rtdoctor.model.entry import Entry
from rtdoctor.recording.chunks import Chunks
from rtdoctor.recording.elements import Malformed, Path, select
from rtdoctor.recording.envelope import unwrap
from rtdoctor.recording.parse import MAX_BYTES, Unparsable, parse

_ARRAY: Path = (None,)
_NO_MESSAGES = (
    "the HAR file holds no WebSocket messages; browsers write them only for sockets that were opened"
    " while the developer tools were recording"
)
_HAR: Path = ("log", "entries", None, "_webSocketMessages", None)


def read_array(feed: Chunks) -> Iterator[Entry]:
    """The entries of an array, or of several one after another. `line` is the ordinal of the element."""
    return _read(feed, _ARRAY, "element")


def read_har(feed: Chunks) -> Iterator[Entry]:
    """The messages of every socket in a HAR file. `line` is the ordinal of the message, `socket` of its
    connection.
    """
    return _read(feed, _HAR, "message")


def _read(feed: Chunks, path: Path, noun: str) -> Iterator[Entry]:
    ordinal, socket = 0, 0
    request: int | None = None
    try:
        for indices, text in select(iter(feed), path):
            ordinal += 1
            if len(indices) > 1:
                socket += request is not None and request != indices[0]
                request = indices[0]
            if text is None:
                reason = f"it is longer than {MAX_BYTES >> 20} MiB and is skipped"
                yield Entry(None, line=ordinal, socket=socket, problem=f"{noun} {ordinal}: {reason}")
                continue
            try:
                entry = unwrap(parse(text), ordinal, socket, noun)
            except Unparsable as error:
                entry = Entry(None, line=ordinal, socket=socket, problem=f"{noun} {ordinal}: {error}")
            if entry is not None:
                yield entry
        if not ordinal and path is _HAR and not feed.fault:
            yield Entry(None, problem=_NO_MESSAGES)
    except Malformed as error:
        if not feed.fault:
            place = f"after {noun} {ordinal}" if ordinal else "at the beginning"
            yield Entry(None, line=ordinal + 1, socket=socket, problem=f"{place}: {error}")

"""A recording of any form as a stream of entries; the form is told from its first bytes.

What is read: events one a line, bare or as `{dir, event}`, with or without a time; rtdoctor's own recording
(its form is in `envelope`); a log with JSON in its lines; objects over several lines; an array of any of
these; HAR; a tape (its form is in `tape`); a cassette in YAML (`yamlfile`); each of them plain or packed with gzip, in
UTF-8 or, with a byte order mark, in UTF-16. Memory does not grow with the file.
"""

from collections.abc import Iterator
from typing import BinaryIO

from rtdoctor.linear import byte_pattern
from rtdoctor.model.entry import Entry
from rtdoctor.recording.chunks import Chunks
from rtdoctor.recording.document import read_array, read_har
from rtdoctor.recording.lines import split_lines
from rtdoctor.recording.log import read_lines
from rtdoctor.recording.tape import is_tape
from rtdoctor.recording.taped import tape_entries

_HEAD = 64  # enough for `{"log": {` with generous spaces
_HAR = byte_pattern(rb'[\s\v]*\{[\s\v]*"log"[\s\v]*:[\s\v]*\{')
# a log line may begin with a bracket too: "[2026-09-18 10:00:00] {…}", "[INFO] {…}"
_ARRAY = byte_pattern(rb'[\s\v]*\[[\s\v]*[\[{"\]]')


def read_stream(source: BinaryIO) -> Iterator[Entry]:
    """The entries of a recording in their order. Reads forward only, so a pipe will do, and never raises for
    content.

    What cannot be read becomes an entry with a `problem`; the rest is still read. A file without any entry
    gives one problem. The source is not closed.
    """
    feed = Chunks(source)
    last: Entry | None = None
    for last in _entries(feed):
        yield last
    if feed.fault:
        line = last.line if last else 0
        yield Entry(None, line=line, problem=f"after line {line}: {feed.fault}" if line else feed.fault)
    elif last is None:
        yield Entry(None, problem="the recording holds no event")


def _entries(feed: Chunks) -> Iterator[Entry]:
    head = b""
    for chunk in feed:
        head += chunk
        if len(head.lstrip()) >= _HEAD or len(head) > 1 << 16:
            break
    feed.put_back(head)
    if _HAR.end(head) >= 0:
        return read_har(feed)
    if is_tape(head):
        return tape_entries(feed)
    if _ARRAY.end(head) >= 0:
        return read_array(feed)
    if b"interactions" in head and _is_cassette(head):
        from rtdoctor.recording.yamlfile import read_yaml

        return read_yaml(feed)
    return read_lines(split_lines(feed), feed)


def _is_cassette(head: bytes) -> bool:
    from rtdoctor.recording.yamlfile import CASSETTE

    return CASSETTE.end(head.removeprefix(b"\xef\xbb\xbf")) >= 0

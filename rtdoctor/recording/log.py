"""JSON objects in lines: one a line, several a line, after a prefix, or one over several lines.

The first object tells what the file is. If it stands at the beginning of its line with no other text before
it, every line must hold JSON, and one that does not is a problem. Otherwise the file is a log, and lines
without JSON are its other messages.
"""

from collections.abc import Iterable, Iterator

from rtdoctor.model.entry import Entry, EntryDirection
from rtdoctor.recording.chunks import Chunks
from rtdoctor.recording.direction import direction_in_prefix
from rtdoctor.recording.envelope import unwrap
from rtdoctor.recording.parse import MAX_BYTES, Unparsable, parse
from rtdoctor.recording.scan import balance, objects
from rtdoctor.recording.times import time_in_prefix

_CUT = "the JSON ends in the middle"
_PREFIX = 400  # how much of a prefix is looked at for a time and a direction


def read_lines(numbered: Iterable[tuple[int, bytes | None]], feed: Chunks) -> Iterator[Entry]:
    """The entries of `split_lines(feed)`. Where the feed has a fault, that explains a cut at the end, and
    only that.
    """
    reader = _Reader()
    for number, line in numbered:
        if line is None:
            yield from reader.give_up()
            yield _problem(number, f"the line is longer than {MAX_BYTES >> 20} MiB and is skipped")
        elif reader.pending is None and line[:1] == b"{":
            # the fast way, for bare events
            try:
                value = parse(line)
            except Unparsable:
                yield from reader.read(number, line, bool(feed.fault))
                continue
            if reader.is_log is None:
                reader.is_log = reader.skipped > 0
            if (entry := unwrap(value, number)) is not None:
                yield entry
        elif line and not line.isspace():
            yield from reader.read(number, line, bool(feed.fault))
    if not feed.fault:
        yield from reader.give_up()


class _Reader:
    """What is known about the file so far. `is_log` is None until the first object."""

    __slots__ = ("is_log", "pending", "skipped")

    def __init__(self) -> None:
        self.is_log: bool | None = None
        self.pending: _Pending | None = None
        self.skipped = 0

    def read(self, number: int, line: bytes, at_fault: bool) -> Iterator[Entry]:
        """The entries of a line that is not plainly one object, or of the object that it closes."""
        if (pending := self.pending) is None:
            yield from self._objects(number, line, at_fault)
        elif not _continues(line):
            yield from self.give_up()
            yield from self._objects(number, line, at_fault)
        elif (closed := pending.add(line)) is None:
            yield from () if at_fault else self.give_up()
        elif closed:
            self.pending = None
            before = pending.size + len(pending.parts) - 1 - len(line)
            yield from self._objects(pending.line, b"\n".join(pending.parts), at_fault, pending.prefix, before)

    def give_up(self) -> Iterator[Entry]:
        """The problem of an object that was begun and does not go on."""
        if self.pending is not None:
            reason = _CUT if self.pending.size <= MAX_BYTES else f"the JSON is longer than {MAX_BYTES >> 20} MiB"
            yield _problem(self.pending.line, reason)
            self.pending = None

    def _objects(
        self, number: int, text: bytes, at_fault: bool, prefix: bytes = b"", before: int = 0
    ) -> Iterator[Entry]:
        """The entries of a text. What stands `before` that place was waited with already, and is waited with no more:
        each line would have all those before it looked at again.
        """
        direction: EntryDirection | None = None
        at: float | None = None
        last = 0
        for start, end in objects(text):
            if not last:
                prefix = prefix or text[:start].strip(b" \t\r[,")
                direction, at = _marks(prefix)
            if self.is_log is None:
                self.is_log = bool(prefix) or self.skipped > 0
            if end < 0 and start < before:
                yield _problem(number, _CUT)
                return
            if end < 0:
                yield from self._begin(number + text.count(b"\n", 0, start), text[start:], prefix, at_fault)
                return
            last = end
            try:
                entry = unwrap(parse(text[start:end]), number)
            except Unparsable as error:
                yield _problem(number, str(error))
                continue
            if entry is None or (prefix and _is_remark(entry)):
                continue
            if direction is None and at is None:
                yield entry
            else:
                seen = at if entry.at is None else entry.at
                yield Entry(entry.event, entry.direction or direction, seen, number, entry.problem)
        if not last:
            yield from self._without_object(number, text)
        elif not self.is_log and text[last:].strip(b" \t\r\n,]"):
            yield _problem(number, "there is text after the JSON")

    def _begin(self, number: int, text: bytes, prefix: bytes, at_fault: bool) -> Iterator[Entry]:
        """A line that opens an object. No writer breaks a line inside a string: that one was cut."""
        pending = _Pending(number, prefix)
        if pending.add(text) is False:
            self.pending = pending
        elif not at_fault:
            yield _problem(number, _CUT)

    def _without_object(self, number: int, text: bytes) -> Iterator[Entry]:
        text = text.strip()
        remains_of_json = text.startswith(b"{") or (text.endswith(b"}") and b'":' in text)
        if self.is_log is not False and not remains_of_json:
            self.skipped += 1
            return
        try:
            entry = unwrap(parse(text), number)
        except Unparsable as error:
            yield _problem(number, str(error))
        else:
            if entry is not None:
                yield entry


class _Pending:
    """An object that goes on over several lines."""

    __slots__ = ("depth", "line", "parts", "prefix", "size")

    def __init__(self, line: int, prefix: bytes) -> None:
        self.line, self.prefix = line, prefix
        self.parts: list[bytes] = []
        self.size = self.depth = 0

    def add(self, text: bytes) -> bool | None:
        """Whether the object is closed now; None if it cannot be closed any more."""
        net, lowest, open_string = balance(text)
        self.parts.append(text)
        self.size += len(text)
        closed = self.depth + lowest <= 0 and bool(self.depth)
        self.depth += net
        return None if open_string or self.size > MAX_BYTES else closed


def _continues(line: bytes) -> bool:
    """Whether a line can be the inside of an object that was begun before: indented, or a key, or a closing
    bracket.
    """
    text = line.strip()
    if text[:1] in (b'"', b"}", b"]", b","):
        return True
    if line[:1] not in (b" ", b"\t"):
        return False
    try:
        inner = parse(text) if text[:1] == b"{" else None
    except Unparsable:
        return True
    # an event by itself on an indented line is the next one, not a part
    return not (isinstance(inner, dict) and ("." in str(inner.get("type")) or "event" in inner))


def _marks(prefix: bytes) -> tuple[EntryDirection | None, float | None]:
    if not prefix:
        return None, None
    text = prefix[:_PREFIX].decode("utf-8", "replace")
    return direction_in_prefix(text), time_in_prefix(text)


def _is_remark(entry: Entry) -> bool:
    """An object in a log line that is no event: a logger's own fields, or a configuration."""
    return isinstance(entry.event, dict) and "type" not in entry.event and entry.direction != "close"


def _problem(number: int, reason: str) -> Entry:
    return Entry(None, line=number, problem=f"line {number}: {reason}")

"""The tape: rtdoctor's own recording of connections, a line of JSON a thing that happened. Written and read here.

The first line is the header, `{"tape": 1, "by", "tool", "started_at", "to"}`. Every other line has `t` (seconds since
the header was written, by a clock that only goes forward), `connection` (a number from 1) and `kind`:

    request   url, headers [[name, value]], subprotocols; method where it is not GET, body; auth and credential tell
              what was sent before it was masked
    answer    status, reason, headers, subprotocol, body
    fault     layer, fault, text: why no answer came
    text      from "server" or "client", data: the frame's text; audio stands in it, or in its place {"audio_bytes": n}
              with or without "sha256"
    binary    from, base64; or audio_bytes where media is left out
    ping, pong  from, base64
    broken    from, base64: the first bytes of what is no frame; nothing of that side is told after it
    close     from, code (null: none), reason
    end       by "server" or "client", how: close, reset, eof, stopped
    finding   level, id, text, remedy: what was judged as it passed

Everything is redacted before it is written. A line is out when the call returns, so that a process may be killed at any
moment; a reader takes the lines before a cut. Who reads skips kinds and fields that it does not know.
"""

import base64
import hashlib
import os
import stat
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Literal

import orjson

from rtdoctor.files import NotWritten
from rtdoctor.linear import byte_pattern, pattern
from rtdoctor.model.handshake import Handshake, unquoted_marks
from rtdoctor.privacy import vocabulary
from rtdoctor.privacy.errors import InputError
from rtdoctor.privacy.quote import quote_headers, redact, redact_media, redacted
from rtdoctor.recording.chunks import Chunks
from rtdoctor.recording.lines import split_lines
from rtdoctor.recording.parse import Unparsable, parse
from rtdoctor.version import __version__

VERSION = 1
MOST_BODY = 64 * 1024  # characters of a body that are kept
MOST_AUDIO = 15 << 20  # bytes of audio in an event: the API takes no larger one
_SMALL = 8 << 10  # bytes of audio that are made anew each time
_MOST_REASON = 1_000
_MOST_HEADERS, _MOST_HEADER = 200, 16_000
_LEAST_MEDIA = 256  # characters of base64; what is shorter is looked through as any text

Audio = Literal["keep", "drop", "hash"]
By = Literal["proxy", "mock", "check", "probe"]
Side = Literal["server", "client"]
Line = dict[str, Any]
Tell = Callable[[Line], object]

_MEDIA = ("audio", "image_url")  # names of fields that hold it, beside the delta of an audio delta
_AUDIO = ("audio", "\\u")  # no text has audio in it without one of these
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_IMAGE = pattern(r"data:image/[a-z0-9.+\-]{1,20};base64")
_HEAD = byte_pattern(rb'[\s\v]*\{[\s\v]*"tape"[\s\v]*:[\s\v]*\d')
_AUDIO_DELTA, _APPEND = "audio.delta", "input_audio_buffer.append"


class BadTape(InputError):
    """The file is no tape, or of a form that is not known. `str()` is one sentence."""


class Recorder:
    """Makes the lines of a tape, redacted, and gives each to every `tell`; one of these is a file's (`open_tape`),
    another may be a live page's. `clock` gives seconds. May be used from one thread at a time.
    """

    def __init__(
        self,
        *tells: Tell,
        by: By,
        to: str,
        audio: Audio = "keep",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tells, self._audio, self._clock, self._start = tells, audio, clock, clock()
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._tell(
            {"tape": VERSION, "by": by, "tool": f"rtdoctor {__version__}", "started_at": now, "to": shown_url(to)}
        )

    def request(
        self,
        connection: int,
        url: str,
        headers: Sequence[tuple[str, str]],
        subprotocols: Sequence[str] = (),
        *,
        method: str = "GET",
        body: str = "",
        at: float | None = None,
    ) -> None:
        """What was asked, as it was sent: every secret in it is masked here."""
        handshake = Handshake(url, tuple(headers[:_MOST_HEADERS]), tuple(subprotocols[:_MOST_HEADERS]))
        shown, asked = handshake.shown(), handshake.request()
        line: Line = {"url": unquoted_marks(shown.url), "headers": shown.headers, "subprotocols": shown.subprotocols}
        if method != "GET":
            line["method"] = redact(method[:40])
        if body:
            line["body"] = redact(body[:MOST_BODY])
        self._put(connection, "request", at, **line, auth=asked.auth, credential=asked.credential)

    def answer(
        self,
        connection: int,
        status: int,
        reason: str,
        headers: Sequence[tuple[str, str]],
        *,
        subprotocol: str | None = None,
        body: str = "",
        at: float | None = None,
    ) -> None:
        """What was answered; of the body the first 64 Ki characters."""
        shown = quote_headers((name, value[:_MOST_HEADER]) for name, value in headers[:_MOST_HEADERS])
        more: Line = {} if subprotocol is None else {"subprotocol": redact(subprotocol)}
        if body:
            more["body"] = shown_text(body[:MOST_BODY], "keep")
        self._put(connection, "answer", at, status=status, reason=redact(reason[:_MOST_REASON]), headers=shown, **more)

    def fault(self, connection: int, layer: str, fault: str, text: str, *, at: float | None = None) -> None:
        """Why no answer came, in the words of model.exchange.Fault."""
        self._put(connection, "fault", at, layer=layer, fault=fault, text=redact(text[:_MOST_REASON]))

    def text(self, connection: int, side: Side, data: str, *, at: float | None = None) -> None:
        """A text message."""
        self._put(connection, "text", at, **{"from": side}, data=shown_text(data, self._audio))

    def data(
        self,
        connection: int,
        side: Side,
        kind: Literal["binary", "ping", "pong", "broken"],
        data: bytes,
        *,
        at: float | None = None,
    ) -> None:
        """A binary message, a control frame with a payload, or what is no frame."""
        if kind == "binary" and self._audio != "keep":
            self._put(connection, kind, at, **{"from": side}, **_left_out(data, self._audio))
            return
        self._put(connection, kind, at, **{"from": side}, base64=base64.b64encode(shown_bytes(data)).decode())

    def close(self, connection: int, side: Side, code: int | None, reason: str, *, at: float | None = None) -> None:
        """A close frame; `code` None where it had none."""
        self._put(connection, "close", at, **{"from": side}, code=code, reason=redact(reason[:_MOST_REASON]))

    def end(self, connection: int, by: Side, how: str, *, at: float | None = None) -> None:
        """The end of a connection: close (after the close frames), reset, eof, stopped (who recorded went away)."""
        self._put(connection, "end", at, by=by, how=how)

    def finding(
        self, connection: int, level: str, id: str, text: str, remedy: str = "", *, at: float | None = None, **more: Any
    ) -> None:
        """What was judged; what of it comes from outside was quoted before."""
        self._put(connection, "finding", at, level=level, id=id, text=text, remedy=remedy, **more)

    def _put(self, connection: int, kind: str, at: float | None, **fields: Any) -> None:
        t = (self._clock() if at is None else at) - self._start
        self._tell({"t": round(max(0.0, t), 6), "connection": connection, "kind": kind, **fields})

    def _tell(self, line: Line) -> None:
        for tell in self._tells:
            tell(line)


def shown_url(url: str) -> str:
    """A URL as it may be shown."""
    return unquoted_marks(Handshake(url).shown().url)


def shown_text(text: str, audio: Audio = "keep") -> str:
    """A frame's text without secrets, and without audio where it is left out. What needs no change has none.

    Nothing in it is exempt from the search. Of media only what chance writes into random letters stands: words, names,
    and short pieces of a secret.
    """
    if (audio == "keep" or not any(name in text for name in _AUDIO)) and len(text) < _LEAST_MEDIA:
        return redact(text)
    if (event := _event(text)) is None:
        return redact(text)
    if audio != "keep" and (places := list(_places(event))):
        for holder, name in places:
            holder[name] = _audio_left_out(holder[name], audio)
        text = orjson.dumps(event).decode()
    held: list[tuple[dict[str, Any], str, _Media]] = []
    rest, changed = text, False
    for holder, name in [place for place in _media(event) if _is_media(*place)]:
        value = holder[name]
        shown = redact_media(value)
        changed = changed or shown != value
        held.append((holder, name, _Media(shown)))
        rest = rest.replace(f'"{value}"', '""', 1)  # written with escapes it stays, and is looked at as text
    if redact(rest) == rest and not changed:
        return text
    # By value: a mark must not stand in the middle of an escape.
    for holder, name, media in held:
        holder[name] = media
    return orjson.dumps(redacted(event), default=lambda media: media.text).decode()


def shown_bytes(data: bytes) -> bytes:
    """Bytes without secrets."""
    return redact(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def shown_line(line: Mapping[str, Any]) -> Line:
    """A line that somebody else may have written, as it may be shown."""
    shown_line = {**line}
    held = [(name, shown_line.pop(name)) for name in ("data", "base64", "headers") if name in shown_line]
    shown_line = redacted(shown_line)
    for name, value in held:
        if name == "data" and isinstance(value, str):
            shown_line[name] = shown_text(value)
        elif name == "base64" and isinstance(value, str):
            data = _unpacked(value)
            shown_line[name] = value if (shown := shown_bytes(data)) == data else base64.b64encode(shown).decode()
        elif name == "headers":
            pairs = headers_of(line)
            shown_line[name] = [
                [redact(one), redact(f"{one}: {other}").removeprefix(f"{one}: ")] for one, other in pairs
            ]
    return shown_line


class _Media:
    """Media that was looked through, in the place of its text while all else is redacted."""

    def __init__(self, text: str) -> None:
        self.text = text


def _event(text: str) -> dict[str, Any] | None:
    try:
        value = parse(text.encode())
    except (Unparsable, UnicodeEncodeError):
        return None
    return value if isinstance(value, dict) else None


def _places(event: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Where audio stands in an event: in each field `audio`, and in the delta of an audio delta."""
    if _is_audio_delta(event) and isinstance(event.get("delta"), str):
        yield event, "delta"
    yield from ((holder, name) for holder, name in _fields(event) if name == "audio")


def _media(event: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Where audio or an image may stand; not below a name that tells of a secret."""
    if _is_audio_delta(event) and isinstance(event.get("delta"), str):
        yield event, "delta"
    yield from _fields(event, vocabulary.tells)


def _fields(event: dict[str, Any], closed: Callable[[str], bool] = lambda _: False) -> Iterator[tuple[Line, str]]:
    waiting: list[Any] = [event]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            yield from [(value, name) for name in _MEDIA if isinstance(value.get(name), str)]
            waiting += [item for name, item in value.items() if isinstance(item, dict | list) and not closed(name)]


def _is_audio_delta(event: Line) -> bool:
    kind = event.get("type")
    return isinstance(kind, str) and kind.endswith(_AUDIO_DELTA)


def _is_media(holder: Line, name: str) -> bool:
    """True for base64 as the API has it, with nothing between, of some size; outside of an audio event of whole samples
    of 16 bits, or behind the head of an image's data URL."""
    text: str = holder[name]
    if name == "image_url":
        head, comma, text = text.partition(",")
        if not comma or not _IMAGE.fullmatch(head):
            return False
    if len(text) < _LEAST_MEDIA or len(text) % 4 or not text.isascii():
        return False
    if text.rstrip("=").encode().translate(None, _BASE64) or text[:-2].endswith("="):
        return False
    padding = text[-2:].count("=")
    return name != "audio" or holder.get("type") == _APPEND or (len(text) // 4 * 3 - padding) % 2 == 0


def _audio_left_out(text: str, audio: Audio) -> Line:
    """What is told of audio in its place. Of what is no base64, or holds a secret, no digest that tells which."""
    try:
        data, whole = base64.b64decode(text, validate=True), True
    except ValueError:
        data, whole = text.encode("utf-8", "replace"), False
    hashed = (
        audio == "hash" and whole and redact_media(text) == text and (len(text) > _LEAST_MEDIA or redact(text) == text)
    )
    return _left_out(data, "hash" if hashed else "drop")


def _unpacked(value: str) -> bytes:
    try:
        return base64.b64decode(value)
    except ValueError:
        return value.encode("utf-8", "replace")


def _left_out(data: bytes, audio: Audio) -> Line:
    size: Line = {"audio_bytes": len(data)}
    return size | {"sha256": hashlib.sha256(data).hexdigest()} if audio == "hash" else size


# --- the file ---------------------------------------------------------------------------------------------------------


@contextmanager
def open_tape(path: Path) -> Iterator[Tell]:
    """A `tell` that writes each line to the file at once. Nothing is written over: the file is new (mode 0600) or
    empty, and nobody else is writing a tape into it; a FIFO or device is written into. A new one is gone again where
    no line was told.

    Raises:
        NotWritten: it cannot be written, or holds something. Also by `tell`, when the disk is full.
    """
    handle, is_new = _opened(path)
    regular, complained = stat.S_ISREG(os.fstat(handle).st_mode), False

    def tell(line: Line) -> None:
        nonlocal complained
        complained = True
        rest = memoryview(orjson.dumps(line, default=list) + b"\n")
        try:
            while rest:
                rest = rest[os.write(handle, rest) :]
        except OSError as error:
            raise NotWritten("{}: {}", path, error) from error

    try:
        yield tell
        if regular:
            os.fsync(handle)
    finally:
        os.close(handle)
        if is_new and not complained:
            path.unlink(missing_ok=True)


def durable(tell: Tell, failed: Callable[[NotWritten], object]) -> Tell:
    """The same, which never fails: of the first line that cannot be written `failed` hears, and nothing follows it."""
    written = True

    def write(line: Line) -> None:
        nonlocal written
        if written:
            try:
                tell(line)
            except NotWritten as error:
                written = False
                failed(error)

    return write


def _opened(path: Path) -> tuple[int, bool]:
    flags = os.O_RDWR | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
    try:
        try:
            handle, is_new = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600), True
        except FileExistsError:
            handle, is_new = os.open(path, flags), False
    except (OSError, ValueError) as error:
        raise NotWritten("{}: {}", path, error) from error
    try:
        if stat.S_ISREG(os.fstat(handle).st_mode):
            _claim(handle, path)
        elif sys.platform != "win32":
            os.set_blocking(handle, True)
    except BaseException:
        os.close(handle)
        raise
    return handle, is_new


def _claim(handle: int, path: Path) -> None:
    """Have an empty file for ourselves alone."""
    if sys.platform != "win32":
        import fcntl

        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise NotWritten("{}: another process writes a tape into it; name another file", path) from error
        except OSError:  # a file system without locks
            pass
    if os.fstat(handle).st_size:
        raise NotWritten("{}: is there already, and not empty; name another file, or delete it first", path)


def is_tape(head: bytes) -> bool:
    """True for the first bytes of a tape; 64 are enough."""
    return _HEAD.end(head.removeprefix(b"\xef\xbb\xbf")) >= 0


def read_tape(source: BinaryIO | Chunks) -> Iterator[tuple[int, Line]]:
    """The lines of a tape with their numbers, the header first. Reads forward only, a line at a time. A last line that
    is cut ends it; what is otherwise no line of a tape comes as `{"kind": "problem", "text": why}`.

    Raises:
        BadTape: the first line is no header.
    """
    feed = source if isinstance(source, Chunks) else Chunks(source)
    held: tuple[int, str] | None = None  # a line that cannot be read is a problem only where others follow
    for number, raw in split_lines(feed):
        if raw is not None and not raw.strip():
            continue
        if held is not None:
            yield held[0], {"kind": "problem", "text": held[1]}
            held = None
        try:
            line = _line(raw, first=number == 1)
        except Unparsable as error:
            if number == 1:
                raise BadTape("This is no tape: {}.", error) from error
            held = number, str(error)
            continue
        yield number, line
    if feed.fault:
        yield 0, {"kind": "problem", "text": feed.fault}


def _line(raw: bytes | None, *, first: bool) -> Line:
    if raw is None:
        raise Unparsable("the line is longer than 32 MiB and is skipped")
    line = parse(raw)
    if not isinstance(line, dict):
        raise Unparsable("this is no line of a tape")
    if first:
        if line.get("tape") != VERSION:
            raise Unparsable(f"its form is {line.get('tape')!r:.20}, and this rtdoctor reads form {VERSION}")
        return line
    number, t = line.get("connection"), line.get("t")
    if not isinstance(line.get("kind"), str) or not isinstance(number, int) or not isinstance(t, int | float):
        raise Unparsable("this is no line of a tape: it wants t, connection and kind")
    return line


class Silence:
    """Gives events of one recording silence where audio was left out, so that they have the form that they had; all of
    it is bounded, whatever a tape says and however many events are held: a piece of some size is made once and is
    there for all that are as long, and where there is no more room the next smaller one takes its place."""

    def __init__(self) -> None:
        self._made: dict[int, str] = {}
        self._room = MOST_AUDIO

    def back(self, event: Any) -> Any:
        """The same event with its audio; of one that has more than any event can hold the rest is left empty."""
        waiting, room = [event], MOST_AUDIO
        while waiting:
            value = waiting.pop()
            if isinstance(value, list):
                waiting += value
            elif isinstance(value, dict):
                for name in ("audio", "delta"):
                    held = value.get(name)
                    if isinstance(held, Mapping) and isinstance(size := held.get("audio_bytes"), int):
                        size = size if 0 <= size <= room else 0
                        room -= size
                        value[name] = self._of(size)
                waiting += value.values()
        return event

    def _of(self, size: int) -> str:
        if size in self._made:
            return self._made[size]
        if size > _SMALL and size > self._room:
            return self._made.get(max((one for one in self._made if one < size), default=0), "")
        text = "AAAA" * (size // 3) + ("", "AA==", "AAA=")[size % 3]
        if size > _SMALL:
            self._room -= size
            self._made[size] = text
        return text


def headers_of(line: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The headers of a request or answer; what is none is left out."""
    pairs_held: Iterable[Any] = held if isinstance(held := line.get("headers"), list) else ()
    pairs = (pair for pair in pairs_held if isinstance(pair, list) and len(pair) == 2)
    return tuple((name, value) for name, value in pairs if isinstance(name, str) and isinstance(value, str))

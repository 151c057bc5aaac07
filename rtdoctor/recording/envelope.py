"""What is around an event: `{dir, event}`, a time stamp, a logger's fields, a frame of a HAR file, our own
recording.

rtdoctor's own recording is JSON lines. The first is a header, `{"rtdoctor_recording": 1, ...}`, and holds no
event. Each other line is a frame: `{"at": seconds since the start, "dir": "server" | "client" | "close",
"event": {...}}`; a close has `{"code": ..., "reason": ...}` as its event, and a frame that holds no JSON
object has `"text": "..."` or `"binary_bytes": length` in place of `event`.

An event has a name with a dot ("session.created") or is "error"; that tells it from an envelope that has a
"type" too.
"""

import base64
from collections.abc import Mapping

from rtdoctor.model.entry import Entry, EntryDirection
from rtdoctor.recording.direction import direction_of
from rtdoctor.recording.parse import Unparsable, parse
from rtdoctor.recording.times import seconds

HEADER = "rtdoctor_recording"
VERSION = 1

_DIRECTIONS = frozenset(("dir", "direction", "_dir", "_direction", "source", "from", "sender", "origin", "side"))
_TIMES = frozenset(
    (
        *("at", "ts", "t", "time", "timestamp", "@timestamp", "datetime", "date", "elapsed"),
        *("at_ms", "ts_ms", "t_ms", "time_ms", "timestamp_ms", "elapsed_ms", "ms"),
    )
)
_PAYLOADS = ("event", "payload", "data", "message", "msg", "frame", "json", "body", "log", "raw", "text")
_SAYING = ("event", "kind", "name", "msg", "message")  # a logger's {"event": "close", "code": 1011}
_AROUND = _DIRECTIONS | _TIMES | {*_PAYLOADS, "binary_bytes", "opcode", HEADER}
_FRAME = frozenset(("at", "dir", "event"))
_LAYERS = 3  # Docker's {"log": "{\"dir\": …, \"event\": …}"} has two

# event, direction, time, and a clause that is "" or says why there is no event
_Found = tuple[object | None, EntryDirection | None, float | None, str]


def unwrap(value: object, line: int, socket: int = 0, noun: str = "line") -> Entry | None:
    """The entry in a parsed line or element, or None where there is none.

    None stands for our own header, a ping, and a logger's own message.
    """
    if isinstance(value, dict) and _AROUND.isdisjoint(value):
        return Entry(value, None, None, line, "", socket)
    if isinstance(value, dict) and _FRAME.issuperset(value) and isinstance(event := value.get("event"), dict):
        # our own form without the general search, three times as fast
        return Entry(event, direction_of(value.get("dir")), seconds(value.get("at")), line, "", socket)
    if (look := _look(value, _LAYERS)) is None:
        return None
    event, direction, at, clause = look
    return Entry(event, direction, at, line, f"{noun} {line}: {clause}" if clause else "", socket)


def _look(value: object, layers: int) -> _Found | None:
    if isinstance(value, str) and value.lstrip()[:1] == "{":
        try:
            value = parse(value.encode())
        except UnicodeEncodeError:
            return None, None, None, "the text holds half of a character (a lone surrogate)"
        except Unparsable as error:
            return None, None, None, str(error)
    if not isinstance(value, dict):
        return None, None, None, f"this is {_kind(value)}, no event object"
    if HEADER in value:
        return _header(value[HEADER])

    direction, at = _marks(value)
    name = value.get("type")
    # a HAR frame says "send" or "receive" in its "type"
    by_type = direction_of(name)
    direction = direction or by_type
    named = isinstance(name, str) and ("." in name or name == "error") and by_type is None
    if "opcode" in value and value["opcode"] not in (0, 1):
        return _unusual_frame(value["opcode"], value.get("data"), direction, at)

    inner = _payload(value, named, direction is not None)
    if direction is None and not named and any(direction_of(value.get(key)) == "close" for key in _SAYING):
        return _without_marks(value), "close", at, ""
    if direction == "close":
        return (inner if isinstance(inner, dict) else _without_marks(value)), direction, at, ""
    if inner is not None and layers:
        if (look := _look(inner, layers - 1)) is None:
            return None
        return look[0], direction or look[1], look[2] if at is None else at, look[3]
    if named:
        return _without_marks(value), direction, at, ""
    return _no_event(value, direction, at, by_type is not None or "opcode" in value)


def _marks(value: Mapping[str, object]) -> tuple[EntryDirection | None, float | None]:
    direction: EntryDirection | None = None
    at: float | None = None
    for key, held in value.items():
        if key in _DIRECTIONS:
            direction = direction or direction_of(held)
        elif key in _TIMES and at is None:
            at = seconds(held, key)
    return direction, at


def _payload(value: Mapping[str, object], named: bool, marked: bool) -> object | None:
    """The field that holds the event, as an object or as JSON text; None if the event is the value itself.

    GPT-Live's `response.event` has a field "event" and yet is the event: a named value is an envelope only if
    it is marked with a direction and holds an object with a type.
    """
    for key in _PAYLOADS:
        inner = value.get(key)
        if isinstance(inner, dict) and (not named or (marked and "type" in inner)):
            return inner
        if isinstance(inner, str) and not named and inner.lstrip()[:1] == "{":
            return inner
    return None


def _no_event(
    value: dict[str, object], direction: EntryDirection | None, at: float | None, is_frame: bool
) -> _Found | None:
    """A frame that is no JSON, a logger's own message (None), or an event with a name that nobody knows."""
    if "binary_bytes" in value:
        return None, direction, at, f"{_BINARY} ({_short(value['binary_bytes'])} bytes)"
    held = [value[key] for key in _PAYLOADS if key in value]
    if is_frame and not held:
        return None, direction, at, "the frame has no data"
    if held and (is_frame or direction):
        return None, direction, at, f"the frame holds no JSON object: {_short(held[0])}"
    if held and "type" not in value:
        return None
    return _without_marks(value), direction, at, ""


def _short(held: object) -> str:
    return repr(held[:60] if isinstance(held, str) else held)[:62]


_BINARY = "a binary frame; the Realtime API takes and sends text frames only"


def _unusual_frame(opcode: object, data: object, direction: EntryDirection | None, at: float | None) -> _Found | None:
    """A frame of a HAR file that is no text. Opcodes: RFC 6455, 5.2; Chrome writes -1 for an error of the
    socket.
    """
    if opcode in (9, 10):
        return None
    if opcode == 8:
        sent = {"by": "client"} if direction == "client" else {}
        return _close(data if isinstance(data, str) else "") | sent, "close", at, ""
    if opcode == -1:
        return None, direction, at, f"the browser reports an error on the socket: {_short(data)}"
    return None, direction, at, _BINARY if opcode == 2 else f"a frame with the unknown opcode {opcode!r:.20}"


def _close(payload: str) -> dict[str, object]:
    """What a close frame's payload holds, two bytes of code and a reason (RFC 6455, 5.5.1): a character a byte, or in
    base64, as Chrome writes every frame that is no text.
    """
    raw = payload.encode("latin-1", "replace")
    try:
        unpacked = base64.b64decode(raw, validate=True)
    except ValueError:
        unpacked = b""
    for held in (unpacked, raw):
        code = int.from_bytes(held[:2], "big")
        if 1000 <= code <= 4999:
            return {"code": code, "reason": held[2:].decode("utf-8", "replace")}
    return {"reason": payload}


def _without_marks(value: dict[str, object]) -> dict[str, object]:
    """The event without the time and direction that a logger put among its fields: no Realtime event has
    these.
    """
    return {
        key: held
        for key, held in value.items()
        if not (key in _TIMES and seconds(held, key) is not None)
        and not (key in _DIRECTIONS and direction_of(held) is not None)
    }


def _header(version: object) -> _Found | None:
    if version == VERSION:
        return None
    return None, None, None, f"a recording of form {version!r:.20}, and this rtdoctor reads form {VERSION}"


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return {str: "a text", int: "a number", float: "a number", list: "an array"}.get(type(value), "no JSON")

"""A recording in other forms: HAR for a browser's network panel, Markdown for an issue, WAV for each speaker."""

import base64
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from rtdoctor.model.exchange import Headers
from rtdoctor.model.sound import format_in
from rtdoctor.model.violation import Direction
from rtdoctor.privacy.clean import clean
from rtdoctor.privacy.quote import quote, quote_start, redact, redact_media
from rtdoctor.recording.tape import shown_bytes, shown_text
from rtdoctor.replay.cassette import Take, TapedStep
from rtdoctor.replay.match import parsed, type_of
from rtdoctor.version import __version__

_OPCODES = {"text": 1, "binary": 2, "close": 8}
_MOST_EVENTS, _MOST_TEXT = 400, 240  # of a connection, and characters of an event, in Markdown
_SIDES: tuple[Direction, ...] = ("client", "server")
_PCM, _ALAW, _ULAW = 1, 6, 7  # format tags of WAV
_G711 = {"audio/pcmu": _ULAW, "g711_ulaw": _ULAW, "audio/pcma": _ALAW, "g711_alaw": _ALAW}
_RATE, _G711_RATE = 24_000, 8_000


# --- HAR --------------------------------------------------------------------------------------------------------------


def har(takes: Sequence[Take]) -> Iterator[bytes]:
    """HAR 1.2 with the messages of each socket as Chrome writes them (`_webSocketMessages`), in pieces: the whole of it
    is larger than what it is made of."""
    log = {"version": "1.2", "creator": {"name": "rtdoctor", "version": __version__}, "pages": []}
    yield b'{"log": ' + orjson.dumps(log)[:-1] + b',"entries": ['
    for place, take in enumerate(takes):
        yield b",\n" if place else b"\n"
        entry = orjson.dumps(_entry(take), option=orjson.OPT_INDENT_2)
        if take.status != 101:
            yield entry
            continue
        yield entry[:-1].rstrip() + b',\n  "_webSocketMessages": ['
        for many, step in enumerate(step for step in take.steps if step.kind in _OPCODES):
            yield (b",\n    " if many else b"\n    ") + orjson.dumps(_message(take, step))
        yield b"\n  ]\n}"
    yield b"\n]}}\n"


def _entry(take: Take) -> dict[str, Any]:
    wait = max(0.0, (take.start - take.asked_at) * 1000)
    last = max([take.start, *(step.at for step in take.steps)])
    url = take.url or "wss://recording.invalid/v1/realtime"
    body = redact(take.body.decode("utf-8", "replace"))
    sizes = {"headersSize": -1, "bodySize": -1}
    entry: dict[str, Any] = {
        "startedDateTime": _iso(take.epoch + take.asked_at),
        "time": round((last - take.asked_at) * 1000, 3) if take.asked else 0,
        "request": {
            "method": take.method,
            "url": redact(url),
            "httpVersion": "HTTP/1.1",
            "headers": _named(take.asked_headers),
            "queryString": _named(tuple(parse_qsl(urlsplit(redact(url)).query, keep_blank_values=True))),
            "cookies": [],
            **sizes,
        },
        "response": {
            "status": take.status or 0,
            "statusText": redact(take.reason),
            "httpVersion": "HTTP/1.1",
            "headers": _named(take.headers),
            "cookies": [],
            "content": {"size": len(take.body), "mimeType": _mime(take.headers), "text": body},
            "redirectURL": "",
            **sizes,
        },
        "cache": {},
        "timings": {"send": 0, "wait": round(wait, 3), "receive": 0},
    }
    if take.status == 101:
        entry["_resourceType"] = "websocket"
    return entry


def _message(take: Take, step: TapedStep) -> dict[str, Any]:
    data = step.data
    if step.kind == "close":
        data = b"" if step.code is None else step.code.to_bytes(2, "big") + redact(step.reason).encode()
    plain = step.kind == "text"
    if step.kind == "binary":
        data = shown_bytes(data)
    return {
        "type": "send" if step.side == "client" else "receive",
        "time": take.epoch + step.at,
        "opcode": _OPCODES[step.kind],
        "data": shown_text(data.decode("utf-8", "replace")) if plain else base64.b64encode(data).decode(),
    }


def _named(pairs: Headers) -> list[dict[str, str]]:
    return [{"name": redact(name), "value": redact(value)} for name, value in pairs]


def _mime(headers: Headers) -> str:
    return next((redact(value) for name, value in headers if name.lower() == "content-type"), "")


def _iso(epoch: float) -> str:
    try:
        return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        return "1970-01-01T00:00:00.000Z"


# --- Markdown ---------------------------------------------------------------------------------------------------------


def markdown(takes: Sequence[Take]) -> bytes:
    """What passed, for an issue: quoted, without audio, the middle of a long stream left out."""
    return "\n".join(line for take in takes for line in _told(take)).encode("utf-8", "backslashreplace") + b"\n"


def _told(take: Take) -> Iterator[str]:
    answer = "no answer" if take.status is None else f"{take.status} {take.reason}".strip()
    yield f"### Connection {take.number}: {_safe(take.what)}"
    yield ""
    yield f"Answered: {_safe(quote(answer)) if take.asked else 'not recorded'}"
    yield ""
    yield "```text"
    if take.body:
        yield _safe(_start(take.body.decode("utf-8", "replace"), _MOST_TEXT * 4))
    few = len(take.steps) <= _MOST_EVENTS
    half = _MOST_EVENTS // 2
    for step in take.steps if few else take.steps[:half]:
        yield _line(take, step)
    if not few:
        yield f"… {len(take.steps) - 2 * half} more …"
        for step in take.steps[-half:]:
            yield _line(take, step)
    yield "```"
    yield ""


def _line(take: Take, step: TapedStep) -> str:
    arrow = "←" if step.side == "server" else "→"
    what: str = step.kind
    if step.kind == "text":
        text = shown_text(step.data.decode("utf-8", "replace"), "drop")
        what = f"{quote_start(type_of(step.data), 80)}  {_start(text, _MOST_TEXT)}"
    elif step.kind == "close":
        what = f"close {step.code or ''} {quote(step.reason)}".strip()
    elif step.kind == "end":
        what = f"({quote(step.how)})"
    elif step.data:
        what = f"({step.kind}, {len(step.data)} bytes)"
    return _safe(f"{step.at - take.start:9.3f} {arrow} {what}")


def _start(text: str, most: int) -> str:
    """The beginning of a text, quoted, and that it goes on."""
    start = quote_start(text, most + 1)
    return start if len(start) <= most else start[:most] + "…"


def _safe(text: str) -> str:
    """One line that ends no fence and acts on no terminal."""
    return clean(text).replace("\n", " ").replace("```", "'''")


# --- WAV --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Speech:
    """What one side of a connection said: `size` bytes of audio, of which `take` holds the text."""

    number: int
    side: Direction
    take: Take
    tag: int
    rate: int
    size: int

    def wav(self) -> Iterator[bytes]:
        """A WAV file in pieces: RIFF with one channel; G.711 stays as it is."""
        width = 2 if self.tag == _PCM else 1
        left = self.size - self.size % width
        yield _head(self.tag, self.rate, left)
        for piece in _pieces(self.take, self.side):
            yield piece[:left]
            left -= min(left, len(piece))
        yield b"\0" * ((self.size - self.size % width) % 2)


def speech(takes: Sequence[Take]) -> Iterator[Speech]:
    """The audio of each side of each connection, in the format that its session told; without a word of it 24 kHz
    PCM16."""
    for take in takes:
        for side in _SIDES:
            (tag, rate), size = (_PCM, _RATE), 0
            for event, by in _events(take):
                tag, rate = _format(event, side) or (tag, rate)
                size += len(_audio(event, by) or b"") if by == side else 0
            if size:
                yield Speech(take.number, side, take, tag, rate, size)


def _events(take: Take) -> Iterator[tuple[dict[str, Any], Direction]]:
    for step in take.steps:
        event = parsed(step.data) if step.kind == "text" else None
        if isinstance(event, dict):
            yield event, step.side


def _pieces(take: Take, side: Direction) -> Iterator[bytes]:
    yield from (held for event, by in _events(take) if by == side and (held := _audio(event, by)))


def _audio(event: dict[str, Any], side: Direction) -> bytes | None:
    kind = event.get("type")
    name = "audio" if side == "client" else "delta"
    wanted = kind == "input_audio_buffer.append" if side == "client" else str(kind).endswith("audio.delta")
    held = event.get(name) if wanted else None
    # What was masked, or would be, is no audio.
    if not isinstance(held, str) or redact_media(held) != held:
        return None
    try:
        return base64.b64decode(held, validate=True)
    except ValueError:
        return None


def _format(event: dict[str, Any], side: Direction) -> tuple[int, int] | None:
    """The tag and rate of a side's audio that an event with a session tells."""
    form = format_in(event.get("session"), "input" if side == "client" else "output")
    kind = form.get("type") if isinstance(form, dict) else form
    if not isinstance(kind, str):
        return None
    rate = form.get("rate") if isinstance(form, dict) else None
    good = isinstance(rate, int) and 1_000 <= rate <= 200_000
    return (_G711[kind], _G711_RATE) if kind in _G711 else (_PCM, rate if good and rate else _RATE)


def _head(tag: int, rate: int, size: int) -> bytes:
    """What stands before so many bytes of audio."""
    width = 2 if tag == _PCM else 1
    form = struct.pack("<HHIIHH", tag, 1, rate, rate * width, width, 8 * width)
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", size)
    return b"RIFF" + struct.pack("<I", len(chunks) + size + size % 2 + 4) + b"WAVE" + chunks

"""Reads handshakes that people have at hand: a curl, websocat or wscat command line, or an entry of a HAR file."""

import json
import re
import shlex
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rtdoctor.files import read_bounded
from rtdoctor.model.event import too_many_values
from rtdoctor.model.given import Given
from rtdoctor.recording.elements import Malformed, select
from rtdoctor.recording.feed import Feed
from rtdoctor.recording.parse import Unparsable, parse

# What the WebSocket library sends itself; the user's own values of these would only break the handshake.
_OWN = frozenset(
    (
        "host",
        "connection",
        "upgrade",
        "sec-websocket-key",
        "sec-websocket-version",
        "sec-websocket-extensions",
        "content-length",
        "accept-encoding",
    )
)
# Options of the three programs that take a value which does not matter here.
_TAKES_VALUE = frozenset(
    (
        *("-A", "-b", "-c", "-d", "-e", "-m", "-o", "-w"),
        *("-x", "-X", "-u", "-E", "-B", "-P", "--user-agent", "--cookie"),
        *("--data", "--max-time", "--connect-timeout", "--output", "--write-out", "--proxy", "--request", "--user"),
        *("--cert", "--key", "--cacert", "--capath", "--resolve", "--retry", "--ping-interval", "--basic-auth"),
        *("--origin", "--buffer-size", "--auth", "--execute", "--wait", "--passphrase", "--ca"),
    )
)
_HEADER, _SUBPROTOCOL = frozenset(("-H", "--header")), frozenset(("-s", "--subprotocol", "--protocol"))
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_MOST_HANDSHAKE = 1 << 20
_MOST_DEPTH = 64  # no event is nested deeper by far; deeper text is sent as it is
_MOST_HAR = 64 * 1024 * 1024
_MOST_OBJECTS = 1_000_000
_MOST_SENT = 1_000  # events of a HAR file that are sent again
_ENTRY = ("log", "entries", None)


class BadHandshake(ValueError):
    """What was given is no handshake; the message says why, in one sentence."""


def given_from(url: str, headers: list[str], subprotocols: list[str], query: list[str]) -> Given:
    """A handshake from its parts; headers as `Name: value`, query as `name=value` that is added to the URL's own.

    Raises:
        BadHandshake: the URL is none, or a part is not of that form.
    """
    try:
        parts = urlsplit(url)
        whole = "\n".join((url, *headers, *subprotocols, *query)).encode()
    except ValueError as error:  # no URL at all, or half of a character
        raise BadHandshake(f"{url!a} is no URL of a socket, or the handshake holds half characters") from error
    if len(whole) > _MOST_HANDSHAKE:
        raise BadHandshake("the handshake is larger than 1 MiB")
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme.lower(), parts.scheme.lower())
    if scheme not in ("ws", "wss") or not parts.hostname:
        raise BadHandshake(f"'{url}' is no URL of a socket: it wants wss://host/path")
    pairs = []
    offered = list(subprotocols)
    for line in headers:
        name, colon, value = line.partition(":")
        if _CONTROL.search(line):
            raise BadHandshake(f"the header {name.strip()[:40]!a} holds a control character, which no header carries")
        if not colon or not name.strip():
            raise BadHandshake(f"the header '{name.strip()}' has no colon; write 'Name: value'")
        if name.strip().lower() == "sec-websocket-protocol":
            offered += [item.strip() for item in value.split(",") if item.strip()]
        elif name.strip().lower() not in _OWN:
            pairs.append((name.strip(), value.strip()))
    given = Given(parts._replace(scheme=scheme).geturl(), tuple(pairs), tuple(offered))
    if query:
        added = dict(given.query)
        for item in query:
            name, equals, value = item.partition("=")
            if not equals:
                raise BadHandshake(f"--query '{item}' has no value; write name=value")
            added[name] = value
        given = given.with_query(added)
    return given


def read_command(text: str) -> Given:
    """The handshake of a curl, websocat or wscat command line.

    Raises:
        BadHandshake: no such command line, or no URL in it.
    """
    try:
        words = shlex.split(text.replace("\\\n", " "))
    except ValueError as error:
        raise BadHandshake(f"the command line cannot be read: {error}") from error
    program = Path(words[0]).name if words else ""
    headers: list[str] = []
    subprotocols: list[str] = []
    url = ""
    rest = iter(words[1:] if program in ("curl", "websocat", "wscat") else words)
    for word in rest:
        name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if name in _HEADER:
            headers.append(value if equals else next(rest, ""))
        elif word.startswith("-H") and len(word) > 2:
            headers.append(word[2:].lstrip("="))
        elif name in ("-c", "--connect") and program == "wscat":
            url = value if equals else next(rest, "")
        elif name in _SUBPROTOCOL and program != "curl":
            subprotocols += [item.strip() for item in (value if equals else next(rest, "")).split(",")]
        elif name in _TAKES_VALUE:
            next(rest, "") if not equals else None
        elif not word.startswith("-") and ":" in word and not url:
            url = word
    if not url:
        raise BadHandshake("the command line holds no URL")
    return given_from(url, headers, [item for item in subprotocols if item], [])


def read_har(path: Path) -> Given:
    """The first WebSocket of a HAR file: its URL, headers, and the first of the events that were sent.

    The file is looked through in pieces: parsed as a whole it would take many times its size.

    Raises:
        BadHandshake: the file cannot be read, is no HAR, or holds no WebSocket.
    """
    try:
        data = read_bounded(path, _MOST_HAR)
    except OSError as error:
        raise BadHandshake(f"{path}: {error.strerror or error}") from error
    if data.count(b"{") + data.count(b"[") > _MOST_OBJECTS:
        raise BadHandshake(f"{path}: is no HAR file of a browser: it holds more than {_MOST_OBJECTS} objects")
    try:
        if not any(True for _ in _selected(data, "log", "entries")):
            raise BadHandshake(f"{path}: is no HAR file")
        first = next((place[0] for place, _ in _selected(data, *_ENTRY, "_webSocketMessages")), None)
        for (place,), request in _selected(data, *_ENTRY, "request"):
            url = request.get("url") if isinstance(request, dict) else None
            if isinstance(url, str) and (place == first or url.startswith(("ws:", "wss:"))):
                given = given_from(url, _headers(request), [], [])
                return Given(given.url, given.headers, given.subprotocols, _sent(data, place))
    except Malformed as error:
        raise BadHandshake(f"{path}: is no HAR file") from error
    raise BadHandshake(f"{path}: holds no WebSocket")


def _selected(data: bytes, *path: str | None) -> Iterator[tuple[tuple[int, ...], Any]]:
    """The values at a path with their places; None for one that is not worth its memory, or no JSON."""
    for place, text in select(iter(Feed(BytesIO(data))), path, _MOST_HANDSHAKE):
        value: Any = None
        with suppress(Unparsable):
            value = parse(text) if text is not None else None
        yield place, value


def _headers(request: dict[str, Any]) -> list[str]:
    listed = request.get("headers")
    return [
        f"{item['name']}: {item['value']}"
        for item in (listed if isinstance(listed, list) else ())
        if isinstance(item, dict) and "name" in item and "value" in item and not str(item["name"]).startswith(":")
    ]


def _sent(data: bytes, entry: int) -> tuple[Any, ...]:
    found: list[str] = []
    size = 0
    for place, message in _selected(data, *_ENTRY, "_webSocketMessages", None):
        text = message.get("data") if isinstance(message, dict) and message.get("type") == "send" else None
        if place[0] != entry or not isinstance(text, str) or too_many_values(text):
            continue
        size += len(text)
        if len(found) == _MOST_SENT or size > _MOST_HANDSHAKE:
            break
        found.append(text)
    return read_events(found)


def _depth(text: str) -> int:
    """How deep the brackets of a JSON text go at most; those inside of its strings are counted, too."""
    deep = most = 0
    for char in text:
        deep += (char in "[{") - (char in "]}")
        most = max(most, deep)
    return most


def read_events(lines: list[str]) -> tuple[Any, ...]:
    """Client events, one JSON object a line; what is not JSON is kept as text, to be sent as it is."""
    events: list[Any] = []
    for given in lines:
        line = given.encode("utf-8", "replace").decode()  # half of a character cannot be sent
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            event = line
        events.append(event if isinstance(event, dict) and _depth(line) <= _MOST_DEPTH else line)
    return tuple(events)

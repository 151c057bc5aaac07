"""Reads handshakes that people have at hand: a curl, websocat or wscat command line, or an entry of a HAR file."""

import binascii
import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rtdoctor.files import read_bounded
from rtdoctor.model.event import NotAnEvent, TooDeep, parse_client_event
from rtdoctor.model.given import Given

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
_MOST_HAR = 64 * 1024 * 1024
_BINARY = 2  # RFC 6455, section 5.2; in a HAR the data of such a message stands in base64

Sent = Mapping[str, Any] | str | bytes


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
    """The first WebSocket of a HAR file: its URL, headers, and the messages that were sent.

    Raises:
        BadHandshake: the file cannot be read, is no HAR, or holds no WebSocket.
    """
    try:
        har = json.loads(read_bounded(path, _MOST_HAR))
        entries = har["log"]["entries"]
    except OSError as error:
        raise BadHandshake(f"{path}: {error.strerror or error}") from error
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise BadHandshake(f"{path}: is no HAR file") from error
    for entry in entries if isinstance(entries, list) else ():
        request = entry.get("request") if isinstance(entry, dict) else None
        url = request.get("url") if isinstance(request, dict) else None
        if isinstance(request, dict) and isinstance(url, str) and _is_socket(entry, url):
            listed = request.get("headers")
            headers = [
                f"{item['name']}: {item['value']}"
                for item in (listed if isinstance(listed, list) else ())
                if isinstance(item, dict)
                and "name" in item
                and "value" in item
                and not str(item["name"]).startswith(":")
            ]
            given = given_from(url, headers, [], [])
            return Given(given.url, given.headers, given.subprotocols, _sent(entry, path))
    raise BadHandshake(f"{path}: holds no WebSocket")


def _is_socket(entry: dict[str, Any], url: str) -> bool:
    return url.startswith(("ws:", "wss:")) or "_webSocketMessages" in entry


def _sent(entry: dict[str, Any], path: Path) -> tuple[Sent, ...]:
    messages = entry.get("_webSocketMessages")
    found: list[Sent] = []
    for message in messages if isinstance(messages, list) else ():
        if isinstance(message, dict) and message.get("type") == "send" and isinstance(message.get("data"), str):
            if message.get("opcode") == _BINARY:
                found.append(_bytes(message["data"]))
            else:
                found.append(read_event(message["data"], f"{path}: sent message {len(found) + 1}"))
    return tuple(found)


def _bytes(data: str) -> bytes:
    try:
        return binascii.a2b_base64(data, strict_mode=True)
    except ValueError:  # some write the bytes as text
        return data.encode("utf-8", "replace")


def read_event(text: str, where: str) -> Sent:
    """A client event, or the text itself where it is none: to be sent as it is, or not at all.

    Raises:
        BadHandshake: it is an event that is nested too deep; `where` says where it stands.
    """
    try:
        return parse_client_event(text)
    except TooDeep as error:
        raise BadHandshake(f"{where} is {error}") from error
    except NotAnEvent:
        return text.encode("utf-8", "replace").decode()  # half of a character cannot be sent

"""Reads handshakes that people have at hand: a curl, websocat or wscat command line, or an entry of a HAR file."""

import binascii
import shlex
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from rtdoctor.files import read_bounded
from rtdoctor.linear import flat, pattern
from rtdoctor.model.event import NotAnEvent, TooDeep, parse_client_event
from rtdoctor.model.handshake import Handshake
from rtdoctor.privacy.errors import InputError
from rtdoctor.recording.chunks import Chunks
from rtdoctor.recording.elements import Malformed, select
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
# The options of the three programs that take a value, by what the value is to the handshake; "" where it is nothing
# (curl 8.5's man page and 7.88 --help all, websocat 1.13 --help=long, wscat 6 --help, all read 2026-11-24).
_CURL_OTHERS = (
    "--abstract-unix-socket", "--alt-svc", "--aws-sigv4", "--cacert", "--capath", "--cert", "--cert-type",
    "--ciphers", "--config", "--connect-timeout", "--connect-to", "--continue-at", "--cookie-jar",
    "--create-file-mode", "--crlfile", "--curves", "--data", "--data-ascii", "--data-binary", "--data-raw",
    "--data-urlencode", "--delegation", "--dns-interface", "--dns-ipv4-addr", "--dns-ipv6-addr", "--dns-servers",
    "--doh-url", "--dump-header", "--egd-file", "--engine", "--etag-compare", "--etag-save", "--expect100-timeout",
    "--form", "--form-string", "--ftp-account", "--ftp-alternative-to-user", "--ftp-method", "--ftp-port",
    "--ftp-ssl-ccc-mode", "--happy-eyeballs-timeout-ms", "--haproxy-clientip", "--hostpubmd5", "--hostpubsha256",
    "--hsts", "--interface", "--ipfs-gateway", "--json", "--keepalive-time", "--key", "--key-type", "--krb",
    "--libcurl", "--limit-rate", "--local-port", "--login-options", "--mail-auth", "--mail-from", "--mail-rcpt",
    "--max-filesize", "--max-redirs", "--max-time", "--netrc-file", "--noproxy", "--output", "--output-dir",
    "--parallel-max", "--pass", "--pinnedpubkey", "--preproxy", "--proto", "--proto-default", "--proto-redir",
    "--proxy-cacert", "--proxy-capath", "--proxy-cert", "--proxy-cert-type", "--proxy-ciphers", "--proxy-crlfile",
    "--proxy-header", "--proxy-key", "--proxy-key-type", "--proxy-pass", "--proxy-pinnedpubkey",
    "--proxy-service-name", "--proxy-tls13-ciphers", "--proxy-tlsauthtype", "--proxy-tlspassword",
    "--proxy-tlsuser", "--proxy1.0", "--pubkey", "--quote", "--random-file", "--range", "--rate", "--request",
    "--request-target", "--resolve", "--retry", "--retry-delay", "--retry-max-time", "--sasl-authzid",
    "--service-name", "--socks4", "--socks4a", "--socks5", "--socks5-gssapi-service", "--socks5-hostname",
    "--speed-limit", "--speed-time", "--stderr", "--telnet-option", "--tftp-blksize", "--time-cond", "--tls-max",
    "--tls13-ciphers", "--tlsauthtype", "--tlspassword", "--tlsuser", "--trace", "--trace-ascii", "--unix-socket",
    "--upload-file", "--url-query", "--variable", "--write-out",
)  # fmt: skip
_CURL = {
    **dict.fromkeys(("-H", "--header"), "header"),
    **dict.fromkeys(("-u", "--user"), "user"),
    **dict.fromkeys(("-b", "--cookie"), "cookie"),
    **dict.fromkeys(("-x", "--proxy"), "proxy"),
    **dict.fromkeys(("-U", "--proxy-user"), "proxy-user"),
    **dict.fromkeys(("-A", "--user-agent"), "agent"),
    **dict.fromkeys(("-e", "--referer"), "referer"),
    "--oauth2-bearer": "bearer",
    "--url": "url",
    **dict.fromkeys([f"-{letter}" for letter in "cCdDEFhKmoPQrtTwXyYz"], ""),
    **dict.fromkeys(_CURL_OTHERS, ""),
}
_WEBSOCAT = {
    **dict.fromkeys(("-H", "--header"), "header"),
    **dict.fromkeys(("--protocol", "--subprotocol"), "subprotocol"),
    "--origin": "origin",
    "--basic-auth": "user",
    **dict.fromkeys(
        ("-B", "--buffer-size", "--ping-interval", "--ping-timeout", "--close-reason", "--close-status-code"), ""
    ),
    **dict.fromkeys(
        ("--ws-c-uri", "--socks5", "--conncap", "--restrict-uri", "--server-header", "--max-messages", "-q"), ""
    ),
    **dict.fromkeys(("--pkcs12-der", "--pkcs12-passwd", "--client-pkcs12-der", "--tls-domain", "--queue-len"), ""),
}
_WSCAT = {
    **dict.fromkeys(("-H", "--header"), "header"),
    **dict.fromkeys(("-s", "--subprotocol"), "subprotocol"),
    **dict.fromkeys(("-c", "--connect"), "url"),
    **dict.fromkeys(("-o", "--origin"), "origin"),
    "--auth": "user",
    "--proxy": "proxy",
    **dict.fromkeys(("-l", "--listen", "-p", "--protocol", "-x", "--execute", "-w", "--wait", "--ca", "--cert"), ""),
    **dict.fromkeys(("--key", "--passphrase", "--host"), ""),
}
_OPTIONS = {"curl": _CURL, "websocat": _WEBSOCAT, "wscat": _WSCAT}
_NEXT = ("--next", "--nex")  # and -:, behind which curl asks anew, with other headers
# What is in quotes, what is escaped, where a line goes on, where a shell begins another command, and all else.
_TOKEN = pattern(
    r"""(?s)'[^']*'|"(?:[^"\\]|\\.)*"|(?P<line>[\\^`]\r?\n)|\\.|(?P<cut>\|+|&&|;|[ \t]&(?:[ \t]|$)|[\r\n]\s*)|"""
    r"""[^'"\\^`|&;\r\n \t]+|."""
)
_GOES_ON = pattern(r"""(?:-|["']?[A-Za-z][A-Za-z0-9+.\-]*://|$)""")
_URL = pattern(r"[A-Za-z][A-Za-z0-9+.\-]*://")
_REALTIME = pattern(r"(?i)^wss?://|^https?://[^?#]*/(?:realtime|live)(?:[/?#]|$)")
_CONTROL = pattern(r"[\x00-\x08\x0a-\x1f\x7f]")
_MOST_HANDSHAKE = 1 << 20
_MOST_PARTS = 200  # servers take a hundred headers or fewer
_MOST_HAR = 64 * 1024 * 1024
_BINARY = 2  # RFC 6455, section 5.2; in a HAR the data of such a message stands in base64

Sent = Mapping[str, Any] | str | bytes
_MOST_OBJECTS = 1_000_000
_MOST_SENT = 1_000  # events of a HAR file that are sent again
_ENTRY = ("log", "entries", None)


class BadHandshake(InputError):
    """What was given is no handshake; the message says why, in one sentence."""


def handshake_from(url: str, headers: list[str], subprotocols: list[str], query: list[str]) -> Handshake:
    """A handshake from its parts; headers as `Name: value`, query as `name=value` that is added to the URL's own.

    Raises:
        BadHandshake: the URL is none, or a part is not of that form.
    """
    try:
        parts = urlsplit(url)
        whole = "\n".join((url, *headers, *subprotocols, *query)).encode()
    except ValueError as error:  # no URL at all, or half of a character
        raise BadHandshake("{!a} is no URL of a socket, or the handshake holds half characters", url) from error
    if len(whole) > _MOST_HANDSHAKE:
        raise BadHandshake("the handshake is larger than 1 MiB")
    if max(len(headers), len(subprotocols), parts.query.count("&") + len(query)) > _MOST_PARTS:
        raise BadHandshake("the handshake has more than {} headers, subprotocols or query parameters", _MOST_PARTS)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme.lower(), parts.scheme.lower())
    if scheme not in ("ws", "wss") or not parts.hostname:
        raise BadHandshake("'{}' is no URL of a socket: it wants wss://host/path", url)
    pairs = []
    offered = list(subprotocols)
    for line in headers:
        name, colon, value = line.partition(":")
        if _CONTROL.search(line):
            raise BadHandshake("the header {!a} holds a control character, which no header carries", name.strip())
        if not colon or not name.strip():
            raise BadHandshake("the header '{}' has no colon; write 'Name: value'", _name_of(line))
        if name.strip().lower() == "sec-websocket-protocol":
            offered += [item.strip() for item in value.split(",") if item.strip()]
        elif name.strip().lower() not in _OWN:
            pairs.append((name.strip(), value.strip()))
    handshake = Handshake(parts._replace(scheme=scheme).geturl(), tuple(pairs), tuple(offered))
    if query:
        added = dict(handshake.query)
        for item in query:
            name, equals, value = item.partition("=")
            if not equals:
                raise BadHandshake("--query '{}' has no value; write name=value", item)
            added[name] = value
        handshake = handshake.with_query(added)
    return handshake


def _name_of(line: str) -> str:
    """What of a line without a colon is the name, as far as one can tell: what follows it may be a key."""
    return line.strip().partition("=")[0].split(" ")[0][:60]


@dataclass(frozen=True, slots=True, repr=False)
class CommandLine:
    """What a command line asks for: the handshake, and the proxy that it goes by (a URL, which may hold a password)."""

    handshake: Handshake
    proxy: str | None = None


def read_command(text: str) -> CommandLine:
    """The handshake of a curl, websocat or wscat command line: URL, headers, subprotocols, and what its options for
    user, bearer token, cookies, agent and origin make of headers. Of several commands it is one, with nothing of the
    others: the first that asks for a realtime socket, or for any URL.

    Raises:
        BadHandshake: no such command line, no URL in it, or URLs of several hosts in one command.
    """
    asked: list[tuple[str, list[str], dict[str, list[str]]]] = []
    for command in _commands(text):
        try:
            words = shlex.split(command)
        except ValueError as error:
            raise BadHandshake("the command line cannot be read: {}", error) from error
        for parts in _requests(words):
            places = parts.get("place", [])
            urls = [*parts.get("url", ()), *filter(_URL.match, places)]
            urls = urls or [place for place in places if ":" in place or "." in place][:1]
            asked += [(url, urls, parts) for url in urls[:1]]
    if not asked:
        raise BadHandshake("the command line holds no URL")
    url, urls, parts = min(asked, key=lambda one: (not _REALTIME.search(one[0]), not _URL.match(one[0])))
    if len(hosts := list(dict.fromkeys(map(_host_of, urls)))) > 1:
        raise BadHandshake("one command asks for {} and for {}; give it with one of them", *hosts[:2])
    subprotocols = [item.strip() for value in parts.get("subprotocol", ()) for item in value.split(",")]
    handshake = handshake_from(url, parts.get("header", []), [item for item in subprotocols if item], [])
    for name, value in _made_headers(parts):
        if handshake.header(name) is None:
            handshake = handshake.with_header(name, value)
    return CommandLine(handshake, _proxy_of(parts))


def _host_of(url: str) -> str:
    """Host and port of a URL, or the URL where they cannot be read: what is wrong with it is told elsewhere."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return url


def _commands(text: str) -> Iterator[str]:
    """The commands of a text, as a shell parts them. A line goes on behind a backslash (`^` or a backtick on Windows),
    and where the next begins with an option or a URL."""
    command, flattened = [""], flat(text)
    for token in _TOKEN.finditer(text, flattened=flattened):
        cut = token["cut"]
        if not cut:
            command.append(" " if token["line"] else token.text().replace("\\\n", " "))
        elif cut.strip() or not _GOES_ON.match(text, token.end(), flattened):
            yield "".join(command)
            command = [""]
        else:
            command.append(" ")
    yield "".join(command)


def _requests(words: list[str]) -> Iterator[dict[str, list[str]]]:
    """What a command asks for, by its kind; more than once where `--next` begins anew."""
    program = Path(words[0]).name.removesuffix(".exe") if words else ""
    options = _OPTIONS.get(program)
    parts: dict[str, list[str]] = {}
    for kind, value in _read_words(words[1:] if options else words, options or _CURL | _WSCAT):
        if kind == "next":
            yield parts
            parts = {}
        else:
            parts.setdefault(kind, []).append(value)
    yield parts


def _read_words(words: list[str], options: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each value with its kind; short flags may be joined (-sSH), and hold their value (-HName: value)."""
    rest = iter(words)
    for word in rest:
        if word.startswith("--") and len(word) > 2:
            name, equals, value = word.partition("=")
            if name in _NEXT:
                yield "next", ""
            elif name in options:
                yield options[name], value if equals else next(rest, "")
        elif word.startswith("-") and len(word) > 1:
            for place in range(1, len(word)):
                if word[place] == ":":
                    yield "next", ""
                kind = options.get(f"-{word[place]}")
                if kind is not None:
                    held = word[place + 1 :]
                    yield kind, held.removeprefix("=") if held else next(rest, "")
                    break
        else:
            yield "place", word


def _made_headers(parts: Mapping[str, list[str]]) -> Iterator[tuple[str, str]]:
    if user := parts.get("user"):
        yield (
            "Authorization",
            "Basic " + binascii.b2a_base64(user[-1].encode("utf-8", "surrogateescape"), newline=False).decode(),
        )
    if bearer := parts.get("bearer"):
        yield "Authorization", f"Bearer {bearer[-1]}"
    # Without a = it names a file with cookies (curl's man page).
    if cookies := [value for value in parts.get("cookie", ()) if "=" in value]:
        yield "Cookie", "; ".join(cookies)
    for kind, name in (("agent", "User-Agent"), ("referer", "Referer"), ("origin", "Origin")):
        if parts.get(kind):
            yield name, parts[kind][-1]


def _proxy_of(parts: Mapping[str, list[str]]) -> str | None:
    proxy = next(reversed(parts.get("proxy", [])), None)
    user = next(reversed(parts.get("proxy-user", [])), None)
    if not proxy or not user or "@" in proxy:
        return proxy
    scheme, mark, rest = proxy.rpartition("://")
    name, _, password = user.partition(":")
    return f"{scheme or 'http'}://{quote(name, safe='')}:{quote(password, safe='')}@{rest if mark else proxy}"


def read_har(path: Path) -> Handshake:
    """The first WebSocket of a HAR file: its URL, headers, and the first of the messages that were sent.

    The file is looked through in pieces: parsed as a whole it would take many times its size.

    Raises:
        BadHandshake: the file cannot be read, is no HAR, or holds no WebSocket.
    """
    try:
        data = read_bounded(path, _MOST_HAR)
    except OSError as error:
        raise BadHandshake("{}: {}", path, error) from error
    if data.count(b"{") + data.count(b"[") > _MOST_OBJECTS:
        raise BadHandshake("{}: is no HAR file of a browser: it holds more than {} objects", path, _MOST_OBJECTS)
    try:
        if not any(True for _ in _selected(data, "log", "entries")):
            raise BadHandshake("{}: is no HAR file", path)
        first = next((place[0] for place, _ in _selected(data, *_ENTRY, "_webSocketMessages")), None)
        for (place,), request in _selected(data, *_ENTRY, "request"):
            url = request.get("url") if isinstance(request, dict) else None
            if isinstance(url, str) and (place == first or url.startswith(("ws:", "wss:"))):
                handshake = handshake_from(url, _headers(request), [], [])
                return Handshake(handshake.url, handshake.headers, handshake.subprotocols, _sent(data, place, path))
    except Malformed as error:
        raise BadHandshake("{}: is no HAR file", path) from error
    raise BadHandshake("{}: holds no WebSocket", path)


def _selected(data: bytes, *path: str | None) -> Iterator[tuple[tuple[int, ...], Any]]:
    """The values at a path with their places; None for one that is not worth its memory, or no JSON."""
    for place, text in select(iter(Chunks(BytesIO(data))), path, _MOST_HANDSHAKE):
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


def _sent(data: bytes, entry: int, path: Path) -> tuple[Sent, ...]:
    messages: list[Sent] = []
    size = 0
    for place, message in _selected(data, *_ENTRY, "_webSocketMessages", None):
        text = message.get("data") if isinstance(message, dict) and message.get("type") == "send" else None
        if place[0] != entry or not isinstance(text, str):
            continue
        size += len(text)
        if len(messages) == _MOST_SENT or size > _MOST_HANDSHAKE:
            break
        binary = message.get("opcode") == _BINARY
        messages.append(_bytes(text) if binary else read_event(text, f"{path}: sent message {len(messages) + 1}"))
    return tuple(messages)


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
        raise BadHandshake("{} is {}", where, error) from error
    except NotAnEvent:
        return text.encode("utf-8", "replace").decode()  # half of a character cannot be sent


def read_events(text: str, where: str) -> tuple[Sent, ...]:
    """The client events of a text that is one event, or has one on each line; `where` names the text.

    Raises:
        BadHandshake: one of them is nested too deep, or there are too many.
    """
    whole = read_event(text, f"{where}: the event")
    if not isinstance(whole, str):
        return (whole,)
    lines = ((number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip())
    messages: list[Sent] = []
    for number, line in lines:
        if len(messages) == _MOST_SENT:
            raise BadHandshake("{}: line {}: at most {} messages are sent", where, number, _MOST_SENT)
        messages.append(read_event(line, f"{where}: line {number}"))
    return tuple(messages)

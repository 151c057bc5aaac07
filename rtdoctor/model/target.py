"""What is to be reached: base URL, profile and route. No credential in here."""

import ipaddress
from dataclasses import dataclass, field
from typing import Literal, get_args
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

from rtdoctor.linear import Match, pattern
from rtdoctor.model.url import REST_TAILS
from rtdoctor.privacy.errors import InputError
from rtdoctor.privacy.secret import Secret, mask

OPENAI_BASE_URL = "https://api.openai.com/v1"
_TRANSLATIONS = "translations"
_SCHEME = pattern(r"[A-Za-z][A-Za-z0-9+.\-]*://")
_NO_PORT = pattern(r"^[A-Za-z][A-Za-z0-9+.\-]*://[^/?#:\[]*:[^/?#]*")
_SOCKET = pattern(r"/realtime(?:/([^/]+))?$|/live/sessions$")

# The kinds of session: transcription only, a conversation, a translation, a conversation with GPT-Live.
Kind = Literal["transcription", "realtime", "translation", "live"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Aim = Literal["transcription", "realtime"]


def kind_by_name(model: str) -> Kind:
    """The kind of session that a model is for, by its name, as the real families are named."""
    name = model.lower()
    if any(word in name for word in ("transcri", "whisper", "-asr", "asr-", "-stt", "stt-", "parakeet")):
        return "transcription"
    if name.startswith("gpt-live"):
        return "live"
    return "translation" if "translate" in name else "realtime"


class BadTarget(InputError):
    """The URL cannot be used as a target; the message says why, in one sentence."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """The addresses that --resolve names for a host and port, in the place of the resolver's."""

    host: str
    port: int
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """How to get there. Files are PEM; `ca_bundle` is a second one (a file or folder), from the environment.

    `proxy_from` tells where the proxy comes from; `family` is 4 or 6 where only one is wanted; `insecure` leaves the
    certificate unchecked; `roots` are sentences on what is trusted beside or in place of the system's roots.
    """

    ca_file: str | None = None
    proxy: str | None = None
    proxy_from: str = "--proxy"
    ca_bundle: str | None = None
    cert: str | None = None
    cert_key: str | None = None
    family: Literal[4, 6] | None = None
    pinned: tuple[Pinned, ...] = ()
    insecure: bool = False
    roots: tuple[str, ...] = ()

    @property
    def proxy_host(self) -> str:
        """Host and port of the proxy, without its credentials."""
        name, port = self.proxy_address
        return f"{name}:{port}"

    @property
    def proxy_address(self) -> tuple[str, int]:
        """The proxy's host and port."""
        parts = urlsplit(self.proxy or "")
        return parts.hostname or "", parts.port or 80

    def addresses_of(self, host: str, port: int) -> tuple[str, ...]:
        """What --resolve names for a host and port; empty where it names nothing."""
        return next((p.addresses for p in self.pinned if (p.host, p.port) == (host.lower(), port)), ())

    def secrets(self) -> list[Secret]:
        """The proxy's password, to be kept from every output."""
        password = urlsplit(self.proxy or "").password
        forms = dict.fromkeys((password, unquote(password))) if password else ()
        return [Secret(form, "proxy-password", "the proxy's URL") for form in forms]


DIRECT = Route()


@dataclass(frozen=True, slots=True)
class Target:
    """The endpoint under test. `base_url` has an http(s) scheme and no trailing slash, as the official SDKs take it.

    `profile` is an id of `rtdoctor.knowledge.profiles`. `notes` are sentences about what was changed in the URL that
    the user gave. `asked_kind` is the kind of session whose path stood in it.
    """

    base_url: str
    profile: str = "compatible"
    route: Route = DIRECT
    notes: tuple[str, ...] = ()
    asked_tail: str = ""
    asked_query: dict[str, str] = field(default_factory=dict)
    asked_kind: Kind | None = None

    @property
    def _parts(self) -> SplitResult:
        return urlsplit(self.base_url)

    @property
    def host(self) -> str:
        return self._parts.hostname or ""

    @property
    def tls(self) -> bool:
        return self._parts.scheme == "https"

    @property
    def port(self) -> int:
        port = self._parts.port
        return port if port is not None else 443 if self.tls else 80

    @property
    def is_loopback(self) -> bool:
        """True where what is asked is this machine: by its name or address, and neither a proxy nor an address of
        --resolve leads elsewhere."""
        reached = (self.host, *self.route.addresses_of(self.host, self.port))
        return self.route.proxy is None and all(map(is_loopback_host, reached))

    def rest_url(self, path: str) -> str:
        """The https:// (or http://) URL of a path under the base."""
        return self.base_url + path

    def socket_url(self, path: str = "/realtime", query: dict[str, str] | None = None) -> str:
        """The wss:// (or ws://) URL of a path under the base, with the query encoded."""
        url = "ws" + self.base_url.removeprefix("http") + path
        return f"{url}?{urlencode(query)}" if query else url


def is_loopback_host(host: str) -> bool:
    """True for a name or address of this machine's own."""
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)


def _asked_as(host: str) -> str:
    """A host as every layer asks for it: one beyond ASCII in its encoding (RFC 5891, else RFC 3490).

    Raises:
        UnicodeError: it is no host name.
    """
    if host.isascii():
        return host
    import idna  # hardly ever needed

    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        return host.encode("idna").decode("ascii")


def is_address(host: str) -> bool:
    """True when a host is an IP address, so that there is no name to resolve."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def parse_proxy(text: str, source: str = "--proxy") -> str:
    """Check a proxy's URL, `http://[user:password@]host:port`; as curl does, a missing scheme means http.

    Raises:
        BadTarget: no http URL with a host. The message does not repeat the URL, which may hold a password.
    """
    url = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(url)
        good = parts.scheme == "http" and bool(parts.hostname) and (parts.port or 80) > 0
    except ValueError:
        good = False
    if not good:
        raise BadTarget("{}: a proxy is given as http://host:port; no other kind is known here", source)
    return url


def parse_pinned(text: str) -> Pinned:
    """Read `host:port:address[,address]`, the form of curl's --resolve; an IPv6 address may stand in brackets.

    Raises:
        BadTarget: not of that form.
    """
    host, _, rest = text.partition(":")
    port, _, addresses = rest.partition(":")
    try:
        parsed = tuple(str(ipaddress.ip_address(part.strip().strip("[]"))) for part in addresses.split(","))
        number = int(port)
        asked_host = _asked_as(host.lower())
        if not host or not 0 < number < 65_536:
            raise ValueError
    except ValueError as error:
        raise BadTarget("--resolve '{}': wants host:port:address, such as api.example:443:192.0.2.7", text) from error
    return Pinned(asked_host, number, parsed)


def _masked_port(match: Match) -> str:
    scheme, _, rest = match.text().partition("://")
    host, _, port = rest.partition(":")
    return match.text() if port.isdigit() and len(port) <= 5 else f"{scheme}://{host}:{mask(port)}"


def parse_target(text: str, *, as_sdk: bool = False) -> Target:
    """Read a base URL as people give it: with http or ws scheme, with or without `/realtime`, with a query. Whose host
    it is, `rtdoctor.knowledge.profiles` knows.

    `as_sdk` leaves a URL without a path alone, as the official SDKs do with OPENAI_BASE_URL.

    Raises:
        BadTarget: no URL, another scheme, user information in it, or no host.
    """
    text = text.strip()
    if not _SCHEME.match(text):
        raise BadTarget("'{}' is no URL: it wants a scheme, such as https://{}", text, text.lstrip("/") or "host/v1")
    try:
        parts = urlsplit(text)
        port = parts.port
        text.encode()  # half a character (a byte that is no UTF-8) cannot be sent
    except ValueError as error:
        # What stands behind a colon may be a password that holds a `?` or `#`; the error's own words repeat it.
        raise BadTarget("'{}' is no URL: its host or port cannot be read", _NO_PORT.sub(_masked_port, text)) from error
    scheme = {"ws": "http", "wss": "https"}.get(parts.scheme.lower(), parts.scheme.lower())
    if scheme not in ("http", "https"):
        raise BadTarget("the scheme '{}' is not one of https, wss, http, ws", parts.scheme)
    if parts.username is not None or parts.password is not None:
        raise BadTarget("the URL holds user information (user:password@); give the key with --key-env or --key-file")
    if not parts.hostname or any(char.isspace() or char < " " for char in parts.hostname):
        raise BadTarget("'{}' names no host", text)
    try:
        asked_host = _asked_as(parts.hostname)
    except UnicodeError as error:
        raise BadTarget("'{}' is no host name", parts.hostname) from error
    notes: list[str] = []
    path, tail = parts.path.rstrip("/"), ""
    match = _SOCKET.search(path)
    kind: Kind | None = None
    if match and (match.group(1) is None or match.group(1) in (*REST_TAILS, _TRANSLATIONS)):
        kind = "live" if path.endswith("/live/sessions") else "translation" if match.group(1) == _TRANSLATIONS else None
        path, tail = path[: match.start()], "" if kind else match.group(1) or ""
        if not tail:
            notes.append(f"The URL given ends in {match.group()}, which is added to this one where a socket is opened.")
    if not path and not match and not as_sdk:
        path = "/v1"
        notes.append("The URL has no path, /v1 was added.")
    host = f"[{asked_host}]" if ":" in asked_host else asked_host
    base = f"{scheme}://{host}{f':{port}' if port is not None else ''}{path}"
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return Target(base, notes=tuple(notes), asked_tail=tail, asked_query=query, asked_kind=kind)

"""What is to be reached: base URL, profile and route. No credential in here."""

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

from rtdoctor.model.secret import Secret

OPENAI_BASE_URL = "https://api.openai.com/v1"
# REST paths that people open as a WebSocket (protocol 1.24, 1.25, 1.33; seen 2025-07 to 2026-05).
REST_TAILS = ("transcription_sessions", "sessions", "client_secrets", "calls")

Profile = Literal["mock", "openai", "azure", "compatible"]
Aim = Literal["transcription", "realtime"]


class BadTarget(ValueError):
    """The URL cannot be used as a target; the message says why, in one sentence."""


@dataclass(frozen=True, slots=True)
class Route:
    """How to get there."""

    ca_file: str | None = None
    proxy: str | None = None

    @property
    def proxy_host(self) -> str:
        """Host and port of the proxy, without its credentials."""
        parts = urlsplit(self.proxy or "")
        return f"{parts.hostname}:{parts.port or 80}"

    def secrets(self) -> list[Secret]:
        """The proxy's password, for the redactor."""
        password = urlsplit(self.proxy or "").password
        forms = dict.fromkeys((password, unquote(password))) if password else ()
        return [Secret(form, "proxy-password", "the proxy's URL") for form in forms]


@dataclass(frozen=True, slots=True)
class Target:
    """The endpoint under test. `base_url` has an http(s) scheme and no trailing slash, as the official SDKs take it.

    `notes` are sentences about what was changed in the URL that the user gave.
    """

    base_url: str
    profile: Profile
    route: Route = Route()
    notes: tuple[str, ...] = ()
    asked_tail: str = ""
    asked_query: dict[str, str] = field(default_factory=dict)

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
    def is_address(self) -> bool:
        """True when the host is an IP address, so that there is no name to resolve."""
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return False
        return True

    @property
    def is_loopback(self) -> bool:
        return self.host == "localhost" or (self.is_address and ipaddress.ip_address(self.host).is_loopback)

    def rest_url(self, path: str) -> str:
        """The https:// (or http://) URL of a path under the base."""
        return self.base_url + path

    def socket_url(self, path: str = "/realtime", query: dict[str, str] | None = None) -> str:
        """The wss:// (or ws://) URL of a path under the base, with the query encoded."""
        url = "ws" + self.base_url.removeprefix("http") + path
        return f"{url}?{urlencode(query)}" if query else url


def parse_proxy(text: str) -> str:
    """Check a proxy's URL, `http://[user:password@]host:port`.

    Raises:
        BadTarget: no http URL with a host. The message does not repeat the URL, which may hold a password.
    """
    parts = urlsplit(text)
    try:
        good = parts.scheme == "http" and bool(parts.hostname) and (parts.port or 80) > 0
    except ValueError:
        good = False
    if not good:
        raise BadTarget("the proxy wants a URL of the form http://host:port")
    return text


def parse_target(text: str, *, route: Route = Route(), as_sdk: bool = False) -> Target:
    """Read a base URL as people give it: with http or ws scheme, with or without `/realtime`, with a query.

    `as_sdk` leaves a URL without a path alone, as the official SDKs do with OPENAI_BASE_URL.

    Raises:
        BadTarget: no URL, another scheme, user information in it, or no host.
    """
    text = text.strip()
    if not re.match(r"^[A-Za-z][A-Za-z0-9+.\-]*://", text):
        raise BadTarget(f"'{text}' is no URL: it wants a scheme, such as https://{text.lstrip('/') or 'host/v1'}")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise BadTarget(f"'{text}' is no URL: {error}") from error
    scheme = {"ws": "http", "wss": "https"}.get(parts.scheme.lower(), parts.scheme.lower())
    if scheme not in ("http", "https"):
        raise BadTarget(f"the scheme '{parts.scheme}' is not one of https, wss, http, ws")
    if parts.username is not None or parts.password is not None:
        raise BadTarget("the URL holds user information (user:password@); give the key with --key-env or --key-file")
    if not parts.hostname or re.search(r"[\s\x00-\x1f]", parts.hostname):
        raise BadTarget(f"'{text}' names no host")
    try:
        parts.hostname.encode("idna" if not parts.hostname.isascii() else "ascii")
    except UnicodeError as error:
        raise BadTarget(f"'{parts.hostname}' is no host name") from error
    notes: list[str] = []
    path, tail = parts.path.rstrip("/"), ""
    found = re.search(r"/realtime(?:/([^/]+))?$", path)
    if found and (found.group(1) is None or found.group(1) in REST_TAILS):
        path, tail = path[: found.start()], found.group(1) or ""
    if not path and not found and not as_sdk:
        path = "/v1"
        notes.append("The URL has no path, /v1 was added.")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    base = f"{scheme}://{host}{f':{port}' if port is not None else ''}{path}"
    if parts.hostname == "api.openai.com" or parts.hostname.endswith(".api.openai.com"):
        profile: Profile = "openai"
    elif parts.hostname.endswith(".openai.azure.com"):
        profile = "azure"
    else:
        profile = "compatible"
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return Target(base, profile, route, tuple(notes), tail, query)

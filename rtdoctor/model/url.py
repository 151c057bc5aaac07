"""A URL taken apart as rules speak of it: the API's base, the path below it, the query.

It takes any text, for a URL may be a stranger's; what a URL of ours must be like, `target.parse_target` tells.
"""

from dataclasses import dataclass
from urllib.parse import parse_qsl

from rtdoctor.linear import pattern

# REST paths below /realtime that people open as a WebSocket (protocol 1.24, 1.25, 1.33; seen 2025-07 to 2026-05).
REST_TAILS = ("transcription_sessions", "sessions", "client_secrets", "calls")
_REST = pattern(rf"(?i)(?P<socket>/realtime)/(?:{'|'.join(REST_TAILS)})/?$")
_PLACE = pattern(r"^(?P<site>\w+://[^/?#]*)?(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?")
_BASE = pattern(r"^(?:/[\w.-]+)*?/v\d+(?P<rest>/)")  # /v1, or /openai/v1 on Azure: where the API begins
_SOCKET = pattern(r"^(?P<base>(?:/[^/]*)*?)(?:/realtime|/live/sessions)")


@dataclass(frozen=True, slots=True)
class UrlParts:
    """`base` is scheme, host and path up to the API; `path` what follows it, as `/realtime`; `query` stands decoded."""

    base: str
    path: str
    query: tuple[tuple[str, str], ...]


def split_url(url: str) -> UrlParts:
    """Take a URL apart, or a path with its query."""
    match = _PLACE.match(url)
    assert match is not None  # it matches the empty text
    site, path = match.text("site") or "", match.text("path")
    below = below_base(path)
    named = parse_qsl(match.text("query") or "", keep_blank_values=True)
    return UrlParts(site + path[: len(path) - len(below)], below, tuple(pair for pair in named if pair[0]))


def below_base(path: str) -> str:
    """What follows the API's base in a path: from its socket on, else from behind its version; else all of it."""
    match = _SOCKET.match(path)
    if match is not None:
        return path[len(match.text("base")) :]
    return _BASE.sub(lambda base: base.text("rest"), path)


def socket_address(address: str) -> str:
    """An address without query whose REST path below /realtime was cut back to the socket's."""
    return _REST.sub(lambda found: found.text("socket"), address)


def is_rest_address(address: str) -> bool:
    """True for an address that ends in a REST path below /realtime."""
    return _REST.search(address) is not None

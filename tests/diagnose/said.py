# ruff: noqa: E501
"""What clients said of the faults that they met (tools/said), and which causes such a text may be told as.

The fault's own cause is right. Beside it stands what is honest where the client hides what would decide: the causes of
the other faults of which this client says the very same, and those of `HIDDEN`, as long as none of the words that decide
is told.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_HOST = re.compile(r"rtdoctor\.invalid|224\.0\.0\.1|127\.0\.0\.1|localhost|(?<=host):\d+|port \d+|\b(?:ws|http)s?://")
SAID = Path(__file__).parents[2] / "tools" / "said"


@dataclass(frozen=True, slots=True)
class Hidden:
    """Causes that are honest for faults whose ids begin so, unless one of the words (small letters) stands in the text."""

    faults: tuple[str, ...]
    causes: frozenset[str]
    unless: tuple[str, ...] = ()


def _hidden(faults: str, causes: str, *unless: str) -> Hidden:
    return Hidden(tuple(faults.split()), frozenset(causes.split()), unless)


_CODES = tuple(map(str, (1000, 1001, 1002, 1007, 1008, 1009, 1011, 1012, 1013, 3000, 4000, 4004)))
_STATUSES = tuple(f" {status}" for status in (200, 301, 302, 307, 400, 401, 403, 404, 405, 426, 429, 500, 502, 503))
HIDDEN = (
    # A status without its body.
    _hidden("http.403 mock.rest-path", "refused.path refused.not-routed refused.forbidden", "territory", "allow-list", "cloudflare"),
    _hidden("http.400 tls.on-plain-says-so tls.client-cert-says-so", "network.upgrade-stripped refused.bad-request", "plain http request", "required ssl"),
    _hidden("http.429-no-credit", "refused.rate-limited", "credit_balance_exhausted"),
    _hidden("http.503-openai", "refused.server-error", "rate_limit_exceeded"),
    _hidden("http.request-stripped", "refused.path", "invalid url"),
    # No status.
    _hidden("http. mock.rest-path mock.call-unknown tls.on-plain-says-so tls.client-cert-says-so", "refused.status-hidden", *_STATUSES),
    # A redirect that the client follows by itself, to where nothing answers or no socket can be.
    _hidden("http.30", "network.upgrade-timeout network.tcp-timeout usage.url-scheme", *_STATUSES, "redirect"),
    # A close without its reason, or without its code.
    _hidden("ws.close-no-credit ws.close-quota ws.close-rate ws.no-credit mock.no-credit", "close.server limits.quota", "rate_limit"),
    _hidden("ws.close-1013", "limits.quota", "try again later"),
    _hidden("ws.close-code", "close.policy", "invalid_api_key"),
    _hidden("ws. mock.", "close.abnormal", *_CODES),
    # A code that the client makes up: it takes 1012 and 1013 for wrong, and ends with 1002; or tells a loss by a code.
    _hidden("ws.close-1013 ws.close-1012 ws.no-credit ws.close-no-credit ws.close-quota ws.close-rate mock.no-credit", "peer.broken-frames", "1012", "1013"),
    _hidden("ws.end ws.half-frame-end ws.reset", "peer.broken-frames close.policy", "1006"),
    # One code of an error for several causes.
    _hidden("ws.missing-model", "session.beta-retired", "missing_model"),
    _hidden("mock.expired-secret mock.missing-credential", "auth.invalid", "has expired", "missing bearer"),
    _hidden("mock.unknown-model mock.transcription-model", "session.model-unknown session.model-wrong-mode", "is not supported in", "is a transcription model"),
    _hidden("ws.retired-model mock.retired-model", "session.model-retired session.model-no-access session.model-unknown"),
    # A message that is larger than the client takes is not told whole or broken.
    _hidden("ws.huge-frame ws.bomb", "limits.size peer.broken-frames"),
    # Who hangs up, and in which layer, is often not said.
    _hidden("tcp.accept-reset tcp.request-reset tcp.tls-reset", "network.not-http network.tls-failed close.abnormal", "reset by peer", "errno 104"),
    _hidden("tls.client-cert-13", "network.not-http close.abnormal network.tcp-refused", "certificate required", "certificate_required"),
    _hidden("tls.on-plain-hangs-up", "network.not-http close.abnormal network.tcp-refused"),
    _hidden("ws.reset", "network.tcp-refused", "frame header", "while a frame"),
    # What ran out of time, too.
    _hidden("tls.silent", "network.upgrade-timeout network.tcp-timeout", "ssl", "tls", "do_handshake", "_create_connection_transport"),
    _hidden("tcp.dropped", "network.upgrade-timeout", "sock_connect", "sock.connect", "connecting"),
    _hidden("tcp.silent http.slow proxy.silent", "network.tcp-timeout network.upgrade-timeout", "proxy"),
    # A client that names no proxy.
    _hidden("proxy.", "network.tcp-refused network.upgrade-timeout network.not-http close.abnormal refused.status-hidden", "proxy", "tunnel"),
    _hidden("dns.unreachable", "network.tcp-refused", "unreach", "101"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """A client, a fault, and what the client says of it."""

    stack: str
    fault: str
    says: str


@cache
def said() -> tuple[Cell, ...]:
    """All cells in which something is said."""
    return tuple(_cells())


def _cells() -> Iterator[Cell]:
    for file in sorted(SAID.glob("*.jsonl")):
        head, *cells = map(json.loads, file.read_text("utf-8").splitlines())
        for cell in cells:
            if cell.get("says"):
                yield Cell(head["stack"], cell["fault"], cell["says"])


def allowed(cell: Cell, causes: dict[str, str | None]) -> frozenset[str]:
    """The causes that a cell's text may be told as; `causes` are those of the faults."""
    own = {causes[fault] for fault in (cell.fault, *_same().get((cell.stack, _bare(cell.says)), ()))}
    text = cell.says.lower()
    for hidden in HIDDEN:
        if cell.fault.startswith(hidden.faults) and not any(word in text for word in hidden.unless):
            own |= hidden.causes
    return frozenset(cause for cause in own if cause)


@cache
def _same() -> dict[tuple[str, str], tuple[str, ...]]:
    """The faults of which a stack says a text."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for cell in said():
        found[cell.stack, _bare(cell.says)].append(cell.fault)
    return {key: tuple(faults) for key, faults in found.items()}


def _bare(says: str) -> str:
    """A text without the host that was asked: where nothing else differs, the client says the same."""
    return _HOST.sub("host", says)

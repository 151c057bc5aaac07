"""What clients said of the faults that they met (tools/said), and which causes such a text may be told as.

The fault's own cause is right. Beside it stands what is honest where the client hides what would decide: the causes of the
other faults of which this client says the very same, and those of `HIDDEN`, as long as none of the words that decide is told.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SAID = Path(__file__).parents[2] / "tools" / "said"


@dataclass(frozen=True, slots=True)
class Hidden:
    """Causes that are honest for faults whose ids begin so, unless one of the words (small letters) stands in the text."""

    faults: tuple[str, ...]
    causes: frozenset[str]
    unless: tuple[str, ...] = ()


def _hidden(faults: str, causes: str, *unless: str) -> Hidden:
    return Hidden(tuple(faults.split()), frozenset(causes.split()), unless)


HIDDEN = (
    # A status without its body.
    _hidden("http.403 mock.rest-path", "refused.path refused.not-routed refused.forbidden", "territory", "allow-list", "cloudflare"),
    _hidden("http.400 tls.on-plain-says-so tls.client-cert-says-so", "network.upgrade-stripped refused.bad-request", "plain http request", "required ssl"),
    _hidden("http.429-no-credit", "refused.rate-limited", "credit_balance_exhausted"),
    _hidden("http.503-openai", "refused.server-error", "rate_limit_exceeded"),
    # No status.
    _hidden("http. mock.rest-path mock.call-unknown tls.on-plain-says-so tls.client-cert-says-so", "refused.status-hidden", *" 200, 301, 302, 307, 400, 401, 403, 404, 405, 426, 429, 500, 502, 503".split(",")),
    # A close without its reason.
    _hidden("ws.close-no-credit ws.close-quota ws.close-rate ws.no-credit mock.no-credit", "close.server", "insufficient_quota", "rate_limit"),
    _hidden("ws.close-code", "close.policy", "invalid_api_key"),
    # One code of an error for several causes.
    _hidden("mock.expired-secret mock.missing-credential", "auth.invalid", "has expired", "missing bearer"),
    _hidden("mock.unknown-model mock.transcription-model", "session.model-unknown session.model-wrong-mode", "is not supported in", "is a transcription model"),
    _hidden("ws.retired-model mock.retired-model", "session.model-retired session.model-no-access session.model-unknown"),
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
    own = {causes[fault] for fault in _same()[cell.stack, cell.says]}
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
        found[cell.stack, cell.says].append(cell.fault)
    return {key: tuple(faults) for key, faults in found.items()}

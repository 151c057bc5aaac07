"""Says in plain words what was seen and what was expected. The 101 and what came after it are two facts."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rtdoctor.diagnose.close_reason import error_of_reason
from rtdoctor.linear import pattern
from rtdoctor.model.outcome import ErrorEvent, Outcome
from rtdoctor.privacy.quote import quote

_SHOWN = 300
_MADE_UP = 1006  # RFC 6455, section 7.4.1: never sent
_TELLING_HEADERS = frozenset(("via", "www-authenticate", "x-squid-error"))
_NO_WORDS = pattern(r"(?is)<style\b.*?(?:</style>|$)|<script\b.*?(?:</script>|$)|<!--.*?(?:-->|$)|<[^>]{0,500}(?:>|$)")


def tell(outcome: Outcome) -> tuple[str, ...]:
    """The facts of an outcome as sentences, in the order in which they happened."""
    sentences = []
    if outcome.http_status is not None:
        sentences.append(_handshake(outcome))
    if wait := next((value for name, value in outcome.http_headers if name.lower() == "retry-after"), None):
        sentences.append(f"Retry-After: {_cut(wait, 60)}{' s' if wait.isdigit() else ''}.")
    if location := next((value for name, value in outcome.http_headers if name.lower() == "location"), None):
        sentences.append(f"It points to {_cut(location, 200)}; that was not followed.")
    if outcome.http_error is not None:
        sentences.append(f"The body holds the error {_quoted(outcome.http_error)}.")
    elif outcome.http_body and (outcome.http_status != 200 or outcome.stage == "upgrade"):
        sentences.append(f"The body says: {_cut(quote(_words(outcome.http_body)), 300)}")
    sentences.extend(
        f"{name}: {_cut(value, 120)}." for name, value in outcome.http_headers if name.lower() in _TELLING_HEADERS
    )
    if outcome.first_event is not None:
        after = f"{outcome.first_event_ms:.0f} ms later" if outcome.first_event_ms is not None else "Then"
        kind = f" (session.type {outcome.session_type})" if outcome.session_type else ""
        sentences.append(f"{after} came the first event: {outcome.first_event}{kind}.")
    if outcome.unreadable:
        sentences.append(f"A message was no event: {outcome.unreadable}.")
    by_close = error_of_reason(outcome.close_reason)  # told with the close
    sentences.extend(f"Error event: {_quoted(error)}." for error in outcome.errors[:4] if error != by_close)
    if outcome.close_code == _MADE_UP:
        sentences.append("The socket ended without a close; 1006 is what the library on this side calls that.")
    elif outcome.close_code is not None:
        sentences.append(f"The server closed with {outcome.close_code}{_reason(outcome.close_reason)}.")
    elif outcome.open and outcome.errors:
        sentences.append("The socket stayed open.")
    if outcome.audio_ms:
        sentences.append(
            f"{outcome.audio_ms / 1000:.1f} s of audio were sent; the server "
            f"{'committed a turn' if outcome.committed else 'committed no turn'}."
        )
    if outcome.transcript is not None:
        rate = f" (word error rate {outcome.wer:.0%})" if outcome.wer is not None else ""
        sentences.append(f"Transcript: “{_cut(outcome.transcript, 160)}”{rate}.")
    if outcome.truncated:
        sentences.append(f"It was left after {outcome.received} messages: more came than is kept.")
    if outcome.unmet and outcome.close_code is None:
        sentences.append(f"Awaited in vain: {' or '.join(outcome.unmet)}.")
    if outcome.fault is not None:
        if outcome.fault_text:
            sentences.append(f"{outcome.fault_layer}: {outcome.fault_text}.")
        sentences.extend(f"{name}: {value}" for name, value in outcome.fault_details if value)
    return tuple(sentences)


def _handshake(outcome: Outcome) -> str:
    who = f" by {outcome.answered_by}" if outcome.answered_by else ""
    what = "The request" if outcome.stage == "http" else "The upgrade"
    after = f" after {outcome.handshake_ms:.0f} ms" if outcome.handshake_ms is not None else ""
    return f"{what} was answered {outcome.http_status}{after}{who}."


def _quoted(error: ErrorEvent) -> str:
    name = error.code or error.type or "(no code)"
    where = f" at {error.param}" if error.param else ""
    return f"{name}{where}: “{_cut(error.message, _SHOWN)}”" if error.message else f"{name}{where}"


def _reason(reason: str) -> str:
    return f" ({reason})" if reason else ""


def _words(body: str) -> str:
    """The words of a page without its markup; anything else as it is."""
    words = " ".join(_NO_WORDS.sub(" ", body).split()) if body.lstrip().startswith("<") else body
    return words or body


def _cut(text: str, most: int) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"


def short(outcome: Outcome) -> str:
    """What was seen, in the fewest words: the handshake's answer, then what came after it."""
    if outcome.http_status is None:
        return _cut(outcome.fault_text, 90) or f"{outcome.fault_layer} {outcome.fault}" if outcome.fault else "nothing"
    if outcome.http_status != 101 and outcome.http_error and outcome.http_error.code:
        return f"{outcome.http_status}, {outcome.http_error.code}"
    parts: list[str] = []
    if outcome.http_status == 101:
        if outcome.errors:
            parts.append(" ".join(dict.fromkeys(error.code or error.type or "error" for error in outcome.errors[:2])))
        elif outcome.transcript is not None:
            parts.append("transcript")
        elif outcome.updated:
            parts.append("session.updated")
        elif outcome.first_event:
            parts.append(outcome.first_event)
        if outcome.audio_ms and outcome.transcript is None and outcome.open:
            parts.append("no transcript")
        if outcome.close_code is not None:
            parts.append(f"close {outcome.close_code}")
        elif outcome.fault:
            parts.append("silence" if outcome.fault == "timeout" else outcome.fault)
        elif outcome.errors and outcome.open:
            parts.append("stays open")
    return _joined(outcome.http_status, parts)


def expected(outcome: Mapping[str, Any], cause: str | None) -> str:
    """An accepted outcome in the same words as `short`."""
    parts: list[str] = []
    code = outcome.get("error_code")
    if code is not None:
        parts.append("/".join(code) if isinstance(code, list) else str(code))
    elif cause is not None and ("error_message" in outcome or outcome.get("first_event") == "error"):
        parts.append(cause)
    elif "transcript" in outcome or "wer" in outcome:
        parts.append("no transcript" if outcome.get("transcript") == {"known": False} else "transcript")
    elif outcome.get("updated"):
        parts.append("session.updated")
    elif "first_event" in outcome:
        parts.append(str(outcome["first_event"]))
    if "close_code" in outcome:
        wanted = outcome["close_code"]
        parts.append(f"close {'/'.join(map(str, wanted)) if isinstance(wanted, list) else wanted}")
    elif code is not None and outcome.get("open"):
        parts.append("stays open")
    return _joined(outcome.get("http_status", 101), parts)


def _joined(status: Any, parts: list[str]) -> str:
    shown = "/".join(map(str, status)) if isinstance(status, list) else str(status)
    return f"{shown}, then {', '.join(parts)}" if parts else shown


def day(stamp: float) -> str:
    """A moment as an ISO date (UTC)."""
    return datetime.fromtimestamp(stamp, UTC).strftime("%Y-%m-%d")

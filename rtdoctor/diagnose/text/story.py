"""From sightings to Outcomes: what belongs to one attempt is put together, so that one problem is told once.

A status, the error in its body, the error event after a 101 and the close that follows it are facts of one attempt.
A new attempt begins with another status, a 101, or a close after a close.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any

from rtdoctor.diagnose.answered import answered_by
from rtdoctor.diagnose.close_reason import error_of_reason, tells
from rtdoctor.diagnose.text.asked import request_of
from rtdoctor.diagnose.text.sighting import Sighting
from rtdoctor.linear import pattern
from rtdoctor.model.exchange import Answer, Request
from rtdoctor.model.outcome import ErrorEvent, Outcome

_NEAR = 3_000  # how far apart a status and its body's error, or a URL, may stand
_BELOW_HTTP = ("dns", "tcp", "tls")  # the layers of faults after which no server answers
_QUIET = (1000, 1005, 1006)  # codes that say less than any other
_MOST = 24  # errors, faults, events and lines that are kept of one attempt, each
Read = tuple[Outcome, tuple[str, ...]]  # an outcome, and the lines that it was read from


@dataclass(slots=True)
class Attempt:
    """What is known so far of one connection."""

    asked: Request = field(default_factory=lambda: Request("", ""))
    asked_at: int = -1
    status: Sighting | None = None
    errors: list[Sighting] = field(default_factory=list)
    close: Sighting | None = None
    faults: list[Sighting] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    body: str = ""
    answerer: str = ""


class Story:
    """Takes sightings in the order of the text; gives the outcomes of an attempt when the next begins."""

    def __init__(self) -> None:
        self._attempt = Attempt()

    def take(self, seen: Sighting) -> Iterator[Read]:
        """One sighting. Outcomes come when it begins a new attempt."""
        if self._begins_anew(seen):
            yield from self.finish()
        attempt = self._attempt
        attempt.answerer = attempt.answerer or seen.answerer
        attempt.body = attempt.body or seen.body
        if seen.url and (attempt.asked_at < 0 or not _answered(attempt)):
            attempt.asked, attempt.asked_at = request_of(seen.url), seen.at
        if seen.status is not None and (attempt.status is None or seen.headers or seen.body):
            attempt.status = seen
        if seen.error is not None:
            _add_error(attempt, seen)
        if seen.close_code is not None and _says_more(seen, attempt.close):
            attempt.close = seen
        if seen.fault is not None and len(attempt.faults) < _MOST and not _told(attempt.faults, seen):
            attempt.faults.append(seen)
        if seen.event and len(attempt.events) < _MOST and seen.event not in attempt.events:
            attempt.events.append(seen.event)
        if seen.name != "URL" and seen.line not in attempt.lines and len(attempt.lines) < _MOST:
            attempt.lines.append(seen.line)

    def finish(self) -> Iterator[Read]:
        """The outcomes of the attempt at hand; the next sighting begins a new one."""
        attempt, self._attempt = self._attempt, Attempt(self._attempt.asked, self._attempt.asked_at)
        return _outcomes(attempt)

    def _begins_anew(self, seen: Sighting) -> bool:
        attempt = self._attempt
        before = attempt.status
        if seen.status is not None and before is not None and seen.status != before.status:
            return True
        if seen.status == 101:
            return bool(attempt.errors or attempt.close or attempt.faults or before)
        if seen.status is not None and before is None:
            after_101 = attempt.events or attempt.close
            below = any(fault.fault and fault.fault[0] in _BELOW_HTTP for fault in attempt.faults)
            return bool(after_101) or below or bool(attempt.errors and seen.at - attempt.errors[-1].end > _NEAR)
        if seen.error is not None and before is not None and before.status != 101:
            return seen.at - before.end > _NEAR
        if seen.event in ("session.created", "transcription_session.created"):
            return bool(attempt.close or attempt.errors or (before and before.status != 101))
        if seen.close_code is not None and seen.close_code not in _QUIET and before and before.status != 101:
            return True  # a refused handshake has no close; clients make up 1006 for it
        if seen.close_code is not None and attempt.close is not None:
            known = attempt.close.close_code
            return seen.close_code != known and known not in _QUIET and seen.close_code not in _QUIET
        return False


def _told(faults: list[Sighting], seen: Sighting) -> bool:
    return any((known.fault, known.text) == (seen.fault, seen.text) for known in faults)


def _answered(attempt: Attempt) -> bool:
    return bool(attempt.status or attempt.errors or attempt.close or attempt.faults)


def _add_error(attempt: Attempt, seen: Sighting) -> None:
    """Put an error to those known: the same one told twice (object, sentence, bare code) stays one."""
    assert seen.error is not None
    for place, known in enumerate(attempt.errors):
        assert known.error is not None
        if (joined := _joined(known.error, seen.error)) is not None:
            attempt.errors[place] = replace(known, error=joined, end=max(known.end, seen.end))
            return
    if len(attempt.errors) < _MOST:
        attempt.errors.append(seen)


def _joined(one: ErrorEvent, two: ErrorEvent) -> ErrorEvent | None:
    """Two tellings of one error as one, or None where they contradict each other."""
    same_code = one.code is not None and one.code == two.code
    if one.code and two.code and not same_code:
        return None
    if one.message and two.message:
        if not _same_text(one.message, two.message):
            return None
    elif one.type and two.type and not same_code:
        return None  # a code here and a message there, of one type: nothing shows that they are one error
    if one.type and two.type and one.type != two.type and not same_code:
        return None
    longer = max(one.message, two.message, key=len)
    return ErrorEvent(one.type or two.type, one.code or two.code, longer, one.param or two.param)


def _says_more(seen: Sighting, known: Sighting | None) -> bool:
    if known is None or (known.close_code in _QUIET and seen.close_code not in _QUIET):
        return True
    return seen.close_code == known.close_code and len(seen.close_reason) > len(known.close_reason)


def _same_text(one: str, two: str) -> bool:
    short, long = sorted((" ".join(one.split()), " ".join(two.split())), key=len)
    return short[:60].lower() in long.lower()


# --- outcomes ---------------------------------------------------------------------------------------------------------


def _outcomes(attempt: Attempt) -> Iterator[Read]:
    errors = [seen.error for seen in attempt.errors if seen.error is not None]
    close, status = attempt.close, attempt.status
    if close is not None and (told := error_of_reason(close.close_reason)) and not tells(errors, told):
        errors.append(told)
        attempt.errors.append(replace(close, error=told))
    base = _base(attempt)
    if status is not None and status.status != 101:
        for place, error in enumerate(errors or [None]):
            told_by = {"http_error": error} if place == 0 and error else {"errors": (error,) if error else ()}
            yield replace(base, **told_by), _lines(attempt, attempt.errors[place] if errors else status)
        yield from (_failed(base, fault) for fault in attempt.faults if fault.fault in _TOLD_BY_A_STATUS)
        return
    if errors:
        for seen, error in zip(attempt.errors, errors, strict=True):
            events = (*base.events, seen.event) if seen.event and seen.event not in base.events else base.events
            yield replace(base, errors=(error,), events=events), _lines(attempt, seen)
    for fault in attempt.faults if not errors else [seen for seen in attempt.faults if seen.fault != _DROPPED]:
        yield _failed(base, fault)
    if errors or (attempt.faults and (close is None or close.close_code in _QUIET)):
        return
    if close is not None or attempt.events or status is not None:
        yield base, _lines(attempt, close or status)


def _failed(base: Outcome, fault: Sighting) -> Read:
    """What an attempt shares, with the fault of a layer."""
    assert fault.fault is not None
    layer, kind = fault.fault
    outcome = replace(base, stage=layer, fault=kind, fault_layer=layer, fault_text=_with_address(fault))
    return replace(outcome, text=fault.text, open=False), (fault.line,)


def _with_address(fault: Sighting) -> str:
    """A fault's words with the address that comes right after them."""
    words = " ".join(fault.text.split())
    match = _ADDRESS.match(fault.line.partition(words)[2])
    return f"{words}{match.text(0)}" if match else fault.text


_ADDRESS = pattern(r":? (?:[\w.-]{1,253}|\[[0-9A-Fa-f:]{2,45}\]):\d{1,5}\b")
_DROPPED = ("session", "dropped")
# Faults that a server answers with a status, and its words tell more exactly than that.
_TOLD_BY_A_STATUS = (("upgrade", "stripped"), ("upgrade", "subprotocol"))


def _base(attempt: Attempt) -> Outcome:
    """What all outcomes of an attempt share."""
    close, status = attempt.close, attempt.status
    session = next((name for name in attempt.events if name.endswith(("session.created", "session.updated"))), None)
    upgraded = (status is not None and status.status == 101) or session is not None
    # A server that sends its own close code has answered 101 before; 1005 and 1006 are made up by the client.
    upgraded = upgraded or (status is None and close is not None and close.close_code not in (1005, 1006))
    quiet_end = session is not None and (close is None or close.close_code in (1000, 1001)) and not attempt.faults
    fields: dict[str, Any] = {
        "asked": attempt.asked,
        "stage": "session" if session else "upgrade",
        "http_status": status.status if status else 101 if upgraded else None,
        "text": (close or status or attempt.errors[0] if attempt.errors else close or status or _NONE).text,
        "events": tuple(attempt.events),
        "first_event": session or (attempt.events[0] if attempt.events else None),
        "session_type": ("transcription" if "transcription" in session else "realtime") if session else None,
        "updated": "session.updated" in attempt.events,
        "open": quiet_end,
    }
    if close is not None and not (quiet_end and close.close_code == 1000):
        fields |= {"close_code": close.close_code, "close_reason": close.close_reason}
    if status is not None and status.status != 101:
        fields |= _of_answer(attempt, status)
    return Outcome(**fields)


# The phrases that HTTP gives its statuses, in letters alone, and what stands in the place of a body that is empty.
_PHRASES = {"".join(char for char in status.phrase.lower() if char.isalpha()) for status in HTTPStatus} | {
    "error",
    "none",
}
_NONE = Sighting("", 0, 0, "", "")


def _of_answer(attempt: Attempt, status: Sighting) -> dict[str, Any]:
    headers = _headers(status.headers)
    body = status.body or attempt.body or _said_after(status)
    if ("content-length", "0") in headers:
        body = ""  # what follows an empty answer in a paste is something else
    body = body[1:-1] if body[:1] in "'\"" and body[-1:] == body[:1] else body
    answer = Answer(status.status or 0, "", headers, body.encode("utf-8", "replace"), 0.0)
    return {
        "stage": "http" if status.rest else "upgrade",
        "http_headers": headers,
        "http_body": body.strip()[:2_000],
        "answered_by": attempt.answerer or (answered_by(answer) if headers else None),
    }


def _said_after(status: Sighting) -> str:
    """What a line says after its status and a colon, where that is more than the status's own phrase: the body, as a
    client puts it into one line."""
    words = " ".join(status.text.split())
    tail = status.line.partition(words)[2] if words.endswith(str(status.status)) else ""
    phrase = tail.removeprefix(":").strip() if tail.startswith(":") else ""
    bare = "".join(char for char in phrase.lower() if char.isalpha())
    return "" if bare in _PHRASES or not bare else phrase


def _headers(text: str) -> tuple[tuple[str, str], ...]:
    """Headers of a raw answer (a line each) or of a Python dict."""
    if text.startswith("{"):
        parts = (part.partition(":") for part in text.strip("{}").split("', '"))
    else:
        parts = (line.lstrip("< ").partition(":") for line in text.splitlines())
    strip = " '\"\r"
    return tuple((name.strip(strip).lower(), value.strip(strip)) for name, _, value in parts if value)[:40]


def _lines(attempt: Attempt, first: Sighting | None) -> tuple[str, ...]:
    wanted = [seen.line for seen in (first, attempt.status, attempt.close) if seen is not None]
    return tuple(dict.fromkeys(line for line in wanted if line))

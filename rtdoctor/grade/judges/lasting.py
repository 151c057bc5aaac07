"""Judges of how a client lives through what happens in a session: ends, errors, events that it does not know."""

from collections.abc import Mapping
from typing import Any

from rtdoctor.grade.heard import Heard
from rtdoctor.grade.judges.common import (
    LET_GO,
    SOON,
    how_it_ended,
    line,
    not_seen,
    proof,
    shown,
    told_or_not,
    went_on,
)
from rtdoctor.grade.run import Run, Talk
from rtdoctor.model.graded import Judgement
from rtdoctor.privacy.quote import quote
from rtdoctor.protocol.catalog import ERAS, event_types

_EXPIRED = "session_expired"
_ANSWERS = ("response.done", "conversation.item.input_audio_transcription.completed")
_LAST = 6  # events that show where a session stopped
_AT_ONCE = 0.5  # seconds after an error in which a server closes that means the error to be fatal
ADDED = "rtdoctor_added_field"  # the field that the mock puts into events, and no API has


def finishes(run: Run, _plain: Run | None) -> Judgement:
    """The process comes to its end without an error, or goes on after an answer; for a lesson without a fault."""
    if run.ending is None:
        return not_seen(how_it_ended(run))
    if not run.talks:
        return not_seen("no connection was asked for")
    heard = [(one, talk) for talk in run.talks for one in talk.heard.of_both() if one.t <= run.until]
    heard.sort(key=_when)
    lines = shown(line(one, talk) for one, talk in heard[-_LAST:])
    if run.ended_itself:
        if run.ending.exit_code:
            return Judgement("fail", f"nothing is wrong, and it ends with {how_it_ended(run)}", lines)
        return Judgement("pass", f"ends with {how_it_ended(run)}")
    if any(one.type in _ANSWERS for one, _ in heard):
        return Judgement("pass", "gets an answer, and does not end by itself")
    return Judgement("fail", f"nothing is wrong, and no answer ever comes: {how_it_ended(run)}", lines)


def events_taken(run: Run, _plain: Run | None) -> Judgement:
    """No event of the client is refused while nothing else is wrong. Of a recording, which may be one of faults, a
    session.update only."""
    warned: Judgement | None = None
    for talk in run.opened:
        for one in talk.heard.of("server", "error"):
            asked = _answered(talk, one) or _updated(talk, one)
            if asked is None or _is_fatal(talk, one):
                continue
            error = _error(one)
            named = quote(" ".join(str(error[name]) for name in ("code", "param") if error.get(name)))
            lines = (line(asked, talk), line(one, talk, named))
            if asked.type == "session.update":
                return Judgement("fail", f"session.update is refused as a whole: {named}", lines)
            seen = f"{quote(asked.type)} is refused: {named}"
            if run.ending is not None:
                warned = warned or Judgement("warn", seen, lines)
            else:
                warned = not_seen(f"{seen}; perhaps by a fault")
    if warned:
        return warned
    if not any(talk.heard.of("client") for talk in run.opened):
        return not_seen("nothing was sent")
    return Judgement("pass", "nothing that it sends is refused")


def _updated(talk: Talk, one: Heard) -> Heard | None:
    """The session.update that an error refuses which names a field of the session and no event."""
    error = _error(one)
    if error.get("event_id") or not str(error.get("param")).startswith("session."):
        return None
    return talk.heard.last("client", "session.update", until=one.t)


def _when(heard: tuple[Heard, Talk]) -> float:
    return heard[0].t


def survives_drop(run: Run, plain: Run | None) -> Judgement:
    """A connection that is gone without a close frame is opened again, or told."""
    for talk in run.opened:
        if talk.ended_by == "server" and talk.ended_how in ("reset", "eof") and not talk.closings:
            assert talk.ended_at is not None
            what = f"a connection that is gone ({talk.ended_how})"
            return _after_end(run, talk, talk.ended_at, what, plain, was_told=True)
    return not_seen("no connection was lost without a close frame")


def survives_expiry(run: Run, plain: Run | None) -> Judgement:
    """A session whose time is over is opened again."""
    for talk in run.opened:
        closing = talk.closed_by
        errors = [one for one in talk.heard.of("server", "error") if _error(one).get("code") == _EXPIRED]
        if errors or (closing and closing.sender == "server" and closing.code == 1001):
            t = errors[0].t if errors else closing.t if closing else 0.0
            return _after_end(run, talk, t, "the end of the session's time", plain)
    return not_seen("no session came to the end of its time")


def _after_end(run: Run, talk: Talk, t: float, what: str, plain: Run | None, *, was_told: bool = False) -> Judgement:
    """The judgement of what a client does after an end. `was_told`: to end with a word about it is as good."""
    lines = (proof(t, talk, f"← {what}"),)
    again = next((other for other in run.talks if t <= other.asked_at <= run.until), None)
    if again is not None:
        if run.ending is not None and not run.ended_itself and (plain is None or plain.ended_itself):
            if not any(other.heard.first("server", "session.created") for other in run.opened if other.asked_at >= t):
                return Judgement("pass", f"connects again {again.asked_at - t:.1f} s after {what}")
            return Judgement("warn", f"connects again after {what}, and then hangs: {how_it_ended(run)}", lines)
        return Judgement("pass", f"connects again {again.asked_at - t:.1f} s after {what}")
    if run.ending is None:
        return Judgement("warn", f"does not connect again after {what}", lines)
    clues = ("1006", "1001", _EXPIRED, "maximum duration", "no close frame", "reset by peer", "econnreset", "hang up")
    grade, seen = told_or_not(run, clues, what, plain)
    if grade == "fail":
        return Judgement("fail", seen, lines)
    if grade == "not seen":
        return Judgement("warn", f"does not connect again after {what}, and goes on", lines)
    if was_told and grade == "pass":
        return Judgement("pass", f"does not connect again after {what}, and tells it: {seen}")
    return Judgement("warn", f"does not connect again after {what}: {seen}", lines)


def error_not_fatal(run: Run, plain: Run | None) -> Judgement:
    """An error event after which the server keeps the session open does not end it."""
    for talk in run.opened:
        for one in talk.heard.of("server", "error"):
            if _is_fatal(talk, one) or _answered(talk, one):
                continue
            grade, seen = went_on(run, talk, one.t, plain)
            if grade != "not seen":
                code = quote(str(_error(one).get("code") or _error(one).get("type")))
                return _graded(grade, f"after the error {code}: {seen}", (line(one, talk, code),))
    return not_seen("no error came that leaves the session open")


def fails_by_event_id(run: Run, _plain: Run | None) -> Judgement:
    """A call that is refused fails at once, by the event_id in the error."""
    for talk in run.opened:
        for one in talk.heard.of("server", "error"):
            asked = _answered(talk, one)
            if asked is None or _is_fatal(talk, one):
                continue
            lines = (line(asked, talk), line(one, talk, quote(str(_error(one).get("code")))))
            call = quote(asked.type)
            act = run.next_act(talk, one.t)
            if act is None:
                waited = run.until - one.t
                if waited < SOON:
                    return not_seen("the recording ends right after the error")
                return Judgement("fail", f"{call} was refused, and nothing came of it for {waited:.1f} s", lines)
            after = act[0] - one.t
            if after >= SOON:
                how = "by a time-out" if after >= LET_GO / 2 else "late"
                return Judgement("fail", f"{call} fails {how}: {after:.1f} s after it was refused", lines)
            if not asked.event.get("event_id"):
                return Judgement("warn", f"{call} carries no event_id: which call failed is a guess", lines)
            return Judgement("pass", f"{call} fails {after:.1f} s after it was refused")
    return not_seen("no call was refused")


def unknown_event(run: Run, plain: Run | None) -> Judgement:
    """An event of a type that the client does not know is passed over."""
    known = frozenset().union(*(event_types(era, "server") for era in ERAS))
    for talk in run.opened:
        for one in talk.heard.of("server"):
            if one.type and one.type not in known:
                grade, seen = went_on(run, talk, one.t, plain)
                return _graded(grade, f"after {quote(one.type)}: {seen}", (line(one, talk),))
    return not_seen("no unknown event was sent")


def unknown_field(run: Run, plain: Run | None) -> Judgement:
    """A field that the client does not know is passed over."""
    for talk in run.opened:
        for one in talk.heard.of("server"):
            if ADDED in one.event:
                grade, seen = went_on(run, talk, one.t, plain)
                return _graded(grade, f"after the field {ADDED}: {seen}", (line(one, talk, f"with {ADDED}"),))
    return not_seen("no unknown field was sent")


def tells_failed_response(run: Run, plain: Run | None) -> Judgement:
    """A response that ends as failed is told, or asked for again."""
    for talk in run.opened:
        for one in talk.heard.of("server", "response.done"):
            response = _mapping(one.event.get("response"))
            if response.get("status") != "failed":
                continue
            error = _mapping(_mapping(response.get("status_details")).get("error"))
            lines = (line(one, talk, f"failed: {quote(str(error.get('code') or error.get('type')))}"),)
            if _asks_again(talk, one.t):
                return Judgement("pass", "asks again after a failed response")
            if run.ending is None:
                return not_seen(how_it_ended(run))
            clues = [str(error[name])[:40] for name in ("code", "type", "message") if error.get(name)]
            grade, seen = told_or_not(run, clues, "a failed response", plain)
            return _graded(grade, seen, lines)
    return not_seen("no response failed")


def _asks_again(talk: Talk, t: float) -> bool:
    """Whether the next thing that is asked for is a response, and no turn is added before it."""
    added = ("conversation.item.create", "input_audio_buffer.commit", "response.create")  # of one moment the turn first
    asked = talk.heard.first("client", *added, after=t)
    committed = talk.heard.first("server", "input_audio_buffer.committed", after=t)
    return asked is not None and asked.type == "response.create" and (committed is None or asked.t < committed.t)


def _graded(grade: str, seen: str, lines: tuple[str, ...]) -> Judgement:
    match grade:
        case "pass":
            return Judgement("pass", seen)
        case "warn" | "fail":
            return Judgement(grade, seen, shown(lines))
        case _:
            return not_seen(seen)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _error(one: Heard) -> Mapping[str, Any]:
    return _mapping(one.event.get("error"))


def _is_fatal(talk: Talk, one: Heard) -> bool:
    closes = (closing.t for closing in talk.closings if closing.sender == "server")
    return any(one.t <= t <= one.t + _AT_ONCE for t in closes)


def _answered(talk: Talk, one: Heard) -> Heard | None:
    """What the client asked for that this error refuses: by its event_id, or the response.create or item that came
    last where it carried none and the server says so by its param or code."""
    if ident := _error(one).get("event_id"):
        return talk.heard.with_id(ident, one.t)
    last = talk.heard.last("client", until=one.t)
    if last is None or last.type not in _CALLS or last.event.get("event_id"):
        return None
    between = talk.heard.first("server", after=last.t)
    return last if between is None or between.t >= one.t else None


_CALLS = ("response.create", "conversation.item.create", "session.update", "conversation.item.retrieve")

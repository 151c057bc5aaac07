"""Judges of how a client connects: where its key is, what it sends first, how long it waits, how it leaves."""

from urllib.parse import parse_qsl, urlsplit

from rtdoctor.grade.heard import Heard
from rtdoctor.grade.judges.common import LET_GO, line, not_seen, proof, shown
from rtdoctor.grade.run import Run, Talk
from rtdoctor.model.graded import Judgement
from rtdoctor.model.handshake import unquoted_marks
from rtdoctor.privacy.quote import quote
from rtdoctor.privacy.secret import MARKS
from rtdoctor.privacy.vocabulary import is_secret_header

_LEAST_LOST = 1.0  # seconds of speech that are lost where a session is not opened
_PCM_SECOND = 48_000  # bytes
_CLEAN = (None, 1000, 1001)


def key_in_url(run: Run, _plain: Run | None) -> Judgement:
    """No credential in a URL: it lands in the log of each proxy and server on the way."""
    if not run.talks:
        return not_seen("no connection was asked for")
    for talk in run.talks:
        parts = urlsplit(talk.url)
        named = [name for name, value in parse_qsl(parts.query) if value and is_secret_header(name)]
        # On a tape the mark stands already, perhaps percent-encoded. The rest is quoted as it was sent: a `+` may be of
        # the secret itself, whose parts say less.
        shown_url = quote(unquoted_marks(talk.url))
        if named or "@" in parts.netloc or MARKS.search(shown_url):
            where = f"the parameter {quote(named[0])}" if named else "the URL"
            return Judgement("fail", f"a key stands in {where}", (proof(talk.asked_at, talk, shown_url),))
    return Judgement("pass", "no URL holds a key")


def waits_for_session(run: Run, _plain: Run | None) -> Judgement:
    """Nothing is sent before session.created; speech above all, which a refusal loses."""
    if not run.opened:
        return not_seen("no connection was opened")
    early: list[Heard] = []
    talk_of = run.opened[0]
    for talk in run.opened:
        first = talk.heard.first("server")
        before = [one for one in talk.heard.of("client") if first is None or one.t < first.t]
        if len(before) > len(early):
            early, talk_of = before, talk
    if not early:
        return Judgement("pass", "sends nothing before session.created")
    speech = [one for one in early if one.type == "input_audio_buffer.append"]
    lasted = max((sum(one.audio for one in speech) / _PCM_SECOND, speech[-1].t - speech[0].t) if speech else (0.0,))
    types = ", ".join(dict.fromkeys(quote(one.type) for one in early[:50]))
    lines = shown(line(one, talk_of) for one in early)
    if lasted >= _LEAST_LOST:
        return Judgement("fail", f"sends {lasted:.1f} s of speech before the server has said anything", lines)
    return Judgement("warn", f"sends {types} before session.created", lines)


def first_event_timeout(run: Run, _plain: Run | None) -> Judgement:
    """A server that answers 101 and then nothing is given up, within a time."""
    for talk in run.opened:
        if (talk.heard and talk.heard.of("server")) or talk.answered_at is None or talk.ended_by == "server":
            continue
        act = min(
            (t for t in (_left(talk), run.ending.ended_at if run.ending else None) if t is not None),
            default=None,
        )
        if act is None or act > run.until:
            if run.until - talk.answered_at < LET_GO / 2:
                return not_seen(f"only {run.until - talk.answered_at:.1f} s were given to it")
            waited = f"still waits {run.until - talk.answered_at:.1f} s after the 101, without a first event"
            return Judgement("fail", waited, (proof(talk.answered_at, talk, "101, and then nothing"),))
        seen = f"gives up {act - talk.answered_at:.1f} s after a 101 without a first event"
        return Judgement("pass" if act - talk.answered_at < 2 * LET_GO else "warn", seen)
    return not_seen("the server always spoke first")


def _left(talk: Talk) -> float | None:
    mine = [one.t for one in talk.closings if one.sender == "client"]
    if talk.ended_by == "client" and talk.ended_at is not None:
        mine.append(talk.ended_at)
    return min(mine, default=None)


def closes_cleanly(run: Run, _plain: Run | None) -> Judgement:
    """The client's last connection ends with a close frame, where the client is the one who ends it."""
    mine = [talk for talk in run.opened if not any(one.sender == "server" for one in talk.closings[:1])]
    mine = [talk for talk in mine if talk.heard.of("server") and (talk.ended_by != "server" or talk.closings)]
    ended = [talk for talk in mine if talk.ended_how in ("close", "eof", "reset")]
    if not ended:
        return not_seen("the client never ended a connection itself")
    for talk in ended:
        closing = talk.closed_by
        assert talk.ended_at is not None
        if closing is None and talk.ended_at > run.until:
            return not_seen("the client had to be stopped, and was gone without a close frame")
        if closing is None:
            how = "resets the connection" if talk.ended_how == "reset" else "is gone"
            shows = (proof(talk.ended_at, talk, f"end of the connection: {talk.ended_how}"),)
            return Judgement("fail", f"{how} without a close frame", shows)
        if closing.code not in _CLEAN:
            shows = (proof(closing.t, talk, f"→ close {closing.code} {quote(closing.reason)}"),)
            return Judgement("warn", f"closes with code {closing.code}", shows)
    return Judgement("pass", "ends with a close frame")

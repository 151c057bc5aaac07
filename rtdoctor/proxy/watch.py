"""Judges what passes, and makes the lines of a tape of it. Runs beside the way of the bytes, in one thread."""

import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Literal

from rtdoctor.diagnose.distil import Gist
from rtdoctor.diagnose.recorded import Told, judge_recorded
from rtdoctor.knowledge.causes import UNKNOWN
from rtdoctor.model.event import why_no_event
from rtdoctor.model.exchange import Answer, Close, Exchange, Fault, Request
from rtdoctor.model.finding import Finding
from rtdoctor.model.handshake import Handshake
from rtdoctor.model.violation import Direction, Violation
from rtdoctor.model.watched import Passed
from rtdoctor.privacy.known import keep
from rtdoctor.privacy.quote import quote, quote_start
from rtdoctor.protocol.judging import StreamJudge
from rtdoctor.proxy.frames import Message, Unreadable
from rtdoctor.recording.parse import Unparsable, parse
from rtdoctor.recording.tape import MOST_BODY, Recorder, shown_url

MOST_OF_A_RULE = 5  # violations of one rule that are told of a connection
MOST_KEPT = 100  # violations of a connection, and connections, that the summary holds
_MOST_TYPES, _MOST_NAME, _MOST_SHOWN = 200, 80, 300
_MOST_KEYS = 40  # credentials of clients that are learnt; what comes after is masked by its name and form
_LEVELS = {"error": "error", "warning": "warning", "notice": "info"}

Ended = Literal["close", "reset", "eof", "stopped"]


@dataclass(slots=True)
class _Watched:
    """One request while it is watched."""

    method: str
    url: str
    asked: Request
    began: float
    rest: bool
    exchange: Exchange
    answered: float = 0.0
    judge: StreamJudge = field(default_factory=lambda: StreamJudge(begins=True))
    gist: Gist = field(default_factory=Gist)
    close: Close | None = None
    dropped: bool = False
    errors: int = 0
    went_on: bool = True
    told: set[str] = field(default_factory=set)  # causes
    rules: Counter[str] = field(default_factory=Counter)
    severities: Counter[str] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)
    events: Counter[tuple[str, str]] = field(default_factory=Counter)
    unread: list[str] = field(default_factory=list)
    finding: Finding | None = None


class Watch:
    """Takes what happened in its order, tells it to the recorder, and keeps what the summary needs, in bounded
    memory."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._open: dict[int, _Watched] = {}
        self._keys: set[str] = set()
        self.passed: list[Passed] = []
        self.counted: Counter[str] = Counter()

    def request(self, number: int, handshake: Handshake, at: float, *, method: str, rest: bool, body: str = "") -> None:
        """A request went on to the upstream."""
        self._learn(handshake)
        asked = handshake.request()
        self._open[number] = _Watched(method, shown_url(handshake.url), asked, at, rest, Exchange(asked))
        self._recorder.request(
            number, handshake.url, handshake.headers, handshake.subprotocols, method=method, body=body, at=at
        )

    def answer(self, number: int, answer: Answer, subprotocol: str | None, at: float) -> None:
        """It was answered; what was refused is explained at once."""
        if (one := self._open.get(number)) is None:
            return
        one.answered = at
        one.exchange = replace(one.exchange, answer=answer, subprotocol=subprotocol)
        body = answer.body.decode("utf-8", "replace")[:MOST_BODY]
        self._recorder.answer(
            number, answer.status, answer.reason, answer.headers, subprotocol=subprotocol, body=body, at=at
        )
        if answer.status != 101:
            self._judge(number, one, at)

    def fault(self, number: int, fault: Fault, at: float) -> None:
        """No answer will come."""
        if (one := self._open.get(number)) is not None:
            one.exchange = replace(one.exchange, fault=fault)
            self._recorder.fault(number, fault.layer, fault.kind, fault.text, at=at)
            self._judge(number, one, at)

    def message(self, number: int, side: Direction, message: Message, at: float) -> None:
        """A message or control frame of an open socket."""
        if (one := self._open.get(number)) is None:
            return
        match message.kind:
            case "text":
                self._text(number, one, side, message.data, at)
            case "close":
                self._recorder.close(number, side, message.code, message.reason, at=at)
                one.judge.close()
                if one.close is None:  # the second is the echo
                    one.close = Close(message.code or 1005, message.reason, side, at)
                    self._judge(number, one, at)
            case "binary":
                self._recorder.data(number, side, "binary", message.data, at=at)
                self._count(one, side, "(binary frame)")
                text = "a binary frame: the Realtime API takes and sends text frames only"
                self._violation(number, one, Violation("error", "frame.binary", text, event_type=""), side, at)
            case kind:
                self._recorder.data(number, side, kind, message.data, at=at)

    def unreadable(self, number: int, side: Direction, broken: Unreadable, at: float) -> None:
        """What a side sends cannot be read any more; it passes all the same."""
        if (one := self._open.get(number)) is None:
            return
        why = str(broken)
        if broken.data:
            self._recorder.data(number, side, "broken", broken.data, at=at)
        text = f"what the {side} sends is no WebSocket frame: {why}"
        one.unread.append(text)
        if side == "server" and one.exchange.fault is None and one.close is None:
            one.exchange = replace(one.exchange, fault=Fault("session", "broken-frames", why))
        self._finding(number, "error", "frame.broken", f"{text}; it passes, and is judged no further", at)

    def lost(self, number: int, side: Direction, why: str, at: float) -> None:
        """What a side sends is not looked at any more; `why` is a clause."""
        if (one := self._open.get(number)) is not None:
            text = f"{why}: what the {side} sends now passes, and is neither judged nor recorded"
            one.unread.append(text)
            self._finding(number, "warning", "proxy.behind", text, at)

    def note(self, number: int, id: str, text: str, at: float) -> None:
        """The proxy did something to it on purpose; nobody is blamed."""
        if number in self._open:
            self._finding(number, "info", id, quote(text), at)

    def end(self, number: int, by: Direction, how: Ended, at: float) -> None:
        """Nothing more comes of it."""
        if (one := self._open.pop(number, None)) is None:
            return
        socket = one.exchange.answer is not None and one.exchange.answer.status == 101
        if how == "eof" and one.close is not None and one.close.code is not None:
            how = "close"
            by = one.close.by  # who closed is who said so first; whose TCP ends first after it is told by nobody else
        if how != "stopped" and socket and one.close is None:
            one.dropped = by == "server"
            one.close = Close(None, "", by, at)
        elif how != "stopped" and one.exchange.answer is None and one.exchange.fault is None and by == "server":
            kind = "reset" if how == "reset" else "disconnected"
            one.exchange = replace(one.exchange, fault=Fault("upgrade", kind, "the connection ended before an answer"))
        if socket:
            # A client that leaves in the middle has its reasons; what the server owed it then is nobody's fault.
            by_server = one.close is not None and one.close.by == "server" and how == "close"
            for violation in one.judge.finish(complete=by_server):
                self._violation(number, one, violation, "server", at)
        self._judge(number, one, at)
        self._recorder.end(number, by, how, at=at)
        self._keep(number, one, by, how, at)

    def stop(self, at: float | None = None) -> None:
        """Who watches goes away: what is open is told as such."""
        for number in list(self._open):
            self.end(number, "client", "stopped", time.monotonic() if at is None else at)

    # --- what is judged -----------------------------------------------------------------------------------------------

    def _text(self, number: int, one: _Watched, side: Direction, data: bytes, at: float) -> None:
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = data.decode("utf-8", "replace")
            message = "a text frame that is no UTF-8 (RFC 6455, section 8.1)"
            self._violation(number, one, Violation("error", "frame.not-utf8", message), side, at)
        self._recorder.text(number, side, text, at=at)
        try:
            event = parse(data)
        except Unparsable:
            event = None
        if not isinstance(event, dict):
            self._count(one, side, "(no event)")
            if side == "server":
                one.gist.misread(text)
            message = f"a text that is no event: {quote(why_no_event(text)) or 'no JSON object with a type'}"
            self._violation(number, one, Violation("error", "frame.no-event", message), side, at)
            return
        kind = event.get("type")
        name = kind[:_MOST_NAME] if isinstance(kind, str) else "(no event)"
        self._count(one, side, name)
        error = None
        if side == "client":
            one.gist.say(name, event)
        else:
            error = one.gist.hear(name, event, at - one.answered)
            one.went_on = error is None
            one.errors += error is not None
        for violation in one.judge.feed(side, event, at):
            self._violation(number, one, violation, side, at)
        if error is not None:
            self._judge(number, one, at)

    def _judge(self, number: int, one: _Watched, at: float) -> None:
        """What the referee says now; a cause is told once, when it is known first."""
        ended_so = Told(one.errors > 0, one.went_on, one.rest, one.dropped)
        exchange = one.exchange
        if exchange.answer is None and exchange.fault is None:
            return
        one.finding = judge_recorded(exchange, one.gist, one.close, ended_so)
        finding = one.finding
        if finding is None or finding.cause is None or finding.cause in one.told:
            return
        one.told.add(finding.cause)
        level = "warning" if finding.verdict == "warn" else "error"
        what = finding.summary if finding.cause == UNKNOWN else f"{finding.title}. {finding.summary}"
        self._finding(number, level, finding.cause, what, at, finding.remedy)

    def _violation(self, number: int, one: _Watched, violation: Violation, side: Direction, at: float) -> None:
        shown = violation.quoted()
        one.severities[shown.severity] += 1
        one.rules[shown.rule] += 1
        if one.rules[shown.rule] > MOST_OF_A_RULE:
            return
        if len(one.violations) < MOST_KEPT:
            one.violations.append(shown)
        where = f"{shown.event_type}{' ' + shown.pointer if shown.pointer else ''}: " if shown.event_type else ""
        more = f" ({shown.hint})" if shown.hint else ""
        again = "; more of this rule are counted and not told" if one.rules[shown.rule] == MOST_OF_A_RULE else ""
        text = f"{side}: {where}{shown.message}{more}{again}"
        self._finding(number, _LEVELS[shown.severity], shown.rule, text, at)

    def _finding(self, number: int, level: str, id: str, text: str, at: float, remedy: str = "") -> None:
        self._recorder.finding(number, level, id, text, remedy, at=at)

    def _count(self, one: _Watched, side: str, name: str) -> None:
        key = (side, quote_start(name, _MOST_NAME))
        one.events[key if key in one.events or len(one.events) < _MOST_TYPES else (side, "(others)")] += 1

    def _keep(self, number: int, one: _Watched, by: Direction, how: Ended, at: float) -> None:
        answer = one.exchange.answer
        passed = Passed(
            number=number,
            method=quote(one.method),
            url=one.url[:_MOST_SHOWN],
            status=None if answer is None else answer.status,
            ended=_ending(one.close, by, how),
            events=dict(one.events),
            severities=dict(one.severities),
            violations=tuple(one.violations),
            finding=one.finding,
            unread=tuple(one.unread),
            seconds=round(at - one.began, 3),
        )
        self.counted[passed.verdict] += 1
        if len(self.passed) < MOST_KEPT:
            self.passed.append(passed)

    def _learn(self, handshake: Handshake) -> None:
        """Keep the client's credentials from every line that follows."""
        for secret in handshake.credentials():
            if len(self._keys) < _MOST_KEYS and secret.reveal() not in self._keys:
                self._keys.add(secret.reveal())
                keep([secret])


def _ending(close: Close | None, by: Direction, how: Ended) -> str:
    """How it ended, in words."""
    if close is not None and close.code is not None:
        reason = f" {quote_start(close.reason, _MOST_SHOWN)}" if close.reason else ""
        return f"closed by the {close.by} with {close.code}{reason}"
    ways = {"reset": "reset by the {}", "eof": "ended by the {}", "stopped": "still open", "close": "answered"}
    return ways[how].format(by)

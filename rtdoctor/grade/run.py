"""One run of a client, from the lines of a tape: its connections, what was said on each, how each ended.

Judges read this and nothing else. Times are seconds since the tape began.
"""

import base64
import binascii
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from rtdoctor.grade.heard import Heard, Messages
from rtdoctor.model.event import separators, too_many_values
from rtdoctor.privacy.errors import InputError

_MOST_HEARD = 50_000  # messages of a run that are kept; a client that sends more has shown what it does
_MOST_TALKS = 500  # connections
_MOST_MEMORY = 48 << 20  # bytes that they take together, about
_ENTRY, _VALUE = 400, 70  # bytes that a message takes, and each value in it, beside its text


class TooMuch(InputError):
    """The tape holds more than is graded. `str()` is one sentence."""


@dataclass(frozen=True, slots=True)
class Closing:
    """A close frame; `code` is None for one without."""

    t: float
    sender: str
    code: int | None
    reason: str


@dataclass(slots=True)
class Talk:
    """One connection; `number` is 0 for one that asked for no socket. `ended_how`: close, reset, eof, stopped, or empty
    while it is open."""

    number: int
    asked_at: float
    url: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    status: int | None = None
    answered_at: float | None = None
    heard: Messages = field(default_factory=Messages)
    closings: list[Closing] = field(default_factory=list)  # the first of each side
    ended_at: float | None = None
    ended_by: str = ""
    ended_how: str = ""

    @property
    def is_open(self) -> bool:
        """True where the server answered 101."""
        return self.status == 101

    @property
    def closed_by(self) -> Closing | None:
        """The first close frame."""
        return self.closings[0] if self.closings else None

    @property
    def over_at(self) -> float | None:
        """When the first close frame or the end came."""
        return self.closings[0].t if self.closings else self.ended_at

    def session(self, before: float) -> Mapping[str, Any]:
        """The session's settings as the server told them last before that time; empty where it told none."""
        shown = self.heard.last("server", "session.created", "session.updated", until=before)
        session = shown.event.get("session") if shown else None
        return session if isinstance(session, Mapping) else {}


@dataclass(frozen=True, slots=True)
class Ending:
    """How the client's process ended. `ended_at` is None where it had to be stopped, at `stopped_at`."""

    started_at: float
    ended_at: float | None
    stopped_at: float | None
    exit_code: int | None
    output: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One run; `ending` is None for a tape, which does not know the process. `lasted` is the time of the last line."""

    lesson: str
    talks: tuple[Talk, ...]
    ending: Ending | None = None
    lasted: float = 0.0

    @property
    def opened(self) -> list[Talk]:
        """The connections that were answered 101."""
        return [talk for talk in self.talks if talk.is_open]

    @property
    def until(self) -> float:
        """Up to when what the client does is its own doing: afterwards it was being stopped."""
        if self.ending is None:
            return self.lasted
        if self.ending.stopped_at is not None:
            return self.ending.stopped_at
        return max(self.lasted, self.ending.ended_at or 0.0)

    @property
    def ended_itself(self) -> bool:
        """True where the process came to its end unasked."""
        return self.ending is not None and self.ending.ended_at is not None

    def next_act(self, talk: Talk, after: float) -> tuple[float, str] | None:
        """The first thing that the client did after that time, and when: a message on this connection, its close,
        another connection, the end of its process."""
        sent = talk.heard.first("client", after=after)
        acts = [(sent.t, f"sent {sent.type or 'a message'}")] if sent else []
        acts += [(one.t, "closed") for one in talk.closings if one.sender == "client"]
        if talk.ended_by == "client" and talk.ended_at is not None:
            acts.append((talk.ended_at, "left"))
        acts += [(other.asked_at, "connected again") for other in self.talks if other is not talk]
        if self.ending and self.ending.ended_at is not None:
            acts.append((self.ending.ended_at, "ended"))
        return min(((t, what) for t, what in acts if after < t <= self.until), default=None)


class Notes:
    """Takes the lines of a tape as they come, and gives the run that they tell of. `clock` gives seconds since the tape
    began, for lines that are heard and not read."""

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self._clock, self._talks, self._left = clock, dict[Any, Talk](), _MOST_HEARD
        self._room, self._count = _MOST_MEMORY, 0
        self.left_out = ""  # what there was more of than is kept
        self.lasted = 0.0

    def take(self, line: Mapping[str, Any]) -> None:
        """One line. One of another kind is passed over, and so is a plain request for HTTP."""
        t, kind, number = line.get("t"), line.get("kind"), line.get("connection", 0)
        if self._clock is not None:
            t = self._clock()
        if not isinstance(t, (int, float)) or not isinstance(kind, str):
            return
        self.lasted = max(self.lasted, float(t))
        if kind == "finding":
            return
        self._room -= _weight(line)
        if number not in self._talks and len(self._talks) >= _MOST_TALKS:
            self.left_out = f"{_MOST_TALKS} connections"
            return
        if self._room < 0 and kind in ("request", "text", "close"):
            self.left_out = f"{_MOST_MEMORY >> 20} MiB of messages"
            return
        if kind == "request":
            headers = tuple(_pairs(line.get("headers")))
            # A tape of the proxy's has sockets only; a mock hears plain requests, too.
            of_http = str(line.get("method", "GET")) != "GET" or (headers and not _upgrades(headers))
            before = self._talks.get(number)
            self._count += (not of_http) - bool(before and before.number)
            place = 0 if of_http else self._count
            self._talks[number] = Talk(place, float(t), str(line.get("url", "")), headers)
            return
        talk = self._talks.get(number)
        if talk is None:
            self._count += 1
            talk = self._talks[number] = Talk(self._count, float(t), status=101, answered_at=float(t))
        if kind in ("text", "binary"):
            self._left -= 1
        if self._left >= 0 or kind not in ("text", "binary"):
            heard = _take(talk, float(t), kind, line)
            if kind == "text" and heard and heard.audio:  # which is not kept
                self._room += len(line["data"])

    @property
    def now(self) -> float:
        """Seconds since the tape began; of a tape that is read, its last line."""
        return self._clock() if self._clock else self.lasted

    @property
    def first_at(self) -> float | None:
        """When the first connection was asked for."""
        return next((talk.asked_at for talk in self._sockets()), None)

    @property
    def all_over(self) -> bool:
        """True where every connection has ended."""
        return all(talk.ended_at is not None for talk in self._sockets())

    def _sockets(self) -> list[Talk]:
        return [talk for talk in self._talks.values() if talk.number]

    def run(self, lesson: str = "", ending: Ending | None = None) -> Run:
        """What was heard until now."""
        return Run(lesson, tuple(self._sockets()), ending, self.lasted)


def read_run(lines: Iterable[Mapping[str, Any]], lesson: str = "", ending: Ending | None = None) -> Run:
    """The run that the lines of a tape tell of.

    Raises:
        TooMuch: it tells of more than is kept.
    """
    notes = Notes()
    for line in lines:
        notes.take(line)
        if notes.left_out:
            raise TooMuch("holds more than {}, which is more than is graded", notes.left_out)
    return notes.run(lesson, ending)


def _take(talk: Talk, t: float, kind: str, line: Mapping[str, Any]) -> Heard | None:
    """Note what a line tells of its connection; the message comes back where it is one."""
    sender = str(line.get("from", ""))
    if kind == "answer":
        status = line.get("status")
        talk.status, talk.answered_at = status if isinstance(status, int) else None, t
    elif kind in ("text", "binary"):
        heard = _heard(t, sender, line) if kind == "text" else Heard(t, sender, "", {})
        talk.heard.add(heard)
        return heard
    elif kind == "close" and not any(one.sender == sender for one in talk.closings):
        code = line.get("code")
        talk.closings.append(
            Closing(t, sender, code if isinstance(code, int) and code else None, str(line.get("reason", "")))
        )
    elif kind == "end" and talk.ended_at is None:
        talk.ended_at, talk.ended_by, talk.ended_how = t, str(line.get("by", "")), str(line.get("how", ""))
    return None


def _weight(line: Mapping[str, Any]) -> int:
    """How much memory a line may take, about: its texts, and the values of an event."""
    data = line.get("data")
    size = sum(sys.getsizeof(value) for value in line.values())
    if isinstance(headers := line.get("headers"), list):
        size += sum(_ENTRY + sys.getsizeof(text) for pair in headers if isinstance(pair, list) for text in pair)
    return _ENTRY + size + (_VALUE * separators(data) if isinstance(data, str) else 0)


def _heard(t: float, sender: str, line: Mapping[str, Any]) -> Heard:
    data = line.get("data", "")
    try:
        event = None if too_many_values(data) else orjson.loads(data)
    except (orjson.JSONDecodeError, TypeError):
        event = None
    if not isinstance(event, dict):
        return Heard(t, sender, "", {})
    kind = event.get("type")
    return Heard(t, sender, kind if isinstance(kind, str) else "", *_without_audio(event))


def _without_audio(event: dict[str, Any]) -> tuple[Mapping[str, Any], int]:
    """The event without its sound, and how many bytes of it there were: a tape is long, and no judge listens."""
    kind = event.get("type")
    name = {"input_audio_buffer.append": "audio", "response.output_audio.delta": "delta"}.get(str(kind))
    if name is None:
        return event, 0
    sound = event.get(name)
    if isinstance(sound, Mapping):  # a tape without its audio: {"audio_bytes": n}
        count = sound.get("audio_bytes")
        return {**event, name: ""}, count if isinstance(count, int) else 0
    if not isinstance(sound, str):
        return event, 0
    try:
        start = base64.b64decode(sound[:16], validate=True)[:4]
    except (binascii.Error, ValueError):
        start = b""
    size = len(sound) * 3 // 4 - sound[-2:].count("=")
    return {**event, name: "", "begins": start.decode("latin-1")}, size


def _upgrades(headers: tuple[tuple[str, str], ...]) -> bool:
    return any(name.lower() == "upgrade" or name.lower().startswith("sec-websocket-") for name, _ in headers)


def _pairs(headers: Any) -> Iterator[tuple[str, str]]:
    for pair in headers if isinstance(headers, (list, tuple)) else ():
        if isinstance(pair, (list, tuple)) and len(pair) == 2:
            yield str(pair[0]), str(pair[1])

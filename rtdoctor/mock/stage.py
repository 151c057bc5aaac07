"""A script on its stage: what clients send is held against its steps, and its answers are given."""

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

import orjson

from rtdoctor.mock.line import Line
from rtdoctor.mock.memory import Room, parseable
from rtdoctor.mock.respond import Reply
from rtdoctor.mock.script import Answer, Part, Script, ScriptStep
from rtdoctor.mock.session import client_event_id
from rtdoctor.mock.template import BadTemplate, at, fill
from rtdoctor.model.clock import Clock

_MOST_FAILURES = 100


class Played(Protocol):
    """A session of any dialect, as a script needs it."""

    clock: Clock
    conversation: str

    @property
    def config(self) -> dict[str, Any]:
        """The session as it is told."""

    async def take(self, data: bytes, *, binary: bool = False) -> None:
        """What it does with a message by itself."""

    async def emit(self, kind: str, **fields: Any) -> None:
        """Send one server event."""

    async def refuse(self, name: str, values: Mapping[str, Any], event: dict[str, Any] | None = None) -> None:
        """An error event, or the end, by the id of a refusal."""

    async def reply(self, reply: Reply, event: dict[str, Any] | None) -> asyncio.Task[None] | None:
        """Say this; of what goes on the task comes back."""


class Stage:
    """A script while clients come, the first of which has the number `first` + 1. `failures` are what they did
    otherwise, in sentences."""

    def __init__(self, script: Script, first: int = 0) -> None:
        self.script, self._first = script, first
        self.failures: list[str] = []
        self._plays: dict[int, Play] = {}

    def part(self, number: int) -> Part | None:
        """The part of the n-th connection, if the script has one."""
        place = number - self._first - 1
        return self.script.parts[place] if 0 <= place < len(self.script.parts) else None

    def asked(self, number: int, query: Mapping[str, str], headers: Mapping[str, str], line: Any) -> None:
        """Hold a handshake against what the script expects of it."""
        part = self.part(number)
        if part is None:
            if self.script.parts and self.script.parts[-1].only:
                self.fail(line, f"connection {number - self._first} was not expected")
            return
        for name, sent, wanted in (("query", query, part.query), ("headers", headers, part.headers)):
            for key, value in wanted.items():
                if not fits(value, sent.get(key)):
                    self.fail(line, f"{part.place}: the handshake's {name} have not {key} = {_shown(value)}")

    def play(self, number: int, session: Played, line: Line, room: Room) -> "Play | None":
        """The play of one connection that is open, if the script has a part for it."""
        part = self.part(number)
        if part is None:
            return None
        self._plays[number] = Play(self, part, session, line, room)
        return self._plays[number]

    def fail(self, heard: Any, sentence: str) -> None:
        """Note a failure, and tell it."""
        if len(self.failures) < _MOST_FAILURES:
            self.failures.append(sentence)
        heard.finding("error", "script.failed", sentence)

    def unused(self) -> list[str]:
        """The steps that no client took, each with why, as far as it is known."""
        left = []
        for number, part in enumerate(self.script.parts, 1):
            play = self._plays.get(number + self._first)
            if play is None:
                wanted = any(step.least for step in part.steps)
                left += [f"{part.place}: connection {number} was never opened"] if wanted else []
            else:
                left += play.unused()
        return left


class Play:
    """The part of one connection, step by step."""

    def __init__(self, stage: Stage, part: Part, session: Played, line: Line, room: Room) -> None:
        self._stage, self._part, self._session, self._line, self._room = stage, part, session, line, room
        self._counts = [0] * len(part.steps)
        self._early: dict[int, int] = {}  # steps that an event would have fitted before their turn, by its number
        self._place = self._events = 0
        self._ids: dict[str, str] = {}
        self._jobs: asyncio.Queue[tuple[ScriptStep, Any, bytes | None, int]] = asyncio.Queue()
        self._worker: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Begin with what the server says by itself."""
        self._worker = asyncio.create_task(self._work())
        self._own_steps()

    def end(self) -> None:
        """The connection is over."""
        if self._worker:
            self._worker.cancel()
        while not self._jobs.empty():
            self._room.give(self._jobs.get_nowait()[3])

    async def take(self, data: bytes, *, binary: bool = False) -> None:
        """One message of the client.

        Raises:
            Fatal, Full, UnicodeDecodeError: as Session.take.
        """
        self._events += 1
        event = None if binary else _event(data)
        kind = str(event.get("type")) if event is not None else "a message that is no event"
        number = self._step_for(event)
        if number is None:
            if self._part.only:
                due = self._due()
                self._stage.fail(
                    self._line.heard, f"{self._part.place}: {kind[:100]} (its message {self._events}) {due}"
                )
            await self._session.take(data, binary=binary)
            return
        self._counts[number] += 1
        step = self._part.steps[number]
        if step.answers is None:
            await self._session.take(data, binary=binary)
        else:
            self._put(step, event, data)
        self._own_steps()

    def unused(self) -> list[str]:
        """The steps that are left."""
        left = []
        for number, step in enumerate(self._part.steps):
            if self._counts[number] < step.least:
                wanted = f"{step.least} × " if step.least > 1 else ""
                what = f"expects {wanted}{' or '.join(step.expect)}" if step.expect else "is the server's own"
                came = f"; {self._counts[number]} came" if self._counts[number] else ""
                early = f"; message {self._early[number]} was one, before its turn" if number in self._early else ""
                left.append(f"{step.place} was not used: it {what}{came}{early}")
        return left

    def _due(self) -> str:
        steps = self._part.steps
        if not self._part.ordered or self._place >= len(steps):
            return "was not expected"
        step = steps[self._place]
        return f"came where {step.place} expects {' or '.join(step.expect)}"

    def _step_for(self, event: Mapping[str, Any] | None) -> int | None:
        """The step that an event is for, and forward to it."""
        if event is None:
            return None
        steps = self._part.steps
        open_to_it = True
        for number in range(self._place if self._part.ordered else 0, len(steps)):
            step, count = steps[number], self._counts[number]
            if step.expect and count < step.most and _matches(step, event):
                if open_to_it:
                    self._place = number if self._part.ordered else 0
                    return number
                self._early.setdefault(number, self._events)
            if self._part.ordered and count < step.least:
                open_to_it = False  # what comes after it has to wait; it is only looked at for what to tell
        return None

    def _own_steps(self) -> None:
        """The server's own steps, whose turn it is."""
        steps = self._part.steps
        while self._place < len(steps):
            step, count = steps[self._place], self._counts[self._place]
            if not step.expect:
                if not count:
                    self._counts[self._place] = 1
                    self._put(step, None, None)
            elif count < step.most:
                return
            self._place += 1

    def _put(self, step: ScriptStep, event: Any, data: bytes | None) -> None:
        size = 2 * len(data or b"")
        self._room.take(size)
        self._jobs.put_nowait((step, event, data, size))

    async def _work(self) -> None:
        while True:
            step, event, data, size = await self._jobs.get()
            try:
                for left, answer in zip(range(len(step.answers or ()) - 1, -1, -1), step.answers or (), strict=True):
                    if self._line.over:
                        break
                    try:
                        over = await self._answer(answer, event, data)
                    except BadTemplate as error:
                        self._stage.fail(self._line.heard, f"{step.place}: {error}")
                        continue
                    if over is not None and left:
                        await asyncio.wait({over})  # what stands behind a response comes after it
            except ConnectionError:
                return
            except Exception as error:
                await self._line.broken(error)
            finally:
                self._room.give(size)

    async def _answer(self, answer: Answer, event: Any, data: bytes | None) -> asyncio.Task[None] | None:
        """Do it; of a response the task comes back that goes on with it."""
        session, line, value = self._session, self._line, answer.value
        match answer.kind:
            case "usual":
                await session.take(data or b"")
            case "event":
                filled = fill(value, lambda path: self._look(path, event))
                await session.emit(str(filled.pop("type")), **filled)
            case "text":
                return await self._reply(Reply(text=value), event)
            case "call":
                return await self._reply(Reply(call=value, arguments=answer.arguments), event)
            case "error" if "refusal" in value:
                await session.refuse(value["refusal"], {}, event)
            case "error":
                echo = client_event_id(event if isinstance(event, dict) else None)
                await session.emit("error", error=value | {"event_id": echo})
            case "close":
                await line.close(value, answer.reason)
            case "wait":
                await asyncio.sleep(value)
            case "fault":
                await line.break_off(value)
        return None

    async def _reply(self, reply: Reply, event: Any) -> asyncio.Task[None] | None:
        asked = event if isinstance(event, dict) and event.get("type") == "response.create" else None
        return await self._session.reply(reply, asked)

    def _look(self, path: str, event: Any) -> Any:
        root, _, rest = path.partition(".")
        if root == "client":
            if event is None:
                raise BadTemplate(f"there is no {path}: the step expects nothing")
            try:
                return at(event, rest)
            except BadTemplate:
                raise BadTemplate(f"there is no {path} in what the client sent") from None
        if root == "session":
            return at(self._session.config, rest)
        if root == "conversation":
            return self._session.conversation
        return self._ids.setdefault(rest, self._session.clock.ident(rest.partition("_")[0] + "_"))


def fits(wanted: Any, value_sent: Any) -> bool:
    """Whether a value has what is wanted: every field of a table, every entry of a list, `"*"` for anything at all,
    `{ contains = "text" }` for a text in a text."""
    if wanted == "*":
        return value_sent is not None
    if isinstance(wanted, Mapping):
        if set(wanted) == {"contains"}:
            return isinstance(value_sent, str) and str(wanted["contains"]) in value_sent
        return isinstance(value_sent, Mapping) and all(
            fits(value, value_sent.get(key)) for key, value in wanted.items()
        )
    if isinstance(wanted, list | tuple):
        return isinstance(value_sent, list) and len(value_sent) == len(wanted) and all(map(fits, wanted, value_sent))
    return bool(wanted == value_sent) and isinstance(wanted, bool) == isinstance(value_sent, bool)


def _matches(step: ScriptStep, event: Mapping[str, Any]) -> bool:
    return event.get("type") in step.expect and fits(step.fields, event)


def _event(data: bytes) -> dict[str, Any] | None:
    if not parseable(data):
        return None
    try:
        event = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    return event if isinstance(event, dict) else None


def _shown(value: Any) -> str:
    return orjson.dumps(value, default=str).decode()[:200]

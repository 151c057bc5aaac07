"""What a case works with: handshakes and sessions against the server, and a place to say what deviates."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from rtdoctor.conform.cases import Case, NotServed, Untold
from rtdoctor.conform.talk import Ended, Event, Talk
from rtdoctor.engine.credential import outgoing
from rtdoctor.engine.gate import PAUSES, Gate, pushed_back
from rtdoctor.engine.opening import update_for
from rtdoctor.engine.setup import Bench
from rtdoctor.model.exchange import Answer, Request
from rtdoctor.model.outcome import ErrorEvent, Outcome
from rtdoctor.model.scenario import Auth, WantedHandshake
from rtdoctor.privacy.quote import quote, quote_start
from rtdoctor.privacy.secret import Secret
from rtdoctor.wire.raw import new_key, shake

KINDS = ("transcription", "realtime")
NO_EVENT = "(no event)"
CREATED = ("session.created", "transcription_session.created")
_QUICK = 3.0  # seconds that a server may take for an answer that no model makes
_UPGRADE = 10.0  # seconds for a 101 at least, once a session was seen to open: a gateway dials on, many at once
_TOLD = 120  # characters of a server's own words
_PIECE = 48 * 400  # bytes: 400 ms of 24 kHz mono PCM16


@dataclass(frozen=True, slots=True)
class Way:
    """How a session of a kind is opened here: the query, and its first event. Where `why` is told, it is not;
    `refused` says that the server was heard to refuse it."""

    query: Mapping[str, str] = field(default_factory=dict)
    created: Event = field(default_factory=dict)
    why: str = ""
    refused: bool = False


@dataclass(slots=True)
class World:
    """What all cases of a run share. `trouble` says why nothing can be told at all, or is empty."""

    bench: Bench
    gate: Gate
    ways: dict[str, Way] = field(default_factory=dict)
    trouble: str = ""
    speech: bytes = b""  # PCM16 at 24 kHz
    waits: bool = False  # the server says nothing before the client does

    @property
    def slow(self) -> float:
        """Seconds that a model may take."""
        return self.bench.choice.timeout

    @property
    def quick(self) -> float:
        """Seconds for an answer that no model makes."""
        return min(self.slow, _QUICK)

    @property
    def upgrade(self) -> float:
        """Seconds for the answer to a handshake."""
        return max(self.slow, _UPGRADE) if len(self.ways) == len(KINDS) else self.slow


@dataclass(frozen=True, slots=True)
class Shaken:
    """What came of a handshake: its answer and the connection after a 101, or the fault that left neither."""

    key: str
    answer: Answer | None = None
    talk: Talk | None = None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """How a handshake was refused; `opened` says that it was not: a session began. A `status` is that of an answer in
    place of the 101."""

    opened: bool = False
    status: int | None = None
    body: bytes = b""
    error: Mapping[str, Any] | None = None
    ended: Ended | None = None
    fault: str = ""

    def __str__(self) -> str:
        if self.opened:
            return "a session was opened"
        if self.status is not None:
            return f"HTTP {self.status}" + ("" if self.body else " with an empty body")
        parts = [f"error {error_words(self.error)}"] if self.error is not None else ["no error event"]
        parts += [str(self.ended)] if self.ended else ["not closed"]
        return self.fault or "101, " + ", ".join(parts)


def error_words(error: Mapping[str, Any] | None) -> str:
    """An error object of a server in a few words."""
    if not isinstance(error, Mapping):
        return "without an error object"
    code, message = error.get("code") or error.get("type") or "without type or code", error.get("message") or ""
    return quote_start(f"{code}: {message}" if message else str(code), _TOLD)


def refusal(answer: Event | None, otherwise: object) -> str:
    """In place of an answer: by which error the server refused, or what was seen `otherwise`."""
    if answer is None:
        return str(otherwise)
    return f"refused by an error {error_words(error_of(answer))}"


def error_of(event: Event | None) -> dict[str, Any]:
    """The error object of an error event; empty where there is none."""
    error = event.get("error") if event else None
    return error if isinstance(error, dict) else {}


def at(value: object, *path: str | int) -> Any:
    """What stands at a place in a JSON value, None where nothing does."""
    for step in path:
        if isinstance(value, Mapping) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


class Context:
    """One case while it runs. It closes what it opened, and keeps the talks for the judges."""

    def __init__(self, world: World, case: Case) -> None:
        self.world, self.case = world, case
        self.choice = world.bench.choice
        self.slow, self.quick = world.slow, world.quick
        self.talks: list[Talk] = []
        self.deviated: list[tuple[str, str]] = []

    def deviates(self, ident: str, seen: str = "") -> None:
        """Say that the server deviates so; `seen` is what showed it."""
        assert ident in self.case.tells, f"{self.case.id} does not tell {ident}"
        self.deviated.append((ident, seen))

    # --- handshakes ---------------------------------------------------------------------------------------------------

    async def shake(
        self,
        query: Mapping[str, str],
        *,
        path: str = "/realtime",
        auth: Sequence[Auth] = ("header",),
        secret: Secret | None = None,
        headers: Mapping[str, str] | None = None,
        subprotocols: Sequence[str] = (),
        plain: Mapping[str, str | None] | None = None,
        method: str = "GET",
    ) -> Shaken:
        """One handshake. `secret` goes in the place of the user's key; `plain` are headers of the upgrade that are
        other than usual, or left out where they are None."""
        key = new_key()
        wanted = WantedHandshake(
            path, dict(query), tuple(auth), headers=dict(headers or {}), subprotocols=tuple(subprotocols)
        )
        out = outgoing(self.choice, wanted, secret or self.choice.key)
        usual: dict[str, str | None] = {
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": key,
            "Sec-WebSocket-Version": "13",
        }
        usual |= {"Sec-WebSocket-Protocol": ", ".join(out.handshake.subprotocols) or None} | dict(plain or {})
        sent = dict(out.handshake.headers) | {name: value for name, value in usual.items() if value is not None}
        world = self.world
        answered = await shake(world.bench.http, method, out.handshake.url, tuple(sent.items()), world.upgrade)
        answer = answered.answer
        if answered.link is None or answer is None:
            fault = answered.fault
            return Shaken(key, answer, fault=quote(f"{fault.layer}: {fault.text}") if fault else "")
        talk = Talk(
            answered.link,
            answer,
            world.bench.ledger,
            self.quick,
            sockets=self.choice.concurrency,
            inflate="permessage-deflate" in (answer.header("sec-websocket-extensions") or ""),
            rest=answered.rest,
        )
        self.talks.append(talk)
        return Shaken(key, answer, talk)

    async def refused(self, shaken: Shaken) -> Refused:
        """What a handshake came to that is to be refused: the whole of the refusal is waited for."""
        if shaken.talk is None:
            if shaken.answer is None:
                return Refused(fault=shaken.fault)
            return Refused(status=shaken.answer.status, body=shaken.answer.body)
        talk = shaken.talk
        first = await self._first(talk)
        if first is None:
            return Refused(ended=talk.ended, fault="" if talk.ended else "101, and then silence")
        if first["type"] == NO_EVENT and (ended := await talk.end(self.quick)):
            return Refused(ended=ended)  # a refusal in plain text
        if first["type"] != "error":
            return Refused(opened=True)
        return Refused(error=error_of(first), ended=await talk.end(self.quick))

    # --- sessions -----------------------------------------------------------------------------------------------------

    async def _first(self, talk: Talk) -> Event | None:
        """The first event of a connection; where the server waits for the client, after an event of ours."""
        if self.world.waits and not talk.events:
            await talk.send(update_for("realtime", self.choice.transcription_model, vad=True))
        return await talk.wait(timeout=self.slow, since=0)

    async def begin(self, query: Mapping[str, str], **more: Any) -> Talk | Refused:
        """A session with its first event, or how it was refused. Where the server pushes back, one at a time from then
        on, and it is asked again."""
        refused = Refused()
        for pause in (*PAUSES, None):
            shaken = await self.shake(query, **more)
            if shaken.talk is not None:
                first = await self._first(shaken.talk)
                plain = first is not None and first["type"] == NO_EVENT and await shaken.talk.end(self.quick)
                if first is not None and first["type"] != "error" and not plain:
                    if self.world.waits:  # the answer to what was sent belongs to no case
                        await shaken.talk.wait("session.updated", timeout=self.quick, since=0)
                    return shaken.talk
            refused = await self.refused(shaken)
            if pause is None or not pushed_back(_outcome(refused)):
                break
            self.world.gate.narrow()
            await asyncio.sleep(pause)
        return refused

    async def open(self, kind: str) -> Talk:
        """A session of that kind, in the way that was found for it.

        Raises:
            NotServed, Untold: there is none to be had.
        """
        way = self.world.ways[kind]
        if way.why:
            raise (NotServed if way.refused else Untold)(f"no {kind} session: {way.why}")
        begun = await self.begin(way.query)
        if isinstance(begun, Refused):
            raise Untold(f"the {kind} session was not opened this time: {begun}")
        return begun

    async def open_any(self) -> Talk:
        """A session of any kind, a conversation first.

        Raises:
            NotServed, Untold: there is none to be had.
        """
        return await self.open("transcription" if self.world.ways["realtime"].why else "realtime")

    def kind_of(self, talk: Talk) -> str:
        """The kind of a session by its first event."""
        return "transcription" if at(talk.events[0], "session", "type") == "transcription" else "realtime"

    def update(self, talk: Talk, **fields: Any) -> Event:
        """A session.update for this session."""
        return {"type": "session.update", "session": {"type": self.kind_of(talk), **fields}}

    async def hearing(
        self, *, vad: bool = False, transcribes: bool = True, model: str = ""
    ) -> tuple[Talk, Event | None]:
        """A session that takes audio, with a transcription model and voice detection or not; and what answered its
        session.update. A server that answers nothing keeps what it has.

        Raises:
            NotServed, Untold: there is no session to be had.
        """
        talk = await self.open("realtime" if self.world.ways["transcription"].why else "transcription")
        model = model or (self.choice.vad_model if vad else self.choice.transcription_model)
        detection = {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 200}
        if vad and self.kind_of(talk) == "realtime":
            detection |= {"create_response": False}
        audio_input: dict[str, Any] = {
            "format": {"type": "audio/pcm", "rate": 24_000},
            "turn_detection": detection if vad else None,
        }
        if transcribes:
            audio_input["transcription"] = {"model": model}
        answer = await talk.answer_to(self.update(talk, audio={"input": audio_input}), "session.updated")
        return talk, answer

    async def conversing(self, modality: str = "text", **fields: Any) -> Talk:
        """A conversation that answers only when it is asked to, in text or audio.

        Raises:
            NotServed, Untold: there is no session to be had.
        """
        talk = await self.open("realtime")
        wanted = {"output_modalities": [modality], "audio": {"input": {"turn_detection": None}}}
        await talk.answer_to(self.update(talk, **(wanted | fields)), "session.updated")
        return talk

    async def speak(self, talk: Talk, pcm: bytes) -> None:
        """Append audio piece by piece."""
        from rtdoctor.protocol.audio import append_event

        for start in range(0, len(pcm), _PIECE):
            await talk.send(append_event(pcm[start : start + _PIECE]))

    async def leave(self) -> None:
        """Close what was opened."""
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*(talk.leave() for talk in self.talks))

    def cut(self) -> None:
        """Drop what was opened."""
        for talk in self.talks:
            talk.cut()


def _outcome(refused: Refused) -> Outcome:
    """A refusal in the form in which the referee tells whether the server only pushes back."""
    error = refused.error or {}
    event = ErrorEvent(str(error.get("type") or ""), _text(error.get("code")), str(error.get("message") or ""))
    ended = refused.ended
    return Outcome(
        asked=Request("", ""),
        stage="upgrade" if refused.status is not None else "session",
        http_status=refused.status or 101,
        http_body=refused.body.decode("utf-8", "replace"),
        errors=(event,) if refused.error is not None else (),
        close_code=ended.code if ended and ended.code != 1006 else None,
        close_reason=ended.reason if ended else "",
        closed_by="server" if ended else None,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None

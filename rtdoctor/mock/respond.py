"""A response of the mock, event by event in the recorded order (pydantic-ai cassettes, August 2026).

No model runs: the answer is a fixed sentence that says so, spoken as a short silence or as the file that was given; a
call has arguments made up from the function's schema. The events come at a pace, so that a client can cancel, speak in
between, and ask for a second response too early.
"""

import base64
import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from rtdoctor.mock import behaviour as does
from rtdoctor.mock.behaviour import refusals
from rtdoctor.mock.madeup import made_up
from rtdoctor.mock.within import Within

ANSWER = "This is rtdoctor's mock. No model runs here."
WORD_MS = 60  # of silence with each word that is spoken
_BYTES_PER_MS = {"audio/pcm": 48, "audio/pcmu": 8, "audio/pcma": 8}
_SILENCE = {"audio/pcm": b"\0", "audio/pcmu": b"\xff", "audio/pcma": b"\xd5"}


@dataclass(frozen=True, slots=True)
class Replies:
    """What the mock answers: a text, and how it is spoken (PCM16 at 24 kHz; None for silence)."""

    text: str = ANSWER
    pcm: bytes | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What one response says, in place of the usual: a text, or a function that it calls with these arguments."""

    text: str | None = None
    call: str | None = None
    arguments: str = ""


class _Session(Within, Protocol):
    replies: Replies

    def ended(self, response: "Response") -> None:
        """A response is over."""


@dataclass(slots=True)
class Response:
    """One response in progress. `asked` is the `response` of response.create, empty for one that the server starts."""

    session: _Session
    asked: Mapping[str, Any]
    reply: Reply | None = None
    ident: str = ""
    item: dict[str, Any] = field(default_factory=dict)
    over: bool = False
    how: str = does.RESPONDS  # what it does: runs to its end, or what a fault puts in the place of that
    item_gone: bool = False  # the client has deleted it meanwhile
    sent: str = ""
    audio_bytes: int = 0
    _previous: str | None = None
    _kept: dict[str, Any] | None = None

    @property
    def inside(self) -> bool:
        """Whether it belongs to the conversation; `conversation: "none"` is out of band."""
        return self.asked.get("conversation") != "none"

    @property
    def _config(self) -> dict[str, Any]:
        """The session's settings as they were when the response began: an update in its midst is for the next one."""
        return self._kept or self.session.config

    @property
    def spoken(self) -> bool:
        return "audio" in self._modalities

    @property
    def _modalities(self) -> list[str]:
        modalities: list[str] = self.asked.get("output_modalities") or self._config["output_modalities"]
        return modalities

    @property
    def call(self) -> Mapping[str, Any] | None:
        """The function that is called: one is when tool_choice names it or is "required", or the reply says so."""
        if self.reply:
            return None if self.reply.call is None else {"name": self.reply.call}
        config = self._config
        tools = self.asked["tools"] if self.asked.get("tools") is not None else config.get("tools") or []
        choice = self.asked.get("tool_choice") or config.get("tool_choice") or "auto"
        functions = [tool for tool in tools if isinstance(tool, dict) and tool.get("type") == "function"]
        if isinstance(choice, Mapping):
            functions = [tool for tool in functions if tool.get("name") == choice.get("name")]
        elif choice != "required":
            return None
        return functions[0] if functions else None

    def _described(self, **now: Any) -> dict[str, Any]:
        config, asked = self._config, self.asked
        sound = {key: config["audio"]["output"][key] for key in ("format", "voice")}
        output = (asked.get("audio") or {}).get("output") or {}
        return {
            "object": "realtime.response",
            "id": self.ident,
            "status": "in_progress",
            "status_details": None,
            "output": [],
            "conversation_id": self.session.conversation if self.inside else None,
            "output_modalities": self._modalities,
            "max_output_tokens": asked.get("max_output_tokens") or config["max_output_tokens"],
            "audio": {"output": sound | {key: value for key, value in output.items() if value is not None}},
            "usage": None,
            "metadata": asked.get("metadata"),
        } | now

    @property
    def _place(self) -> dict[str, Any]:
        return {"response_id": self.ident, "item_id": self.item["id"], "output_index": 0}

    async def begin(self) -> None:
        """Everything before the first delta. `metadata` comes back (LiveKit waits for it)."""
        session, clock = self.session, self.session.clock
        self.ident, self._kept = clock.ident("resp_"), copy.deepcopy(session.config)
        self.how = session.does(does.RESPONDS)
        if self.how in does.BARGE_INS and not session.detects:
            self.how = does.RESPONDS  # nobody is heard
        await session.emit("response.created", response=self._described())
        if self.how not in (does.RESPONDS, does.BARGED, does.BARGED_UNHEARD):
            return
        function = self.call
        ident = {"id": clock.ident("item_")}
        if function:
            kind = {"type": "function_call", "status": "in_progress", "name": function.get("name")}
            self.item = ident | kind | {"call_id": clock.ident("call_", 16), "arguments": ""}
        else:
            self.item = ident | {"type": "message", "status": "in_progress", "role": "assistant", "content": []}
        # What waits to be sent is a copy: the item goes on to grow.
        await session.emit("response.output_item.added", response_id=self.ident, output_index=0, item=dict(self.item))
        if self.inside:
            self._previous = await session.add_item(self.item)
        if not function:
            part = {"type": "audio", "transcript": ""} if self.spoken else {"type": "text", "text": ""}
            await session.emit("response.content_part.added", **self._place, content_index=0, part=part)

    def pieces(self) -> Iterator[tuple[str, bytes]]:
        """What is to be sent, delta by delta: words of a text or of arguments, and the audio beside them."""
        if self.call:
            arguments = self.reply.arguments if self.reply else _made_up(self.call)
            yield from ((arguments[start : start + 8], b"") for start in range(0, len(arguments), 8))
            return
        replies = self.session.replies
        words = _words(replies.text if self.reply is None else self.reply.text or "")
        pcm = replies.pcm
        step = 0 if pcm is None else -(-len(pcm) // (2 * max(1, len(words)))) * 2
        form = self._form
        for place, word in enumerate(words):
            if not self.spoken:
                yield word, b""
            elif pcm is None:
                yield word, _SILENCE[form] * (WORD_MS * _BYTES_PER_MS[form])
            else:
                yield word, as_form(pcm[place * step : (place + 1) * step], form)

    @property
    def _form(self) -> str:
        described = self._described()["audio"]["output"]["format"]
        kind = described.get("type") if isinstance(described, Mapping) else None
        return kind if kind in _SILENCE else "audio/pcm"

    @property
    def audio_ms(self) -> int:
        """How much audio was sent."""
        return self.audio_bytes // _BYTES_PER_MS[self._form]

    @property
    def cap(self) -> int | None:
        """The most deltas that max_output_tokens allows; the mock counts a delta as a token."""
        most = self.asked.get("max_output_tokens") or self._config["max_output_tokens"]
        return most if isinstance(most, int) else None

    async def send_piece(self, words: str, audio: bytes) -> None:
        """One delta, with the audio beside it."""
        session = self.session
        padding = {"obfuscation": session.clock.ident("", 11)}
        self.sent += words
        if self.item["type"] == "function_call":
            more = {"call_id": self.item["call_id"], "delta": words}
            await session.emit("response.function_call_arguments.delta", **self._place, **more, **padding)
            return
        kind = "output_audio_transcript" if self.spoken else "output_text"
        await session.emit(f"response.{kind}.delta", **self._place, content_index=0, delta=words, **padding)
        if audio:
            self.audio_bytes += len(audio)
            if self.inside:
                session.audio_present = True
                session.audio_ms[self.item["id"]] = self.audio_ms
            coded = base64.b64encode(audio).decode("ascii")
            await session.emit("response.output_audio.delta", **self._place, content_index=0, delta=coded)

    async def finish(self, status: str, details: Mapping[str, Any] | None = None) -> None:
        """Everything after the last delta; nothing when it is over already."""
        if self.over:
            return
        self.over = True
        session, output = self.session, []
        if self.item:
            await self._close_item("completed" if status == "completed" else "incomplete")
            output = [self.item]
        self.session.ended(self)
        usage = None if status == "failed" else self._usage()
        why = None if status == "completed" else {"type": status, **(details or {})}
        done = self._described(status=status, status_details=why, output=output, usage=usage)
        await session.emit("response.done", response=done)
        await session.emit("rate_limits.updated", rate_limits=_limits())

    async def _close_item(self, status: str) -> None:
        session, item = self.session, self.item
        if item["type"] == "function_call":
            item.update(status=status, arguments=self.sent)
            more = {"call_id": item["call_id"], "name": item["name"], "arguments": self.sent}
            await session.emit("response.function_call_arguments.done", **self._place, **more)
        else:
            place = self._place | {"content_index": 0}
            if self.spoken:
                await session.emit("response.output_audio.done", **place)
                await session.emit("response.output_audio_transcript.done", **place, transcript=self.sent)
                part, content = {"type": "audio", "transcript": self.sent}, {"type": "output_audio"}
                content |= {"transcript": self.sent}
            else:
                await session.emit("response.output_text.done", **place, text=self.sent)
                part, content = {"type": "text", "text": self.sent}, {"type": "output_text", "text": self.sent}
            await session.emit("response.content_part.done", **place, part=part)
            item.update(status=status, content=[content])
        if self.inside and not self.item_gone:
            # null where the real one sends null, too: its item.done lacks the predecessor when that is the first item
            # of the conversation (17 of 17).
            before = None if self._previous in session.items.order[:1] else self._previous
            await session.emit("conversation.item.done", previous_item_id=before, item=item)
        await session.emit("response.output_item.done", response_id=self.ident, output_index=0, item=item)

    async def fail(self) -> None:
        """End it in the way that a switch asks for."""
        wanted = self.how
        if wanted == does.FILTERED:
            await self.finish("incomplete", {"reason": "content_filter"})
            return
        refusal = refusals()[wanted]
        model = str(self.session.config.get("model"))
        message = refusal.message.replace("{model}", model).replace("{session}", self.session.config["id"])
        await self.finish("failed", {"error": {"type": refusal.type, "code": refusal.code, "message": message}})

    def _usage(self) -> dict[str, Any]:
        heard, spoken_tokens = 10, len(self.sent.split()) + 1
        loud = spoken_tokens if self.spoken and not self.call else 0
        cached = {"text_tokens": 0, "audio_tokens": 0, "image_tokens": 0}
        input_details = {"text_tokens": heard, "audio_tokens": 0, "image_tokens": 0, "cached_tokens": 0}
        return {
            "total_tokens": heard + spoken_tokens,
            "input_tokens": heard,
            "output_tokens": spoken_tokens,
            "input_token_details": input_details | {"cached_tokens_details": cached},
            "output_token_details": {"text_tokens": spoken_tokens - loud, "audio_tokens": loud},
        }


def _made_up(function: Mapping[str, Any]) -> str:
    return orjson.dumps(made_up(function.get("parameters"))).decode()


def as_form(pcm: bytes, form: str) -> bytes:
    """PCM16 at 24 kHz in the session's output format."""
    if form == "audio/pcm" or not pcm:
        return pcm
    # G.711 of the real file would want an encoder; its length is right and its sound is silence.
    return _SILENCE[form] * (len(pcm) // 6)


def _words(text: str) -> list[str]:
    first, *rest = text.split() or [""]
    return [first, *(" " + word for word in rest)]


def _limits() -> list[dict[str, Any]]:
    return [{"name": "tokens", "limit": 40_000, "remaining": 39_980, "reset_seconds": 0.03}]

"""Clean streams of whole sessions, valid in shape and order, over every event type that the schemas know.

`Talk` plays both sides: what a client asks is answered as the server documents it. Streams are lists of lines
(direction, event); direction "close" ends one.
"""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable
from typing import Any

Event = dict[str, Any]
Line = tuple[str, Event]
Stream = list[Line]

ROOMY = 4_800  # bytes: 100 ms of audio/pcm


def sound(size: int, seed: int = 1) -> str:
    """Base64 of so many bytes, which are not all alike."""
    return base64.b64encode(bytes((seed * 37 + place * 7) % 251 for place in range(size))).decode()


def tokens(came: int, went: int) -> Event:
    """The usage of a response."""
    return {
        "total_tokens": came + went,
        "input_tokens": came,
        "output_tokens": went,
        "input_token_details": {"text_tokens": came - 4, "audio_tokens": 4, "cached_tokens": 3},
        "output_token_details": {"text_tokens": 5, "audio_tokens": went - 5},
    }


class Talk:
    """A session that grows call by call. `era` is ga or beta."""

    def __init__(self, era: str = "ga") -> None:
        self.lines: Stream = []
        self.era = era
        self.last: str | None = None
        self.response: Event = {}
        self.clock = 0
        self._ids = 0
        self._before: dict[str, str | None] = {}

    # --- lines

    def server(self, kind: str, **fields: Any) -> Talk:
        self.lines.append(
            ("server", copy.deepcopy({"type": kind, "event_id": f"event_S{len(self.lines):05}", **fields}))
        )
        return self

    def client(self, kind: str, **fields: Any) -> Talk:
        self.lines.append(("client", copy.deepcopy({"type": kind, **fields})))
        return self

    def close(self) -> Stream:
        self.lines.append(("close", {"code": 1000, "reason": ""}))
        return self.lines

    def name(self, kind: str) -> str:
        self._ids += 1
        return f"{kind}_N{self._ids:04}xQ"

    # --- session

    def session(self, kind: str, **changed: Any) -> Event:
        given: Event = {
            "format": {"type": "audio/pcm", "rate": 24000},
            "transcription": changed.get("transcription"),
            "noise_reduction": None,
            "turn_detection": changed.get("turn_detection"),
        }
        shown: Event = {"type": kind, "object": "realtime.session", "id": "sess_A1", "expires_at": 1_800_000_000}
        if kind == "transcription":
            return {**shown, "object": "realtime.transcription_session", "audio": {"input": given}, "include": None}
        return {
            **shown,
            "model": "gpt-realtime",
            "output_modalities": ["audio"],
            "instructions": changed.get("instructions", "Talk."),
            "tools": changed.get("tools", []),
            "tool_choice": "auto",
            "max_output_tokens": "inf",
            "audio": {
                "input": given,
                "output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "alloy", "speed": 1.0},
            },
        }

    def opened(self, kind: str = "realtime", *, vad: bool = True, model: str | None = "gpt-4o-transcribe") -> Talk:
        detection = {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 200}
        transcription = {"model": model} if model else None
        self.server("session.created", session=self.session(kind, turn_detection=detection))
        tools = [{"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}}}]
        shown = {"turn_detection": detection if vad else None, "transcription": transcription}
        asked: Event = {"type": kind, "audio": {"input": {**shown, "format": {"type": "audio/pcm", "rate": 24000}}}}
        if kind == "realtime":
            asked |= {"instructions": "Be brief.", "tools": tools, "output_modalities": ["audio"]}
            shown |= {"instructions": "Be brief.", "tools": tools}
        self.client("session.update", event_id="event_C1", session=asked)
        return self.server("session.updated", session=self.session(kind, **shown))

    # --- items

    def item(self, item: Event, previous: str | None = None) -> Talk:
        """The server adds an item that is complete."""
        previous = previous or self.last
        self.last = item["id"]
        if self.era == "beta":
            item = {"object": "realtime.item", **item}
            return self.server("conversation.item.created", previous_item_id=previous, item=item)
        self.server("conversation.item.added", previous_item_id=previous, item=item)
        return self.server("conversation.item.done", previous_item_id=previous, item=item)

    def said(self, text: str, role: str = "user") -> str:
        """A message that the client seeds."""
        kind = "output_text" if role == "assistant" and self.era == "ga" else "input_text"
        if role == "assistant" and self.era == "beta":
            kind = "text"
        item: Event = {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}
        self.client("conversation.item.create", item=item)
        name = self.name("item")
        self.item({"id": name, "status": "completed", **item})
        return name

    def output_of(self, call_id: str) -> str:
        item = {"type": "function_call_output", "call_id": call_id, "output": '{"sky": "clear"}'}
        self.client("conversation.item.create", item=item)
        name = self.name("item")
        self.item({"id": name, **item})
        return name

    def append(self, pieces: int = 4) -> Talk:
        for _ in range(pieces):
            self.client("input_audio_buffer.append", audio=sound(ROOMY, len(self.lines)))
        return self

    def committed(self, name: str) -> Talk:
        self.server("input_audio_buffer.committed", item_id=name, previous_item_id=self.last)
        part = {"type": "input_audio", "transcript": None}
        return self.item({"id": name, "type": "message", "status": "completed", "role": "user", "content": [part]})

    def turn(self, pieces: int = 4) -> str:
        """A turn by server VAD."""
        name = self.name("item")
        start, self.clock = self.clock + 20, self.clock + pieces * 100
        self.append(pieces // 2).server("input_audio_buffer.speech_started", item_id=name, audio_start_ms=start)
        self.append(pieces - pieces // 2)
        self.server("input_audio_buffer.speech_stopped", item_id=name, audio_end_ms=self.clock)
        self.committed(name)
        return name

    def manual(self, pieces: int = 3) -> str:
        """A turn that the client commits."""
        name = self.name("item")
        self.clock += pieces * 100
        self.append(pieces).client("input_audio_buffer.commit").committed(name)
        return name

    def heard(self, name: str, *words: str, end: str = "completed") -> Talk:
        """The transcript of a turn."""
        kind = "conversation.item.input_audio_transcription"
        here = {"item_id": name, "content_index": 0}
        for word in words:
            self.server(f"{kind}.delta", **here, delta=word)
        if end == "failed":
            error = {"type": "server_error", "code": None, "message": "Input transcription failed."}
            return self.server(f"{kind}.failed", **here, error=error)
        usage: Event = {
            "type": "tokens",
            "total_tokens": 24,
            "input_tokens": 16,
            "output_tokens": 8,
            "input_token_details": {"text_tokens": 2, "audio_tokens": 14},
        }
        return self.server(f"{kind}.completed", **here, transcript="".join(words).strip(), usage=usage)

    def segments(self, name: str, *words: str) -> Talk:
        for place, word in enumerate(words):
            self.server(
                "conversation.item.input_audio_transcription.segment",
                item_id=name,
                content_index=0,
                id=f"seg_{place}",
                speaker="A",
                start=place * 1.5,
                end=place * 1.5 + 1.25,
                text=word,
            )
        return self

    # --- responses

    def respond(self, *, ask: bool = True, inside: bool = True, metadata: Event | None = None) -> Talk:
        """response.create (where the client asks) and response.created."""
        if ask:
            wish = {} if inside and metadata is None else {"response": {"conversation": "auto" if inside else "none"}}
            if metadata is not None:
                wish["response"]["metadata"] = metadata
            self.client("response.create", **wish)
        self.response = {
            "object": "realtime.response",
            "id": self.name("resp"),
            "status": "in_progress",
            "status_details": None,
            "output": [],
            "conversation_id": "conv_A1" if inside else None,
            "metadata": metadata,
            "usage": None,
        }
        if self.era == "ga":
            form = {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "alloy"}
            self.response |= {
                "output_modalities": ["audio"], "max_output_tokens": "inf", "audio": {"output": form}
            }  # fmt: skip
        else:
            self.response |= {"modalities": ["text", "audio"], "output_audio_format": "pcm16"}
        return self.server("response.created", response=self.response)

    def _begin(self, item: Event) -> Event:
        here = {"response_id": self.response["id"], "output_index": len(self.response["output"])}
        self.server("response.output_item.added", **here, item=item)
        if self.response["conversation_id"]:
            kind = "created" if self.era == "beta" else "added"
            shown = {"object": "realtime.item", **item} if self.era == "beta" else item
            self.server(f"conversation.item.{kind}", previous_item_id=self.last, item=shown)
            self._before[item["id"]], self.last = self.last, item["id"]
        return here

    def _end(self, here: Event, item: Event) -> Talk:
        item = {**item, "status": item.get("status") if item.get("status") == "incomplete" else "completed"}
        if self.response["conversation_id"] and self.era == "ga":
            self.server("conversation.item.done", previous_item_id=self._before[item["id"]], item=item)
        self.response["output"].append(item)
        return self.server("response.output_item.done", **here, item=item)

    def message(
        self, *words: str, kind: str = "audio", cut: bool = False, between: Callable[[], Any] | None = None
    ) -> str:
        """An output message with one part, of kind `audio` or `text`. `between` is called amid its deltas."""
        name, text = self.name("item"), "".join(words)
        item: Event = {"id": name, "type": "message", "status": "in_progress", "role": "assistant", "content": []}
        here = self._begin(item)
        part = {**here, "item_id": name, "content_index": 0}
        form = {"type": "audio", "transcript": ""} if kind == "audio" else {"type": "text", "text": ""}
        self.server("response.content_part.added", **part, part=form)
        prefix = "response.output_" if self.era == "ga" else "response."
        spoken = f"{prefix}{'audio_transcript' if kind == 'audio' else 'text'}"
        for place, word in enumerate(words):
            self.server(f"{spoken}.delta", **part, delta=word)
            if kind == "audio":
                self.server(f"{prefix}audio.delta", **part, delta=sound(ROOMY, place))
            if between is not None and not place:
                between()
        if kind == "audio":
            self.server(f"{prefix}audio.done", **part)
        field = "transcript" if kind == "audio" else "text"
        self.server(f"{spoken}.done", **part, **{field: text})
        self.server("response.content_part.done", **part, part={**form, field: text})
        shown = kind if self.era == "beta" else f"output_{kind}"
        self._end(here, {**item, "content": [{"type": shown, field: text}], "status": "incomplete" if cut else ""})
        return name

    def call(self, *pieces: str) -> str:
        """An output item that calls a function; gives its call_id."""
        name, call_id, whole = self.name("item"), self.name("call"), "".join(pieces)
        item: Event = {
            "id": name,
            "type": "function_call",
            "status": "in_progress",
            "name": "weather",
            "call_id": call_id,
            "arguments": "",
        }
        here = self._begin(item)
        part = {**here, "item_id": name, "call_id": call_id}
        for piece in pieces:
            self.server("response.function_call_arguments.delta", **part, delta=piece)
        ended = {"arguments": whole} | ({"name": "weather"} if self.era == "ga" else {})
        self.server("response.function_call_arguments.done", **part, **ended)
        self._end(here, {**item, "arguments": whole})
        return call_id

    def mcp_call(self, *pieces: str, end: str = "completed") -> Talk:
        name, whole = self.name("item"), "".join(pieces)
        item: Event = {"id": name, "type": "mcp_call", "server_label": "docs", "name": "find", "arguments": ""}
        here = self._begin(item)
        part = {**here, "item_id": name}
        for piece in pieces:
            self.server("response.mcp_call_arguments.delta", **part, delta=piece)
        self.server("response.mcp_call_arguments.done", **part, arguments=whole)
        state = {"item_id": name, "output_index": here["output_index"]}
        self.server("response.mcp_call.in_progress", **state)
        self.server(f"response.mcp_call.{end}", **state)
        if self.response["conversation_id"]:
            self.server(
                "conversation.item.done", previous_item_id=self._before[name], item={**item, "arguments": whole}
            )
        self.response["output"].append({**item, "arguments": whole})
        return self.server("response.output_item.done", **here, item={**item, "arguments": whole})

    def done(self, status: str = "completed", reason: str = "client_cancelled", limits: bool = True) -> Talk:
        details = None if status == "completed" else {"type": status, "reason": reason}
        ended = {**self.response, "status": status, "status_details": details, "usage": tokens(20, 30)}
        self.server("response.done", response=ended)
        if limits:
            limit = {"name": "tokens", "limit": 1000, "remaining": 900, "reset_seconds": 0.5}
            self.server("rate_limits.updated", rate_limits=[limit])
        return self


def transcribing() -> Stream:
    """A transcription session: two turns by VAD, one of which fails, and its close."""
    talk = Talk().opened("transcription")
    talk.heard(talk.turn(), " Hel", "lo", " there")
    talk.heard(talk.turn(), " Lost", end="failed")
    return talk.heard(talk.turn(), " Good", " bye").close()


def committing() -> Stream:
    """A transcription session without VAD; the buffer is cleared once."""
    talk = Talk().opened("transcription", vad=False)
    talk.heard(talk.manual(), " One", " two")
    talk.append().client("input_audio_buffer.clear").server("input_audio_buffer.cleared")
    return talk.heard(talk.manual(), " Three", " four").close()


def diarizing() -> Stream:
    """A transcription in segments."""
    talk = Talk().opened("transcription", vad=False, model="gpt-4o-transcribe-diarize")
    name = talk.manual()
    return talk.segments(name, "Good", "day").heard(name).close()


def talking() -> Stream:
    """Speech in, speech out, by VAD, with a second turn."""
    talk = Talk().opened()
    name = talk.turn()
    talk.respond(ask=False).heard(name, " How", " are you").message("I", " am", " well")
    talk.done()
    name = talk.turn()
    talk.respond(ask=False).heard(name, " Good").message("Bye", "!")
    return talk.done().close()


def calling() -> Stream:
    """A text, a spoken word and a function call in one response, the call's output, and an answer in text."""
    talk = Talk().opened()
    talk.said("What is the weather?")
    talk.said("In which city?", "assistant")
    talk.said("In Rome.")
    talk.respond().message("Let", " me", " see")
    call_id = talk.call('{"city"', ': "Rome"', "}")
    talk.done().output_of(call_id)
    talk.respond(metadata={"topic": "weather"}).message("Clear", " sky", kind="text")
    return talk.done().close()


def interrupting() -> Stream:
    """Speech cancels a response; the client truncates what was not heard; another is cancelled by the client."""
    talk = Talk().opened(model=None)
    talk.said("Tell me a story.")
    talk.respond()
    second = talk.name("item")
    clock = talk.clock

    def speaks() -> None:
        talk.append(2).server("input_audio_buffer.speech_started", item_id=second, audio_start_ms=clock + 20)

    first = talk.message("Once", " upon", " a time", between=speaks, cut=True)
    talk.done("cancelled", "turn_detected", limits=False)
    talk.client("conversation.item.truncate", item_id=first, content_index=0, audio_end_ms=150)
    talk.server("conversation.item.truncated", item_id=first, content_index=0, audio_end_ms=150)
    talk.append(2).server("input_audio_buffer.speech_stopped", item_id=second, audio_end_ms=clock + 400)
    talk.clock += 400
    talk.committed(second)
    talk.respond(ask=False).message("What", " else", between=lambda: talk.client("response.cancel"), cut=True)
    return talk.done("cancelled").close()


def tidying() -> Stream:
    """Items are retrieved and deleted; an item is put at the root; an error answers an event by its id."""
    talk = Talk().opened(vad=False, model=None).server("conversation.created", conversation={"id": "conv_A1"})
    one, two, three = talk.said("One."), talk.said("Two."), talk.said("Three.")
    talk.client("conversation.item.retrieve", item_id=one)
    content = [{"type": "input_text", "text": "One."}]
    item = {"id": one, "type": "message", "status": "completed", "role": "user", "content": content}
    talk.server("conversation.item.retrieved", item=item)
    talk.client("conversation.item.delete", item_id=two).server("conversation.item.deleted", item_id=two)
    talk.client("response.cancel", event_id="event_C9")
    error = {"type": "invalid_request_error", "code": "response_cancel_not_active", "message": "no", "param": None}
    # Said to be safe by its documentation, and told by a warning all the same: so this one stands in its answer only.
    talk.lines.pop()
    talk.client("session.update", event_id="event_C9", session={"type": "transcription"})
    talk.server("error", error={**error, "code": "invalid_parameter", "event_id": "event_C9"})
    wish = {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "First."}]}
    talk.client("conversation.item.create", previous_item_id=three, item={**wish, "id": "item_mine"})
    talk.item({"status": "completed", **wish, "id": "item_mine"}, three)
    talk.respond().message("Done", ".", kind="text")
    return talk.done().close()


def aside() -> Stream:
    """Two responses outside the conversation while one inside is in progress."""
    talk = Talk().opened(vad=False, model=None)
    talk.said("Hello.")

    def beside() -> None:
        inside = talk.response
        talk.respond(inside=False, metadata={"topic": "one"}).message("Yes", " indeed", kind="text")
        talk.done(limits=False)
        talk.response = inside

    talk.respond().message("Hi", " there", kind="text", between=beside)
    talk.done().respond(inside=False, metadata={"topic": "two"}).message("No", " way")
    return talk.done().close()


def playing() -> Stream:
    """WebRTC: the server plays the audio; the client cuts it off once; a key is pressed; nobody speaks for a while."""
    talk = Talk().opened()

    def plays() -> None:
        talk.server("output_audio_buffer.started", response_id=talk.response["id"])

    talk.said("Hello.")
    talk.respond().message("Good", " day", between=plays)
    talk.done().server("output_audio_buffer.stopped", response_id=talk.response["id"])
    talk.lines.append(("server", {"type": "input_audio_buffer.dtmf_event_received", "event": "5", "received_at": 9}))
    name = talk.name("item")
    talk.server("input_audio_buffer.timeout_triggered", item_id=name, audio_start_ms=0, audio_end_ms=6000)
    talk.clock = 6000
    talk.committed(name).heard(name, " Hm").respond(ask=False).message("Are", " you", " there", between=plays)
    talk.done(limits=False).client("output_audio_buffer.clear")
    talk.server("output_audio_buffer.cleared", response_id=talk.response["id"])
    return talk.close()


def tooling() -> Stream:
    """Tools of MCP: listed, called, one list and one call fail."""
    talk = Talk().opened(vad=False, model=None)
    for end in ("completed", "failed"):
        name = talk.name("item")
        item = {"id": name, "type": "mcp_list_tools", "server_label": "docs", "tools": []}
        talk.server("conversation.item.added", previous_item_id=talk.last, item=item)
        talk.server("mcp_list_tools.in_progress", item_id=name).server(f"mcp_list_tools.{end}", item_id=name)
        talk.server("conversation.item.done", previous_item_id=talk.last, item=item)
        talk.last = name
    talk.said("Search.")
    talk.respond().mcp_call('{"q"', ': "x"}').mcp_call('{"q"', ': "y"}', end="failed").message(
        "No", "thing", kind="text"
    )
    return talk.done().close()


def long_ago() -> Stream:
    """A session of the beta."""
    talk = Talk("beta")
    shown: Event = {
        "id": "sess_A1",
        "object": "realtime.session",
        "model": "gpt-4o-realtime-preview",
        "modalities": ["text", "audio"],
        "instructions": "Talk.",
        "voice": "alloy",
        "input_audio_format": "pcm16",
        "output_audio_format": "pcm16",
        "input_audio_transcription": None,
        "turn_detection": {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300},
        "tools": [],
        "tool_choice": "auto",
        "temperature": 0.8,
    }
    talk.server("session.created", session=shown).server("conversation.created", conversation={"id": "conv_A1"})
    wish = {"input_audio_transcription": {"model": "whisper-1"}, "instructions": "Be brief."}
    talk.client("session.update", session=wish).server("session.updated", session={**shown, **wish})
    name = talk.turn()
    talk.heard(name, "Hel", "lo").respond(ask=False).message("Good", " day")
    talk.done()
    talk.said("What is the weather?")
    talk.respond().message("Let", " me", " see", kind="text")
    call_id = talk.call('{"city"', ': "Rome"}')
    talk.done().output_of(call_id)
    return talk.respond().message("Clear", "!") and talk.done().close()


def long_ago_transcribing() -> Stream:
    """A transcription session of the beta."""
    talk = Talk("beta")
    shown: Event = {
        "id": "sess_A1",
        "object": "realtime.transcription_session",
        "modalities": ["audio", "text"],
        "input_audio_format": "pcm16",
        "input_audio_transcription": None,
        "turn_detection": {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300},
    }
    wish = {"input_audio_transcription": {"model": "whisper-1"}}
    talk.server("transcription_session.created", session=shown).client("transcription_session.update", session=wish)
    talk.server("transcription_session.updated", session={**shown, **wish})
    return talk.heard(talk.turn(), "Hel", "lo").heard(talk.turn(), "Bye").close()


def translating() -> Stream:
    """A translation session."""
    talk = Talk()
    given: Event = {"transcription": None, "noise_reduction": None}
    shown: Event = {
        "id": "sess_A1",
        "type": "translation",
        "expires_at": 1_800_000_000,
        "model": "gpt-realtime-translate",
        "audio": {"input": given, "output": {"language": "en"}},
    }
    talk.server("session.created", session=shown)
    talk.client("session.update", session={"audio": {"output": {"language": "de"}}})
    shown = {**shown, "audio": {**shown["audio"], "output": {"language": "de"}}}
    talk.server("session.updated", session=shown)
    for place, word in enumerate(("Gu", "ten ", "Tag")):
        talk.client("session.input_audio_buffer.append", audio=sound(ROOMY, place))
        talk.server("session.input_transcript.delta", delta=word, elapsed_ms=place * 200)
        talk.server("session.output_transcript.delta", delta=word, elapsed_ms=place * 200)
        talk.server("session.output_audio.delta", delta=sound(ROOMY, place), elapsed_ms=place * 200)
    talk.client("session.close").server("session.closed")
    return talk.close()


TALKS: dict[str, Callable[[], Stream]] = {
    talk.__name__: talk
    for talk in (
        transcribing,
        committing,
        diarizing,
        talking,
        calling,
        interrupting,
        tidying,
        aside,
        playing,
        tooling,
        long_ago,
        long_ago_transcribing,
        translating,
    )
}

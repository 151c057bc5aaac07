"""Builders of event streams for the tests of the judge of order, and edits that break them in one place."""

from __future__ import annotations

import base64
import copy
from collections.abc import Iterable
from typing import Any

from rtdoctor.model.violation import Direction, Violation
from rtdoctor.protocol.order import OrderJudge

Event = dict[str, Any]
Line = tuple[Direction, Event, float | None]

APPEND = "input_audio_buffer.append"
COMMIT = "input_audio_buffer.commit"
COMMITTED = "input_audio_buffer.committed"
STARTED = "input_audio_buffer.speech_started"
STOPPED = "input_audio_buffer.speech_stopped"
ADDED = "conversation.item.added"
DONE = "conversation.item.done"
DELTA = "conversation.item.input_audio_transcription.delta"
COMPLETED = "conversation.item.input_audio_transcription.completed"
VAD = {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 200}


def audio(ms: float, bytes_per_ms: int = 48) -> str:
    """Base64 of silence."""
    return base64.b64encode(bytes(int(ms * bytes_per_ms))).decode()


class Script:
    """A stream that grows call by call; every method returns the script. `at` is written to each line."""

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        self.lines: list[Line] = list(lines)
        self.at: float | None = None
        self.last: str | None = None

    # --- one line

    def server(self, kind: str, **fields: Any) -> Script:
        event = {"type": kind, "event_id": f"event_{len(self.lines)}", **fields}
        self.lines.append(("server", event, self.at))
        return self

    def client(self, kind: str, **fields: Any) -> Script:
        self.lines.append(("client", {"type": kind, **fields}, self.at))
        return self

    def time(self, at: float) -> Script:
        self.at = at
        return self

    # --- session

    def session(self, which: str = "created", *, vad: bool = True, transcription: bool = True, **other: Any) -> Script:
        described = {
            "type": "transcription",
            "id": "sess_1",
            "object": "realtime.transcription_session",
            "expires_at": 1_800_000_000,
            "audio": {
                "input": {
                    "format": {"type": "audio/pcm", "rate": 24000},
                    "transcription": {"model": "gpt-4o-mini-transcribe"} if transcription else None,
                    "turn_detection": VAD if vad else None,
                }
            },
        }
        return self.server(f"session.{which}", session={**described, **other})

    def update(self, **session: Any) -> Script:
        return self.client("session.update", session={"type": "transcription", **session})

    def opened(self, **settings: Any) -> Script:
        return self.session(**settings).update().session("updated", **settings)

    # --- input

    def append(self, ms: float = 100, times: int = 1) -> Script:
        for _ in range(times):
            self.client(APPEND, audio=audio(ms))
        return self

    def item(self, item_id: str, role: str = "user", **fields: Any) -> Script:
        described = {
            "id": item_id,
            "type": "message",
            "role": role,
            "status": "completed",
            "content": [],
            **fields,
        }
        self.server(ADDED, previous_item_id=self.last, item=described)
        self.server(DONE, previous_item_id=self.last, item=described)
        self.last = item_id
        return self

    def committed(self, item_id: str) -> Script:
        return self.server(COMMITTED, item_id=item_id, previous_item_id=self.last).item(item_id)

    def turn(self, item_id: str = "item_1", start: int = 0, end: int = 1000) -> Script:
        self.server(STARTED, item_id=item_id, audio_start_ms=start)
        self.server(STOPPED, item_id=item_id, audio_end_ms=end)
        return self.committed(item_id)

    def deltas(self, item_id: str, *words: str) -> Script:
        for word in words:
            self.server(DELTA, item_id=item_id, content_index=0, delta=word)
        return self

    def transcribed(self, item_id: str = "item_1", *words: str) -> Script:
        words = words or (" Hel", "lo.")
        self.deltas(item_id, *words)
        return self.server(COMPLETED, item_id=item_id, content_index=0, transcript="".join(words).strip())

    # --- a response

    def response(self, name: str = "resp_1", **fields: Any) -> Script:
        described = {"id": name, "status": "in_progress", "status_details": None, "output": [], "usage": None}
        return self.server("response.created", response={**described, "conversation_id": "conv_1", **fields})

    def output(self, response_id: str, item_id: str, index: int = 0, kind: str = "message", **fields: Any) -> Script:
        item = {"id": item_id, "type": kind, "status": "in_progress", "role": "assistant", **fields}
        self.server("response.output_item.added", response_id=response_id, output_index=index, item=item)
        self.server(ADDED, previous_item_id=self.last, item=item)
        self.last = item_id
        return self

    def message(self, name: str, item_id: str, *words: str, index: int = 0, parts: int = 1) -> Script:
        """An output item with text parts of the same words, from output_item.added to output_item.done."""
        before, self_text = self.last, "".join(words)
        self.output(name, item_id, index)
        for place in range(parts):
            here = {"response_id": name, "item_id": item_id, "output_index": index, "content_index": place}
            self.server("response.content_part.added", **here, part={"type": "text", "text": ""})
            for word in words:
                self.server("response.output_text.delta", **here, delta=word)
            self.server("response.output_text.done", **here, text=self_text)
            self.server("response.content_part.done", **here, part={"type": "text", "text": self_text})
        content = [{"type": "output_text", "text": self_text} for _ in range(parts)]
        item = {
            "id": item_id,
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": content,
        }
        self.server(DONE, previous_item_id=before, item=item)
        return self.server("response.output_item.done", response_id=name, output_index=index, item=item)

    def spoken(self, name: str, item_id: str, *words: str) -> Script:
        """An output item with one audio part."""
        before, said = self.last, "".join(words)
        self.output(name, item_id)
        here = {"response_id": name, "item_id": item_id, "output_index": 0, "content_index": 0}
        self.server("response.content_part.added", **here, part={"type": "audio", "transcript": ""})
        for word in words:
            self.server("response.output_audio_transcript.delta", **here, delta=word)
            self.server("response.output_audio.delta", **here, delta=audio(20))
        self.server("response.output_audio.done", **here)
        self.server("response.output_audio_transcript.done", **here, transcript=said)
        self.server("response.content_part.done", **here, part={"type": "audio", "transcript": said})
        content = [{"type": "output_audio", "transcript": said}]
        item = {
            "id": item_id,
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": content,
        }
        self.server(DONE, previous_item_id=before, item=item)
        return self.server("response.output_item.done", response_id=name, output_index=0, item=item)

    def call(self, name: str, item_id: str, *pieces: str, index: int = 0) -> Script:
        """A function call, from output_item.added to output_item.done."""
        before, whole = self.last, "".join(pieces)
        self.output(name, item_id, index, "function_call", arguments="", call_id="call_1", name="weather")
        here = {"response_id": name, "item_id": item_id, "output_index": index, "call_id": "call_1"}
        for piece in pieces:
            self.server("response.function_call_arguments.delta", **here, delta=piece)
        self.server("response.function_call_arguments.done", **here, arguments=whole)
        item = {"id": item_id, "type": "function_call", "status": "completed", "arguments": whole}
        self.server(DONE, previous_item_id=before, item=item)
        return self.server("response.output_item.done", response_id=name, output_index=index, item=item)

    def ended(self, name: str = "resp_1", status: str = "completed", **fields: Any) -> Script:
        outputs = [
            event["item"]
            for _, event, _ in self.lines
            if event["type"] == "response.output_item.done" and event["response_id"] == name
        ]
        described = {
            "id": name,
            "status": status,
            "status_details": None if status == "completed" else {"type": status, "reason": "client_cancelled"},
            "output": outputs,
            "conversation_id": "conv_1",
            "usage": {
                "total_tokens": 30,
                "input_tokens": 10,
                "output_tokens": 20,
                "input_token_details": {
                    "text_tokens": 10,
                    "audio_tokens": 0,
                    "image_tokens": 0,
                    "cached_tokens": 4,
                },
                "output_token_details": {"text_tokens": 5, "audio_tokens": 15},
            },
        }
        return self.server("response.done", response={**described, **fields})

    def limits(self, limit: int = 100, remaining: int = 90) -> Script:
        entry = {"name": "tokens", "limit": limit, "remaining": remaining, "reset_seconds": 0.1}
        return self.server("rate_limits.updated", rate_limits=[entry])

    # --- edits: each gives a new script

    def _place(self, kind: str, nth: int) -> int:
        places = [place for place, (_, event, _) in enumerate(self.lines) if event["type"] == kind]
        return places[nth]

    def without(self, kind: str, nth: int = 0) -> Script:
        place = self._place(kind, nth)
        return Script(self.lines[:place] + self.lines[place + 1 :])

    def doubled(self, kind: str, nth: int = 0) -> Script:
        """The event comes again at once, with an event_id of its own."""
        place = self._place(kind, nth)
        direction, event, at = copy.deepcopy(self.lines[place])
        event["event_id"] = "event_again"
        return Script([*self.lines[: place + 1], (direction, event, at), *self.lines[place + 1 :]])

    def changed(self, kind: str, *path: str | int, to: Any, nth: int = 0) -> Script:
        lines = copy.deepcopy(self.lines)
        target: Any = lines[self._place(kind, nth)][1]
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = to
        return Script(lines)

    def swapped(self, kind: str, nth: int = 0) -> Script:
        """The event changes places with the one after it."""
        place = self._place(kind, nth)
        lines = list(self.lines)
        lines[place], lines[place + 1] = lines[place + 1], lines[place]
        return Script(lines)

    def after(self, kind: str, other: Script, nth: int = 0) -> Script:
        """The lines of another script come directly after an event."""
        place = self._place(kind, nth) + 1
        lines = copy.deepcopy(other.lines)
        for number, (_, event, _) in enumerate(lines):
            if "event_id" in event:
                event["event_id"] = f"event_inserted_{number}"
        return Script(self.lines[:place] + lines + self.lines[place:])


def judged(script: Script, *, closed: bool = False, complete: bool = True, **settings: Any) -> list[Violation]:
    """All violations of a stream, the end included."""
    judge = OrderJudge(**settings)
    found: list[Violation] = []
    for direction, event, at in script.lines:
        if event["type"] == "(closed)":
            judge.close()
        else:
            found += judge.feed(direction, event, at)
    return found + judge.finish(closed=closed, complete=complete)


def ids(violations: Iterable[Violation]) -> list[str]:
    """Their rules' ids, in order."""
    return [violation.rule for violation in violations]


def severe(violations: Iterable[Violation]) -> list[Violation]:
    """Those that are errors."""
    return [violation for violation in violations if violation.severity == "error"]

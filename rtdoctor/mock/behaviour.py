"""What the mock does when it refuses, from `behaviour.toml`; and the switch that breaks a behaviour on purpose."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

# Behaviours that are no refusal. They can be put in the place of another one, and be replaced themselves.
OPEN_TRANSCRIPTION = "open-transcription"
OPEN_REALTIME = "open-realtime"
SILENT = "silent"  # 101 and then nothing
DROP = "drop"  # 101 and then the connection is gone, without a close frame
REUSED_SECRET = "reused-secret"  # a secret that opened a session before: it opens another one
EVENT_ID = "event-id"  # every server event has one
SESSION_UPDATED = "session-updated"
NO_ANSWER = "no-answer"
COMMITTED = "committed"
TRANSCRIBED = "transcribed"
GARBLED = "garbled"
FAILED = "transcription-failed"
RESPONDS = "responds"  # a response runs to its end; in its place: one of [response], or
FILTERED = "content-filter"
BARGED_EARLY = "barge-in-early"  # somebody speaks before it has an item,
BARGED_UNHEARD = "barge-in-unheard"  # when it has an item and no sound,
BARGED = "barge-in"  # or into its sound
BARGE_INS = (BARGED_EARLY, BARGED_UNHEARD, BARGED)
TAKES_RESPONSE = "takes-response"  # a response.create is taken; in its place: one of [error]


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refusal: an HTTP status, or an error object with (`fatal`) or without a close code."""

    id: str
    status: int | None = None
    type: str = "invalid_request_error"
    code: str | None = None
    message: str = ""
    param: str | None = None
    close: int | None = None
    reason: str | None = None
    body: str = ""  # of an HTTP answer
    headers: Mapping[str, str] = field(default_factory=dict)
    bare: bool = False  # an HTTP answer with these headers and no others
    why: str = ""  # what a person is told, where the message says too little
    evidence: str = ""
    seen: str = ""
    confidence: str = ""

    def error(self, values: Mapping[str, Any], client_event_id: str | None) -> dict[str, Any]:
        """The error object, with its message filled in. `event_id` echoes the client's (observed 2026-09-18)."""
        message = self.message
        for name, value in values.items():
            message = message.replace("{" + name + "}", str(value))
        param = self.param if self.param is not None else values.get("param")
        return {
            "type": self.type,
            "code": self.code,
            "message": message,
            "param": param,
            "event_id": client_event_id,
        }

    @property
    def close_reason(self) -> str:
        """`type.code`, or only `type` when there is no code (observed 2026-09-18)."""
        return self.reason or (f"{self.type}.{self.code}" if self.code else self.type)


@cache
def refusals() -> dict[str, Refusal]:
    """Every refusal by id."""
    raw = tomllib.loads(Path(__file__).with_name("behaviour.toml").read_text(encoding="utf-8"))
    return {name: Refusal(id=name, **entry) for group in raw.values() for name, entry in group.items()}

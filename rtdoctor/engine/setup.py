"""What a run works with: target, credential, models, limits. Built by a command, read by the engine."""

import time
from dataclasses import dataclass, field

from rtdoctor.model.clock import Clock
from rtdoctor.model.target import Aim, Target
from rtdoctor.privacy.secret import Secret
from rtdoctor.wire.audiofile import Speech
from rtdoctor.wire.http import HttpSession
from rtdoctor.wire.session import Ledger

# A gentle pace for somebody else's service: bursts of upgrades were answered 403 (claude-code-proxy 87, 2026-07-30).
LIVE_CONCURRENCY = 4
MOCK_CONCURRENCY = 48


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user chose. Times in seconds: `timeout` for each answer of each layer, `deadline` for the whole run,
    counted from `begun` (monotonic time): what the run's files took is in it.

    `transcribe` is the leave to spend on audio and events, `spend` that to send anything as it is. `withheld` is a key
    that is there and not sent, because TLS is not checked.
    """

    target: Target
    aim: Aim
    transcription_model: str
    vad_model: str
    realtime_model: str
    key: Secret | None = None
    organization: str | None = None
    project: str | None = None
    withheld: Secret | None = None
    timeout: float = 10.0
    deadline: float = 300.0
    begun: float = field(default_factory=time.monotonic)
    concurrency: int = LIVE_CONCURRENCY
    strict: bool = False
    transcribe: bool = False
    spend: bool = False
    reference: str | None = None
    notices: tuple[str, ...] = ()

    @property
    def on_mock(self) -> bool:
        return self.target.profile == "mock"

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return max(0.0, self.begun + self.deadline - time.monotonic())

    @property
    def model(self) -> str:
        """The model that the run is about."""
        return self.transcription_model if self.aim == "transcription" else self.realtime_model


@dataclass(slots=True)
class Bench:
    """The run's open things: one HTTP session, one clock, one ledger, and the audio by name.

    `mints` tells why no client secret can be minted, once a rung has found that out; it is empty until then.
    """

    choice: Choice
    http: HttpSession
    clock: Clock
    ledger: Ledger
    speech: dict[str, Speech] = field(default_factory=dict)
    mints: str = ""

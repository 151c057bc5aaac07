"""What a run works with: target, credential, models, limits. Built by a command, read by the engine."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from rtdoctor.engine.caveats import RETIRE_WITHIN
from rtdoctor.engine.silence import Silence
from rtdoctor.knowledge.profiles import profiles
from rtdoctor.model.clock import Clock
from rtdoctor.model.profile import Profile
from rtdoctor.model.target import Kind, Target
from rtdoctor.privacy.secret import Secret
from rtdoctor.wire.audiofile import Speech
from rtdoctor.wire.link import Links
from rtdoctor.wire.session import Ledger

# A gentle pace for somebody else's service: bursts of upgrades were answered 403 (claude-code-proxy 87, 2026-07-30).
LIVE_CONCURRENCY = 4
MOCK_CONCURRENCY = 48


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user chose. Times in seconds: `timeout` for each answer of each layer, `deadline` for the whole run,
    counted from `begun` (monotonic time): what the run's files took is in it.

    `kind_given` and `model_given` tell that the user named them, so that no server decides otherwise. `mint` is the
    leave to ask a host for a client secret that is not known to give any, `mint_never` that none is asked for anywhere;
    `transcribe` is the leave to spend on audio and events, `spend` that to send anything as it is. `withheld` is a key
    that is there and not sent, because TLS is not checked. A model that is shut down within `retire_within` days is
    warned of.
    """

    target: Target
    aim: Kind
    transcription_model: str
    vad_model: str
    realtime_model: str
    translation_model: str = "gpt-realtime-translate"
    live_model: str = "gpt-live-1"
    kind_given: bool = False
    model_given: bool = False
    key: Secret | None = None
    organization: str | None = None
    project: str | None = None
    withheld: Secret | None = None
    timeout: float = 10.0
    deadline: float = 300.0
    begun: float = field(default_factory=time.monotonic)
    concurrency: int = LIVE_CONCURRENCY
    strict: bool = False
    mint: bool = False
    mint_never: bool = False
    transcribe: bool = False
    spend: bool = False
    reference: str | None = None
    retire_within: int = RETIRE_WITHIN
    notices: tuple[str, ...] = ()

    @property
    def on_mock(self) -> bool:
        return self.target.profile == "mock"

    @property
    def profile(self) -> Profile:
        """What is known of the provider."""
        return profiles()[self.target.profile]

    @property
    def may_mint(self) -> bool:
        """True where the endpoint is known to give client secrets, or may be asked all the same. A gateway passed the
        question on, its upstream answered 404, and the model was in cooldown for everybody (LiteLLM, 2026-11-24)."""
        return (self.profile.mints or self.mint) and not self.mint_never

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return max(0.0, self.begun + self.deadline - time.monotonic())

    @property
    def model(self) -> str:
        """The model that the run is about."""
        return {
            "transcription": self.transcription_model,
            "realtime": self.realtime_model,
            "translation": self.translation_model,
            "live": self.live_model,
        }[self.aim]


@dataclass(slots=True)
class Bench:
    """The run's open things: the connections, one clock, one ledger, and the audio by name.

    `listed` are the models that the endpoint lists, once it was asked. `mints` tells why no client secret can be
    minted, once a rung has found that out; it is empty until then. `way` is the query by
    which the ladder got a session; `silence` what it learnt of a server that says nothing.
    """

    choice: Choice
    http: Links
    clock: Clock
    ledger: Ledger
    speech: dict[str, Speech] = field(default_factory=dict)
    mints: str = ""
    listed: tuple[str, ...] = ()
    way: Mapping[str, str] | None = None
    silence: Silence | None = None
    waits: bool = False

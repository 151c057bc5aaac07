"""One record of a conversation with an endpoint: request, answer, frames both ways, close. A record judges nothing."""

from dataclasses import dataclass
from typing import Literal

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """Why no answer came from a layer. `kind` is a stable word (`refused`, `timeout`, `untrusted` …).

    `text` is the error's own sentence; `details` are further (name, value) pairs, such as a certificate's issuer.
    """

    layer: Literal["dns", "tcp", "tls", "http", "upgrade", "session"]
    kind: str
    text: str
    details: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked, with every secret already out: `auth` names the ways a credential was sent."""

    url: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    auth: tuple[str, ...] = ()
    credential: str = "none"
    subprotocols: tuple[str, ...] = ()
    beta: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; `body` is cut at a bound. `ms` is the time from the request's start."""

    status: int
    reason: str
    headers: Headers
    body: bytes
    ms: float

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever its case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame or mark of a session. `at` is in seconds since the 101; `text` is None for binary data, of which
    `holds` is the type of the event in it, where there is one.

    Audio that we send is not kept: of appends in a row there is one frame, whose text is the event without its audio.
    `audio_bytes` tells how much that was, `size` the bytes of all of them.
    """

    at: float
    direction: Literal["client", "server"]
    kind: Literal["text", "binary"]
    text: str | None
    size: int
    audio_bytes: int = 0
    holds: str = ""


@dataclass(frozen=True, slots=True)
class Close:
    """How the socket ended. `code` None means that no close frame was seen; `by` tells who ended it."""

    code: int | None
    reason: str
    by: Literal["client", "server"]
    at: float


@dataclass(frozen=True, slots=True)
class Exchange:
    """All of one attempt. `unmet` holds the event types that were awaited in vain; `more_frames` counts those that a
    shown exchange leaves out. `layers` are the milliseconds of dns, tcp, proxy and tls, in order."""

    request: Request
    answer: Answer | None = None
    subprotocol: str | None = None
    frames: tuple[Frame, ...] = ()
    close: Close | None = None
    fault: Fault | None = None
    unmet: tuple[str, ...] = ()
    alive: bool = False
    truncated: bool = False
    more_frames: int = 0
    layers: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Spend:
    """What was sent to an endpoint: client events by type, and audio."""

    events: tuple[tuple[str, int], ...] = ()
    audio_bytes: int = 0
    audio_ms: int = 0
    billable: bool = False


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a server's certificate says of itself. Times are seconds since the epoch."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: float
    not_after: float

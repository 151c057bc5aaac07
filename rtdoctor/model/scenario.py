"""A scenario: one handshake or session to try, and the graded outcomes that it accepts. Data, read from TOML."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import unquote, urlencode, urlsplit

from rtdoctor.linear import pattern
from rtdoctor.model.event import folded
from rtdoctor.model.finding import Evidence
from rtdoctor.model.url import REST_TAILS

Auth = Literal["header", "subprotocol", "query", "api-key"]
CredentialKind = Literal["key", "wrong-key", "secret", "secret-expired", "secret-malformed"]
# expected: what is known today. accepted: another answer that is known to occur. better: a refusal that did not come.
Grade = Literal["expected", "accepted", "better"]

# The client events that cost nothing: an allow-list, so that an event nobody thought of is not sent to a live endpoint.
# input_audio_buffer.commit is on it because without audio it is refused (observed 2025-10: buffer too small).
FREE_EVENTS = frozenset(
    (
        "session.update",
        "transcription_session.update",
        "input_audio_buffer.clear",
        "input_audio_buffer.commit",
    )
)


# In server VAD a server may answer silence with a response of its own after so long: nobody asks for it again. Some
# compatible servers speak a greeting that a session.update brings, or that an agent stored there has (AssemblyAI's
# documentation, 2026-11-24).
_SPEAKS_BY_ITSELF = (
    "idletimeout", "greeting", "firstmessage", "welcomemessage", "initialmessage", "speakfirst", "agentid",
)  # fmt: skip
# The paths on which a new session begins, below whatever base (OpenAI's and GPT-Live's); an allow-list, for who joins
# one that goes on names it in a way that we may not know. On the REST paths that people open as a socket none goes on.
_BEGINNINGS = frozenset(
    ("realtime", "realtime/translations", "live", "live/sessions", *(f"realtime/{tail}" for tail in REST_TAILS))
)
# What a session is named by: an id of OpenAI's, and a parameter that holds one.
_ID = pattern(r"(?i)(?:^|[^A-Za-z0-9])(?:rtc|sess|live|call|conv)_[A-Za-z0-9]")
_NAMES_ONE = pattern(r"(?:call|session|conversation|rtc|^live)(?:id|key|handle|token)?$|attach|resum|rejoin|sideband")


def in_call(url: str) -> bool:
    """True for a URL by which a socket may join a session that goes on: by a path that is none of those that begin one
    (GPT-Live's /live/ID and /live/sessions/ID/attach, /realtime/calls/ID), by an id, or by a parameter that names one
    (`call_id`)."""
    parts = urlsplit(url)
    path = [part for part in unquote(parts.path).lower().split("/") if part]
    if not _begins_one(path) or any(_ID.search(part) for part in path):
        return True
    for part in unquote(unquote(parts.query)).replace(";", "&").replace("?", "&").split("&"):
        name, _, value = part.partition("=")
        if _NAMES_ONE.search(folded(name)) or _ID.search(value):
            return True
    return False


def _begins_one(path: list[str]) -> bool:
    """True where a path ends as one that begins a session, and not below another one: /live/sessions/realtime names
    one. A base may be called live, too."""
    ends = [count for count in (1, 2) if "/".join(path[-count:]) in _BEGINNINGS]
    above = [path[: -max(ends)][-count:] for count in (1, 2)] if ends else []
    return bool(ends) and not any("/".join(parts) in _BEGINNINGS - {"live"} for parts in above)


def waits_for_client(url: str) -> bool:
    """True for a URL whose server says nothing before the client has: GPT-Live's, until session.start (openai-python
    3.54.0, types/live)."""
    return urlsplit(url).path.rstrip("/").lower().endswith("/live/sessions")


def speaks_by_itself(url: str) -> bool:
    """True for a handshake after which a server may speak unasked: a stored agent's, one with a greeting."""
    parts = (part.partition("=") for part in unquote(urlsplit(url).query).replace(";", "&").split("&"))
    return any(word in folded(name) for name, _, _ in parts for word in _SPEAKS_BY_ITSELF)


def is_free(event: Mapping[str, Any], *, joined: bool = False) -> bool:
    """True for a client event that costs nothing: its type is on the list, and it lets no server speak by itself.

    In a call that was `joined` no event is free: somebody else's audio waits there for a commit, and a change of the
    session makes it answer.
    """
    kind = event.get("type")
    if joined or not isinstance(kind, str) or kind not in FREE_EVENTS:
        return False
    if not kind.endswith("session.update") and any(folded(str(name)) == "audio" for name in event):
        return False  # a clear or a commit has none
    # A session that is a text is read by nobody that we know, and may hold anything; the same for a second name.
    strange = not isinstance(event.get("session", {}), Mapping | None)
    twice = any(name != "session" and folded(str(name)) == "session" for name in event)
    return not strange and not twice and not _lets_speak(event)


def _lets_speak(value: Any) -> bool:
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        return any(word in folded(value) for word in _SPEAKS_BY_ITSELF)  # an object that somebody reads from a text
    if isinstance(value, Mapping):
        return any(
            (inner is not None and any(word in folded(str(name)) for word in _SPEAKS_BY_ITSELF)) or _lets_speak(inner)
            for name, inner in value.items()
        )
    return isinstance(value, (list, tuple)) and any(_lets_speak(inner) for inner in value)


@dataclass(frozen=True, slots=True)
class WantedHandshake:
    """The upgrade request. `secret_for` is the session type that a minted secret carries; `reused` opens a first
    socket with it and closes that again before the one under test."""

    path: str = "/realtime"
    query: Mapping[str, str] = field(default_factory=dict)
    auth: tuple[Auth, ...] = ("header",)
    credential: CredentialKind = "key"
    secret_for: Literal["transcription", "realtime"] = "transcription"
    reused: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    subprotocols: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do after the first event; exactly one of the first six is set.

    `send` is a client event; `text` and `binary` (bytes) go out as they are; `audio` names a fixture, followed by
    `silence_ms`; `await_` waits `within` seconds (the run's time-out when 0) for the first event of one of these
    types; `quiet` listens for so many seconds.
    """

    send: Mapping[str, Any] | None = None
    text: str | None = None
    binary: bytes | None = None
    audio: str | None = None
    await_: tuple[str, ...] = ()
    quiet: float = 0.0
    silence_ms: int = 0
    chunk_ms: int = 100
    within: float = 0.0


@dataclass(frozen=True, slots=True)
class Accept:
    """One outcome that a scenario accepts: a condition on the outcome and the cause that the referee must name
    (None: it must find nothing wrong)."""

    grade: Grade
    outcome: Mapping[str, Any]
    cause: str | None
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Scenario:
    """`id` is topic.name; `required` lists the aims for which the exit code depends on it."""

    id: str
    title: str
    tags: tuple[str, ...]
    handshake: WantedHandshake
    steps: tuple[Step, ...]
    accept: tuple[Accept, ...]
    required: tuple[str, ...] = ()
    origin: str = ""

    def is_billable(self, base_url: str = "") -> bool:
        """True when it does what may cost money on an endpoint: it sends audio, a response, an event that nobody knows,
        or any into a session that goes on; or its handshake begins a conversation."""
        if speaks_by_itself(self._url(base_url)):
            return True
        return any(step.audio is not None or self.costs(step, base_url) for step in self.steps)

    def costs(self, step: Step, base_url: str = "") -> bool:
        """True for a step that sends an event, other than audio of ours, that may cost money."""
        return step.send is not None and not is_free(step.send, joined=self.joins(base_url))

    def joins(self, base_url: str = "") -> bool:
        """True when it may join a session that goes on."""
        return in_call(self._url(base_url))

    def _url(self, base_url: str) -> str:
        return f"{base_url or 'ws://host'}{self.handshake.path}?{urlencode(self.handshake.query)}"

    @property
    def raw(self) -> bool:
        """True when it sends text or bytes as they are: what a server reads in them, nobody can tell."""
        return any(step.text is not None or step.binary is not None for step in self.steps)

"""How the session that a user wants is asked for: the handshakes that may open it, in the order of their tries, and
what is sent first. OpenAI's own is known; of another server it is found out, in as few tries as there are ways."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rtdoctor.diagnose.referee import weigh
from rtdoctor.diagnose.rungs import listed_models
from rtdoctor.engine.setup import Choice
from rtdoctor.model.exchange import Answer
from rtdoctor.model.outcome import Outcome
from rtdoctor.model.scenario import WantedHandshake
from rtdoctor.model.target import Kind
from rtdoctor.protocol.models import kind_of

_MOST_LISTED, _LONGEST = 500, 200  # models of a server's list that are looked at, and the letters of one
# What may be mended by asking in another way: the server misses something in the query, or takes another kind only.
_ABOUT_THE_QUERY = frozenset(
    (
        "session.model-missing",
        "session.model-with-intent",
        "session.model-wrong-mode",
        "session.parameter",
        "session.type-mismatch",
        "refused.bad-request",
        "refused.not-routed",
        "refused.azure-url",
        "peer.silent",
    )
)


_ABOUT_THE_MODEL = frozenset(("session.model-unknown", "session.model-no-access"))


@dataclass(frozen=True, slots=True)
class Opening:
    """One way to ask: the handshake, what is sent first, and for which answers is waited. Where that is none, no answer
    for a moment is the good one."""

    kind: Kind
    handshake: WantedHandshake
    update: dict[str, Any]
    awaited: tuple[str, ...] = ("session.updated", "error")


def openings(choice: Choice) -> tuple[Opening, ...]:
    """The ways in which the session may be opened; the first is the usual one. None asks twice for the same."""
    if choice.aim == "live":
        return (Opening("live", WantedHandshake(path="/live/sessions"), start_for(choice.live_model), _STARTED),)
    if choice.aim == "translation":
        shake = WantedHandshake(path="/realtime/translations", query={"model": choice.translation_model})
        return (Opening("translation", shake, update_for("translation", choice.translation_model)),)
    kept = {name: value for name, value in choice.target.asked_query.items() if name in _AZURE_PREVIEW}
    openings_here = _conversation(choice, kept) if choice.aim == "realtime" else _transcription(choice, kept)
    if choice.aim == "transcription" and not choice.kind_given and not choice.profile.exact:
        openings_here += _conversation(choice, kept)
    return openings_here


def in_vllms_way(choice: Choice, opening: Opening) -> Opening:
    """The same in the dialect of vLLM: session.update names the model beside its type, and only a refusal is answered
    (vllm/entrypoints/openai/realtime/connection.py)."""
    update = {"type": "session.update", "model": choice.transcription_model}
    return Opening("transcription", opening.handshake, update, ())


_AZURE_PREVIEW = ("api-version", "deployment")
_STARTED = ("session.started", "error")


def _transcription(choice: Choice, kept: dict[str, str]) -> tuple[Opening, ...]:
    update, model = update_for("transcription", choice.transcription_model), {"model": choice.transcription_model}
    intent = {"intent": "transcription"}
    queries = [intent] if choice.profile.exact else [intent, intent | model, model]
    return tuple(Opening("transcription", WantedHandshake(query=kept | query), update) for query in queries)


def _conversation(choice: Choice, kept: dict[str, str]) -> tuple[Opening, ...]:
    query = kept if "deployment" in kept else kept | {"model": choice.realtime_model}
    update = update_for("realtime", choice.transcription_model, vad=not choice.profile.exact)
    return (Opening("realtime", WantedHandshake(query=query), update),)


def update_for(aim: Kind, transcription_model: str, *, vad: bool = False) -> dict[str, Any]:
    """The session.update that is sent: 24 kHz PCM16, a transcription model, manual commit. A translation session takes
    a language and no type (openclaw 111437, 2026-07-19). `vad` leaves turn detection as it is."""
    if aim == "translation":
        return {"type": "session.update", "session": {"audio": {"output": {"language": "es"}}}}
    audio_input: dict[str, Any] = {
        "format": {"type": "audio/pcm", "rate": 24_000},
        "transcription": {"model": transcription_model},
    }
    return {
        "type": "session.update",
        "session": {"type": aim, "audio": {"input": audio_input if vad else audio_input | {"turn_detection": None}}},
    }


def start_for(model: str) -> dict[str, Any]:
    """The first event of a GPT-Live session (openai-python 3.54.0, types/live); it costs money from then on."""
    return {
        "type": "session.start",
        "session": {"model": model, "audio": {"format": {"type": "audio/pcm", "rate": 24_000}}},
    }


def next_way(outcome: Outcome, ways: Sequence[Opening], place: int) -> int | None:
    """The place of the way in which to ask next, after what came of the one at `place`; None where that settles it."""
    opening, rest = ways[place], range(place + 1, len(ways))
    if outcome.session_stands:
        # Where only sessions of another kind are served, one is opened as such.
        return next((at for at in rest if opening.kind != ways[at].kind == outcome.session_type), None)
    cause = weigh(outcome).cause
    if cause not in _ABOUT_THE_QUERY and cause not in _ABOUT_THE_MODEL:
        return None
    return next((at for at in rest if cause in _ABOUT_THE_QUERY or ways[at].kind != opening.kind), None)


def listed_in(answer: Answer | None) -> tuple[str, ...]:
    """The ids of the models in an answer to `GET /models`; empty where it holds none."""
    if answer is None or answer.status != 200:
        return ()
    return tuple(name for name in listed_models(answer) or () if len(name) <= _LONGEST)[:_MOST_LISTED]


def model_among(listed: Sequence[str], aim: Kind) -> str | None:
    """The model of a server's list that is for such a session, by its name; None where none is."""
    fitting = [name for name in listed[:_MOST_LISTED] if kind_of(name) == aim]
    if aim == "realtime":
        fitting = [name for name in fitting if "realtime" in name.lower() or "voice" in name.lower()]
    return min(fitting, key=lambda name: ("realtime" not in name.lower(), len(name)), default=None)

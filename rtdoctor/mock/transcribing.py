"""The transcript of a committed turn, as the events of a session of the mock."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from rtdoctor.mock import behaviour as does
from rtdoctor.mock.transcriber import Ear
from rtdoctor.mock.within import Within
from rtdoctor.protocol.audio import RATE, from_g711, to_pcm16

_BY_DURATION = frozenset(("whisper-1", "gpt-realtime-whisper"))  # usage in seconds; the others in tokens (2026-09-18)


_KIND = "conversation.item.input_audio_transcription"
_STEP = 0.5  # seconds of sound between two looks at an open turn


@dataclass(slots=True)
class Early:
    """What was told of the turn that is still open, by a model that streams: the item, and the words so far.
    `behaviour` is what happens to the turn, once it is drawn."""

    behaviour: str = ""
    item_id: str = ""
    words: list[str] = field(default_factory=list)
    looked: float = 0.0  # seconds of sound at the last look


async def transcribe_early(session: Within, early: Early, heard: Ear, ident: Callable[[], str]) -> None:
    """Tell the words that are certain of a turn that is not committed; `ident` gives its item's id."""
    if heard.seconds - early.looked < _STEP:
        return
    early.looked = heard.seconds
    words = heard.start().split()
    if len(words) <= len(early.words):
        return
    early.behaviour = early.behaviour or session.does(does.TRANSCRIBED)
    if early.behaviour != does.TRANSCRIBED:
        return
    early.item_id = early.item_id or ident()
    for word in words[len(early.words) :]:
        await _delta(session, early.item_id, word)
    early.words = words


async def _delta(session: Within, item_id: str, word: str) -> None:
    # The first delta has a leading space that the transcript lacks (seen in 5 of 6 live streams).
    padding = session.clock.ident("", 11)
    await session.emit(f"{_KIND}.delta", item_id=item_id, content_index=0, delta=" " + word, obfuscation=padding)


async def transcribe(session: Within, item: dict[str, Any], heard: Ear, model: str, early: Early) -> None:
    """Tell what was heard in a committed turn, word by word, but for what was told early."""
    behaviour = early.behaviour or session.does(does.TRANSCRIBED)
    place = {"item_id": item["id"], "content_index": 0}
    if behaviour == does.NO_ANSWER:
        return
    if behaviour == does.FAILED:
        message = f"Input transcription failed for item '{item['id']}'."
        error = {"type": "server_error", "code": None, "message": message, "param": None}
        await session.emit(f"{_KIND}.failed", **place, error=error)
        return
    text = heard.text()
    if behaviour == does.GARBLED:
        text = " ".join(word[::-1] for word in text.split())
    for word in text.split()[len(early.words) :]:
        await _delta(session, item["id"], word)
    item["content"][0]["transcript"] = text
    await session.emit(f"{_KIND}.completed", **place, transcript=text, usage=_usage(model, heard.seconds, text))


def from_telephone(data: bytes, form: str) -> Iterator[bytes]:
    """8 kHz G.711 as 24 kHz PCM16, a second at a time. Whether the real one takes it is contradictory (5.4)."""
    import soxr

    for start in range(0, len(data), 8_000):
        yield to_pcm16(soxr.resample(from_g711(data[start : start + 8_000], form), 8_000, RATE))


def _usage(model: str, seconds: float, text: str) -> dict[str, Any]:
    if model in _BY_DURATION:
        return {"type": "duration", "seconds": max(1, round(seconds))}
    heard, written = max(1, round(seconds * 10)), len(text.split()) + 1
    return {
        "type": "tokens",
        "total_tokens": heard + written,
        "input_tokens": heard,
        "input_token_details": {"text_tokens": 0, "audio_tokens": heard},
        "output_tokens": written,
    }

"""The transcript of a committed turn, as the events of a session of the mock."""

from collections.abc import Iterator
from typing import Any

from rtdoctor.mock import behaviour as does
from rtdoctor.mock.transcriber import Ear
from rtdoctor.mock.within import Within
from rtdoctor.protocol.audio import RATE, from_g711, to_pcm16

_BY_DURATION = frozenset(("whisper-1", "gpt-realtime-whisper"))  # usage in seconds; the others in tokens (2026-09-18)


async def transcribe(session: Within, item: dict[str, Any], heard: Ear, model: str) -> None:
    """Tell what was heard in a committed turn, word by word."""
    kind = "conversation.item.input_audio_transcription"
    behaviour = session.does(does.TRANSCRIBED)
    place = {"item_id": item["id"], "content_index": 0}
    if behaviour == does.NO_ANSWER:
        return
    if behaviour == does.FAILED:
        message = f"Input transcription failed for item '{item['id']}'."
        error = {"type": "server_error", "code": None, "message": message, "param": None}
        await session.emit(f"{kind}.failed", **place, error=error)
        return
    text = heard.text()
    if behaviour == does.GARBLED:
        text = " ".join(word[::-1] for word in text.split())
    # The first delta has a leading space that the transcript lacks (seen in 5 of 6 live streams).
    for word in text.split():
        await session.emit(f"{kind}.delta", **place, delta=" " + word, obfuscation=session.clock.ident("", 11))
    item["content"][0]["transcript"] = text
    await session.emit(f"{kind}.completed", **place, transcript=text, usage=_usage(model, heard.seconds, text))


def from_telephone(data: bytes, form: str) -> Iterator[bytes]:
    """8 kHz G.711 as 24 kHz PCM16, a second at a time. Whether the real one takes it is contradictory (5.4)."""
    import soxr

    for start in range(0, len(data), 8_000):
        yield to_pcm16(soxr.resample(from_g711(data[start : start + 8_000], form), 8_000, RATE))


def _usage(model: str, seconds: float, text: str) -> dict[str, Any]:
    if model in _BY_DURATION:
        return {"type": "duration", "seconds": max(1, round(seconds))}
    heard, said = max(1, round(seconds * 10)), len(text.split()) + 1
    return {
        "type": "tokens",
        "total_tokens": heard + said,
        "input_tokens": heard,
        "input_token_details": {"text_tokens": 0, "audio_tokens": heard},
        "output_tokens": said,
    }

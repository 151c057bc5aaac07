"""How much audio an event carries, and how many bytes of it are a millisecond."""

from collections.abc import Iterator, Mapping
from typing import Any

PCM16_PER_MS = 48  # 24 kHz of 16 bit, what a session takes that was told nothing else
_G711_PER_MS = 8  # 8 kHz of 8 bit (ITU-T G.711)
_G711 = ("audio/pcmu", "audio/pcma", "g711_ulaw", "g711_alaw")  # GA's names and the beta's


def bytes_per_ms(event: Mapping[str, Any]) -> int | None:
    """Bytes a millisecond of the input format that an event with a session names; None where it names none."""
    session = event.get("session")
    if not isinstance(session, Mapping):
        return None
    form: Any = session.get("input_audio_format")
    for name in ("audio", "input", "format"):
        session = session.get(name) if isinstance(session, Mapping) else None
    form = session if session is not None else form
    kind = form.get("type") if isinstance(form, Mapping) else form
    if kind in _G711:
        return _G711_PER_MS
    rate = form.get("rate") if isinstance(form, Mapping) else None
    if isinstance(rate, int) and 1000 <= rate <= 200_000:
        return rate * 2 // 1000
    return None if kind is None else PCM16_PER_MS


def audio_bytes_in(event: Mapping[str, Any]) -> int:
    """The bytes of audio in a client event: of an append, or of an item's parts."""
    if event.get("type") == "input_audio_buffer.append":
        return _decoded(event.get("audio"))
    return sum(_decoded(part.get("audio")) for part in _parts(event) if part.get("type") == "input_audio")


def _parts(event: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    item = event.get("item")
    content = item.get("content") if isinstance(item, Mapping) else None
    yield from (part for part in content if isinstance(part, Mapping)) if isinstance(content, list) else ()


def _decoded(audio: Any) -> int:
    return len(audio) * 3 // 4 if isinstance(audio, str) else 0

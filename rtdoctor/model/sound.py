"""How much audio an event carries, and how many bytes of it are a millisecond."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

PCM16_PER_MS = 48  # 24 kHz of 16 bit, what a session takes that was told nothing else
PCM16_PER_SECOND = 1000 * PCM16_PER_MS
_G711_PER_SECOND = 8_000  # 8 kHz of 8 bit (ITU-T G.711)
_G711 = ("audio/pcmu", "audio/pcma", "g711_ulaw", "g711_alaw")  # GA's names and the beta's
Way = Literal["input", "output"]


def format_in(session: object, way: Way) -> Any:
    """The format of a way's audio that a session names, in the form of GA or of the beta; None where it names none."""
    if not isinstance(session, Mapping):
        return None
    form: Any = session
    for name in ("audio", way, "format"):
        form = form.get(name) if isinstance(form, Mapping) else None
    return form if form is not None else session.get(f"{way}_audio_format")


def bytes_per_second(session: object, way: Way) -> int | None:
    """Bytes a second of the format that a session names; None where it names none."""
    form = format_in(session, way)
    kind = form.get("type") if isinstance(form, Mapping) else form
    if kind in _G711:
        return _G711_PER_SECOND
    rate = form.get("rate") if isinstance(form, Mapping) else None
    if isinstance(rate, int) and 1000 <= rate <= 200_000:
        return 2 * rate
    return None if kind is None else PCM16_PER_SECOND


def bytes_per_ms(event: Mapping[str, Any]) -> int | None:
    """Bytes a millisecond of the input format that an event with a session names; None where it names none."""
    rate = bytes_per_second(event.get("session"), "input")
    return None if rate is None else rate // 1000


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

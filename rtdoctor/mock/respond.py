"""A response of the mock, event by event in the recorded order (pydantic-ai cassettes, August 2026).

No model runs: the answer is a fixed sentence that says so, and in audio a short silence.
"""

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rtdoctor.mock.session import Session

ANSWER = "This is rtdoctor's mock. No model runs here."
_SILENCE = base64.b64encode(bytes(24_000 * 2 // 5)).decode("ascii")  # 200 ms


async def respond(session: "Session", asked: Mapping[str, Any]) -> None:
    """response.created … response.done, rate_limits.updated. `metadata` comes back (LiveKit waits for it)."""
    clock, config = session.clock, session.config
    modalities = asked.get("output_modalities") or config["output_modalities"]
    spoken = "audio" in modalities
    ident = clock.ident("resp_")
    session.active_response = ident
    base: dict[str, Any] = {
        "object": "realtime.response",
        "id": ident,
        "status": "in_progress",
        "status_details": None,
        "output": [],
        "conversation_id": session.conversation,
        "output_modalities": modalities,
        "max_output_tokens": asked.get("max_output_tokens") or config["max_output_tokens"],
        "audio": {"output": {key: config["audio"]["output"][key] for key in ("format", "voice")}},
        "usage": None,
        "metadata": asked.get("metadata"),
    }
    await session.emit("response.created", response=base)
    item: dict[str, Any] = {
        "id": clock.ident("item_"),
        "type": "message",
        "status": "in_progress",
        "role": "assistant",
        "content": [],
    }
    of_item = {"response_id": ident, "output_index": 0}
    await session.emit("response.output_item.added", **of_item, item=item)
    await session.add_item(item)
    of_part = {"response_id": ident, "item_id": item["id"], "output_index": 0, "content_index": 0}
    await (_speak if spoken else _write)(session, of_part)
    content = {"type": "output_audio", "transcript": ANSWER} if spoken else {"type": "output_text", "text": ANSWER}
    item.update(status="completed", content=[content])
    # null where the real one sends null, too: its item.done lacks the predecessor of a response's item (17 of 17).
    await session.emit("conversation.item.done", previous_item_id=None, item=item)
    await session.emit("response.output_item.done", **of_item, item=item)
    session.active_response = None
    await session.emit("response.done", response=base | {"status": "completed", "output": [item], "usage": _usage()})
    await session.emit("rate_limits.updated", rate_limits=_limits())


async def _speak(session: "Session", place: dict[str, Any]) -> None:
    await session.emit("response.content_part.added", **place, part={"type": "audio", "transcript": ""})
    for word in _words():
        padding = session.clock.ident("", 11)
        await session.emit("response.output_audio_transcript.delta", **place, delta=word, obfuscation=padding)
    await session.emit("response.output_audio.delta", **place, delta=_SILENCE)
    await session.emit("response.output_audio.done", **place)
    await session.emit("response.output_audio_transcript.done", **place, transcript=ANSWER)
    await session.emit("response.content_part.done", **place, part={"type": "audio", "transcript": ANSWER})


async def _write(session: "Session", place: dict[str, Any]) -> None:
    await session.emit("response.content_part.added", **place, part={"type": "text", "text": ""})
    for word in _words():
        padding = session.clock.ident("", 11)
        await session.emit("response.output_text.delta", **place, delta=word, obfuscation=padding)
    await session.emit("response.output_text.done", **place, text=ANSWER)
    await session.emit("response.content_part.done", **place, part={"type": "text", "text": ANSWER})


def _words() -> list[str]:
    first, *rest = ANSWER.split()
    return [first, *(" " + word for word in rest)]


def _usage() -> dict[str, Any]:
    cached = {"text_tokens": 0, "audio_tokens": 0, "image_tokens": 0}
    given = {
        "text_tokens": 10,
        "audio_tokens": 0,
        "image_tokens": 0,
        "cached_tokens": 0,
        "cached_tokens_details": cached,
    }
    return {
        "total_tokens": 20,
        "input_tokens": 10,
        "output_tokens": 10,
        "input_token_details": given,
        "output_token_details": {"text_tokens": 10, "audio_tokens": 0},
    }


def _limits() -> list[dict[str, Any]]:
    return [{"name": "tokens", "limit": 40_000, "remaining": 39_980, "reset_seconds": 0.03}]

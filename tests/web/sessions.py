"""Sessions as a tape tells them, made up: a conversation of any length, with audio, a refusal, hostile texts."""

import base64
import json
import math
from array import array
from collections.abc import Iterator
from itertools import count
from typing import Any

Line = dict[str, Any]
RATE = 24_000
HEADER = {"tape": 1, "by": "proxy", "tool": "rtdoctor 0.1.0", "started_at": "2026-11-30T10:00:00.000Z"}


def tone(ms: int, hertz: float = 220.0, loud: float = 0.5) -> str:
    """Speech of a kind: so many milliseconds of PCM16 in base64."""
    size = RATE * ms // 1000
    wave = array(
        "h",
        (
            int(32767 * loud * math.sin(math.pi * at / size) * math.sin(at * hertz * 2 * math.pi / RATE))
            for at in range(size)
        ),
    )
    return base64.b64encode(wave.tobytes()).decode()


VOICE, QUIET, ANSWER = tone(100), tone(100, loud=0.01), tone(250, 330, 0.7)


def header(to: str = "wss://api.openai.com/v1/realtime") -> Line:
    return {**HEADER, "to": to}


def text(t: float, side: str, event: dict[str, Any], connection: int = 1) -> Line:
    return {"t": round(t, 6), "connection": connection, "from": side, "kind": "text", "data": json.dumps(event)}


def opened(t: float = 0.0, connection: int = 1) -> Iterator[Line]:
    common = {"connection": connection}
    yield {
        **common,
        "t": t,
        "kind": "request",
        "url": "wss://api.openai.com/v1/realtime?model=gpt-realtime",
        "headers": [["Host", "api.openai.com"], ["Upgrade", "websocket"], ["Authorization", "Bearer [secret 3f9a]"]],
        "subprotocols": ["realtime"],
    }
    yield {
        **common,
        "t": t + 0.212,
        "kind": "answer",
        "status": 101,
        "reason": "Switching Protocols",
        "headers": [["x-request-id", "req_1"]],
        "subprotocol": "realtime",
    }
    session = {
        "type": "realtime",
        "model": "gpt-realtime",
        "id": "sess_1",
        "audio": {
            "input": {"format": {"type": "audio/pcm", "rate": 24000}},
            "output": {"format": {"type": "audio/pcm", "rate": 24000}},
        },
    }
    yield text(t + 0.23, "server", {"type": "session.created", "event_id": "event_1", "session": session}, connection)


def refused(t: float, connection: int) -> Iterator[Line]:
    """A handshake that was refused, and why."""
    common = {"connection": connection}
    yield {
        **common,
        "t": t,
        "kind": "request",
        "url": "wss://api.openai.com/v1/realtime?model=nope",
        "headers": [
            ["Host", "api.openai.com"],
            ["Upgrade", "websocket"],
            ["Authorization", "Bearer [secret 3f9a]"],
        ],
        "subprotocols": [],
    }
    yield {
        **common,
        "t": t + 0.1,
        "kind": "answer",
        "status": 401,
        "reason": "Unauthorized",
        "headers": [["content-type", "application/json"]],
        "body": '{"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}',
    }
    yield {
        **common,
        "t": t + 0.101,
        "kind": "finding",
        "level": "error",
        "id": "auth.invalid",
        "text": "The API key is not valid.",
        "remedy": "Make a new key, and put it where the client reads it.",
    }
    yield {**common, "t": t + 0.102, "kind": "end", "by": "server", "how": "close"}


def turn(t: float, number: int, connection: int = 1, *, interrupted: bool = False, deltas: int = 40) -> Iterator[Line]:
    """One turn: a second of speech, found by VAD, and its answer; the last line's time is where the next may begin."""
    ids = count()
    item, response, answer = f"item_u{number}", f"resp_{number}", f"item_a{number}"

    def event(kind: str, **more: Any) -> dict[str, Any]:
        return {"type": kind, "event_id": f"event_{number}_{next(ids)}", **more}

    def server(kind: str, **more: Any) -> Line:
        return text(t, "server", event(kind, **more), connection)

    start = number * 1000  # the server's VAD counts the audio, and not the time
    for step in range(10):
        held = VOICE if 2 <= step <= 8 else QUIET
        yield text(t, "client", {"type": "input_audio_buffer.append", "audio": held}, connection)
        if step == 3:
            yield server("input_audio_buffer.speech_started", audio_start_ms=start + 200, item_id=item)
        t += 0.1
    yield server("input_audio_buffer.speech_stopped", audio_end_ms=start + 900, item_id=item)
    yield server("input_audio_buffer.committed", item_id=item, previous_item_id=None)
    heard = f"What is the weather in town {number}?"
    yield server(
        "conversation.item.input_audio_transcription.completed", item_id=item, content_index=0, transcript=heard
    )
    t += 0.2
    yield server("response.created", response={"id": response, "status": "in_progress"})
    if number % 5 == 4:
        call = f"call_{number}"
        given = json.dumps({"town": number})
        yield server(
            "response.output_item.added",
            response_id=response,
            item={"type": "function_call", "call_id": call, "name": "get_weather"},
        )
        yield server(
            "response.function_call_arguments.done",
            response_id=response,
            call_id=call,
            name="get_weather",
            arguments=given,
        )
        result = {"type": "function_call_output", "call_id": call, "output": '{"celsius": 12}'}
        yield text(t + 0.05, "client", event("conversation.item.create", item=result), connection)
    t += 0.1
    words = f"In town {number} it is foggy and twelve degrees, so take a coat.".split()
    for step in range(deltas):
        if step < len(words):
            yield server(
                "response.output_audio_transcript.delta", response_id=response, item_id=answer, delta=words[step] + " "
            )
        yield server("response.output_audio.delta", response_id=response, item_id=answer, delta=ANSWER)
        t += 0.02
    status = "completed"
    if interrupted:
        yield text(
            t,
            "client",
            event("conversation.item.truncate", item_id=answer, content_index=0, audio_end_ms=600),
            connection,
        )
        status = "cancelled"
    else:
        yield server(
            "response.output_audio_transcript.done", response_id=response, item_id=answer, transcript=" ".join(words)
        )
    usage = {
        "total_tokens": 140,
        "input_tokens": 80,
        "output_tokens": 60,
        "input_token_details": {"text_tokens": 30, "audio_tokens": 50, "cached_tokens": 10},
        "output_token_details": {"text_tokens": 15, "audio_tokens": 45},
    }
    yield server("response.done", response={"id": response, "status": status, "usage": usage})


def conversation(events: int, *, deltas: int = 40) -> Iterator[Line]:
    """A session of about so many lines, with a refused handshake before it and a finding in it."""
    yield header()
    yield from refused(0.0, 1)
    made, t, number = 5, 1.0, 0
    for line in opened(t, 2):
        yield line
        made += 1
    t = 2.0
    while made < events:
        for line in turn(t, number, 2, interrupted=number % 4 == 3, deltas=deltas):
            yield line
            made += 1
            end = line["t"]
        t = end + (1.0 if number % 4 == 3 else deltas * 0.25)
        number += 1
        if number == 3:
            yield {
                "t": t,
                "connection": 2,
                "kind": "finding",
                "level": "warning",
                "id": "order.commit-beside-vad",
                "text": "The client commits while server VAD does it, too.",
                "remedy": "Leave the commit to VAD, or set turn_detection to null.",
            }
    yield {"t": t, "connection": 2, "from": "server", "kind": "close", "code": 1000, "reason": ""}
    yield {"t": t, "connection": 2, "kind": "end", "by": "server", "how": "close"}

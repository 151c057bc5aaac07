"""Whatever a client does, in whatever order: every event that the mock sends passes both judges without a remark."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtdoctor.engine.judging import StreamJudge
from rtdoctor.protocol.audio import append_event
from rtdoctor.wire.audiofile import read_speech
from tests.conftest import AUDIO
from tests.mock.test_mock import socket

_PCM = read_speech(AUDIO / "speech-24k.wav").pcm
SPEECH = [append_event(_PCM[start : start + 24_000]) for start in range(0, 96_000, 24_000)]
SILENCE = append_event(bytes(24_000))
TOOL = {"type": "function", "name": "get", "parameters": {"type": "object", "required": ["city"]}}
LAST = object()  # the last item that was told


def update(**given):
    return {"type": "session.update", "session": {"type": "realtime", **given}}


def said(role, **more):
    content = {"type": "output_text" if role == "assistant" else "input_text", "text": "Hi"}
    item = {"type": "message", "role": role, "content": [content]}
    return {"type": "conversation.item.create", "item": item, **more}


def detection(**given):
    return update(audio={"input": {"turn_detection": {"type": "server_vad", **given}}})


def asked(**given):
    return {"type": "response.create", "response": given}


CALL = {"type": "function_call", "name": "get", "call_id": "call_1", "arguments": "{}"}
EVENTS = [
    *SPEECH,
    SILENCE,
    SILENCE,
    {"type": "input_audio_buffer.commit"},
    {"type": "input_audio_buffer.clear"},
    {"type": "response.create"},
    asked(output_modalities=["text"], metadata={"a": "b"}),
    asked(conversation="none", output_modalities=["text"]),
    asked(tools=[TOOL], tool_choice="required"),
    asked(tools=[TOOL], tool_choice={"type": "function", "name": "get"}),
    asked(max_output_tokens=2),
    asked(max_output_tokens=0),
    asked(instructions=5),
    asked(bogus=1),
    {"type": "response.cancel"},
    {"type": "response.cancel", "response_id": "resp_nobody"},
    said("user"),
    said("assistant"),
    said("system", previous_item_id="root"),
    said("user", previous_item_id="nobody"),
    said("user", previous_item_id=LAST),
    {"type": "conversation.item.create", "item": CALL},
    {"type": "conversation.item.create", "item": {"type": "function_call_output", "call_id": "call_1", "output": "x"}},
    {"type": "conversation.item.create", "item": {"type": "bogus"}},
    *(
        {"type": f"conversation.item.{kind}", "item_id": ident}
        for kind in ("delete", "retrieve")
        for ident in (LAST, "nobody")
    ),
    {"type": "conversation.item.truncate", "item_id": LAST, "content_index": 0, "audio_end_ms": 10},
    {"type": "conversation.item.truncate", "item_id": LAST, "content_index": 0, "audio_end_ms": 100_000},
    update(instructions="Be brief."),
    update(output_modalities=["text"]),
    update(tools=[TOOL], tool_choice="required"),
    update(audio={"input": {"transcription": {"model": "gpt-4o-mini-transcribe"}}}),
    update(audio={"input": {"turn_detection": None}}),
    update(audio={"output": {"voice": "marin"}}),
    update(audio={"output": {"format": {"type": "audio/pcmu"}}}),
    detection(),
    detection(interrupt_response=False),
    detection(create_response=False),
    {"type": "output_audio_buffer.clear"},
    {"type": "bogus"},
    {"type": "session.update", "session": {"type": "realtime", "voice": "alloy"}},
]
STEPS = st.lists(
    st.tuples(st.integers(0, len(EVENTS) - 1), st.sampled_from(["at once", "a little", "to the end"])), max_size=25
)


async def conversed(steps, query="?model=gpt-realtime-2.1", **more):
    """What the judges say of a session with these steps, and the types that were seen."""
    judge, found, kinds, last = StreamJudge(), [], [], [None]
    async with socket(query, **more) as ws:

        async def hear(patience):
            while True:
                try:
                    async with asyncio.timeout(patience):
                        event = await ws.receive_json()
                except TimeoutError:
                    return
                kinds.append(event["type"])
                found.extend(judge.feed("server", event))
                if event["type"] == "conversation.item.added":
                    last[0] = event["item"]["id"]

        async def drain(mark):
            await ws.send_json({"type": "conversation.item.retrieve", "item_id": "x", "event_id": mark})
            judge.feed("client", {"type": "conversation.item.retrieve", "item_id": "x", "event_id": mark})
            await hear(0.03)

        await hear(0.03)
        for number, (event, pause) in enumerate(steps):
            sent = {key: last[0] if value is LAST else value for key, value in event.items()}
            if sent.get("item_id", "") is None:
                continue
            await ws.send_json(sent)
            judge.feed("client", sent)
            if pause != "at once":
                await hear(0.002)
            if pause == "to the end":
                await drain(f"mark_{number}")
        await drain("over")
        await hear(0.05)
    # What the client left out is not the mock's.
    found += [said for said in judge.finish() if said.rule != "order.audio-never-committed"]
    return found, kinds


@pytest.mark.heavy
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_no_script_of_a_client_brings_a_wrong_event(steps):
    found, _ = asyncio.run(conversed([(EVENTS[number], pause) for number, pause in steps]))
    assert found == []


async def test_a_long_script_of_everything_brings_no_wrong_event():
    found, kinds = await conversed([(event, "to the end") for event in EVENTS])
    assert found == []
    assert {"response.done", "error", "conversation.item.deleted", "response.function_call_arguments.done"} <= {*kinds}

"""The official SDK as the mock's client: it parses every event strictly enough to notice a wrong one."""

import pytest
from openai import AsyncOpenAI, AuthenticationError
from openai.types.realtime import (
    ConversationItemInputAudioTranscriptionCompletedEvent,
    RealtimeErrorEvent,
    SessionCreatedEvent,
    SessionUpdatedEvent,
)

from rtdoctor.mock.server import MockServer
from rtdoctor.protocol.audio import append_event, chunks
from rtdoctor.wire.audiofile import read_speech
from tests.conftest import AUDIO, KEY


async def test_the_sdk_transcribes_by_extra_query():
    async with MockServer({KEY}) as mock, AsyncOpenAI(api_key=KEY, base_url=mock.base_url) as client:
        async with client.realtime.connect(extra_query={"intent": "transcription"}) as connection:
            assert isinstance(await connection.recv(), SessionCreatedEvent)
            given = {"transcription": {"model": "gpt-4o-mini-transcribe"}, "turn_detection": None}
            await connection.session.update(session={"type": "transcription", "audio": {"input": given}})
            assert isinstance(await connection.recv(), SessionUpdatedEvent)
            for piece in chunks(read_speech(AUDIO / "speech-24k.wav").pcm, 100):
                await connection.input_audio_buffer.append(audio=append_event(piece)["audio"])
            await connection.input_audio_buffer.commit()
            async for event in connection:
                if isinstance(event, ConversationItemInputAudioTranscriptionCompletedEvent):
                    break
    assert event.transcript == (AUDIO / "speech.txt").read_text().strip()


async def test_the_sdk_gets_a_spoken_answer():
    async with MockServer({KEY}) as mock, AsyncOpenAI(api_key=KEY, base_url=mock.base_url) as client:
        async with client.realtime.connect(model="gpt-realtime-2.1") as connection:
            await connection.response.create()
            kinds = []
            async for event in connection:
                kinds.append(event.type)
                if event.type == "response.done":
                    break
    assert "response.output_audio.delta" in kinds
    assert event.response.status == "completed"


async def test_the_sdk_sees_a_bad_key_as_an_event_and_rest_as_an_exception():
    async with (
        MockServer({KEY}) as mock,
        AsyncOpenAI(api_key="sk-nobody", base_url=mock.base_url, max_retries=0) as client,
    ):
        async with client.realtime.connect(model="gpt-realtime-2.1") as connection:
            event = await connection.recv()
        assert isinstance(event, RealtimeErrorEvent)
        assert event.error.code == "invalid_api_key"
        with pytest.raises(AuthenticationError):
            await client.models.list()


async def test_the_sdk_mints_a_secret_that_opens_a_session():
    async with MockServer({KEY}) as mock, AsyncOpenAI(api_key=KEY, base_url=mock.base_url) as client:
        minted = await client.realtime.client_secrets.create(session={"type": "transcription"})
        async with AsyncOpenAI(api_key=minted.value, base_url=mock.base_url) as second:
            async with second.realtime.connect() as connection:
                event = await connection.recv()
    assert event.session.type == "transcription"


TOOL = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


async def until_done(connection):
    seen = []
    async for event in connection:
        seen.append(event)
        if event.type == "response.done":
            return seen
    raise AssertionError(seen)


async def test_the_sdk_has_a_text_turn_and_a_function_turn():
    async with MockServer({KEY}) as mock, AsyncOpenAI(api_key=KEY, base_url=mock.base_url) as client:
        async with client.realtime.connect(model="gpt-realtime-2.1") as connection:
            await connection.session.update(session={"type": "realtime", "output_modalities": ["text"]})
            hello = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]}
            await connection.conversation.item.create(item=hello)
            await connection.response.create()
            seen = await until_done(connection)
            text = "".join(event.delta for event in seen if event.type == "response.output_text.delta")
            assert seen[-1].response.output[0].content[0].text == text != ""
            await connection.response.create(response={"tools": [TOOL], "tool_choice": "required"})
            call = (await until_done(connection))[-1].response.output[0]
            assert (call.type, call.name, call.arguments) == ("function_call", "get_weather", '{"city":"mock"}')
            output = {"type": "function_call_output", "call_id": call.call_id, "output": "12 degrees"}
            await connection.conversation.item.create(item=output)
            await connection.response.create()
            last = (await until_done(connection))[-1].response
    assert (last.status, last.output[0].type) == ("completed", "message")

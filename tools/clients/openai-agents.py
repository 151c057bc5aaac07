"""openai-agents: one turn of text, or what TURN says: of the sound in SPEECH, or with a function."""

import asyncio
import os
import wave

from agents import function_tool
from agents.realtime import RealtimeAgent, RealtimeRunner

TURN = os.environ.get("TURN", "text")
URL = "ws" + os.environ["OPENAI_BASE_URL"].removeprefix("http") + "/realtime?model=gpt-realtime-2.1"
SETTINGS = {
    "text": {},
    "function": {"tool_choice": "required"},
    "audio": {
        "audio": {"input": {"turn_detection": {"type": "server_vad"}, "transcription": {"model": "gpt-4o-transcribe"}}}
    },
}


@function_tool
def get_weather(city: str) -> str:
    """The weather of a city"""
    print("calls: get_weather", city, flush=True)
    return "12 degrees"


async def main() -> None:
    tools = [get_weather] if TURN == "function" else []
    agent = RealtimeAgent(name="Assistant", instructions="Be brief.", tools=tools)
    settings = {"model_name": "gpt-realtime-2.1", **SETTINGS[TURN]}
    runner = RealtimeRunner(starting_agent=agent, config={"model_settings": settings})
    session = await runner.run(model_config={"url": URL})
    left = {"agent_end"} if TURN != "function" else {"tool_end"}
    left |= {"heard"} if TURN == "audio" else set()
    async with session:
        if TURN == "audio":
            with wave.open(os.environ["SPEECH"]) as file:
                await session.send_audio(
                    file.readframes(file.getnframes()) + bytes(48_000)
                )  # a second of silence ends it
        else:
            await session.send_message("How is it in Paris?")
        async for event in session:
            if event.type == "error":
                print(f"Error: {event.error}")
            if event.type == "raw_model_event" and event.data.type == "input_audio_transcription_completed":
                print("heard:", event.data.transcript)
                left.discard("heard")
            left.discard(event.type)
            if not left:
                break


asyncio.run(main())

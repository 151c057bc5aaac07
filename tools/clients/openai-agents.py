"""openai-agents: one text turn of a realtime session."""

import asyncio
import os

from agents.realtime import RealtimeAgent, RealtimeRunner

URL = "ws" + os.environ["OPENAI_BASE_URL"].removeprefix("http") + "/realtime?model=gpt-realtime-2.1"


async def main() -> None:
    agent = RealtimeAgent(name="Assistant", instructions="Be brief.")
    runner = RealtimeRunner(starting_agent=agent, config={"model_settings": {"model_name": "gpt-realtime-2.1"}})
    session = await runner.run(model_config={"url": URL})
    async with session:
        await session.send_message("Hello")
        async for event in session:
            if event.type == "error":
                print(f"Error: {event.error}")
            if event.type == "agent_end":
                break


asyncio.run(main())

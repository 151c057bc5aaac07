"""openai-agents, a realtime session as in its quick start."""

import asyncio
import os
import sys

from agents.realtime import RealtimeAgent, RealtimeRunner


async def main() -> None:
    agent = RealtimeAgent(name="Assistant", instructions="Be brief.")
    runner = RealtimeRunner(starting_agent=agent, config={"model_settings": {"model_name": os.environ["SAY_MODEL"]}})
    session = await runner.run(model_config={"url": sys.argv[1]})
    async with session:
        async for event in session:
            if event.type == "error":
                print(f"Error: {event.error}")


asyncio.run(main())

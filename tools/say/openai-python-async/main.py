"""The official Python SDK, async."""

import asyncio
import os

from openai import AsyncOpenAI


async def main() -> None:
    base = os.environ["SAY_BASE"]
    client = AsyncOpenAI(base_url=base, websocket_base_url="ws" + base.removeprefix("http"))
    async with client.realtime.connect(
        model=os.environ["SAY_MODEL"], websocket_connection_options={"close_timeout": 1}
    ) as connection:
        async for event in connection:
            if event.type == "error":
                print(event)


asyncio.run(main())

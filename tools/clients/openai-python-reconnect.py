"""openai for Python: one text turn, with its own reconnection."""

import asyncio

from openai import AsyncOpenAI


async def main() -> None:
    client = AsyncOpenAI()
    manager = client.realtime.connect(
        model="gpt-realtime-2.1", on_reconnecting=lambda event: print("again", event.attempt)
    )
    async with manager as connection:
        async for event in connection:
            if event.type == "error":
                print(event.error)
            elif event.type == "session.created":
                await connection.session.update(session={"type": "realtime", "output_modalities": ["text"]})
                content = [{"type": "input_text", "text": "Say hello!"}]
                await connection.conversation.item.create(item={"type": "message", "role": "user", "content": content})
                await connection.response.create()
            elif event.type == "response.done":
                break


asyncio.run(main())

"""openai for Python: one text turn, as in its README."""

import asyncio

from openai import AsyncOpenAI


async def main() -> None:
    client = AsyncOpenAI()
    async with client.realtime.connect(model="gpt-realtime-2.1") as connection:
        await connection.session.update(session={"type": "realtime", "output_modalities": ["text"]})
        await connection.conversation.item.create(
            item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Say hello!"}]}
        )
        await connection.response.create()
        async for event in connection:
            if event.type == "error":
                print(event.error)
            elif event.type == "response.output_text.delta":
                print(event.delta, flush=True, end="")
            elif event.type == "response.done":
                break


asyncio.run(main())

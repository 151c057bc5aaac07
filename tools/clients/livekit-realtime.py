"""livekit-plugins-openai, RealtimeModel: one text turn."""

import asyncio

from livekit.plugins.openai.realtime import RealtimeModel


async def main() -> None:
    model = RealtimeModel(model="gpt-realtime-2.1", modalities=["text"])
    session = model.session()
    session.on("error", lambda error: print("error:", error))
    chat = session.chat_ctx.copy()
    chat.add_message(role="user", content="Hello")
    await session.update_chat_ctx(chat)
    generation = await session.generate_reply()
    async for message in generation.message_stream:
        async for text in message.text_stream:
            print(text, end="", flush=True)
    await session.aclose()
    await model.aclose()


asyncio.run(main())

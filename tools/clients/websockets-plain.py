"""websockets: one text turn, as in its documentation."""

import asyncio
import json
import os

from websockets.asyncio.client import connect

URL = "ws" + os.environ["OPENAI_BASE_URL"].removeprefix("http") + "/realtime?model=gpt-realtime-2.1"
TURN = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]}


async def main() -> None:
    headers = {"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
    async with connect(URL, additional_headers=headers) as ws:
        created = json.loads(await ws.recv())
        assert created["type"] == "session.created", created
        await ws.send(json.dumps({"type": "conversation.item.create", "item": TURN}))
        await ws.send(json.dumps({"type": "response.create"}))
        async for message in ws:
            event = json.loads(message)
            if event["type"] == "error":
                print(event["error"])
            if event["type"] == "response.done":
                print(event["response"]["status"])
                break


asyncio.run(main())

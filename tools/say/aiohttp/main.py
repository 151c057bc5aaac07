"""aiohttp's client."""

import asyncio
import os
import sys

import aiohttp


async def main() -> None:
    headers = {"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
    timeout = aiohttp.ClientTimeout(total=1)
    async with aiohttp.ClientSession(trust_env=True, timeout=timeout) as session:
        async with session.ws_connect(sys.argv[1], headers=headers) as socket:
            while True:
                message = await socket.receive()
                if message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR):
                    print(message)
                    print("close code:", socket.close_code)
                    break


asyncio.run(main())

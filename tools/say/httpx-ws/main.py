"""httpx-ws."""

import asyncio
import os
import sys

from httpx_ws import aconnect_ws


async def main() -> None:
    headers = {"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
    async with aconnect_ws(sys.argv[1], headers=headers) as socket:
        while True:
            await socket.receive_text()


asyncio.run(main())

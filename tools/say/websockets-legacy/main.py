"""Python websockets, the legacy API, as it was imported before version 14."""

import asyncio
import os
import sys

from websockets.legacy.client import connect


async def main() -> None:
    headers = {"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
    async with connect(sys.argv[1], extra_headers=headers, open_timeout=1, close_timeout=1) as socket:
        while True:
            await socket.recv()


asyncio.run(main())

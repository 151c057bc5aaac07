"""Tornado's WebSocket client."""

import asyncio
import os
import sys

from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect


async def main() -> None:
    headers = {"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
    request = HTTPRequest(sys.argv[1], headers=headers, connect_timeout=1, request_timeout=1)
    socket = await websocket_connect(request)
    while await socket.read_message() is not None:
        pass
    print("closed:", socket.close_code, socket.close_reason)


asyncio.run(main())

"""Autobahn on asyncio, with the callbacks of its examples."""

import asyncio
import os
import ssl
import sys
from urllib.parse import urlsplit

from autobahn.asyncio.websocket import WebSocketClientFactory, WebSocketClientProtocol


class Client(WebSocketClientProtocol):
    def onClose(self, wasClean, code, reason):
        print(f"WebSocket connection closed: {reason} (code {code}, clean {wasClean})")
        asyncio.get_running_loop().stop()


loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
headers = {"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
factory = WebSocketClientFactory(sys.argv[1], headers=headers, loop=loop)
factory.protocol = Client
factory.setProtocolOptions(openHandshakeTimeout=2)
url = urlsplit(sys.argv[1])
secured = ssl.create_default_context() if url.scheme == "wss" else None
loop.run_until_complete(loop.create_connection(factory, url.hostname, url.port or 443, ssl=secured))
loop.run_forever()

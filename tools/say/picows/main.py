"""picows."""

import asyncio
import os
import sys

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect


class Listener(WSListener):
    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.CLOSE:
            print("closed:", frame.get_close_code(), frame.get_close_message())
            transport.send_close(frame.get_close_code())
            transport.disconnect()


async def main() -> None:
    headers = {"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
    transport, _ = await ws_connect(Listener, sys.argv[1], extra_headers=headers, websocket_handshake_timeout=1)
    await transport.wait_disconnected()


asyncio.run(main())

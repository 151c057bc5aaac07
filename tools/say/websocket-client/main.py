"""websocket-client, with the callbacks of its README."""

import os
import sys

import websocket


def on_error(_socket: websocket.WebSocketApp, error: object) -> None:
    print(error)


def on_close(_socket: websocket.WebSocketApp, close_status_code: object, close_msg: object) -> None:
    print("### closed ###", close_status_code, close_msg)


websocket.setdefaulttimeout(1)
app = websocket.WebSocketApp(
    sys.argv[1],
    header={"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"},
    on_error=on_error,
    on_close=on_close,
)
app.run_forever()

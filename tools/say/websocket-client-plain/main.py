"""websocket-client, create_connection."""

import os
import sys

import websocket

socket = websocket.create_connection(
    sys.argv[1], header={"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}, timeout=1
)
socket.settimeout(None)
while True:
    opcode, data = socket.recv_data()
    if opcode == websocket.ABNF.OPCODE_CLOSE:
        print("closed:", int.from_bytes(data[:2], "big"), data[2:].decode())
        break

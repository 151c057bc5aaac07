"""Python websockets, threading API."""

import os
import sys

from websockets.sync.client import connect

headers = {"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
with connect(sys.argv[1], additional_headers=headers, open_timeout=1, close_timeout=1) as socket:
    while True:
        socket.recv()

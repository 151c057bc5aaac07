"""The official Python SDK; what it hands on as an error event is printed as its guide does."""

import os
import sys

from openai import OpenAI

base = os.environ["SAY_BASE"]
client = OpenAI(base_url=base, websocket_base_url="ws" + base.removeprefix("http"))
with client.realtime.connect(
    model=os.environ["SAY_MODEL"], websocket_connection_options={"close_timeout": 1}
) as connection:
    for event in connection:
        if event.type == "error":
            print(event.error.type, event.error.code, event.error.event_id, event.error.message, file=sys.stderr)

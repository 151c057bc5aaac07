"""A client that does all right. With GRADE_FAULT it does one thing wrong.

GRADE_KIND says what it does: text, audio (the server detects turns), commit (the client does).
"""

import asyncio
import base64
import json
import os
import sys
import time
from urllib.parse import quote

import aiohttp

FAULT = os.environ.get("GRADE_FAULT", "")
KIND = os.environ.get("GRADE_KIND", "text")
URL = "ws" + os.environ["OPENAI_BASE_URL"].removeprefix("http") + "/realtime?model=gpt-realtime-2.1"
KEY = os.environ["OPENAI_API_KEY"]
FIRST_EVENT_SECONDS = 2.0
FINAL = (3000, 4000, 4004)
CALL = "my_call"


class Refused(Exception):
    """No retry mends it."""


class Lost(Exception):
    """Another attempt may help."""


def sound(size):
    return base64.b64encode(bytes(size)).decode()


class Client:
    """Connects, asks, listens to the answer, and closes."""

    def __init__(self, ws):
        self.ws, self.error = ws, {}
        self.item, self.ms, self.first = None, 0.0, 0.0

    async def send(self, kind, **more):
        await self.ws.send_str(json.dumps({"type": kind, **more}))

    async def receive(self, seconds=None):
        message = await self.ws.receive(seconds)
        if message.type is aiohttp.WSMsgType.TEXT:
            event = json.loads(message.data)
            if FAULT == "unknown-event" and event["type"].startswith("rtdoctor"):
                raise KeyError(event["type"])
            if FAULT == "unknown-field" and "rtdoctor_added_field" in event:
                raise TypeError("unexpected argument rtdoctor_added_field")
            return self.check(event)
        code, reason = (message.data, message.extra) if message.type is aiohttp.WSMsgType.CLOSE else (1006, "")
        if code in FINAL or self.error.get("type") == "insufficient_quota":
            raise Refused(f"closed: {code} {reason}")
        raise Lost(f"closed: {code} {reason}")

    def check(self, event):
        if event["type"] == "error":
            self.error = event["error"]
            if FAULT != "silent":
                print(f"error: {self.error.get('code')} {self.error.get('message')}", flush=True)
            if FAULT == "fatal-errors":
                raise Refused(self.error["code"])
            if FAULT == "late" and self.error["event_id"] == CALL:
                time.sleep(3.5)
            guess = FAULT == "no-event-id" and self.error["code"] == "conversation_already_has_active_response"
            if (self.error["event_id"] == CALL and FAULT != "ignores-refusal") or guess:
                raise Refused(self.error["code"])
        return event

    async def until(self, kind):
        while (await self.receive())["type"] != kind:
            pass

    async def talk(self):
        if FAULT == "early":
            await self.send("response.create")
        for _ in range(12 if FAULT == "early-speech" else 0):
            await self.send("input_audio_buffer.append", audio=sound(4800))
            await asyncio.sleep(0.1)
        try:
            await self.receive(None if FAULT == "no-time-out" else FIRST_EVENT_SECONDS)
        except TimeoutError:
            raise Refused("no first event came") from None
        detection = None if KIND == "commit" else {"type": "server_vad"}
        given = {"format": {"type": "audio/pcm", "rate": 24000}, "turn_detection": detection}
        if FAULT == "wrong-field":
            given["format"]["rate"] = 16_000
        if FAULT == "hangs-at-once":
            await asyncio.sleep(60)
        kinds = ["text" if KIND == "text" else "audio"]
        await self.send(
            "session.update", session={"type": "realtime", "output_modalities": kinds, "audio": {"input": given}}
        )
        await self.until("error" if FAULT == "wrong-field" else "session.updated")
        if KIND == "text":
            content = [{"type": "input_text", "text": "Hello"}]
            await self.send("conversation.item.create", item={"type": "message", "role": "user", "content": content})
        else:
            await self.speak()
        await self.send("response.create", **({} if FAULT == "no-event-id" else {"event_id": CALL}))
        await self.answer()

    async def speak(self):
        rate = 16_000 if FAULT == "wrong-rate" else 24_000
        began = time.monotonic()
        for step in range(24):  # as a microphone does
            await self.send("input_audio_buffer.append", audio=sound(2 * rate // 20))
            await asyncio.sleep(max(0.0, began + (step + 1) / 20 - time.monotonic()))
        commits = {"no-commit": 0, "both-commit": 2}.get(FAULT, int(KIND == "commit"))
        if FAULT == "empty-commit":
            await self.send("input_audio_buffer.clear")
            await self.send("input_audio_buffer.commit", event_id="empty")
            await self.send("input_audio_buffer.append", audio=sound(9_600))
        for _ in range(commits):
            await self.send("input_audio_buffer.commit")

    async def answer(self):
        """Listen until a response is done; after a barge-in, to the next one."""
        while True:
            event = await self.receive()
            if event["type"] == "response.output_audio.delta":
                if self.item != event["item_id"]:
                    self.item, self.first, self.ms = event["item_id"], time.monotonic(), 0.0
                self.ms += len(event["delta"]) * 3 / 4 / 48
            elif event["type"] == "input_audio_buffer.speech_started":
                await self.interrupted()
            elif event["type"] == "response.done" and event["response"]["status"] != "cancelled":
                failed = event["response"]["status"] == "failed"
                if failed and FAULT not in ("swallows-failed", "goes-on-after-failed"):
                    raise Refused(event["response"]["status_details"]["error"]["code"])
                if failed and FAULT == "goes-on-after-failed":
                    more = [{"type": "input_text", "text": "And this?"}]
                    await self.send(
                        "conversation.item.create", item={"type": "message", "role": "user", "content": more}
                    )
                    await self.send("response.create")
                    await self.until("response.done")
                if FAULT == "fails":
                    raise KeyError("a bug")
                return

    async def interrupted(self):
        if self.item is None and FAULT == "dies-of-barge-in":
            raise KeyError("no item")
        if self.item is None and FAULT != "truncates-nothing":
            return
        played = min(self.ms, 1000 * (time.monotonic() - self.first))
        if FAULT == "truncates-at-received":
            played = self.ms
        if FAULT in ("truncates-too-much", "truncates-nothing"):
            played = 15_000
        item, self.item = self.item or "item_none", None
        await self.send("conversation.item.truncate", item_id=item, content_index=0, audio_end_ms=int(played))


async def once(http):
    """One session, from its handshake to its close."""
    url = f"{URL}&api_key={quote(KEY)}" if FAULT == "key-in-url" else URL
    try:
        ws = await http.ws_connect(url, headers={"Authorization": f"Bearer {KEY}"}, max_msg_size=0)
    except aiohttp.WSServerHandshakeError as error:
        passes = error.status in (408, 429) or error.status >= 500
        raise (Lost if passes else Refused)(f"HTTP {error.status}") from error
    except aiohttp.ClientError as error:
        raise Lost(str(error)) from error
    try:
        await Client(ws).talk()
    finally:
        if FAULT == "no-close":
            os._exit(0)
        await ws.close(code=4999 if FAULT == "odd-close" else 1000)


async def main():
    wait, attempts = 0.2, 0
    async with aiohttp.ClientSession() as http:
        while True:
            try:
                await once(http)
                return 0
            except Refused as error:
                if FAULT == "retries-refusal" and attempts < 2:
                    attempts += 1
                    continue
                if FAULT == "hangs":
                    await asyncio.sleep(60)
                if FAULT == "silent":
                    return 0
                print(f"refused: {error}", file=sys.stderr)
                return 1
            except Lost as error:
                attempts += 1
                if FAULT == "hangs-after-loss":
                    await asyncio.sleep(60)
                if FAULT == "silent-loss":
                    return 0
                if FAULT == "never-retries" or attempts > 3:
                    print(f"lost: {error}", file=sys.stderr)
                    return 1
                await asyncio.sleep(0.01 if FAULT == "hammers" else wait)
                wait *= 1 if FAULT == "constant" else 2


sys.exit(asyncio.run(main()))

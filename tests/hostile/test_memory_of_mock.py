"""Whatever clients send to `rtdoctor mock`, and however little they read, it stays under 200 MB and goes on."""

import asyncio
import base64
import io
import json
import os
import ssl
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import aiohttp
import pytest
import trustme

from rtdoctor.protocol.audio import append_event
from tests.conftest import AUDIO, KEY
from tests.hostile.running import VARIABLES
from tests.hostile.spending import mock

MIB = 1 << 20
AUTH = {"Authorization": f"Bearer {KEY}"}
TRANSCRIBE = {
    "type": "session.update",
    "session": {
        "type": "transcription",
        "audio": {"input": {"transcription": {"model": "gpt-4o-mini-transcribe"}, "turn_detection": None}},
    },
}
Attack = Callable[[aiohttp.ClientSession, str], Coroutine[Any, Any, None]]


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    return kept | {"OPENAI_API_KEY": KEY, "PYTHONPATH": os.pathsep.join(sys.path)}


async def pour(ws: aiohttp.ClientWebSocketResponse[Any], text: str, times: int) -> None:
    """Send it so often, and read what comes; a server that has had enough may close."""

    async def read() -> None:
        async for _ in ws:
            pass

    reading = asyncio.ensure_future(read())
    with suppress(ConnectionError, aiohttp.ClientError):
        for _ in range(times):
            await ws.send_str(text)
            await asyncio.sleep(0)
        await ws.send_str('{"type": "input_audio_buffer.clear"}')
        await ws.ping()
    reading.cancel()


def socket(http: aiohttp.ClientSession, url: str, query: str = "?intent=transcription") -> Any:
    return http.ws_connect(url + "/realtime" + query, headers=AUTH, max_msg_size=0)


def over_and_over(text: str, times: int, *, query: str = "?intent=transcription", sockets: int = 1) -> Attack:
    async def attack(http: aiohttp.ClientSession, url: str) -> None:
        async def one() -> None:
            with suppress(ConnectionError, aiohttp.ClientError):
                async with socket(http, url, query) as ws:
                    await pour(ws, text, times)

        await asyncio.gather(*(one() for _ in range(sockets)))

    return attack


async def deaf(http: aiohttp.ClientSession, url: str) -> None:
    """Clients that ask for more and more and read nothing."""
    text = "x" * 200_000
    event = json.dumps({"type": "conversation.item.create", "item": {"type": "message", "id": "i", "text": text}})

    async def one() -> None:
        with suppress(ConnectionError, aiohttp.ClientError, TimeoutError):
            async with asyncio.timeout(3), socket(http, url, "?model=gpt-realtime-2.1") as ws:
                while True:
                    await ws.send_str(event)

    await asyncio.gather(*(one() for _ in range(100)))


async def halves(http: aiohttp.ClientSession, url: str) -> None:
    """Many sockets, each with the most of a message that does not end."""

    async def one() -> None:
        with suppress(ConnectionError, aiohttp.ClientError, TimeoutError):
            async with asyncio.timeout(3), socket(http, url) as ws:
                transport = ws._response.connection.transport
                transport.write(b"\x81\xff" + (15 * MIB).to_bytes(8, "big") + b"\0\0\0\0")
                for _ in range(14):
                    transport.write(b"x" * MIB)
                    await asyncio.sleep(0.01)
                await asyncio.sleep(3)

    await asyncio.gather(*(one() for _ in range(30)))


async def together(one: Callable[[asyncio.Event], Coroutine[Any, Any, None]], count: int) -> None:
    """So many at once, for four seconds or until they are cut off."""
    until = asyncio.Event()
    tasks = [asyncio.ensure_future(one(until)) for _ in range(count)]
    await asyncio.wait(tasks, timeout=4)
    until.set()
    await asyncio.gather(*tasks)


async def crowd(http: aiohttp.ClientSession, url: str) -> None:
    """More sockets than there are places."""

    async def one(until: asyncio.Event) -> None:
        with suppress(ConnectionError, aiohttp.ClientError):
            async with socket(http, url, "?model=gpt-realtime-2.1"):
                await until.wait()

    await together(one, 600)


async def mints(http: aiohttp.ClientSession, url: str) -> None:
    """Client secrets without end, each for a session that is large."""
    body = {"session": {"type": "realtime", "tools": [{"name": "x" * 10}] * 8_000}}
    for _ in range(150):
        async with http.post(url + "/realtime/client_secrets", json=body, headers=AUTH) as answer:
            await answer.read()


async def bodies(http: aiohttp.ClientSession, url: str) -> None:
    async def one() -> None:
        with suppress(ConnectionError, aiohttp.ClientError):
            async with http.post(
                url + "/realtime/client_secrets", data=io.BytesIO(bytes(8 * MIB)), headers=AUTH
            ) as answer:
                await answer.read()

    await asyncio.gather(*(one() for _ in range(60)))


def raw(data: bytes, *more: bytes) -> Attack:
    """As many clients as may be, each of which writes this and then that, and reads nothing."""

    async def attack(_: aiohttp.ClientSession, url: str) -> None:
        scheme, _, rest = url.partition("://")
        host, _, port = rest.partition("/")[0].partition(":")

        async def one(until: asyncio.Event) -> None:
            with suppress(ConnectionError, TimeoutError, asyncio.IncompleteReadError):
                reader, writer = await asyncio.open_connection(
                    host, int(port), ssl=UNVERIFIED if scheme == "https" else None
                )
                try:
                    for place, piece in enumerate((data, *more)):
                        if place:
                            await reader.readuntil(b"\r\n\r\n")
                        writer.write(piece)
                        async with asyncio.timeout(3):
                            await writer.drain()
                    await until.wait()
                finally:
                    writer.transport.abort()

        await together(one, 290)

    return attack


UNVERIFIED = ssl._create_unverified_context()
HEAD = f"POST /v1/%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nContent-Length: 999999999\r\n\r\n"
UPGRADE = (
    f"GET /v1/realtime?intent=transcription HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
).encode()
heads = raw(b"GET /v1/realtime HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * 160_000)


SILENCE, NOISE = bytes(11 * MIB), bytes(range(256)) * (11 * 4096)
APPEND = json.dumps(append_event(SILENCE))
ITEM = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "x" * 900_000}]}
IMAGE = {"type": "message", "role": "user", "content": [{"type": "input_image", "image_url": "x" * 15 * MIB}]}
G711 = {"format": {"type": "audio/pcmu"}, "turn_detection": {"type": "server_vad"}}
WIDE = '{"type":"session.update","session":{"type":"transcription","audio":{"input":{"format":"%s"}}}}'
DEEP = '{"type": "conversation.item.create", "item": {"type": "message", "x": %s}}'


async def telephone(http: aiohttp.ClientSession, url: str) -> None:
    """The largest append of G.711, which is three times as many samples."""
    async with socket(http, url) as ws:
        await ws.send_json({"type": "session.update", "session": {"type": "transcription", "audio": {"input": G711}}})
        piece = base64.b64encode(bytes(range(256)) * (7 * 4096)).decode()
        await pour(ws, json.dumps({"type": "input_audio_buffer.append", "audio": piece}), 4)


ATTACKS: dict[str, Attack] = {
    "appends on one socket": over_and_over(APPEND, 100),
    "small appends on one socket": over_and_over(json.dumps(append_event(bytes(96_000))), 3000),
    "appends on many sockets": over_and_over(APPEND, 3, sockets=30),
    "appends of noise": over_and_over(json.dumps(append_event(NOISE)), 20),
    "appends of G.711": telephone,
    "items": over_and_over(json.dumps({"type": "conversation.item.create", "item": ITEM}), 200),
    "pictures": over_and_over(json.dumps({"type": "conversation.item.create", "item": IMAGE}), 10, sockets=4),
    "small items": over_and_over(json.dumps({"type": "conversation.item.create", "item": {"type": "x"}}), 20_000),
    "items on many sockets": over_and_over(
        json.dumps({"type": "conversation.item.create", "item": ITEM}), 3, sockets=100
    ),
    "objects of nothing": over_and_over('{"type": "session.update", "x": [' + "{}," * 5_000_000 + "1]}", 3),
    "objects of nothing, fewer": over_and_over('{"type": "session.update", "x": [' + "{}," * 24_000 + "1]}", 50),
    "a wide text": over_and_over(WIDE % ("\U0001f600" + "a" * 15 * MIB), 5),
    "an escaped wide text": over_and_over(WIDE % ("\\ud83d\\ude00" + "a" * 15 * MIB), 5),
    "a deep item": over_and_over(DEEP % ("[" * 900 + "]" * 900), 20),
    "no JSON": over_and_over("x" * 15 * MIB, 10),
    "clients that do not read": deaf,
    "halves of messages": halves,
    "a crowd": crowd,
    "client secrets": mints,
    "bodies": bodies,
    "heads": heads,
    "bodies that do not end": raw((HEAD % "realtime/client_secrets").encode() + b"x" * MIB),
    "bodies that nobody reads": raw((HEAD % "x").encode() + b"x" * MIB),
    "empty messages": raw(UPGRADE, b"\x81\x80\0\0\0\0" * 200_000),
    "empty messages at once": raw(UPGRADE + b"\x81\x80\0\0\0\0" * 40_000),
}
SECURED = (
    *("halves of messages", "a crowd", "bodies that do not end", "bodies that nobody reads"),
    *("empty messages", "empty messages at once"),
)


async def still_well(http: aiohttp.ClientSession, url: str) -> None:
    """A spoken turn gives its transcript."""
    pcm = base64.b64encode((AUDIO / "speech-24k.wav").read_bytes()[44:]).decode()
    async with asyncio.timeout(20), socket(http, url) as ws:
        for event in (
            TRANSCRIBE,
            {"type": "input_audio_buffer.append", "audio": pcm},
            {"type": "input_audio_buffer.commit"},
        ):
            await ws.send_json(event)
        while (event := await ws.receive_json())["type"] != "conversation.item.input_audio_transcription.completed":
            assert event["type"] != "error"
    assert event["transcript"] == (AUDIO / "speech.txt").read_text().strip()


@pytest.mark.heavy
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux only")
@pytest.mark.parametrize(
    ("attack", "secured"), [*((attack, False) for attack in ATTACKS), *((attack, True) for attack in SECURED)]
)
async def test_the_mock_stays_under_200_mb_and_goes_on(attack, secured, tmp_path):
    more = []
    if secured:
        trustme.CA().issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "a.pem"))
        more = ["--cert", str(tmp_path / "a.pem")]
    with mock(environment(), *more) as url:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, ssl=UNVERIFIED)) as http:
            async with asyncio.timeout(60):
                await ATTACKS[attack](http, url)
            await still_well(http, url)

"""What a session of the mock may hold is bounded, and what happens at a bound is told to the client."""

import asyncio
import gzip
import json
import socket as plain
import struct
import sys

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtdoctor.mock import memory, session, transcriber
from rtdoctor.mock.behaviour import refusals
from rtdoctor.mock.listening import Listener
from rtdoctor.mock.memory import Full, Room
from rtdoctor.mock.secrets import Vault
from rtdoctor.mock.server import MockServer
from rtdoctor.mock.transcriber import Ear
from rtdoctor.mock.vad import Detector
from rtdoctor.model.clock import SteppedClock
from rtdoctor.protocol.audio import append_event
from rtdoctor.wire.audiofile import read_speech
from tests.conftest import AUDIO, KEY
from tests.mock.test_mock import AUTH, events, socket, update

SPEECH = read_speech(AUDIO / "speech-24k.wav").pcm
REALTIME = "?model=gpt-realtime-2.1"


def said(text):
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 40_000), max_size=40))
def test_the_cuts_between_pieces_change_nothing_that_is_heard(sizes):
    data, whole = SPEECH + bytes(48_000), Ear()
    whole.feed(data)
    pieces, marks = Ear(), []
    detector = Detector()
    place = 0
    for size in [*sizes, len(data)]:
        pieces.feed(data[place : place + 2 * size])
        marks += detector.feed(data[place : place + 2 * size])
        place += 2 * size
    assert pieces.text() == whole.text()
    assert pieces.size == whole.size
    assert marks == Detector().feed(data)


def test_an_ear_keeps_a_small_part_of_what_it_hears():
    ear = Ear()
    for _ in range(3000):
        ear.feed(SPEECH[:1920])
    kept = sum(array.nbytes for array in (*ear._levels, *ear._bands))
    assert kept < ear.size // 12
    assert len(ear._levels) <= transcriber._MOST_ARRAYS + 1


def test_a_room_gives_no_more_than_it_has():
    held = Room(10)
    held.take(6)
    with pytest.raises(Full):
        held.take(5)
    held.give(6)
    held.take(10)
    assert held.left == 0


def test_a_vault_forgets_the_oldest_secrets():
    vault = Vault(SteppedClock(), set(), set())
    first, _ = vault.mint({"type": "realtime"}, 600, 3 << 20)
    vault.use(first)
    second, _ = vault.mint({"type": "realtime"}, 600, 3 << 20)
    assert (vault.look_up(first), vault.look_up(second) is None) == (None, False)
    minted = [vault.mint({"type": "realtime"}, 600)[0] for _ in range(1500)]
    assert sum(vault.look_up(value) is not None for value in minted) == 1000


async def test_a_full_buffer_is_an_error_and_what_is_in_it_stays(monkeypatch):
    monkeypatch.setattr(session, "MOST_SECONDS", 6)
    async with socket() as ws:
        await ws.receive_json()
        await ws.send_json(update())
        await ws.receive_json()
        await ws.send_json(append_event(SPEECH))
        await ws.send_json(append_event(SPEECH))
        assert "at most 6 s" in (await ws.receive_json())["error"]["message"]
        await ws.send_json({"type": "input_audio_buffer.commit"})
        seen = await events(ws, {"conversation.item.input_audio_transcription.completed"})
    assert seen[-1]["transcript"] == (AUDIO / "speech.txt").read_text().strip()


@pytest.mark.parametrize(
    "event",
    [
        {"type": "session.update", "session": {"type": "realtime", "instructions": "x" * 1_100_000}},
        {"type": "session.update", "session": {"type": "realtime", "instructions": "\U0001f600" + "x" * 300_000}},
        {"type": "session.update", "session": {"type": "realtime", "tools": [{}] * 60_000}},
        {"type": "conversation.item.create", "item": said("x" * 1_100_000)},
        {"type": "input_audio_buffer.append", "audio": "A" * (15 * 1024 * 1024 + 4)},
    ],
    ids=range(5),
)
async def test_too_large_an_event_is_an_error_and_not_the_end(event):
    async with socket(REALTIME) as ws:
        await ws.receive_json()
        await ws.send_json(event)
        assert "too large" in (await ws.receive_json())["error"]["message"]
        await ws.send_json({"type": "input_audio_buffer.clear"})
        assert (await ws.receive_json())["type"] == "input_audio_buffer.cleared"


async def test_a_picture_is_taken_and_not_told_again():
    content = [{"type": "input_image", "image_url": "data:" + "x" * 2_000_000}, {"type": "input_text", "text": "Hi"}]
    async with socket(REALTIME) as ws:
        await ws.receive_json()
        await ws.send_json(
            {"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": content}}
        )
        seen = await events(ws, {"conversation.item.done"})
    assert seen[0]["item"]["content"] == [{"type": "input_image"}, {"type": "input_text", "text": "Hi"}]


async def test_the_oldest_items_are_forgotten(monkeypatch):
    monkeypatch.setattr(session, "MOST_ITEMS", 3)
    async with socket(REALTIME) as ws:
        await ws.receive_json()
        for number in range(5):
            item = said("Hi") | {"id": f"item_{number}"}
            await ws.send_json({"type": "conversation.item.create", "item": item})
            added, done = await events(ws, {"conversation.item.done"})
            before = f"item_{number - 1}" if number else None
            assert (added["previous_item_id"], done["previous_item_id"]) == (before, before)
        for number, kind in ((1, "error"), (2, "conversation.item.retrieved")):
            await ws.send_json({"type": "conversation.item.retrieve", "item_id": f"item_{number}"})
            assert (await ws.receive_json())["type"] == kind


async def test_where_there_is_no_room_the_session_is_closed_and_what_it_held_is_free_again(monkeypatch):
    async with MockServer({KEY}) as mock, aiohttp.ClientSession() as http:
        mock._room.left = 100_000
        async with http.ws_connect(mock.base_url + "/realtime" + REALTIME, headers=AUTH) as ws:
            await ws.receive_json()
            for _ in range(3):
                item = said("x" * 24_000)
                await ws.send_json({"type": "conversation.item.create", "item": item})
            messages = [message async for message in ws]
            assert ws.close_code in (1006, 1013)
            assert len(messages) < 8
        async with http.ws_connect(mock.base_url + "/realtime" + REALTIME, headers=AUTH) as ws:
            assert (await ws.receive_json())["type"] == "session.created"
            await ws.close()
    assert mock._room.left == 100_000


async def until(condition):
    """Let the server, on the same loop, have its turns."""
    while not condition():  # noqa: ASYNC110 (there is no event of it)
        await asyncio.sleep(0)


async def test_a_body_counts_until_it_is_answered():
    async with MockServer({KEY}) as mock:
        whole = mock._room.left
        reader, writer = await asyncio.open_connection("127.0.0.1", mock.port)
        path = "/v1/realtime/client_secrets HTTP/1.1"
        head = f"POST {path}\r\nHost: x\r\nAuthorization: {AUTH['Authorization']}\r\nContent-Length: 200000\r\n\r\n"
        writer.write(head.encode() + b"x" * 100_000)
        async with asyncio.timeout(5):
            await until(lambda: whole - mock._room.left >= 100_000)
            writer.write(b"x" * 100_000)
            assert b" 400 " in await reader.readline()
            writer.close()
            await until(lambda: mock._room.left == whole)


async def test_a_body_is_taken_as_it_comes_and_not_unpacked():
    headers = AUTH | {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    async with MockServer({KEY}) as mock, aiohttp.ClientSession() as http:
        body = gzip.compress(b'{"session": {"type": "realtime"}}')
        async with http.post(mock.base_url + "/realtime/client_secrets", data=body, headers=headers) as answer:
            assert answer.status == 400


async def test_what_waits_on_one_socket_holds_up_nobody_else(monkeypatch):
    taken = []

    async def take(_self, data, *, binary=False):
        taken.append(data)

    monkeypatch.setattr(session.Session, "take", take)
    shake = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    shake += f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: {AUTH['Authorization']}\r\n\r\n"
    async with MockServer({KEY}) as mock, aiohttp.ClientSession() as http:
        reader, writer = await asyncio.open_connection("127.0.0.1", mock.port)
        writer.write(f"GET /v1/realtime{REALTIME} HTTP/1.1\r\nHost: x\r\n{shake}".encode())
        assert b" 101 " in await reader.readline()
        writer.write(b"\x81\x80\0\0\0\0" * 10_000)
        async with asyncio.timeout(5):
            await until(lambda: bool(taken))
            async with http.get(mock.base_url + "/models", headers=AUTH) as answer:
                assert answer.status == 200
            assert len(taken) < 1_000
        writer.close()


async def test_a_ping_is_answered():
    async with socket(REALTIME, autoping=False) as ws:
        await ws.receive_json()
        await ws.ping(b"are you there")
        assert (await ws.receive())[:2] == (aiohttp.WSMsgType.PONG, b"are you there")


async def test_text_that_is_no_utf8_is_closed_with_1007():
    async with socket() as ws:
        await ws.receive_json()
        await ws._writer.send_frame(b'{"type": "\xff"}', aiohttp.WSMsgType.TEXT)
        assert (await ws.receive()).data == 1007


def test_every_bound_is_marked_as_inferred():
    assert {refusals()[name].confidence for name in ("too-large", "buffer-full")} == {"inferred"}
    assert json.dumps(append_event(bytes(memory.MOST_APPEND // 4 * 3)))


@pytest.mark.skipif(sys.platform != "linux", reason="others do not tell of an end")
@pytest.mark.parametrize("by", ["a reset", "its end"])
def test_a_client_waits_for_the_place_of_one_that_is_gone(by):
    with Listener("127.0.0.1", 0, 1) as listener:
        listener.listen()
        gone = socket_of(listener)
        first, _ = listener.accept()
        with socket_of(listener), pytest.raises(ConnectionAbortedError):
            listener.accept()
        if by == "a reset":
            gone.setsockopt(plain.SOL_SOCKET, plain.SO_LINGER, struct.pack("ii", 1, 0))
        gone.close()
        with socket_of(listener):
            with pytest.raises(BlockingIOError):
                listener.accept()
            first.close()
            second, _ = listener.accept()
            second.close()


def socket_of(listener):
    return plain.create_connection(listener.getsockname())


async def test_so_many_connections_as_asked_for_are_taken_at_once():
    async with MockServer({KEY}, connections=2) as mock, aiohttp.ClientSession() as http:
        url = f"{mock.base_url}/realtime{REALTIME}"
        async with http.ws_connect(url, headers=AUTH) as one, http.ws_connect(url, headers=AUTH) as two:
            for ws in (one, two):
                assert (await ws.receive_json())["type"] == "session.created"
            with pytest.raises(aiohttp.ClientError):
                await http.ws_connect(url, headers=AUTH)

"""A fault has a name, and happens when it is asked for."""

import asyncio
import json
import random

import aiohttp
import pytest

from rtdoctor.mock.acts import CHANGES, ENDS
from rtdoctor.mock.behaviour import refusals
from rtdoctor.mock.faults import BadFault, Course, Faults, known, parse
from rtdoctor.mock.server import MockServer
from tests.conftest import KEY
from tests.mock.test_mock import AUTH

PLAIN = {
    "silent",
    "drop",
    "no-answer",
    "garbled",
    "transcription-failed",
    "content-filter",
    "barge-in-early",
    "barge-in-unheard",
    "barge-in",
}


def test_every_fault_puts_what_the_mock_knows():
    assert {to for fault in known().values() for to in fault.puts.values()} <= PLAIN | refusals().keys()


OF_THE_HANDSHAKE = {"slow-answer", "no-answer", "wrong-accept", "no-upgrade", "other-subprotocol", "slots", "expiry"}


def test_every_fault_does_what_somebody_carries_out():
    for fault in known().values():
        assert bool(fault.puts) != bool(fault.act)
        if fault.act:
            assert fault.act in (ENDS if fault.ends else CHANGES if fault.each == "event" else OF_THE_HANDSHAKE)
        assert bool(fault.unit) == (fault.value is not None)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "nope",
            "abort@0",
            "abort@x",
            "abort:2",
            "abort:",
            "abort@",
            "abort:nan",
            "@1",
            "drop#",
            "drop#0",
            "drop#x y.z",
        ),
        *("http-429#2", "slow-answer#2", "abort=3", "delay=", "delay=-1", "delay=nan", "close=5000", "no-commit#a.b"),
    ],
)
def test_a_fault_that_makes_no_sense_is_told(text):
    with pytest.raises(BadFault):
        parse(text)


@pytest.mark.parametrize("text", ["abort@2", "delay=0.25@3#response.done:0.5", "close=4000#7", "session-expired#2"])
def test_a_fault_reads_what_it_writes(text):
    assert str(parse(text)) == text


async def test_the_second_connection_is_refused_and_no_other():
    statuses = []
    async with MockServer({KEY}, named=Faults(["http-429@2"])) as mock, aiohttp.ClientSession() as http:
        for _ in range(3):
            try:
                async with http.ws_connect(mock.base_url + "/realtime?intent=transcription", headers=AUTH):
                    statuses.append(101)
            except aiohttp.WSServerHandshakeError as told:
                statuses.append(told.status)
    assert statuses == [101, 429, 101]


def test_a_rate_is_about_that_share():
    faults = Faults(["abort:0.3"], random.Random(1))
    assert 200 < sum(bool(Course(faults, number, {}).at_event(1, "x")) for number in range(1000)) < 400


async def lines_of(faults, talk, query="?model=gpt-realtime-2.1", **more):
    """What a mock with these faults heard of one client, and what `talk` gave back."""
    lines = []
    async with MockServer({KEY}, named=Faults(faults), hear=lines.append, pace=0, **more) as mock:
        async with aiohttp.ClientSession() as http, asyncio.timeout(5):
            async with http.ws_connect(mock.base_url + "/realtime" + query, headers=AUTH) as ws:
                told = await talk(ws)
    return lines, told


async def all_of(ws):
    return [message async for message in ws]


async def answered(ws):
    """The types that come until a response is done, and its rate limits."""
    await ws.receive_json()
    await ws.send_json({"type": "response.create"})
    kinds = []
    while not kinds or kinds[-1] != "rate_limits.updated":
        kinds.append((await ws.receive_json())["type"])
    return kinds


async def test_a_conversation_is_heard_line_by_line_from_both_sides():
    async def talk(ws):
        await ws.receive_json()
        await ws.send_json({"type": "response.cancel", "bogus": 1})
        await ws.receive_json()
        await ws.close(code=1000, message=b"bye")

    lines, _ = await lines_of([], talk)
    told = [(line.get("from"), line["kind"]) for line in lines]
    assert told == [
        *((None, "request"), (None, "answer"), ("server", "text"), ("client", "text"), (None, "finding")),
        *(("server", "text"), ("client", "close"), (None, "end")),
    ]
    assert {line["connection"] for line in lines} == {1}
    assert [line["t"] for line in lines] == sorted(line["t"] for line in lines)
    assert lines[0]["url"].endswith("/v1/realtime?model=gpt-realtime-2.1")
    assert lines[0]["socket"] == 1
    assert ["Authorization", AUTH["Authorization"]] in lines[0]["headers"]
    assert (lines[1]["status"], json.loads(lines[2]["data"])["type"]) == (101, "session.created")
    assert (lines[4]["level"], lines[4]["id"]) == ("info", "shape.undocumented")
    assert (lines[6]["code"], lines[6]["reason"]) == (1000, "bye")
    assert (lines[7]["by"], lines[7]["how"]) == ("client", "close")


@pytest.mark.parametrize(
    ("fault", "code", "end"),
    [
        ("abort", 1006, ("server", "reset")),
        ("eof", 1006, ("server", "eof")),
        ("close=4321", 4321, ("server", "close")),
        ("no-credit", 1013, ("server", "close")),
    ],
)
async def test_a_connection_ends_as_the_fault_says(fault, code, end):
    async def talk(ws):
        await all_of(ws)
        return ws.close_code

    lines, got = await lines_of([fault], talk)
    assert (got, (lines[-1]["by"], lines[-1]["how"])) == (code, end)


@pytest.mark.parametrize(("fault", "is_reset"), [("abort", True), ("eof", False)])
async def test_an_abort_is_a_reset_on_the_wire_and_an_eof_is_none(fault, is_reset):
    head = f"GET /v1/realtime?intent=transcription HTTP/1.1\r\nHost: x\r\nAuthorization: {AUTH['Authorization']}\r\n"
    head += "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    head += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    async with MockServer({KEY}, named=Faults([fault])) as mock, asyncio.timeout(5):
        reader, writer = await asyncio.open_connection("127.0.0.1", mock.port)
        writer.write(head.encode())
        try:
            while await reader.read(1000):
                pass
            reset = False
        except ConnectionResetError:
            reset = True
        writer.close()
    assert reset is is_reset


async def test_an_end_waits_for_its_event():
    async def talk(ws):
        await ws.receive_json()
        await ws.send_json({"type": "response.create"})
        return [json.loads(message.data)["type"] for message in await all_of(ws)], ws.close_code

    _, (kinds, code) = await lines_of(["session-expired#response.done"], talk)
    assert (kinds[-2:], code) == (["response.output_item.done", "error"], 1001)


async def test_events_are_lost_doubled_and_moved():
    _, usual = await lines_of([], answered)
    _, dropped = await lines_of(["drop#response.output_item.done"], answered)
    _, doubled = await lines_of(["duplicate#2"], answered)
    _, moved = await lines_of(["reorder#response.created", "reorder#response.output_item.added"], answered)
    assert sorted([*dropped, "response.output_item.done"]) == sorted(usual)
    assert doubled == [usual[0], *usual]
    assert moved == [usual[1], usual[0], *usual[2:]]


async def test_a_fault_of_responses_hits_the_one_that_it_names():
    async def talk(ws):
        await ws.receive_json()
        statuses = []
        while len(statuses) < 3:
            await ws.send_json({"type": "response.create"})
            while (event := await ws.receive_json())["type"] != "response.done":
                pass
            statuses.append(event["response"]["status"])
        return statuses

    assert (await lines_of(["response-server-error#2"], talk))[1] == ["completed", "failed", "completed"]


async def test_a_fault_that_comes_while_a_client_waits_ends_its_connection():
    named = Faults()
    async with MockServer({KEY}, named=named) as mock, aiohttp.ClientSession() as http, asyncio.timeout(5):
        async with http.ws_connect(mock.base_url + "/realtime?intent=transcription", headers=AUTH) as ws:
            await ws.receive_json()
            named.add("close=4777")
            await all_of(ws)
            assert ws.close_code == 4777
        assert named.clear() == 1
        async with http.ws_connect(mock.base_url + "/realtime?intent=transcription", headers=AUTH) as ws:
            assert (await ws.receive_json())["type"] == "session.created"


async def test_a_huge_frame_is_one_valid_event_and_a_deep_one_is_too():
    async def talk(ws):
        return [len((await ws.receive()).data)]

    async with MockServer({KEY}, named=Faults(["huge-frame=20@1", "deep-json=500@2"])) as mock:
        async with aiohttp.ClientSession() as http, asyncio.timeout(10):
            for shown in (20 << 20, 1_000):
                url = mock.base_url + "/realtime?intent=transcription"
                async with http.ws_connect(url, headers=AUTH, max_msg_size=0) as ws:
                    text = (await ws.receive()).data
                    assert len(text) > shown
                    assert json.loads(text)["type"] == "session.created"


@pytest.mark.parametrize("fault", ["silence#2", "half-open#2"])
async def test_after_silence_only_the_pong_tells_a_live_server(fault):
    async def talk(ws):
        await ws.receive_json()
        await ws.send_json({"type": "input_audio_buffer.clear"})
        await ws.send_json({"type": "input_audio_buffer.clear"})
        await ws.ping(b"well?")
        try:
            return (await ws.receive(timeout=0.2)).type
        except TimeoutError:
            return None

    async with MockServer({KEY}, named=Faults([fault])) as mock, aiohttp.ClientSession() as http:
        url = mock.base_url + "/realtime?intent=transcription"
        async with http.ws_connect(
            url, headers=AUTH, autoping=False, timeout=aiohttp.ClientWSTimeout(ws_close=0.1)
        ) as ws:
            assert await talk(ws) == (aiohttp.WSMsgType.PONG if fault.startswith("silence") else None)


@pytest.mark.parametrize("fault", ["wrong-accept", "no-upgrade"])
async def test_a_101_that_is_none_is_not_taken(fault):
    async with MockServer({KEY}, named=Faults([fault])) as mock, aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await http.ws_connect(mock.base_url + "/realtime?intent=transcription", headers=AUTH)


async def test_a_subprotocol_that_nobody_offered_is_selected():
    lines, chosen = await lines_of(["other-subprotocol"], lambda ws: asyncio.sleep(0, ws._response.headers))
    assert chosen["Sec-WebSocket-Protocol"] == "mqtt" == lines[1]["subprotocol"]


async def test_more_sockets_than_slots_are_refused():
    async with MockServer({KEY}, named=Faults(["slots=1"])) as mock, aiohttp.ClientSession() as http:
        url = mock.base_url + "/realtime?intent=transcription"
        async with http.ws_connect(url, headers=AUTH) as ws:
            await ws.receive_json()
            with pytest.raises(aiohttp.WSServerHandshakeError) as told:
                await http.ws_connect(url, headers=AUTH)
            assert told.value.status == 429


async def test_a_session_expires_when_the_fault_says():
    async def talk(ws):
        return [json.loads(message.data).get("error", {}).get("code") for message in await all_of(ws)], ws.close_code

    assert (await lines_of(["expiry=0.05"], talk))[1] == ([None, "session_expired"], 1001)


async def test_models_that_are_named_are_the_only_ones():
    async def code(ws):
        return (await ws.receive_json()).get("error", {}).get("code")

    assert (await lines_of([], code, "?model=mine", models=["mine"]))[1] is None
    assert (await lines_of([], code, "?model=gpt-realtime-2.1", models=["mine"]))[1] == "invalid_model"

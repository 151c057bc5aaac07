"""A recording that is served: the same client gets the same, another one is told what differs."""

import asyncio
import io
import json
import struct

import openai
import pytest
from aiohttp import ClientSession
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from rtdoctor.mock.faults import Faults, known
from rtdoctor.mock.server import MockServer
from rtdoctor.replay.cassette import NotPlayable, read_cassette
from rtdoctor.replay.match import differs, same_request
from rtdoctor.replay.server import Replay
from tests.conftest import KEY
from tests.proxy.passing import authority, proxied

WRONG = "sk-proj-wrongkey1234567890abcd"
HEADER = {"tape": 1, "by": "proxy", "tool": "rtdoctor 0.1.0", "started_at": "2026-11-30T09:00:00Z", "to": "http://h/v1"}
ASK = {
    "kind": "request",
    "url": "ws://h/v1/realtime?model=m",
    "headers": [["Upgrade", "websocket"]],
    "subprotocols": [],
}
SWITCH = {"kind": "answer", "status": 101, "reason": "Switching Protocols", "headers": [["x-request-id", "req_1"]]}


def tape(*lines, gap=0.0):
    every = [HEADER, *({"t": gap * place, "connection": 1, **line} for place, line in enumerate(lines))]
    return io.BytesIO(b"".join(json.dumps(line, default=list).encode() + b"\n" for line in every))


def server(**event):
    return {"kind": "text", "from": "server", "data": json.dumps(event)}


def client(**event):
    return {"kind": "text", "from": "client", "data": json.dumps(event)}


async def replayed(source, talk, **more):
    """What came of a client's talk with a recording."""
    replay = Replay(read_cassette(source), **more)
    await replay.start()
    async with asyncio.timeout(10):
        await talk(replay.base_url)
    return await replay.stop()


def socket(base, path="/realtime?model=m", **more):
    return connect(base.replace("http", "ws") + path, **more)


async def session(base, key=KEY, seconds=8.0):
    """A turn as the openai package has it; the types that came."""
    types = []
    async with openai.AsyncOpenAI(api_key=key, base_url=base, max_retries=0) as one:
        try:
            async with asyncio.timeout(seconds), one.realtime.connect(model="gpt-realtime") as connection:
                async for event in connection:
                    types.append(event.type)
                    if event.type == "session.created":
                        await connection.input_audio_buffer.append(audio="AAAA" * 100)
                        await connection.response.create()
                    if event.type == "response.done":
                        break
        except (WebSocketException, OSError, TimeoutError) as error:
            types.append(type(error).__name__)
    return types


def findings(lines):
    kept = [(line["level"], line["id"]) for line in lines if line.get("kind") == "finding"]
    return [one for one in kept if one[0] == "error"]


async def record(url, talk):
    async with proxied(url) as (proxy, lines, _):
        told = await talk(proxy.base_url)
    return told, lines


def as_file(lines):
    return io.BytesIO(b"".join(json.dumps(line, default=list).encode() + b"\n" for line in lines))


# No tape holds these: bytes that are no frames, an acceptance that breaks the RFC, none at all; and JSON that the
# client of this test cannot read.
BELOW = {
    "garbage",
    "huge-frame",
    "no-answer",
    "no-upgrade",
    "other-subprotocol",
    "wrong-accept",
    "deep-json",
    "not-json",
}


FEW = (None, "key", "abort")  # the rest of them waits for silences and ends


@pytest.mark.parametrize(
    "fault",
    [*FEW, *(pytest.param(fault, marks=pytest.mark.heavy) for fault in sorted(known().keys() - BELOW - set(FEW)))],
)
async def test_a_recording_replays_to_the_same_for_the_client_and_to_the_same_finding(fault):
    named = Faults([fault] if fault in known() else [])
    seconds = 1.5 if fault == "no-first-event" else 8.0
    async with MockServer({KEY}, named=named) as mock:
        first, lines = await record(
            mock.base_url, lambda base: session(base, WRONG if fault == "key" else KEY, seconds)
        )
    replay = Replay(read_cassette(as_file(lines)))
    async with replay:
        again, others = await record(replay.base_url, lambda base: session(base, "sk-any", seconds))
        told = await replay.stop()
    assert again == first
    assert findings(others) == findings(lines)
    assert told.exit_code == 0, told


async def test_a_close_a_reset_and_an_end_without_a_word_are_played_as_they_were():
    close = {"kind": "close", "from": "server", "code": 4000, "reason": "no"}
    for end, wanted in (
        ([close, {"kind": "end", "by": "server", "how": "close"}], 4000),
        ([{"kind": "end", "by": "server", "how": "reset"}], "reset"),
        ([{"kind": "end", "by": "server", "how": "eof"}], "eof"),
    ):

        async def talk(base, wanted=wanted):
            async with socket(base) as one:
                assert json.loads(await one.recv())["type"] == "session.created"
                with pytest.raises(ConnectionClosed) as closed:
                    await one.recv()
            received = closed.value.rcvd
            assert (received.code if received else wanted) == wanted
            cause = closed.value.__cause__
            assert isinstance(cause, ConnectionResetError) is (wanted == "reset")

        told = await replayed(tape(ASK, SWITCH, server(type="session.created"), *end), talk)
        assert told.exit_code == 0


async def test_a_refusal_has_its_status_headers_and_body():
    refusal = {
        "kind": "answer",
        "status": 429,
        "reason": "Slow Down",
        "headers": [["Retry-After", "7"]],
        "body": "wait",
    }

    async def talk(base):
        with pytest.raises(InvalidStatus) as refused:
            async with socket(base):
                pass
        answer = refused.value.response
        assert (answer.status_code, answer.reason_phrase, answer.headers["retry-after"]) == (429, "Slow Down", "7")
        assert answer.body == b"wait"

    assert (await replayed(tape(ASK, refusal), talk)).exit_code == 0


TURN = (
    ASK,
    SWITCH,
    server(type="session.created"),
    client(type="input_audio_buffer.append", audio="AAAA", event_id="event_1"),
    client(type="input_audio_buffer.append", audio="AAAA"),
    client(type="response.create", response={"instructions": "be nice"}),
    server(type="response.done"),
    {"kind": "close", "from": "client", "code": 1000, "reason": ""},
)
APPEND = {"type": "input_audio_buffer.append", "audio": "BBBBBBBB"}
CREATE = {"type": "response.create", "response": {"instructions": "be nice"}}


@pytest.mark.parametrize(
    ("policy", "sent", "differ", "left"),
    [
        ("order", [APPEND, CREATE], 0, 0),
        ("order", [APPEND] * 5 + [CREATE | {"event_id": "event_9"}], 0, 0),
        ("order", [APPEND, {"type": "response.create"}], 1, 0),
        ("order", [APPEND, {"type": "response.cancel"}], 1, 0),
        ("order", [APPEND, CREATE, {"type": "response.cancel"}], 1, 0),
        ("order", [APPEND], 0, 1),
        ("exact", [APPEND, APPEND, CREATE], 2, 0),
        ("loose", [APPEND, CREATE, APPEND, {"type": "x.y"}], 0, 0),
        ("loose", [APPEND, APPEND, APPEND, {"type": "x.y"}], 0, 1),
    ],
)
async def test_what_a_client_sends_is_held_against_the_recording(policy, sent, differ, left):
    async def talk(base):
        async with socket(base) as one:
            assert json.loads(await one.recv())["type"] == "session.created"
            for event in sent:
                await one.send(json.dumps(event))
            if not left:
                assert json.loads(await one.recv())["type"] == "response.done"

    told = await replayed(tape(*TURN), talk, policy=policy)
    (play,) = told.plays
    assert len(play.mismatches) == differ, play
    assert bool(play.left) is bool(left), play
    assert told.exit_code == (1 if differ or left else 0)


async def test_what_nobody_asked_for_and_what_nothing_answers_is_told():
    async def talk(base):
        with pytest.raises(InvalidStatus) as refused:
            async with socket(base, "/elsewhere"):
                pass
        assert refused.value.response.status_code == 404

    told = await replayed(tape(*TURN), talk)
    assert told.strays == ("GET /v1/elsewhere",)
    assert [play.played for play in told.plays] == [False]
    assert told.exit_code == 1


async def test_the_pace_is_the_recorded_one_where_that_was_asked_for():
    loop = asyncio.get_running_loop()

    async def talk(base):
        start = loop.time()
        async with socket(base) as one:
            for _ in range(3):
                await one.recv()
        taken.append(loop.time() - start)

    lines = (ASK, SWITCH, *(server(type="x.y") for _ in range(3)))
    taken = []
    await replayed(tape(*lines, gap=0.1), talk, pace="real")
    await replayed(tape(*lines, gap=0.1), talk, pace="none")
    assert taken[0] > 0.28
    assert taken[1] < taken[0]


def har(*messages):
    told = [{"type": kind, "time": 1.0, "opcode": 1, "data": json.dumps(event)} for kind, event in messages]
    return json.dumps({"log": {"entries": [{"_webSocketMessages": told}]}}).encode()


@pytest.mark.parametrize(
    "data",
    [
        har(("receive", {"type": "session.created"}), ("send", CREATE), ("receive", {"type": "response.done"})),
        b'{"dir": "server", "event": {"type": "session.created"}}\n{"dir": "client", "event": %b}\n'
        b'{"dir": "server", "event": {"type": "response.done"}}\n' % json.dumps(CREATE).encode(),
        b'{"type": "session.created"}\n%b\n{"type": "response.done"}\n' % json.dumps(CREATE).encode(),
    ],
    ids=["har", "directions", "bare"],
)
async def test_recordings_of_others_are_served_too(data):
    async def talk(base):
        async with socket(base, "/realtime?model=whatever") as one:
            assert json.loads(await one.recv()) == {"type": "session.created"}
            await one.send(json.dumps(CREATE))
            assert json.loads(await one.recv()) == {"type": "response.done"}

    assert (await replayed(io.BytesIO(data), talk)).exit_code == 0


@pytest.mark.parametrize(
    "data", [b"", b'{"tape": 2}', b"{}", b"hello", b'{"dir": "client", "event": {"type": "response.create"}}']
)
def test_what_cannot_be_served_is_said_in_one_sentence(data):
    with pytest.raises(NotPlayable):
        read_cassette(io.BytesIO(data))


async def test_a_client_that_sends_garbage_ends_its_own_connection_and_no_other():
    async def talk(base):
        host, port = base.split("//")[1].split("/")[0].split(":")
        for garbage in (b"\x00" * 300, b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", struct.pack("!Q", 1 << 63)):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(garbage)
            writer.write_eof()
            await reader.read(-1)
            writer.close()
        async with socket(base) as one:
            await one.recv()
            await one.send(json.dumps(APPEND))
            await one.send(json.dumps(CREATE))
            await one.recv()

    assert (await replayed(tape(*TURN), talk)).plays[0].good


def test_a_mark_of_a_secret_stands_for_any_text():
    assert differs(b'{"type": "x", "a": "[secret 12ab]"}', b'{"type": "x", "a": "sk-1"}', "exact") == ""
    assert differs(b'{"type": "x", "a": "b"}', b'{"type": "x", "a": "c"}', "exact") == "x differs in /a"
    assert same_request("/v1/realtime?model=m&key=[secret 12ab]", "/v1/realtime?key=k&model=m", "order")
    assert not same_request("/v1/realtime?model=m", "/v1/realtime?model=n", "order")
    assert same_request("/v1/realtime?model=m", "/v1/realtime?model=n", "loose")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Host": "evil.example:9721"},
        {"Host": "evil.example:9721", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "null"},
    ],
)
async def test_a_foreign_page_or_name_reads_nothing_and_consumes_no_take(headers):
    said = []

    async def talk(base):
        upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
        for more in ({}, upgrade | {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}):
            async with ClientSession() as http, http.get(f"{base}/realtime?model=m", headers=headers | more) as answer:
                assert answer.status == 403
                assert "recorded" not in await answer.text()
        async with socket(base, origin="http://localhost:3000") as ws:  # a page of the developer's own
            assert json.loads(await ws.recv()) == {"type": "recorded"}

    result = await replayed(tape(ASK, SWITCH, server(type="recorded")), talk, say=said.append)
    assert [play.played for play in result.plays] == [True]
    assert "refused a request" in said[0]


@pytest.mark.parametrize(
    "line",
    [
        {"kind": "request", "url": "ws://[x/v1/realtime", "headers": [], "subprotocols": []},
        {"kind": "text", "from": "server", "data": '{"audio_bytes":1,"type":"x","a":' + "[" * 300 + "]" * 300 + "}"},
    ],
)
def test_a_hostile_line_of_a_tape_is_no_error_of_ours(line):
    head = {"tape": 1, "by": "proxy", "tool": "x", "started_at": "2026-11-30T00:00:00+00:00", "to": "ws://h/v1"}
    read_cassette(as_file([head, {"t": 0.0, "connection": 1, **line}]))


async def test_a_recording_is_served_under_tls():
    server, client = authority()
    line = (
        b'{"dir": "server", "event": {"type": "session.created", "event_id": "e", "session": {"type": "realtime"}}}\n'
    )
    replay = Replay(read_cassette(io.BytesIO(line)))
    await replay.start(context=server)
    assert replay.base_url.startswith("https://localhost:")
    url = replay.base_url.replace("https", "wss") + "/realtime"
    async with connect(url, ssl=client, proxy=None) as socket:
        assert "session.created" in await socket.recv()
    assert (await replay.stop()).exit_code == 0


async def test_a_client_that_makes_its_own_ids_finds_them_again():
    lines = [
        {"dir": "client", "event": {"type": "conversation.item.create", "item": {"id": "item_old", "type": "message"}}},
        {"dir": "server", "event": {"type": "conversation.item.added", "event_id": "e1", "item": {"id": "item_old"}}},
        {"dir": "client", "event": {"type": "response.create", "response": {"metadata": {"client_event_id": "old_1"}}}},
        {"dir": "server", "event": {"type": "response.done", "response": {"metadata": {"client_event_id": "old_1"}}}},
    ]
    takes = read_cassette(io.BytesIO(b"".join(json.dumps(line).encode() + b"\n" for line in lines)))
    async with Replay(takes) as replay:
        url = replay.base_url.replace("http", "ws") + "/realtime"
        async with connect(url, proxy=None) as socket:
            await socket.send(json.dumps(lines[0]["event"]).replace("item_old", "item_new"))
            assert json.loads(await socket.recv())["item"]["id"] == "item_new"
            await socket.send(json.dumps(lines[2]["event"]).replace("old_1", "new_1"))
            assert json.loads(await socket.recv())["response"]["metadata"]["client_event_id"] == "new_1"

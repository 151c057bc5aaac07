"""Faults on the proxy: a client meets by a proxy with a fault before a good mock what it meets from a mock with it."""

import asyncio
import io
import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from rtdoctor.mock.faults import BadFault, Faults, known
from rtdoctor.mock.server import MockServer
from rtdoctor.protocol.models import defaults
from rtdoctor.proxy.breaking import _model, can_pass, faults_of
from rtdoctor.replay.cassette import read_cassette
from rtdoctor.replay.server import Replay
from rtdoctor.wire.messages import parse_head
from rtdoctor.wire.rawframes import FrameReader
from tests.conftest import KEY
from tests.proxy.passing import HEAD, SWITCH, Far, frame, proxied

OURS = sorted(name for name, fault in known().items() if can_pass(fault))
SHORT = {"slow-answer": "=0.05", "delay": "=0.01", "jitter": "=0.01", "bandwidth": "=1e6", "huge-frame": "=17",
         "expiry": "=0.1", "deep-json": "=1000", "close": "=1011", "slots": "=0"}  # fmt: skip
FEW = ("http-429", "no-credit", "abort", "wrong-accept", "eof", "close")


def named(name):
    return name + SHORT.get(name, "")


# A tape tells of a message when it is whole; a client that goes at the head of a large frame went before that.
TOLD_LATE = {"huge-frame"}


async def met(base_url):
    """What a client meets: how the handshake ends, the first events, and how the socket ends."""
    url = base_url.replace("http", "ws") + "/realtime?model=gpt-realtime"
    told = []
    try:
        async with connect(
            url,
            additional_headers={"Authorization": f"Bearer {KEY}"},
            subprotocols=["realtime"],
            proxy=None,
            open_timeout=0.7,
            close_timeout=0.2,
            max_size=1 << 20,
        ) as socket:
            told.append(f"subprotocol {socket.subprotocol}")
            await socket.send(json.dumps({"type": "session.update", "session": {"type": "realtime"}}))
            while len(told) < 4:
                async with asyncio.timeout(0.7):
                    told.append(shape(await socket.recv()))
    except InvalidStatus as error:
        told.append(f"status {error.response.status_code} {bytes(error.response.body or b'')!r}")
    except InvalidHandshake as error:
        told.append(type(error).__name__)
    except ConnectionClosed as error:
        told.append(str(error))
    except (TimeoutError, OSError) as error:
        told.append(type(error).__name__)
    return told


def shape(text):
    """An event without its ids."""
    try:
        event = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return "no JSON"
    error = event.get("error") or {}
    return event["type"], sorted(set(event) - {"deep"}), "deep" in event, error.get("message")


async def by_the_mock(name):
    async with MockServer({KEY}, named=Faults([named(name)])) as mock:
        return await met(mock.base_url)


async def by_the_proxy(name):
    """What a client meets, and the tape of it."""
    async with MockServer({KEY}) as mock, proxied(mock.base_url, faults=faults_of([named(name)])) as (proxy, lines, _):
        told = await met(proxy.base_url)
    return told, lines


async def by_the_recording(lines):
    """What a client meets of a replay of a tape, and the tape of that."""
    takes = read_cassette(io.BytesIO(b"".join(json.dumps(line, default=list).encode() + b"\n" for line in lines)))
    async with Replay(takes) as replay, proxied(replay.base_url) as (proxy, again, _):
        told = await met(proxy.base_url)
    return told, again


def found(lines):
    """What was judged of it; what the proxy did itself is no finding."""
    return {line["id"] for line in lines if line.get("kind") == "finding" and not line["id"].startswith("proxy.")}


async def hold(names):
    wanted = dict(zip(names, await asyncio.gather(*map(by_the_mock, names)), strict=True))
    passed = dict(zip(names, await asyncio.gather(*map(by_the_proxy, names)), strict=True))
    assert {name: told for name, (told, _) in passed.items()} == wanted
    kept = [name for name in names if name not in TOLD_LATE]
    played = dict(zip(kept, await asyncio.gather(*(by_the_recording(passed[name][1]) for name in kept)), strict=True))
    assert {name: told for name, (told, _) in played.items()} == {name: wanted[name] for name in kept}
    assert {name: found(played[name][1]) for name in kept} == {name: found(passed[name][1]) for name in kept}


async def test_a_fault_is_the_same_by_the_mock_by_the_proxy_and_by_a_replay_of_its_recording():
    await hold(FEW)


@pytest.mark.heavy
async def test_every_fault_is_the_same_by_the_mock_by_the_proxy_and_by_a_replay_of_its_recording():
    for start in range(0, len(OURS), 8):
        await hold(OURS[start : start + 8])


@pytest.mark.heavy
async def test_faults_come_on_the_nth_socket_at_an_event_and_while_it_runs():
    faults = faults_of(["http-500@1", "drop@2#session.updated"])
    async with MockServer({KEY}) as mock, proxied(mock.base_url, faults=faults) as (proxy, lines, _):
        assert await met(proxy.base_url) == ["status 500 b''"]
        assert mock.upgrades == 0  # what is refused here never reaches the endpoint
        second, third = await met(proxy.base_url), await met(proxy.base_url)
        assert second[1][0] == "session.created"
        assert "session.updated" not in json.dumps(second)
        assert third[2][0] == "session.updated"
        url = proxy.base_url.replace("http", "ws") + "/realtime?model=gpt-realtime"
        async with connect(url, additional_headers={"Authorization": f"Bearer {KEY}"}, proxy=None) as socket:
            await socket.recv()
            faults.add("close=4321")
            with pytest.raises(ConnectionClosed, match="4321"):
                await asyncio.wait_for(socket.recv(), 5)
        faults.clear()
        assert (await met(proxy.base_url))[1:3] == third[1:3]
    told = [line["id"] for line in lines if line.get("kind") == "finding"]
    assert {"proxy.server-error", "proxy.close"} <= set(told)


async def test_a_refused_client_that_asks_again_on_its_connection_is_served():
    async def talk(far, reader, writer):
        for _ in range(2):
            await far.head(reader)
            writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nnope")

    async with (
        Far(talk) as far,
        proxied(f"http://127.0.0.1:{far.port}/v1", faults=faults_of(["drop"])) as (proxy, _, _),
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(proxy.base_url.split(":")[2].split("/")[0]))
        for _ in range(2):
            writer.write(HEAD)
            async with asyncio.timeout(5):
                assert b" 401 " in await reader.readuntil(b"nope")
        writer.close()
    assert far.got.count(f"host: 127.0.0.1:{far.port}".encode()) == 2


@pytest.mark.heavy
async def test_who_does_not_read_holds_the_server_back_and_gets_all_in_its_order():
    async def talk(far, reader, writer):
        await far.head(reader)
        writer.write(SWITCH)
        for number in range(2000):
            writer.write(frame(1, json.dumps({"type": "x.y", "number": number, "pad": "p" * 20000}).encode()))
            await writer.drain()
            far.connections = number
        await far.keep(reader)

    async with (
        Far(talk) as far,
        proxied(f"http://127.0.0.1:{far.port}/v1", faults=faults_of(["jitter=0:0.5"])) as (
            proxy,
            _,
            _,
        ),
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(proxy.base_url.split(":")[2].split("/")[0]))
        writer.write(HEAD)
        assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        reader._transport.pause_reading()
        before = -1
        while far.connections != before:
            before = far.connections
            await asyncio.sleep(0.1)
        assert far.connections < 1999  # held back
        reader._transport.resume_reading()
        frames, numbers = FrameReader(1 << 20), []
        async with asyncio.timeout(10):
            while len(numbers) < 2000:
                numbers += [json.loads(one.payload)["number"] for one in frames.feed(await reader.read(1 << 16))]
        assert numbers == list(range(2000))
        writer.close()


def test_what_wants_the_mocks_own_conversation_is_refused_in_a_sentence():
    for name in ("barge-in", "no-transcript", "response-no-credit"):
        with pytest.raises(BadFault, match="only the mock can do it"):
            faults_of([name])


@pytest.mark.parametrize(("fault", "how"), [("abort", "reset"), ("eof", "end")])
async def test_abort_is_a_reset_and_eof_an_end_without_a_close_frame(fault, how):
    async def talk(far, reader, writer):
        await far.head(reader)
        writer.write(SWITCH + frame(1, b'{"type": "session.created"}'))
        await far.keep(reader)

    async with Far(talk) as far, proxied(f"http://127.0.0.1:{far.port}/v1", faults=faults_of([fault])) as (proxy, *_):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(proxy.base_url.split(":")[2].split("/")[0]))
        writer.write(HEAD)
        try:
            async with asyncio.timeout(5):
                got = await reader.read()
        except ConnectionResetError:
            got = None
        assert (got is None) == (how == "reset")
        assert got is None or b"session.created" not in got
        writer.close()


@pytest.mark.parametrize(
    ("target", "model"),
    [
        ("/v1/realtime?remodel=a&model=gpt%2Drealtime-2.1", "gpt-realtime-2.1"),
        ("/v1/realtime?intent=transcription", defaults().realtime),
    ],
)
def test_a_refusal_speaks_of_the_model_that_was_asked_for(target, model):
    assert _model(parse_head(f"GET {target} HTTP/1.1\r\nHost: h\r\n\r\n".encode())) == model

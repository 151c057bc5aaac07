"""Clients that nobody here wrote, through the proxy to the mock: good and refused, plain and under TLS."""

import asyncio
import json
import shutil
from contextlib import asynccontextmanager, suppress

import openai
import pytest
import websockets
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

from rtdoctor.mock.server import MockServer
from rtdoctor.model.target import Route, parse_target
from tests.conftest import KEY
from tests.proxy.passing import authority, proxied, seen, until

WRONG = "sk-proj-wrongkey1234567890abcd"
NODE = """
const socket = new WebSocket(process.argv[1], ["realtime", "openai-insecure-api-key." + process.argv[2]]);
socket.onmessage = (message) => {
  const event = JSON.parse(message.data);
  console.log(event.type);
  if (event.type === "session.created") socket.send(JSON.stringify({type: "response.create"}));
  if (event.type === "response.done") socket.close(1000);
};
socket.onclose = (close) => console.log("close", close.code);
"""


@asynccontextmanager
async def before_the_mock(**more):
    """`(proxy, lines)` before a mock; `tls`: under TLS on both sides, of which the second of the pair is the
    client's."""
    theirs, ours = more.pop("tls", (None, None))
    async with MockServer({KEY}, tls=theirs) as mock:
        url = mock.base_url.replace("127.0.0.1", "localhost") if theirs else mock.base_url
        async with proxied(url, upstream_context=ours, context=theirs, **more) as (proxy, lines, _):
            yield proxy, lines


def told(lines, kind, *names):
    return [tuple(line[name] for name in names) for line in lines if line.get("kind") == kind]


def causes(lines):
    return [line["id"] for line in lines if line.get("kind") == "finding" and line["level"] == "error"]


async def text_turn(client):
    async with client.realtime.connect(model="gpt-realtime") as connection:
        types = []
        async for event in connection:
            types.append(event.type)
            if event.type == "session.created":
                await connection.session.update(session={"type": "realtime", "output_modalities": ["text"]})
                content = [{"type": "input_text", "text": "hello"}]
                await connection.conversation.item.create(item={"type": "message", "role": "user", "content": content})
                await connection.response.create()
            if event.type in ("response.done", "error"):
                break
        return types


async def test_the_openai_package_finishes_a_turn_and_is_told_nothing():
    async with before_the_mock() as (proxy, lines):
        async with openai.AsyncOpenAI(api_key=KEY, base_url=proxy.base_url) as client:
            types = await text_turn(client)
            secret = await client.realtime.client_secrets.create(session={"type": "realtime", "model": "gpt-realtime"})
    passed = [json.loads(line["data"])["type"] for line in lines if line.get("from") == "server" and "data" in line]
    assert types == passed[: len(types)]
    assert causes(lines) == []
    assert told(lines, "answer", "status") == [(101,), (200,)]
    assert seen[-1].counted == {"pass": 2}
    assert secret.value.startswith("ek_")
    whole = json.dumps(lines, default=list)
    assert KEY not in whole
    assert secret.value not in whole


async def test_the_openai_package_is_refused_and_the_cause_is_told_when_it_is():
    async with before_the_mock() as (proxy, lines):
        async with openai.AsyncOpenAI(api_key=WRONG, base_url=proxy.base_url, max_retries=0) as client:
            assert await text_turn(client) == ["error"]
            with pytest.raises(openai.AuthenticationError):
                await client.realtime.client_secrets.create(session={"type": "realtime"})
    assert causes(lines) == ["auth.invalid", "auth.invalid"]
    error = next(place for place, line in enumerate(lines) if line.get("kind") == "text")
    assert lines[error + 1]["kind"] == "finding"
    assert lines[error + 1]["remedy"]
    assert WRONG not in json.dumps(lines, default=list)


@pytest.mark.parametrize(
    ("path", "key", "cause"),
    [
        ("/realtime?model=gpt-realtime", None, "auth.missing"),
        ("/realtime", KEY, "session.model-missing"),
        ("/realtyme?model=gpt-realtime", KEY, None),
    ],
)
async def test_websockets_is_refused_in_the_main_ways(path, key, cause):
    async with before_the_mock() as (proxy, lines):
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        with suppress(websockets.InvalidStatus):
            async with connect(proxy.base_url.replace("http", "ws") + path, additional_headers=headers) as socket:
                await socket.recv()
                await socket.wait_closed()
    assert len(causes(lines)) == 1
    assert cause is None or causes(lines) == [cause]


async def test_websockets_is_served_under_tls_on_both_sides():
    pair = authority()
    async with before_the_mock(tls=pair) as (proxy, lines):
        url = proxy.base_url.replace("http", "ws") + "/realtime?model=gpt-realtime"
        async with connect(url, additional_headers={"Authorization": f"Bearer {KEY}"}, ssl=pair[1]) as socket:
            assert json.loads(await socket.recv())["type"] == "session.created"
    assert told(lines, "close", "from", "code") == [("client", 1000), ("server", 1000)]
    assert told(lines, "end", "how") == [("close",)]


@pytest.mark.parametrize("compression", [None, "deflate"])
async def test_compressed_frames_are_read_too(compression):
    sent = [json.dumps({"type": "x.y", "pad": str(number) * 500}) for number in range(5)]

    async def echo(socket):
        async for message in socket:
            await socket.send([message[:100], message[100:]])

    async with serve(echo, "127.0.0.1", 0, compression=compression) as server:
        port = server.sockets[0].getsockname()[1]
        async with proxied(f"http://127.0.0.1:{port}/v1") as (proxy, lines, _):
            async with connect(proxy.base_url.replace("http", "ws"), compression=compression) as socket:
                for text in sent:
                    await socket.send(text)
                    assert await socket.recv() == text
    assert [data for _, data in told(lines, "text", "from", "data")] == [text for text in sent for _ in range(2)]
    assert "frame.broken" not in causes(lines)


async def test_an_upstream_that_goes_and_comes_back_is_told(monkeypatch):
    monkeypatch.setattr("rtdoctor.proxy.server.RETRY", 0.05)
    mock = MockServer({KEY})
    await mock.start(0)
    port = parse_target(mock.base_url).port
    async with proxied(mock.base_url) as (proxy, lines, said):
        await until(lambda: said == [("ready", None)])
        await mock.stop()
        async with openai.AsyncOpenAI(api_key=KEY, base_url=proxy.base_url, max_retries=0) as client:
            with pytest.raises(openai.APIStatusError) as refused:
                await client.realtime.client_secrets.create(session={"type": "realtime"})
        assert refused.value.status_code == 502
        assert [state for state, _ in said] == ["ready", "lost"]
        assert said[1][1].cause == "network.tcp-refused"
        await mock.start(port)
        await until(lambda: [state for state, _ in said] == ["ready", "lost", "ready"])
        await mock.stop()
    assert told(lines, "fault", "layer", "fault") == [("tcp", "refused")]
    assert causes(lines) == ["network.tcp-refused"]


async def test_an_upstream_that_was_never_there_is_told_once_and_the_proxy_is_not_ready():
    async with MockServer({KEY}) as mock:
        url = mock.base_url
    async with proxied(url) as (proxy, _, said):
        await until(lambda: len(said) == 1)
        await asyncio.sleep(0)
        assert [state for state, _ in said] == ["lost"]
        assert proxy.reached is None
    assert seen[-1].notes == ("The upstream was never reached.",)


async def test_a_certificate_that_is_not_trusted_is_told_as_such():
    theirs, _ = authority()
    _, ours = authority()
    async with MockServer({KEY}, tls=theirs) as mock:
        url = mock.base_url.replace("127.0.0.1", "localhost")
        async with proxied(url, upstream_context=ours) as (_, _, said):
            await until(lambda: bool(said))
    assert said[0][1].cause == "network.tls-untrusted"


@pytest.mark.heavy
async def test_nodes_own_websocket_finishes_a_turn():
    if (node := shutil.which("node")) is None:
        pytest.skip("there is no node")
    async with before_the_mock() as (proxy, lines):
        url = proxy.base_url.replace("http", "ws") + "/realtime?model=gpt-realtime"
        for key, wanted in ((KEY, "close 1000"), (WRONG, "close 3000")):
            arguments = ["--experimental-websocket", "-e", NODE, url, key]
            done = await asyncio.create_subprocess_exec(node, *arguments, stdout=asyncio.subprocess.PIPE)
            out, _ = await asyncio.wait_for(done.communicate(), 20)
            assert out.decode().splitlines()[-1] == wanted
            assert ("response.done" in out.decode()) is (key == KEY)
    assert causes(lines) == ["auth.invalid"]


@pytest.mark.parametrize("tls", [False, True])
async def test_the_endpoint_is_reached_by_an_http_proxy_too(tls):
    pair = authority() if tls else (None, None)
    asked = []

    async def tunnel(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head.split()[1].decode())
        host, port = asked[-1].rsplit(":", 1)
        theirs, ours = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")

        async def copy(source, sink):
            with suppress(ConnectionError):
                while data := await source.read(1 << 16):
                    sink.write(data)
            sink.close()

        await asyncio.gather(copy(reader, ours), copy(theirs, writer))

    server = await asyncio.start_server(tunnel, "127.0.0.1", 0)
    route = Route(proxy=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    async with MockServer({KEY}, tls=pair[0]) as mock:
        url = mock.base_url.replace("127.0.0.1", "localhost") if tls else mock.base_url
        async with proxied(url, upstream_context=pair[1], route=route) as (proxy, lines, said):
            async with openai.AsyncOpenAI(api_key=KEY, base_url=proxy.base_url) as client:
                assert (await text_turn(client))[-1] == "response.done"
            assert ("ready", None) in said
    server.close()
    assert len(set(asked)) == 1
    assert causes(lines) == []


async def test_an_http_proxy_that_refuses_is_told_as_such():
    async def refuse(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    route = Route(proxy=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    async with proxied("https://h.example/v1", route=route) as (_, _, said):
        await until(lambda: bool(said))
    server.close()
    assert said[0][1].cause == "network.proxy-auth"

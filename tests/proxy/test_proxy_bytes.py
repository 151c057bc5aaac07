"""The proxy changes two headers of a request, and not a byte else, whatever passes."""

import asyncio
import json
import socket
import struct
import threading
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from rtdoctor.model.target import DIRECT
from rtdoctor.privacy.secret import Secret
from tests.proxy.passing import HEAD, SWITCH, Far, authority, frame, noise, proxied, seen, until

BIG = json.dumps({"type": "input_audio_buffer.append", "audio": "A" * 300_000}).encode()
GOOD = (
    frame(1, b'{"type":"session', fin=False, masked=True)
    + frame(9, b"ping in between", masked=True)
    + frame(0, b'.update"', fin=False, masked=True)
    + frame(0, b',"session":{"type":"realtime"}}', masked=True)
    + frame(10, b"", masked=True)
    + frame(1, BIG, masked=True)
    + frame(2, noise(1000), masked=True)
)
TEXT = frame(1, b'{"type":"session.created","event_id":"event_1","session":{}}')
ANSWERS = TEXT + frame(9, b"\x00\xff") + frame(1, BIG) + frame(8, struct.pack("!H", 3000) + b"invalid")


def where(proxy):
    return urlsplit(proxy.base_url)


async def connect(proxy, context=None):
    place = where(proxy)
    return await asyncio.open_connection(place.hostname, place.port, ssl=context)


def rewritten(port):
    return HEAD.replace(b"host: 127.0.0.1:1\r\n", b"host: 127.0.0.1:%d\r\n" % port)


@pytest.mark.parametrize("sent", [GOOD, noise(200_000), frame(1, b"unmasked") + noise(70_000), b""], ids=range(4))
@pytest.mark.parametrize("tls", ["plain", "upstream"])
async def test_every_byte_comes_through_both_ways(sent, tls):
    theirs, ours = authority() if tls == "upstream" else (None, None)

    async def talk(upstream, reader, writer):
        await upstream.head(reader)
        writer.write(SWITCH + ANSWERS)
        await writer.drain()
        upstream.got += await reader.readexactly(len(sent))

    scheme, name = ("https", "localhost") if theirs else ("http", "127.0.0.1")
    async with Far(talk, theirs) as upstream:
        url = f"{scheme}://{name}:{upstream.port}/v1"
        async with proxied(url, upstream_context=ours) as (proxy, lines, _):
            reader, writer = await connect(proxy)
            writer.write(HEAD)
            got = await reader.readexactly(len(SWITCH))
            for start in range(0, len(sent), 30_011):
                writer.write(sent[start : start + 30_011])
                await writer.drain()
            got += await reader.read(-1)
            writer.close()
        assert got == SWITCH + ANSWERS
        assert bytes(upstream.got) == rewritten(upstream.port).replace(b"127.0.0.1", name.encode()) + sent
        kinds = [line.get("kind") for line in lines]
        assert kinds[1:3] == ["request", "answer"]
        told = [line for line in lines if line.get("kind") == "text" and line["from"] == "server"]
        assert [line["data"].encode() for line in told] == [TEXT[2:], BIG]
        if sent is GOOD:
            mine = [line for line in lines if line.get("from") == "client"]
            assert [line["kind"] for line in mine] == ["ping", "text", "pong", "text", "binary"]
            assert mine[1]["data"] == '{"type":"session.update","session":{"type":"realtime"}}'
        elif sent:
            assert [line["id"] for line in lines if line.get("kind") == "finding"].count("frame.broken") == 1


@pytest.mark.heavy
async def test_messages_of_five_megabytes_come_through_both_ways():
    large = json.dumps({"type": "input_audio_buffer.append", "audio": "A" * 5_000_000}).encode()
    sent = frame(1, large, masked=True) * 4

    async def talk(upstream, reader, writer):
        await upstream.head(reader)
        writer.write(SWITCH)
        await asyncio.gather(upstream.keep(reader), answer(writer))

    async def answer(writer):
        for _ in range(4):
            writer.write(frame(1, large))
            await writer.drain()

    async with Far(talk) as upstream:
        async with proxied(f"http://127.0.0.1:{upstream.port}/v1") as (proxy, lines, _):
            reader, writer = await connect(proxy)
            writer.write(HEAD + sent)
            whole = asyncio.create_task(reader.readexactly(len(SWITCH) + 4 * len(frame(1, large))))
            await writer.drain()
            assert await whole == SWITCH + frame(1, large) * 4
            await until(lambda: len(upstream.got) == len(rewritten(upstream.port) + sent))
            writer.close()
        assert bytes(upstream.got) == rewritten(upstream.port) + sent
    assert [len(line["data"]) for line in lines if line.get("kind") == "text"] == [len(large)] * 8


async def test_tls_on_the_clients_side_is_the_proxys_own():
    theirs, ours = authority()

    async def talk(upstream, reader, writer):
        await upstream.head(reader)
        writer.write(SWITCH + ANSWERS)
        await writer.drain()

    async with Far(talk) as upstream:
        async with proxied(f"http://127.0.0.1:{upstream.port}/v1", context=theirs) as (proxy, _, _):
            assert proxy.base_url.startswith("https://localhost:")
            reader, writer = await connect(proxy, ours)
            writer.write(HEAD)
            assert await reader.read(-1) == SWITCH + ANSWERS
            writer.close()


async def test_requests_on_one_connection_pass_and_each_has_its_host_and_its_line():
    bodies = [b'{"session":{"type":"realtime"}}', b"5\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n"]
    answers = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 Unauthorized\r\nTransfer-Encoding: chunked\r\n\r\n"
        b'27\r\n{"error":{"code":"invalid_api_key"}}   \r\n0\r\n\r\n',
    ]
    heads = [
        b"POST /v1/realtime/client_secrets HTTP/1.1\r\nHOST: localhost\r\nContent-Length: %d\r\n\r\n" % len(bodies[0]),
        b"POST /v1/realtime/calls HTTP/1.1\r\nHost: [::1]:9\r\nTransfer-Encoding: chunked\r\n\r\n",
    ]

    async def talk(upstream, reader, writer):
        for body, answer in zip(bodies, answers, strict=True):
            await upstream.head(reader)
            upstream.got += await reader.readexactly(len(body))
            writer.write(answer)

    async with Far(talk) as upstream:
        async with proxied(f"http://127.0.0.1:{upstream.port}/v1") as (proxy, lines, _):
            reader, writer = await connect(proxy)
            writer.write(heads[0] + bodies[0])
            assert await reader.readexactly(len(answers[0])) == answers[0]
            writer.write(heads[1] + bodies[1])
            assert await reader.read(-1) == answers[1]
            writer.close()
        host = b"127.0.0.1:%d" % upstream.port
        wanted = heads[0].replace(b" localhost\r", b" " + host + b"\r") + bodies[0]
        wanted += heads[1].replace(b" [::1]:9\r", b" " + host + b"\r") + bodies[1]
        assert bytes(upstream.got) == wanted
    asked = [line for line in lines if line.get("kind") == "request"]
    assert [(line["connection"], line["method"], line["body"]) for line in asked] == [
        (1, "POST", bodies[0].decode()),
        (2, "POST", "hello"),
    ]
    assert [line["status"] for line in lines if line.get("kind") == "answer"] == [200, 401]
    assert [line["id"] for line in lines if line.get("kind") == "finding"] == ["auth.invalid"]
    assert seen[-1].counted == {"pass": 1, "fail": 1}


async def test_a_refused_upgrade_leaves_a_connection_on_which_one_can_ask_again():
    refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"

    async def talk(upstream, reader, writer):
        for answer in (refusal, SWITCH):
            await upstream.head(reader)
            writer.write(answer)
        await upstream.keep(reader)

    async with Far(talk) as upstream:
        async with proxied(f"http://127.0.0.1:{upstream.port}/v1") as (proxy, lines, _):
            reader, writer = await connect(proxy)
            for answer in (refusal, SWITCH):
                writer.write(HEAD)
                assert await reader.readexactly(len(answer)) == answer
            writer.write(frame(1, b'{"type":"response.create"}', masked=True))
            writer.close()
            await until(lambda: [line["kind"] for line in lines[1:] if line["kind"] == "end"] == ["end"] * 2)
        assert upstream.got.count(b"host: 127.0.0.1:%d\r\n" % upstream.port) == 2
    assert [(line["connection"], line["status"]) for line in lines if line.get("kind") == "answer"] == [
        (1, 403),
        (2, 101),
    ]
    assert [line["connection"] for line in lines if line.get("kind") == "text"] == [2]


@pytest.mark.parametrize("side", ["client", "server"])
async def test_a_reset_passes_as_a_reset_and_an_end_as_an_end(side):
    linger = struct.pack("ii", 1, 0)
    let = asyncio.Event()

    async def talk(upstream, reader, writer):
        await upstream.head(reader)
        writer.write(SWITCH)
        await let.wait()
        if side == "server":
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
            return
        try:
            await reader.read(-1)
        except ConnectionResetError:
            upstream.got += b"RESET"

    async with Far(talk) as upstream:
        async with proxied(f"http://127.0.0.1:{upstream.port}/v1") as (proxy, lines, _):
            reader, writer = await connect(proxy)
            writer.write(HEAD)
            await reader.readexactly(len(SWITCH))
            let.set()
            if side == "server":
                with pytest.raises(ConnectionResetError):
                    await reader.read(-1)
                writer.close()
            else:
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                writer.transport.abort()
                await until(lambda: upstream.got.endswith(b"RESET"))
            await until(lambda: lines[-1].get("kind") == "end")
    assert (lines[-1]["by"], lines[-1]["how"]) == (side, "reset")
    causes = [line["id"] for line in lines if line.get("kind") == "finding"]
    assert causes == (["close.abnormal"] if side == "server" else [])


async def test_a_half_closed_connection_is_still_answered():
    async def talk(upstream, reader, writer):
        await upstream.keep(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(upstream.got[-3:]))

    async with Far(talk) as upstream:
        async with proxied(f"http://127.0.0.1:{upstream.port}/v1") as (proxy, lines, _):
            reader, writer = await connect(proxy)
            writer.write(b"POST /x HTTP/1.1\r\nHost: LOCALHOST:1\r\nContent-Length: 3\r\n\r\nabc")
            writer.write_eof()
            assert (await reader.read(-1)).endswith(b"abc")
            writer.close()
    assert [line["status"] for line in lines if line.get("kind") == "answer"] == [200]


async def test_a_judge_that_hangs_holds_up_no_byte_and_what_it_missed_is_told(monkeypatch):
    monkeypatch.setattr("rtdoctor.proxy.server.MOST_BEHIND", 200_000)
    hold, lines = threading.Event(), []

    def tell(line):
        if line.get("kind") == "answer":
            hold.wait(10)
        lines.append(line)

    async def talk(upstream, reader, writer):
        await upstream.head(reader)
        writer.write(SWITCH)
        for _ in range(60):
            writer.write(frame(1, b'{"type":"x.y","pad":"%b"}' % (b"a" * 8000)))
            await writer.drain()

    async with Far(talk) as upstream:
        async with proxied(f"http://127.0.0.1:{upstream.port}/v1", tells=[tell]) as (proxy, _, _):
            reader, writer = await connect(proxy)
            writer.write(HEAD)
            whole = await asyncio.wait_for(reader.read(-1), 5)
            assert whole.count(b'"x.y"') == 60
            hold.set()
            writer.close()
    assert [line["id"] for line in lines if line.get("level") == "warning"] == ["proxy.behind"]
    assert 0 < sum(line.get("kind") == "text" for line in lines) < 60
    assert seen[-1].passed[0].unread


async def test_a_bug_in_the_judge_costs_the_judgement_of_one_connection_and_no_byte():
    broken, lines = [], []

    def tell(line):
        lines.append(line)
        if line.get("kind") == "answer" and line["connection"] == 1:
            raise RuntimeError

    async def talk(upstream, reader, writer):
        await upstream.head(reader)
        writer.write(SWITCH + TEXT)

    async with Far(talk) as upstream:
        async with proxied(f"http://127.0.0.1:{upstream.port}/v1", tells=[tell], broke=broken.append) as (proxy, _, _):
            for _ in range(2):
                reader, writer = await connect(proxy)
                writer.write(HEAD)
                assert await reader.read(-1) == SWITCH + TEXT
                writer.close()
    assert len(broken) == 1
    assert [line["connection"] for line in lines if line.get("kind") == "text"] == [2]


@pytest.mark.parametrize(
    ("more", "given"),
    [
        (b"", True),
        (b"Origin: http://localhost:3000\r\n", True),
        (b"Origin: http://[::1]:3000\r\nSec-Fetch-Site: cross-site\r\n", True),
        (b"Sec-Fetch-Site: none\r\n", True),
        (b"Sec-Fetch-Site: same-origin\r\nReferer: http://localhost:8900/x\r\n", True),
        (b"Sec-Fetch-Site: cross-site\r\n", False),
        (b"Sec-Fetch-Site: same-site\r\n", False),
        (b"Sec-Fetch-Site: none\r\nsec-fetch-site: cross-site\r\n", False),
        (b"Referer: https://evil.example/page\r\n", False),
    ],
)
async def test_the_proxys_own_key_is_given_to_programs_and_to_no_strange_page(more, given):
    async def talk(upstream, reader, writer):
        await upstream.head(reader)
        writer.write(SWITCH)

    key = Secret("sk-proj-theproxysown1234567890", "key", "A")
    async with Far(talk) as upstream:
        async with proxied(f"http://127.0.0.1:{upstream.port}/v1", key=key) as (proxy, lines, _):
            reader, writer = await connect(proxy)
            head = HEAD.replace(b"X-Odd", b"AUTHORIZATION: Bearer theirs\r\nX-Odd")
            writer.write(head.replace(b"\r\n\r\n", b"\r\n" + more + b"\r\n"))
            await reader.read(-1)
            writer.close()
        assert (b"AUTHORIZATION: Bearer sk-proj-theproxysown1234567890\r\n" in upstream.got) is given
        assert (b"Bearer theirs" in upstream.got) is not given
        assert upstream.got.lower().count(b"authorization") == 1
    assert "theproxysown" not in str(lines)


@pytest.mark.parametrize("key", [None, Secret("sk-proj-theproxysown1234567890", "key", "A")])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"X-Odd", b"Origin: https://evil.example\r\nX-Odd"),
        (b"X-Odd", b"Origin: null\r\nX-Odd"),
        (b"X-Odd", b"Origin: http://[\r\nX-Odd"),
        (b"X-Odd", b"Origin: http://localhost:3000\r\nOrigin: https://evil.example\r\nX-Odd"),
        (b"host: 127.0.0.1:1", b"Host: rebound.example:80"),
        (b"host: 127.0.0.1:1", b"Host: 127.0.0.1:1\r\nHost: rebound.example"),
        (b"Upgrade: websocket\r\nConnection: Upgrade", b"Origin: https://evil.example"),
    ],
)
async def test_a_stranger_is_refused_and_nothing_of_it_goes_on(before, after, key):
    async def talk(upstream, reader, writer):
        await upstream.keep(reader)

    async with Far(talk) as upstream:
        async with proxied(f"http://127.0.0.1:{upstream.port}/v1", key=key) as (proxy, _, _):
            reader, writer = await connect(proxy)
            writer.write(HEAD.replace(before, after) + TEXT)
            answer = await reader.read(-1)
            writer.close()
        assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")
        assert b"of this machine" in answer
        assert upstream.got == b""
    assert "1 request of web pages of other hosts" in seen[-1].notes[0]


async def test_that_no_certificate_was_checked_is_in_every_report():
    async def talk(upstream, reader, writer):
        await upstream.head(reader)

    async with Far(talk) as upstream:
        route = replace(DIRECT, insecure=True)
        async with proxied(f"http://127.0.0.1:{upstream.port}/v1", route=route):
            pass
    assert any("NOT CHECKED" in note for note in seen[-1].notes)

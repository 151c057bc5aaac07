"""However much clients leave unfinished, the judge keeps little of it: the copy is given up, and never a byte."""

import asyncio
import threading

import pytest

from rtdoctor.proxy.frames import Frames
from rtdoctor.report.digests import digest
from tests.proxy.passing import HEAD, SWITCH, Far, frame, proxied, seen, until

MOST = 100_000
PART = b"a" * 30_000


async def opened(proxy):
    reader, writer = await asyncio.open_connection("127.0.0.1", int(proxy.base_url.split(":")[2].split("/")[0]))
    writer.write(HEAD)
    assert await reader.readexactly(len(SWITCH)) == SWITCH
    return reader, writer


@pytest.mark.parametrize("whole", [False, True], ids=["in fragments", "in one frame"])
async def test_what_many_clients_leave_unfinished_is_bounded_together_and_every_byte_passes(monkeypatch, whole):
    monkeypatch.setattr("rtdoctor.proxy.aside.MOST_HELD", MOST)

    async def talk(upstream, reader, writer):
        await upstream.head(reader)
        writer.write(SWITCH)
        await upstream.keep(reader)

    begun = frame(1, PART * 2, masked=True)[:-1] if whole else frame(1, PART, fin=False, masked=True)
    async with Far(talk) as upstream:
        async with proxied(f"http://127.0.0.1:{upstream.port}/v1") as (proxy, lines, _):
            clients = [await opened(proxy) for _ in range(6)]
            before = len(upstream.got)
            for _, writer in clients:
                writer.write(begun)
            await until(lambda: len(upstream.got) == before + 6 * len(begun))
            for _, writer in clients:
                writer.write(b"" if whole else frame(0, PART, fin=False, masked=True))
            more = 0 if whole else 6 * len(frame(0, PART, fin=False, masked=True))
            await until(lambda: len(upstream.got) == before + 6 * len(begun) + more)
            await until(lambda: any("unfinished" in str(line.get("text")) for line in lines))
            for _, writer in clients:
                writer.close()
    told = [line for line in lines if line.get("kind") == "finding"]
    given_up = {line["connection"] for line in told}
    assert {line["id"] for line in told} == {"proxy.behind"}
    assert 0 < len(given_up) < 6, "those that keep most, and no more than is needed"
    assert [one.number in given_up for one in seen[-1].passed] == [bool(one.unread) for one in seen[-1].passed]


def test_what_is_given_up_is_kept_by_nobody():
    frames = Frames("server")
    frames.feed(frame(1, PART, fin=False), lambda _: None)
    for _ in range(5):
        frames.feed(frame(0, PART, fin=False) + frame(0, PART)[:-1], lambda _: None)
        assert frames.held >= 2 * len(PART)
        frames.feed(b"a", lambda _: None)
        frames.feed(frame(1, PART, fin=False), lambda _: None)
    frames.drop()
    assert frames.held == 0


@pytest.mark.parametrize("cut", [1, 2, 3, 7, 1_000])
def test_messages_are_whole_however_their_bytes_are_cut(cut):
    data = frame(1, b"x" * 300, fin=False) + frame(9, b"p") + frame(0, b"y" * 70_000) + frame(2, b"") + frame(1, b"z")
    frames, got = Frames("server"), []
    for at in range(0, len(data), cut):
        frames.feed(data[at : at + cut], got.append)
    assert [(one.kind, one.data) for one in got] == [
        ("ping", b"p"), ("text", b"x" * 300 + b"y" * 70_000), ("binary", b""), ("text", b"z"),
    ]  # fmt: skip
    assert frames.held == 0


async def test_what_passed_and_was_not_judged_is_no_pass(monkeypatch):
    monkeypatch.setattr("rtdoctor.proxy.server._FINISH", 0.05)
    hold = threading.Event()

    def tell(line):
        if line.get("kind") == "answer":
            hold.wait(10)

    async def talk(upstream, reader, writer):
        await upstream.head(reader)
        writer.write(SWITCH)
        await upstream.keep(reader)

    async with Far(talk) as upstream:
        async with proxied(f"http://127.0.0.1:{upstream.port}/v1", tells=[tell]) as (proxy, _, _):
            _, writer = await opened(proxy)
        hold.set()
        writer.close()
        await writer.wait_closed()
    told = digest(seen[-1])
    assert (told.verdict, told.sentence) == (
        "inconclusive", "1 connection passed and could not be judged to the end."
    )  # fmt: skip

"""Lines that wait for a page: bounded, told, and never waited for."""

import asyncio
from contextlib import aclosing

from rtdoctor.web.feed import Feed, Recorded


def frame(number, size=10):
    return {"t": float(number), "connection": 1, "kind": "text", "from": "server", "data": "x" * size, "n": number}


async def read(source, place=0):
    return [batch async for batch in source.batches(place)]


async def test_a_reader_gets_every_line_in_order():
    feed = Feed()
    for number in range(1200):
        feed.put(frame(number))
    feed.end()
    batches = await read(feed)
    assert [line["n"] for batch in batches for line in batch.lines] == list(range(1200))
    assert [batch.missed for batch in batches] == [0, 0, 0]
    assert batches[-1].next == feed.last() == 1200


async def test_a_reader_goes_on_from_its_place():
    feed = Feed()
    for number in range(10):
        feed.put(frame(number))
    feed.end()
    (batch,) = await read(feed, 7)
    assert [line["n"] for line in batch.lines] == [7, 8, 9]


async def test_a_reader_waits_for_lines_from_another_thread():
    feed = Feed()
    async with aclosing(feed.batches(0)) as batches:
        coming = asyncio.ensure_future(anext(batches))
        await asyncio.sleep(0)
        await asyncio.to_thread(feed.put, frame(1))
        assert (await asyncio.wait_for(coming, 5)).lines[0]["n"] == 1


async def test_what_a_feed_holds_is_bounded_by_bytes_and_what_was_missed_is_told():
    feed = Feed(most_bytes=100_000)
    for number in range(1000):
        feed.put(frame(number, 1000))
    assert feed.held <= 100_000
    feed.end()
    batches = await read(feed)
    lines = [line for batch in batches for line in batch.lines]
    assert lines[-1]["n"] == 999
    assert batches[0].missed == 1000 - len(lines) > 0
    assert sum(batch.missed for batch in batches[1:]) == 0


async def test_what_a_feed_holds_is_bounded_by_lines():
    feed = Feed(most_lines=100)
    for number in range(1000):
        feed.put(frame(number))
    feed.end()
    (batch,) = await read(feed)
    assert (len(batch.lines), batch.missed) == (100, 900)


async def test_how_a_connection_began_outlives_its_frames():
    feed = Feed(most_lines=10)
    feed.put({"tape": 1})
    feed.put({"kind": "request", "connection": 1})
    for number in range(100):
        feed.put(frame(number))
    feed.end()
    (batch,) = await read(feed)
    assert [line.get("kind") for line in batch.lines[:2]] == [None, "request"]
    assert batch.missed == 90


async def test_a_line_that_is_larger_than_the_bound_is_held_alone():
    feed = Feed(most_bytes=1000)
    feed.put(frame(1))
    feed.put(frame(2, 5000))
    feed.end()
    (batch,) = await read(feed)
    assert [line["n"] for line in batch.lines] == [2]
    assert batch.missed == 1


async def test_a_reader_that_stands_still_holds_nothing_up():
    feed = Feed(most_lines=100)
    async with aclosing(feed.batches(0)) as batches:
        feed.put(frame(0))
        assert (await anext(batches)).next == 1
        for number in range(1, 1000):  # nobody reads meanwhile
            feed.put(frame(number))
        batch = await anext(batches)
        assert (batch.missed, batch.lines[0]["n"], batch.next) == (899, 900, 1000)


async def test_a_recording_is_read_anew_for_each_reader():
    source = Recorded(lambda: iter(frame(number) for number in range(1200)))
    for _ in range(2):
        batches = await read(source)
        assert [line["n"] for batch in batches for line in batch.lines] == list(range(1200))
    (batch,) = await read(source, 1199)
    assert batch.lines[0]["n"] == 1199

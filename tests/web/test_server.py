"""Who may have the page, and what comes with it."""

import asyncio
import hashlib
import json
import re
from base64 import b64encode
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import aiohttp
import pytest

from rtdoctor.privacy.errors import InputError
from rtdoctor.web.feed import Feed, Recorded
from rtdoctor.web.server import serve_page
from tests.web.sessions import conversation, text

SOURCE = Recorded(lambda: conversation(100))


@asynccontextmanager
async def served(source=SOURCE, **more):
    async with serve_page(source, **more) as url, aiohttp.ClientSession() as http:
        parts = urlsplit(url)
        yield http, f"http://{parts.netloc}", parts.query.removeprefix("token=")


async def test_the_page_is_one_response_with_nothing_from_elsewhere():
    async with served() as (http, base, token):
        async with http.get(f"{base}/", params={"token": token}) as answer:
            html = await answer.text()
            assert (answer.status, answer.content_type) == (200, "text/html")
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert token not in html
    assert re.findall(r"""\s(?:src|href|action)=["']?([^"' >]+)|https?://|@import|\beval\(|innerHTML""", html) == [
        "data:,"
    ]


async def test_the_policy_lets_this_script_and_this_style_run_and_nothing_else():
    async with served() as (http, base, token):
        async with http.get(f"{base}/", params={"token": token}) as answer:
            html, policy = await answer.text(), answer.headers["Content-Security-Policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["connect-src"] == "'self'"
    assert rules["frame-ancestors"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert "unsafe" not in policy
    assert "http" not in policy
    for tag, rule in (("script", "script-src"), ("style", "style-src")):
        (held,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        assert rules[rule] == f"'sha256-{b64encode(hashlib.sha256(held.encode()).digest()).decode()}'"


@pytest.mark.parametrize("path", ["/", "/events", "/tape", "/elsewhere"])
@pytest.mark.parametrize(
    "query", ["", "?token=", "?token=wrong", "?token={0}x", "?token={0}&token={0}", "?token=%C3%A4"]
)
async def test_without_the_token_there_is_nothing(path, query):
    async with served() as (http, base, token):
        async with http.get(f"{base}{path}{query.format(token)}") as answer:
            assert (answer.status, await answer.text()) == (403, "forbidden\n")


@pytest.mark.parametrize("path", ["/", "/events", "/tape"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "attacker.example"},
        {"Host": "attacker.example:{port}"},
        {"Host": "127.0.0.1"},
        {"Host": "127.0.0.1.attacker.example:{port}"},
        {"Host": ""},
        {"Origin": "http://attacker.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_foreign_name_or_page_reaches_nothing_even_with_the_token(path, headers):
    async with served() as (http, base, token):
        port = base.rpartition(":")[2]
        given = {name: value.format(port=port) for name, value in headers.items()}
        async with http.get(f"{base}{path}", params={"token": token}, headers=given) as answer:
            assert answer.status == 403


async def test_a_link_may_open_the_page_but_not_read_the_events():
    async with served() as (http, base, token):
        link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
        for path, status in (("/", 200), ("/events", 403), ("/tape", 403)):
            async with http.get(f"{base}{path}", params={"token": token}, headers=link) as answer:
                assert answer.status == status


async def test_it_listens_on_loopback_only_and_by_both_of_its_names():
    async with served() as (http, base, token):
        assert base.startswith("http://127.0.0.1:")
        host = {"Host": f"localhost:{base.rpartition(':')[2]}"}
        async with http.get(f"{base}/", params={"token": token}, headers=host) as answer:
            assert answer.status == 200


async def test_two_servers_have_two_tokens():
    async with served() as (_, _, one), served() as (_, _, two):
        assert one != two
        assert len(one) > 40


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_nothing_can_be_changed(method):
    async with served() as (http, base, token):
        async with http.request(method, f"{base}/", params={"token": token}) as answer:
            assert answer.status == 405


async def lines_of(answer):
    """The lines of a response, however long."""
    rest = b""
    async for chunk in answer.content.iter_any():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.decode()


async def events(answer):
    """The events of a stream as they come: (name, id, data)."""
    name, ident, data = "message", "", ""
    async for line in lines_of(answer):
        key, _, value = line.partition(": ")
        if not line:
            if data:
                yield name, ident, json.loads(data)
            name, data = "message", ""
        elif key == "event":
            name = value
        elif key == "id":
            ident = value
        elif key == "data":
            data += value


async def test_the_stream_tells_source_lines_and_end():
    async with served(prices={"m": 0.5}) as (http, base, token):
        async with http.get(f"{base}/events", params={"token": token}) as answer:
            assert answer.content_type == "text/event-stream"
            got = [event async for event in events(answer)]
    assert got[0] == ("source", "", {"live": False, "prices": {"m": 0.5}})
    assert [line for name, _, data in got if name == "message" for line in data] == [
        {**line, "headers": [list(pair) for pair in line["headers"]]} if "headers" in line else line
        for line in conversation(100)
    ]
    assert got[-1][0] == "end"


async def test_a_browser_that_comes_back_goes_on_where_it_was():
    async with served() as (http, base, token):
        async with http.get(f"{base}/events", params={"token": token, "from": "90"}) as answer:
            got = [line async for name, _, data in events(answer) if name == "message" for line in data]
    assert got == list(conversation(100))[90:]


async def test_a_page_that_is_open_gets_what_comes():
    feed = Feed()
    async with served(feed) as (http, base, token):
        async with http.get(f"{base}/events", params={"token": token}) as answer:
            stream = events(answer)
            assert (await anext(stream))[2]["live"] is True
            for number in range(3):
                feed.put(text(number, "server", {"type": "x.y"}))
                _, ident, data = await anext(stream)
                assert (ident, data[0]["t"]) == (str(number + 1), number)
            feed.end()
            assert (await anext(stream))[0] == "end"


async def test_a_browser_that_does_not_read_slows_nobody_and_is_told():
    feed = Feed(most_lines=200)
    async with served(feed) as (http, base, token):
        slow = await http.get(f"{base}/events", params={"token": token})
        stream = events(slow)
        await anext(stream)
        loop, held = asyncio.get_running_loop(), "word " * 4000
        began = loop.time()
        for number in range(1500):  # 30 MB, of which a socket takes few
            feed.put(text(number, "server", {"type": "response.output_text.delta", "delta": held}))
            if number % 50 == 0:
                await asyncio.sleep(0)
        assert loop.time() - began < 5
        feed.end()
        got = [line async for name, _, data in stream if name == "message" for line in data]
        missed = sum(line["count"] for line in got if line["kind"] == "missed")
        assert missed > 500
        assert missed + sum(line["kind"] == "text" for line in got) == 1500
        slow.close()


async def test_more_readers_than_browsers_have_are_refused():
    feed = Feed()
    async with served(feed) as (http, base, token):
        held = [await http.get(f"{base}/events", params={"token": token}) for _ in range(16)]
        async with http.get(f"{base}/events", params={"token": token}) as answer:
            assert answer.status == 503
        for one in held:
            one.close()


async def test_the_recording_can_be_downloaded_as_a_tape():
    async with served() as (http, base, token):
        async with http.get(f"{base}/tape", params={"token": token}) as answer:
            assert answer.headers["Content-Disposition"] == 'attachment; filename="tape.jsonl"'
            got = [json.loads(line) for line in (await answer.text()).splitlines()]
    assert got == list(conversation(100))


async def test_a_feed_that_goes_on_is_downloaded_as_far_as_it_came():
    feed = Feed()
    async with served(feed) as (http, base, token):
        for expected in (0, 2):
            async with http.get(f"{base}/tape", params={"token": token}) as answer:
                assert len((await answer.text()).splitlines()) == expected
            for number in range(2):
                feed.put(text(number, "server", {"type": "x.y"}))


async def test_a_server_that_ends_gives_out_what_came_and_ends_its_streams():
    feed = Feed()
    async with aiohttp.ClientSession() as http:
        async with serve_page(feed) as url:
            answer = await http.get(url.replace("/?", "/events?"))
            stream = events(answer)
            await anext(stream)
            feed.put(text(0, "server", {"type": "x.y"}))
        got = [(name, data) async for name, _, data in stream]
        assert [name for name, _ in got] == ["message", "end"]
        assert got[-1][1] == {"closed": True}
        answer.close()


async def test_a_recording_that_is_taken_away_is_told_to_the_page(caplog):
    def taken_away():
        yield from conversation(600)
        raise InputError("There is no file.")

    async with served(Recorded(taken_away)) as (http, base, token):
        async with http.get(f"{base}/events", params={"token": token}) as answer:
            got = [event async for event in events(answer)]
        assert [got[1][0], got[-1]] == ["message", ("end", got[-1][1], {"failed": True})]
        async with http.get(f"{base}/tape", params={"token": token}) as answer:
            with pytest.raises(aiohttp.ClientPayloadError):
                await answer.text()
    assert caplog.records == []


async def test_a_hostile_line_is_text_in_the_stream():
    hostile = '</script><script>alert(1)</script>\u202e\n\ndata: {"injected": 1}\n\nevent: end'
    feed = Feed()
    feed.put(text(0, "server", {"type": hostile, "delta": hostile}))
    feed.put({"t": 0, "connection": 1, "kind": "finding", "text": hostile, "id": hostile, "remedy": hostile})
    feed.end()
    async with served(feed) as (http, base, token):
        async with http.get(f"{base}/events", params={"token": token}) as answer:
            got = [event async for event in events(answer)]
    assert [name for name, _, _ in got] == ["source", "message", "end"]
    assert got[1][2][1]["text"] == hostile

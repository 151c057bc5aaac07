"""What the ladder waited for in vain is not waited for again, scenario by scenario; what may be answered is tried."""

import asyncio
import dataclasses
import json
import time

import pytest
from websockets.asyncio.server import serve
from websockets.utils import accept_key

from rtdoctor.engine.run import run
from rtdoctor.engine.silence import Silence, heard_enough
from rtdoctor.mock.server import MockServer
from rtdoctor.model.scenario import WantedHandshake
from rtdoctor.model.target import Target
from tests.conftest import KEY, bench_on, built_in
from tests.engine.test_deadline import silent_server

TIMEOUT = 0.4
IN_VAIN = "not tried: the ladder waited for an answer in vain"


async def run_on(url, **given):
    async with bench_on(url, target=Target(url, "compatible"), timeout=TIMEOUT, billable=False, **given) as bench:
        started = time.monotonic()
        report = await run(bench, built_in(), lambda _: None)
        return report, time.monotonic() - started


def seen(report):
    return {item.scenario: item.seen for item in report.results if item.verdict != "skip"}


async def test_a_server_that_answers_nothing_is_waited_for_three_times():
    async with silent_server() as (port, _):
        report, took = await run_on(f"http://127.0.0.1:{port}/v1")
    assert (report.summary.exit_code, report.summary.rung) == (3, "upgrade")
    assert set(seen(report).values()) == {IN_VAIN}
    assert took < 8 * TIMEOUT, "GET /models, the handshake, its controls; the machine may be slow"


@pytest.mark.heavy
async def test_a_server_that_is_silent_after_the_101_whatever_it_is_asked_is_not_asked_by_each_scenario():
    shaken = []

    async def handle(reader, writer):
        shaken.append(await reader.readuntil(b"\r\n\r\n"))
        if b"Upgrade" not in shaken[-1] and b"upgrade" not in shaken[-1]:
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        else:
            asked = next(
                line for line in shaken[-1].decode().split("\r\n") if line.lower().startswith("sec-websocket-key")
            )
            head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            writer.write(f"{head}Sec-WebSocket-Accept: {accept_key(asked.split(': ')[1])}\r\n\r\n".encode())
        await reader.read()
        writer.close()

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        report, _ = await run_on(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
    assert (report.summary.exit_code, report.summary.cause) == (3, "peer.silent")
    assert set(seen(report).values()) == {IN_VAIN}
    assert len(shaken) <= 12, "the models, four ways, five controls"


@pytest.mark.heavy
async def test_where_only_some_are_met_with_silence_the_others_are_tried():
    async with MockServer({KEY}, faults={"open-transcription": "silent", "open-realtime": "silent"}) as mock:
        report, _ = await run_on(mock.base_url)
    told = seen(report)
    assert report.summary.cause == "peer.silent"
    assert told["auth.header"] == IN_VAIN
    assert {"path.typo", "auth.none", "auth.wrong-key-header"} <= {
        name for name, text in told.items() if text != IN_VAIN
    }


@pytest.mark.parametrize(
    ("heeded", "shake", "tried"),
    [
        (frozenset(), WantedHandshake(path="/typo"), False),
        ({"path"}, WantedHandshake(path="/typo"), True),
        ({"path"}, WantedHandshake(credential="wrong-key"), False),
        ({"wrong-key"}, WantedHandshake(credential="wrong-key"), True),
        ({"no-key"}, WantedHandshake(auth=()), True),
        ({"query"}, WantedHandshake(query={"model": "m"}), True),
        ({"again"}, WantedHandshake(), True),
    ],
)
def test_a_scenario_is_tried_when_it_changes_what_the_server_looks_at(heeded, shake, tried):
    scenario = next(one for one in built_in() if one.id == "auth.header")
    told = heard_enough(
        Silence(WantedHandshake(), "upgrade", frozenset(heeded)), dataclasses.replace(scenario, handshake=shake)
    )
    assert (told == "") is tried


async def test_a_session_in_which_nothing_is_answered_is_not_spoken_into_again():
    sent = []

    async def handle(socket):
        await socket.send(json.dumps({"type": "session.created", "session": {"type": "transcription", "id": "sess_1"}}))
        sent.extend([json.loads(text)["type"] async for text in socket])

    async with serve(handle, "127.0.0.1", 0) as server:
        report, _ = await run_on(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
    assert (report.summary.exit_code, report.summary.rung) == (3, "session")
    assert sent == ["session.update"]
    told = seen(report)
    assert told["event.empty-commit"] == "not tried: in the ladder's session nothing was answered"
    assert told["auth.header"].startswith("101, then session.created")

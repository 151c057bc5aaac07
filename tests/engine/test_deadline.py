"""A run ends when its deadline passes or when it is interrupted, and says what was not tried."""

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from rtdoctor.engine.probe import probe
from rtdoctor.engine.run import run
from rtdoctor.mock.server import MockServer
from rtdoctor.model.handshake import Handshake
from rtdoctor.model.report import RUNGS, RunFinished, RungDone
from rtdoctor.model.target import Target
from tests.conftest import KEY, bench_on, built_in

LATE = 5.0  # seconds: a run that waits for its timeouts of 60 s is far beyond it
BEARER = ("Authorization", f"Bearer {KEY}")


@asynccontextmanager
async def silent_server():
    """Takes connections and says nothing. Yields the port, and an event for the first byte that came."""
    heard, writers = asyncio.Event(), []

    async def handle(reader, writer):
        writers.append(writer)
        if await reader.read(1):
            heard.set()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1], heard
        for writer in writers:
            writer.transport.abort()


def chosen(*ids):
    return [scenario for scenario in built_in() if scenario.id in ids]


async def timed(awaitable):
    started = time.monotonic()
    done = await awaitable
    return done, time.monotonic() - started


@pytest.mark.parametrize(("scheme", "rung"), [("http", "http"), ("https", "tls")])
async def test_a_deadline_that_passes_on_the_ladder_says_at_which_rung(scheme, rung):
    events = []
    async with silent_server() as (port, _):
        url = f"{scheme}://127.0.0.1:{port}/v1"
        target = Target(url, "compatible")
        async with bench_on(url, target=target, timeout=60.0, deadline=0.8, billable=False) as bench:
            report, took = await timed(run(bench, chosen("url.intent-transcription", "auth.wrong"), events.append))
    assert took < LATE
    assert [item.rung for item in report.ladder] == list(RUNGS)
    place = RUNGS.index(rung)
    assert all(item.tried and item.verdict in ("pass", "skip") for item in report.ladder[:place])
    stopped = report.ladder[place]
    assert (stopped.verdict, stopped.dead, stopped.finding.cause) == ("inconclusive", True, None)
    assert stopped.finding.summary == "the deadline of 0.8 s passed"
    assert all(
        (item.tried, item.finding.summary) == (False, f"not tried: the ladder ended at {rung}")
        for item in report.ladder[place + 1 :]
    )
    assert report.results
    assert all(item.verdict == "inconclusive" and "not tried" in item.seen for item in report.results)
    summary = report.summary
    assert (summary.exit_code, summary.can_connect, summary.rung, summary.cause) == (3, None, rung, None)
    assert summary.sentence == f"Not decided: the deadline of 0.8 s passed at {rung}."
    assert not report.interrupted
    assert [event.rung.rung for event in events if isinstance(event, RungDone)] == list(RUNGS)
    assert isinstance(events[-1], RunFinished)


async def test_a_deadline_that_passes_at_the_socket_says_so():
    async with MockServer({KEY}, faults={"open-transcription": "silent"}) as mock:
        target = Target(mock.base_url, "compatible")
        async with bench_on(mock.base_url, target=target, timeout=60.0, deadline=0.6, billable=False) as bench:
            report, took = await timed(run(bench, [], lambda _: None))
    assert took < LATE
    assert (report.summary.exit_code, report.summary.can_connect, report.summary.rung) == (3, None, "upgrade")
    assert [item.tried for item in report.ladder] == [True] * 7 + [False] * 3


async def test_a_deadline_that_passes_in_the_matrix_says_which_scenarios_were_not_tried():
    async with MockServer({KEY}, faults={"open-realtime": "silent"}) as mock:
        target = Target(mock.base_url, "openai")
        async with bench_on(
            mock.base_url, target=target, aim="transcription", timeout=60.0, deadline=1.5, billable=False
        ) as bench:
            scenarios = [
                replace(scenario, required=("transcription",)) if scenario.id == "url.model-realtime" else scenario
                for scenario in chosen("url.intent-transcription", "url.model-realtime")
            ]
            report, took = await timed(run(bench, scenarios, lambda _: None))
    assert took < LATE
    assert not any(item.dead for item in report.ladder)
    results = {item.scenario: item for item in report.results}
    assert results["url.intent-transcription"].verdict == "pass"
    late = results["url.model-realtime"]
    assert (late.verdict, late.seen) == ("inconclusive", "not tried: the deadline of 1.5 s passed")
    assert report.summary.exit_code == 3
    assert report.summary.can_connect is True, "the ladder was climbed to its end"


def given_on(port, scheme="ws"):
    return Handshake(f"{scheme}://127.0.0.1:{port}/v1/realtime?intent=transcription", (BEARER,))


@pytest.mark.parametrize(("scheme", "rung"), [("ws", "upgrade"), ("wss", "tls")])
async def test_a_probe_whose_deadline_passes_says_where(scheme, rung):
    async with silent_server() as (port, _):
        url = f"{scheme.replace('ws', 'http')}://127.0.0.1:{port}/v1"
        target = Target(url, "compatible")
        async with bench_on(url, target=target, timeout=60.0, deadline=0.8, billable=False) as bench:
            done, took = await timed(probe(bench, given_on(port, scheme), want_fix=True))
    assert took < LATE
    summary = done.report.summary
    assert (summary.exit_code, summary.can_connect, summary.rung) == (3, None, rung)
    assert summary.sentence == f"Not decided: the deadline of 0.8 s passed at {rung}."
    assert (done.fix, done.exchange, done.report.results) == (None, None, ())


async def test_a_probe_whose_deadline_passes_in_the_midst_of_the_fix_keeps_what_it_found():
    """The handshake is refused at once; each try of a mended one is met with silence."""
    async with MockServer({KEY}, faults={"open-transcription": "silent", "open-realtime": "silent"}) as mock:
        target = Target(mock.base_url, "compatible")
        async with bench_on(mock.base_url, target=target, timeout=60.0, deadline=1.0, billable=False) as bench:
            url = mock.base_url.replace("http", "ws") + "/realtime/transcription_sessions?intent=transcription"
            said = []
            done, took = await timed(
                probe(bench, Handshake(url, (BEARER,)), want_fix=True, progress=lambda what: said.append(what))
            )
    assert took < LATE
    assert said[-1] == "the smallest change that works, in at most 24 handshakes"
    assert done.exchange.answer.status == 403
    assert (done.report.summary.can_connect, done.report.summary.cause) == (False, "refused.path")
    assert done.report.summary.exit_code == 1, "the handshake itself was judged in time"
    assert done.fix is None


@pytest.mark.parametrize("where", ["tls", "http", "socket", "matrix"])
async def test_a_cancelled_run_reports_at_once(where):
    faults = {"socket": {"open-transcription": "silent"}, "matrix": {"open-realtime": "silent"}}.get(where, {})
    greeted = asyncio.Event()  # the one socket that is accepted, and on which nothing follows

    silent = "model=" if where == "matrix" else "intent="
    asked = {}

    def hear(line):
        if line["kind"] == "request":
            asked[line["connection"]] = line["url"]
        elif line["kind"] == "answer" and line["status"] == 101 and silent in asked[line["connection"]]:
            greeted.set()

    async with MockServer({KEY}, faults=faults, hear=hear) as mock, silent_server() as (port, heard):
        url = mock.base_url if faults else f"{'https' if where == 'tls' else 'http'}://127.0.0.1:{port}/v1"
        target = Target(url, "compatible")
        async with bench_on(url, target=target, timeout=60.0, deadline=60.0, billable=False) as bench:
            running = asyncio.ensure_future(run(bench, chosen("url.model-realtime"), lambda _: None))
            await asyncio.wait_for((greeted if faults else heard).wait(), 10)
            started = time.monotonic()
            running.cancel()
            report = await running
            took = time.monotonic() - started
    assert took < 0.9
    assert report.interrupted is True
    assert len(report.ladder) == {"tls": 3, "http": 4, "socket": 6, "matrix": 10}[where]
    assert report.results == ()


async def test_a_cancelled_probe_is_over_at_once():
    async with silent_server() as (port, heard):
        url = f"http://127.0.0.1:{port}/v1"
        async with bench_on(url, target=Target(url, "compatible"), timeout=60.0, billable=False) as bench:
            running = asyncio.ensure_future(probe(bench, given_on(port), want_fix=True))
            await asyncio.wait_for(heard.wait(), 10)
            started = time.monotonic()
            running.cancel()
            report = (await running).report
            assert report.interrupted
            assert report.ladder[-1].finding.summary == "interrupted"
            assert time.monotonic() - started < 0.9

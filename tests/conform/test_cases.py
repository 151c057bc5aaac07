"""Every case passes on the mock, and fails on a server that deviates in what it asks; so does every deviation."""

import asyncio
import time

import pytest

from rtdoctor.api import bench_for
from rtdoctor.conform import context
from rtdoctor.conform.cases import GROUPS, all_cases
from rtdoctor.conform.run import SoFar, bound_of, run
from rtdoctor.engine.plan import CheckAsked, plan_check
from rtdoctor.engine.run import setting_of
from rtdoctor.knowledge.deviations import deviations
from tests.conform.deviant import KEY, deviant
from tests.conform.ways import ROWS
from tests.hostile.compatible import Server

COMPATIBLE_KEY = "sk-compat-7f3a9c0d5e1b2468"
CASES = {case.id: case for case in all_cases()}


@pytest.fixture(autouse=True)
def _short_silence(monkeypatch):
    """What has no answer is not waited for as long as it is of a server that may be far away."""
    monkeypatch.setattr(context, "_QUICK", 0.7)


async def conformed(target, *ids, timeout=2.0, key=KEY, **more):
    """A run of these cases, of all where none is named."""
    asked = {"deadline": 60.0, "concurrency": 48} | more
    plan = plan_check(CheckAsked(target=target, key=key, spend=True, timeout=timeout, **asked), time.monotonic())
    chosen = [CASES[ident] for ident in ids] or list(CASES.values())
    async with bench_for(plan) as bench:
        return await run(bench, SoFar(setting_of(bench), chosen, time.monotonic()))


async def told_of(row):
    """What a row's case tells of its server: nothing, or what is wrong."""
    ident, deviation, way = row
    async with deviant(way) as base:
        told = await conformed(base, ident)
    (result,) = told.results
    found = [one.deviation.id for one in told.deviations]
    if deviation not in found:
        return f"{ident} does not tell {deviation}: {result.verdict} {result.seen} {found}"
    return "" if result.verdict == "deviates" else f"{ident} does not deviate by {deviation}: {result.verdict}"


@pytest.mark.heavy
@pytest.mark.parametrize("group", GROUPS)
async def test_each_deviation_is_told_of_a_server_that_has_it(group):
    rows = [row for row in ROWS if row[0].startswith(f"{group}.")]
    at_once = asyncio.Semaphore(8)

    async def one(row):
        async with at_once:
            return await told_of(row)

    wrong = [told for told in await asyncio.gather(*map(one, rows)) if told]
    assert wrong == []


@pytest.mark.heavy
async def test_the_mock_conforms_in_every_case_and_sends_no_more_than_is_said():
    told = await conformed("mock", timeout=5.0)
    assert [(one.case, one.verdict, one.seen) for one in told.results if one.verdict != "conforms"] == []
    assert (told.deviations, told.exit_code, told.verdict) == ((), 0, "pass")
    seconds, responses = bound_of(CASES.values())
    assert told.spend.audio_ms <= seconds * 1000
    assert dict(told.spend.events)["response.create"] <= responses
    assert told.duration_s < 20


@pytest.mark.heavy
async def test_a_relay_that_changes_nothing_conforms_too():
    from tests.conform.deviant import Way

    ids = [ident for ident in CASES if ident != "frames.unmasked"]
    async with deviant(Way()) as base:
        told = await conformed(base, *ids, timeout=3.0, concurrency=8)
    assert [(one.case, one.verdict, one.seen) for one in told.results if one.verdict != "conforms"] == []


@pytest.mark.parametrize(
    "ident", ["handshake.upgrade", "frames.ping", "authentication.wrong-header", "conversation.text", "errors.binary"]
)
async def test_a_case_conforms_on_the_mock(ident):
    told = await conformed("mock", ident)
    assert [one.verdict for one in told.results] == ["conforms"]


@pytest.mark.parametrize("row", [row for row in ROWS if row[1] in ("errors.fatal", "handshake.origin-refused")][:3])
async def test_a_case_fails_on_a_server_that_deviates(row):
    assert await told_of(row) == ""


def test_every_case_and_every_deviation_was_seen_to_fail():
    assert {row[0] for row in ROWS} == CASES.keys()
    assert {row[1] for row in ROWS if "." in row[1] and not row[1].startswith("order.")} == deviations().keys()


def test_every_case_says_what_it_asks_and_tells_known_deviations():
    for case in CASES.values():
        assert case.asks.endswith("."), case.id
        assert case.group in GROUPS
        assert set(case.tells) <= deviations().keys(), case.id


async def test_a_server_that_is_not_there_is_no_deviation():
    told = await conformed("http://127.0.0.1:9/v1", "frames.ping", "errors.binary")
    assert {one.verdict for one in told.results} == {"could not tell"}
    assert (told.exit_code, told.deviations) == (3, ())
    assert "connection refused" in told.sentence


async def test_a_server_that_refuses_the_key_is_told_so():
    from tests.conform.deviant import Way

    async with deviant(Way()) as base:
        told = await conformed(base, "frames.ping", key="sk-proj-another7f3a9c0d5e1b2468")
    assert (told.exit_code, told.verdict) == (1, "fail")
    assert "invalid_api_key" in told.sentence


async def test_the_deadline_leaves_the_rest_untold():
    from tests.conform.ways import lose

    async with deviant(lose("session.created")) as base:
        told = await conformed(base, "frames.ping", timeout=5.0, deadline=0.3)
    assert [one.verdict for one in told.results] == ["could not tell"]
    assert told.duration_s < 2
    assert "deadline" in told.results[0].seen


@pytest.mark.heavy
async def test_a_server_that_waits_for_the_client_is_told_by_name_and_asked_all_the_same():
    async with Server(key=COMPATIBLE_KEY, waits=True).serving() as base:
        told = await conformed(base, "session.created", "authentication.subprotocol", timeout=0.4, key=COMPATIBLE_KEY)
    found = {one.deviation.id for one in told.deviations}
    assert "session.first-event-other" in found
    assert {one.case: one.verdict for one in told.results}["authentication.subprotocol"] == "conforms"


async def test_a_refusal_in_plain_text_is_no_open_door():
    async with Server(key=COMPATIBLE_KEY, refuse="text").serving() as base:
        told = await conformed(base, "authentication.none", key=COMPATIBLE_KEY)
    found = {one.deviation.id for one in told.deviations}
    assert "authentication.not-checked" not in found
    assert "authentication.refusal-untold" in found

"""rtdoctor against servers that nobody here wrote: what `check` and `conform` say of each is what they said before, and
a plain client connects as before. RTDOCTOR_UPDATE_PEERS writes what is known anew."""

import json
import os
import time
from pathlib import Path

import pytest

from rtdoctor import CheckAsked, check_async
from rtdoctor.api import bench_for
from rtdoctor.conform.cases import all_cases
from rtdoctor.conform.run import SoFar, run
from rtdoctor.engine.plan import plan_check
from rtdoctor.engine.run import setting_of
from tests.peers.conftest import NAMES
from tests.peers.serving import KEY, missing, plain_session, until_ready

pytestmark = pytest.mark.peers
KNOWN = Path(__file__).parent / "known"
# What depends on the moment: a second that passes between two events, a response that is faster than its cancel.
SOMETIMES = frozenset(("order.session-constant",))
_CASES_THAT_RACE = frozenset(("conversation.cancel", "conversation.second-response"))


async def conformed(base_url):
    asked = CheckAsked(target=base_url, key=KEY, spend=True, timeout=3.0, deadline=80.0, concurrency=16)
    plan = plan_check(asked, time.monotonic())
    async with bench_for(plan) as bench:
        known = SoFar(setting_of(bench), all_cases(), time.monotonic())
        return await run(bench, known)


async def told_of(base_url):
    """What is kept of a peer: the verdict of `check`, and the deviations and verdicts of `conform`."""
    checked = await check_async(CheckAsked(target=base_url, key=KEY, tags=("smoke",), timeout=5.0, deadline=40.0))
    told = await conformed(base_url)
    return {
        "check": {
            "verdict": checked.summary.verdict,
            "exit_code": checked.summary.exit_code,
            "cause": checked.summary.cause,
        },
        "conform": {
            "exit_code": told.exit_code,
            "dialect": told.dialect,
            "deviations": [one.deviation.id for one in told.deviations if one.deviation.id not in SOMETIMES],
            "cases": {one.case: one.verdict for one in told.results if one.case not in _CASES_THAT_RACE},
        },
    }


@pytest.mark.parametrize("name", NAMES)
async def test_a_peer_is_told_as_it_is_known(name, peers):
    if reason := missing(name):
        pytest.skip(reason)
    until_ready(peers[name])
    base_url = peers[name].base_url
    assert await plain_session(base_url) == "session.created"
    told = await told_of(base_url)
    assert await plain_session(base_url) == "session.created"
    file = KNOWN / f"{name}.json"
    if os.environ.get("RTDOCTOR_UPDATE_PEERS"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    assert told == json.loads(file.read_text(encoding="utf-8"))


def test_each_known_peer_deviates_by_known_names():
    from rtdoctor.knowledge.deviations import deviations
    from rtdoctor.protocol.order import rules

    for name in NAMES:
        known = json.loads((KNOWN / f"{name}.json").read_text(encoding="utf-8"))
        assert set(known["conform"]["deviations"]) <= deviations().keys() | rules().keys()
        assert known["conform"]["cases"].keys() | _CASES_THAT_RACE == {case.id for case in all_cases()}

"""What the tests share: a mock on a real socket, and a run against it."""

import gc
import os
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from rtdoctor.data import folder
from rtdoctor.engine.run import run
from rtdoctor.engine.setup import Bench, Choice
from rtdoctor.knowledge.causes import causes, use_folder
from rtdoctor.mock.server import MockServer
from rtdoctor.model.clock import SteppedClock
from rtdoctor.model.report import Report, Result, RunEvent
from rtdoctor.model.scenario import Scenario
from rtdoctor.model.target import Target
from rtdoctor.privacy.known import forget, keep
from rtdoctor.privacy.quote import show_opaque
from rtdoctor.privacy.secret import Secret
from rtdoctor.protocol.models import defaults
from rtdoctor.scenario.load import load_folder
from rtdoctor.wire.audiofile import Speech, read_speech
from rtdoctor.wire.http import open_session
from rtdoctor.wire.session import Ledger
from rtdoctor.wire.tls import context_for

# The same examples in every run: what CI says it says again. RTDOCTOR_SEARCH=1 draws others.
settings.register_profile("same", derandomize=True, database=None)
settings.register_profile("search", derandomize=False, database=None, print_blob=True)
settings.load_profile("search" if os.environ.get("RTDOCTOR_SEARCH") else "same")

KEY = "sk-proj-testkey7f3a9c0d5e1b2468"
AUDIO = folder("fixtures") / "audio"


def pytest_collection_finish() -> None:
    """What was collected stays: whoever looks for garbage between two tests need not walk through all of them."""
    gc.freeze()


def built_in() -> list[Scenario]:
    return load_folder(folder("scenarios"), causes())


def speech() -> dict[str, Speech]:
    reference = (AUDIO / "speech.txt").read_text(encoding="utf-8").strip()
    return {
        "speech": read_speech(AUDIO / "speech-24k.wav", reference),
        "silence": read_speech(AUDIO / "silence-24k.wav"),
        "clipped": read_speech(AUDIO / "speech-clipped-24k.wav", reference),
    }


SPEECH = speech()


@pytest.fixture(autouse=True)
def _nothing_of_other_tests():
    """A process keeps its secrets and the causes of its user; a test begins as a process does."""
    forget()
    show_opaque(False)
    use_folder(None)


@pytest.fixture
def localhost_tls(tmp_path) -> tuple[Path, ssl.SSLContext]:
    """The file of a CA that is made for the test, and a server's context with its certificate for localhost."""
    import trustme

    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(context)
    return tmp_path / "ca.pem", context


@asynccontextmanager
async def bench_on(
    base_url: str,
    *,
    key: str | None = KEY,
    billable: bool = True,
    clock: Any = None,
    ca_file: str | None = None,
    **more: Any,
) -> AsyncIterator[Bench]:
    """A bench against any base URL; `more` goes into the Choice."""
    secret = Secret(key, "key", "the test") if key else None
    keep([secret])
    profile = more.pop("profile", "mock")
    choice = Choice(
        target=Target(base_url, profile),
        aim=more.pop("aim", "transcription"),
        transcription_model=defaults().transcription,
        vad_model=defaults().transcription_vad,
        realtime_model=defaults().realtime,
        key=secret,
        timeout=more.pop("timeout", 3.0),
        concurrency=more.pop("concurrency", 48),
        transcribe=billable,
        spend=more.pop("spend", billable and profile == "mock"),
        reference=SPEECH["speech"].reference,
    )
    choice = replace(choice, **more)
    route = replace(choice.target.route, ca_file=ca_file or choice.target.route.ca_file)
    choice = replace(choice, target=replace(choice.target, route=route))
    async with open_session(context_for(route), route, choice.timeout) as http:
        yield Bench(
            choice,
            http,
            clock or SteppedClock(),
            Ledger(billable=billable, raw=choice.spend),
            SPEECH,
        )


@pytest.fixture
def check() -> Callable[..., Any]:
    """Run scenarios (by id; none for the ladder only) against a mock with faults; the report comes back."""

    async def go(ids: Sequence[str] = (), faults: dict[str, str] | None = None, **more: Any) -> Report:
        clock = SteppedClock()
        server = MockServer({KEY}, clock=clock, faults=faults, poor_keys={"sk-poor-7f3a9c0d5e1b2468"})
        events: list[RunEvent] = more.pop("events", [])
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(server)
            bench = await stack.enter_async_context(bench_on(server.base_url, clock=clock, **more))
            chosen = [scenario for scenario in built_in() if scenario.id in ids]
            assert len(chosen) == len(ids)
            return await run(bench, chosen, events.append)

    return go


@pytest.fixture
def try_alone() -> Callable[..., Any]:
    """Run one scenario without the ladder before it, so that a fault meets the scenario and not the ladder."""

    async def go(scenario_id: str, faults: dict[str, str] | None = None, **more: Any) -> Result:
        from rtdoctor.engine.matrix import run_matrix
        from rtdoctor.engine.run import placeholders
        from rtdoctor.scenario.expand import expand

        clock = SteppedClock()
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(MockServer({KEY}, clock=clock, faults=faults))
            bench = await stack.enter_async_context(bench_on(server.base_url, clock=clock, **more))
            scenario = next(item for item in built_in() if item.id == scenario_id)
            ready = expand(scenario, placeholders(bench.choice))
            return await anext(run_matrix(bench, [ready], None))

    return go

"""What the commands do, as functions: `check`, `probe`, `explain` and `validate`, for programs and tests.

They print nothing, and raise `Usage` where a command would end with exit code 2. What they return holds what a server
said, quoted: secrets are masked in it as in a report. `check_async` and `probe_async` are for a running event loop.
"""

import asyncio
import io
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from rtdoctor.diagnose.text.findings import explain as explain_chunks
from rtdoctor.engine.beta_rewriting import current
from rtdoctor.engine.plan import CheckAsked, Plan, check_asked, plan_check
from rtdoctor.engine.probe import probe as repeat
from rtdoctor.engine.probeplan import ProbeAsked, ProbePlan, plan_probe
from rtdoctor.engine.run import run
from rtdoctor.engine.setup import Bench
from rtdoctor.engine.validate import validate_file
from rtdoctor.files import patient
from rtdoctor.model.clock import Clock, SteppedClock
from rtdoctor.model.explanation import Explanation
from rtdoctor.model.probed import Probed
from rtdoctor.model.report import Report, RunEvent
from rtdoctor.model.validation import FileReport
from rtdoctor.privacy.errors import Usage
from rtdoctor.privacy.known import keep
from rtdoctor.privacy.quote import quoted
from rtdoctor.recording.source import UnreadableSource, open_source
from rtdoctor.wire.http import open_session
from rtdoctor.wire.session import Ledger


async def check_async(asked: CheckAsked | None = None, *, heard: Callable[[RunEvent], None] = lambda _: None) -> Report:
    """Climb the ladder and run the matrix, as `rtdoctor check` does; `heard` gets each event of the run as it comes.

    Without leave (`transcribe`, `audio`, `spend`) nothing that may cost money is sent to a live endpoint.

    Raises:
        Usage: something that was asked for, or the environment, cannot be used.
    """
    asked = asked or CheckAsked()
    check_asked(asked)
    with patient(asked.deadline):
        plan = plan_check(asked, time.monotonic())
    async with bench_for(plan) as bench:
        return quoted(await run(bench, plan.scenarios, heard))


def check(asked: CheckAsked | None = None, *, heard: Callable[[RunEvent], None] = lambda _: None) -> Report:
    """`check_async`, for a program without an event loop.

    Raises:
        Usage: something that was asked for, or the environment, cannot be used.
    """
    return asyncio.run(check_async(asked, heard=heard))


async def probe_async(asked: ProbeAsked, *, fix: bool = False) -> Probed:
    """Repeat a handshake exactly and judge it, as `rtdoctor probe` does; with `fix`, look for the smallest change that
    works. The environment's key is used under the same rules as on the command line.

    Raises:
        Usage: the handshake, the key, the CA file or the events cannot be used.
    """
    with patient(asked.deadline):
        plan = plan_probe(asked, time.monotonic())
    async with bench_of(plan) as bench:
        return quoted(await repeat(bench, plan.handshake, want_fix=fix))


def probe(asked: ProbeAsked, *, fix: bool = False) -> Probed:
    """`probe_async`, for a program without an event loop.

    Raises:
        Usage: the handshake, the key, the CA file or the events cannot be used.
    """
    return asyncio.run(probe_async(asked, fix=fix))


def explain(text: str | Iterable[str]) -> Explanation:
    """Name the causes in a text of any length, whole or in pieces. Nothing is sent anywhere."""
    return explain_chunks([text] if isinstance(text, str) else text, current())


def validate(source: str | Path | bytes | BinaryIO, *, era: str | None = None, strict: bool = False) -> FileReport:
    """Judge a recording: a path, its bytes, or an open binary file. `era` is ga, beta or translation, or None for what
    the stream shows; with `strict` warnings fail.

    Raises:
        Usage: the file cannot be opened.
    """
    if isinstance(source, bytes):
        return validate_file("bytes", io.BytesIO(source), era=era, strict=strict)
    if not isinstance(source, str | Path):
        return validate_file(getattr(source, "name", "a file"), source, era=era, strict=strict)
    try:
        with open_source(str(source)) as opened:
            return validate_file(str(source), opened, era=era, strict=strict)
    except UnreadableSource as error:
        raise Usage("{}", error) from error


@asynccontextmanager
async def bench_for(plan: Plan) -> AsyncIterator[Bench]:
    """What a planned check runs on; the built-in mock is started where it is the target."""
    async with AsyncExitStack() as open_things:
        choice, clock = plan.choice, Clock()
        if choice.on_mock:
            # Loaded where it is needed: its server's library takes longer to load than the rest of a run.
            from rtdoctor.mock.server import MockServer

            # The mock and the run share a clock, so an expiring secret is waited out by moving it on.
            clock = SteppedClock()
            assert choice.key is not None
            server = await open_things.enter_async_context(MockServer({choice.key.reveal()}, clock=clock))
            choice = replace(choice, target=replace(choice.target, base_url=server.base_url))
        http = await open_things.enter_async_context(open_session(plan.context, choice.target.route, choice.timeout))
        keep([choice.key, choice.withheld, *choice.target.route.secrets()])
        yield Bench(choice, http, clock, Ledger(billable=choice.transcribe, raw=choice.spend), dict(plan.speech))


@asynccontextmanager
async def bench_of(plan: ProbePlan) -> AsyncIterator[Bench]:
    """What a planned probe runs on."""
    async with open_session(plan.context, plan.choice.target.route, plan.choice.timeout) as http:
        yield Bench(plan.choice, http, Clock(), plan.ledger)

"""A whole run: the ladder, then the matrix. What happens is told to `emit`, event by event; the report comes back."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from rtdoctor import __version__
from rtdoctor.diagnose.rungs import not_tried
from rtdoctor.diagnose.summary import summarise
from rtdoctor.engine.ladder import climb
from rtdoctor.engine.matrix import run_matrix, told
from rtdoctor.engine.setup import Bench, Choice
from rtdoctor.model.finding import Finding
from rtdoctor.model.report import (
    RUNGS,
    LadderDone,
    Pending,
    Report,
    Result,
    RunEvent,
    RunFinished,
    Rung,
    RungDone,
    RunStarted,
    ScenarioDone,
    Setting,
)
from rtdoctor.model.scenario import Scenario
from rtdoctor.privacy.quote import quote
from rtdoctor.protocol.models import defaults
from rtdoctor.scenario.expand import expand

Emit = Callable[[RunEvent], None]


async def run(bench: Bench, scenarios: Sequence[Scenario], emit: Emit) -> Report:
    """Climb the ladder, run the matrix, and tell what happens. A cancelled run ends with a partial report; one
    that is out of time with one that says what was not tried."""
    choice = bench.choice
    started = time.monotonic()
    setting = setting_of(bench)
    rungs: list[Rung] = []
    results: list[Result] = []
    interrupted = False

    def climbed(rung: Rung) -> None:
        rungs.append(rung)
        emit(RungDone(rung))

    emit(RunStarted(setting, len(scenarios)))
    try:
        end = asyncio.get_running_loop().time() + choice.deadline
        try:
            async with asyncio.timeout_at(end):
                emit(Pending((RUNGS[0],), 0, len(RUNGS)))
                async for rung in climb(bench):
                    climbed(rung)
                    if len(rungs) < len(RUNGS):
                        emit(Pending((RUNGS[len(rungs)],), len(rungs), len(RUNGS)))
        except TimeoutError:
            for rung in out_of_time(rungs, choice.deadline):
                climbed(rung)
        emit(LadderDone(summarise(rungs, strict=choice.strict), tuple(rungs)))
        try:
            async with asyncio.timeout_at(end):
                await _matrix(bench, scenarios, rungs, results, emit)
        except TimeoutError:
            done = {result.scenario for result in results}
            late = Finding("inconclusive", f"not tried: the deadline of {choice.deadline:g} s passed")
            for scenario in scenarios:
                if scenario.id not in done:
                    results.append(told(scenario, choice.aim, late))
                    emit(ScenarioDone(results[-1]))
    except asyncio.CancelledError:
        interrupted = True
    order = {scenario.id: place for place, scenario in enumerate(scenarios)}
    report = Report(
        setting=setting,
        summary=summarise(rungs, results, strict=choice.strict),
        ladder=tuple(rungs),
        results=tuple(sorted(results, key=lambda result: order[result.scenario])),
        spend=bench.ledger.total(),
        duration_s=round(time.monotonic() - started, 2),
        interrupted=interrupted,
    )
    emit(RunFinished(report))
    return report


def out_of_time(rungs: Sequence[Rung], deadline: float) -> list[Rung]:
    """The rungs that the deadline left: the one that was being climbed, and those that were not tried."""
    left = RUNGS[len(rungs) :]
    stopped = [
        Rung(name, Finding("inconclusive", f"the deadline of {deadline:g} s passed"), dead=True) for name in left[:1]
    ]
    return stopped + [Rung(name, not_tried(left[0]), tried=False) for name in left[1:]]


async def _matrix(
    bench: Bench, scenarios: Sequence[Scenario], rungs: Sequence[Rung], results: list[Result], emit: Emit
) -> None:
    choice = bench.choice
    ready = [expand(scenario, placeholders(choice)) for scenario in scenarios]
    pending = {scenario.id: None for scenario in ready}
    dead = next((rung for rung in rungs if rung.dead), None)
    emit(Pending(tuple(pending), 0, len(ready)))
    async for result in run_matrix(bench, ready, dead):
        results.append(result)
        pending.pop(result.scenario)
        emit(ScenarioDone(result))
        emit(Pending(tuple(pending), len(results), len(ready)))


def placeholders(choice: Choice) -> dict[str, str]:
    """What the placeholders of scenarios stand for in a run."""
    return {
        "transcription_model": choice.transcription_model,
        "vad_model": choice.vad_model,
        "realtime_model": choice.realtime_model,
        "retired_model": defaults().retired,
        "unknown_model": defaults().unknown,
    }


def setting_of(bench: Bench) -> Setting:
    """The run's own facts."""
    choice: Choice = bench.choice
    return Setting(
        name="mock" if choice.on_mock else quote(choice.target.host),
        base_url=quote(choice.target.base_url),
        profile=choice.target.profile,
        aim=choice.aim,
        model=quote(choice.model),
        account_tested=not choice.on_mock and choice.key is not None,
        credential=_credential(choice),
        started_at=datetime.fromtimestamp(bench.clock.now(), UTC).isoformat(timespec="seconds"),
        version=__version__,
        strict=choice.strict,
        notices=choice.notices,
        insecure=choice.target.route.insecure,
    )


def _credential(choice: Choice) -> str:
    if choice.withheld is not None:
        return f"{choice.withheld.kind} from {quote(choice.withheld.source)}, not sent"
    return f"{choice.key.kind} from {quote(choice.key.source)}" if choice.key else "none"

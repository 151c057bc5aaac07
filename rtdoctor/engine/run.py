"""A whole run: the ladder, then the matrix. What happens is told to `emit`, event by event; the report comes back."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from rtdoctor.diagnose.other_endpoint import OPEN, folded, is_open
from rtdoctor.diagnose.rungs import not_tried
from rtdoctor.diagnose.summary import summarise
from rtdoctor.engine.caveats import with_caveats
from rtdoctor.engine.ladder import climb
from rtdoctor.engine.matrix import is_required, result_of, run_matrix
from rtdoctor.engine.setup import Bench, Choice
from rtdoctor.model.finding import undecided
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
from rtdoctor.version import __version__

Emit = Callable[[RunEvent], None]


@dataclass(slots=True)
class SoFar:
    """What a run has found so far: all that is told when it is cut off. `started` is monotonic time, in seconds."""

    setting: Setting
    started: float
    rungs: list[Rung] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    ladder_told: bool = False


def begin(bench: Bench) -> SoFar:
    """What is known at the beginning."""
    return SoFar(setting_of(bench), time.monotonic())


async def run(bench: Bench, scenarios: Sequence[Scenario], emit: Emit, known: SoFar | None = None) -> Report:
    """Climb the ladder, run the matrix, and tell what happens. A cancelled run ends with a partial report; one
    that is out of time with one that says what was not tried. `known` is filled as the run goes on."""
    choice = bench.choice
    known = known or begin(bench)
    rungs, results = known.rungs, known.results
    late = interrupted = False

    def climbed(rung: Rung) -> None:
        rungs.append(rung)
        emit(RungDone(rung))

    emit(RunStarted(known.setting, len(scenarios)))
    try:
        end = asyncio.get_running_loop().time() + choice.left
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
        emit(_ladder_done(bench, known))
        try:
            async with asyncio.timeout_at(end):
                await _matrix(bench, scenarios, rungs, results, emit)
        except TimeoutError:
            late = True
    except asyncio.CancelledError:
        interrupted = True
    for event in rest(bench, scenarios, known, late=late):
        emit(event)
    report = report_of(bench, scenarios, known, interrupted=interrupted)
    emit(RunFinished(report))
    return report


def rest(bench: Bench, scenarios: Sequence[Scenario], known: SoFar, *, late: bool) -> Iterator[RunEvent]:
    """The events that bring a run which is out of time to its end, all but the last one: what was not tried is told as
    such, and becomes known. None of a run that is not late."""
    if not late:
        return
    choice = bench.choice
    for rung in out_of_time(known.rungs, choice.deadline):
        known.rungs.append(rung)
        yield RungDone(rung)
    if not known.ladder_told:
        yield _ladder_done(bench, known)
    done = {result.scenario for result in known.results}
    passed = undecided(f"not tried: {deadline_passed(choice.deadline)}")
    for scenario in scenarios:
        if scenario.id not in done:
            known.results.append(result_of(scenario, is_required(bench, scenario), passed))
            yield ScenarioDone(known.results[-1])


def report_of(bench: Bench, scenarios: Sequence[Scenario], known: SoFar, *, interrupted: bool) -> Report:
    """The whole of what is known."""
    order = {scenario.id: place for place, scenario in enumerate(scenarios)}
    results = folded(sorted(known.results, key=lambda result: order[result.scenario]))
    summary = summarise(known.rungs, results, strict=bench.choice.strict)
    if is_open(results):
        summary = replace(summary, sentence=f"{summary.sentence} {OPEN}.")
    # As the server decided.
    setting = replace(known.setting, aim=bench.choice.aim, model=quote(bench.choice.model))
    return Report(
        setting=setting,
        summary=with_caveats(summary, setting, tuple(known.rungs), bench.choice.retire_within),
        ladder=tuple(known.rungs),
        results=results,
        spend=bench.ledger.total(),
        duration_s=round(time.monotonic() - known.started, 2),
        interrupted=interrupted,
    )


def cut_off(report: Report, deadline: float) -> Report:
    """The report of a run that did not end by itself: whatever was found until then, it is inconclusive."""
    passed, summary = deadline_passed(deadline), report.summary
    sentence = summary.sentence if passed in summary.sentence else f"{summary.sentence} Not at its end: {passed}."
    return replace(report, summary=replace(summary, verdict="inconclusive", exit_code=3, sentence=sentence))


def deadline_passed(deadline: float) -> str:
    """Why something was not tried."""
    return f"the deadline of {deadline:g} s passed"


def _ladder_done(bench: Bench, known: SoFar) -> LadderDone:
    known.ladder_told = True
    return LadderDone(summarise(known.rungs, strict=bench.choice.strict), tuple(known.rungs))


def out_of_time(rungs: Sequence[Rung], deadline: float) -> list[Rung]:
    """The rungs that the deadline left: the one that was being climbed, and those that were not tried."""
    left = RUNGS[len(rungs) :]
    dead = next((rung.rung for rung in rungs if rung.dead), None)
    stopped = [] if dead else [Rung(n, undecided(deadline_passed(deadline)), dead=True) for n in left[:1]]
    return stopped + [Rung(name, not_tried(dead or left[0]), tried=False) for name in left[len(stopped) :]]


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

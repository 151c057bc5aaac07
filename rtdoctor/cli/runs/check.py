"""Carries out `rtdoctor check`: from what was asked for to a run, its report and the exit code."""

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rich.padding import Padding
from rich.text import Text

from rtdoctor import process
from rtdoctor.api import bench_for
from rtdoctor.cli import exits
from rtdoctor.cli.decision import USUAL, Deciding
from rtdoctor.cli.outputs import Outputs
from rtdoctor.cli.progress import Progress
from rtdoctor.cli.watchdog import Watchdog
from rtdoctor.engine.plan import CheckAsked, Plan, check_asked, chosen, plan_check
from rtdoctor.engine.run import SoFar, begin, cut_off, report_of, rest, run
from rtdoctor.engine.setup import Bench
from rtdoctor.files import patient
from rtdoctor.model.clock import Clock
from rtdoctor.model.plural import plural
from rtdoctor.model.report import Pending, RunEvent, RunFinished
from rtdoctor.model.scenario import Accept, Scenario
from rtdoctor.privacy.clean import clean
from rtdoctor.privacy.guard import say
from rtdoctor.privacy.quote import quote
from rtdoctor.protocol.models import models
from rtdoctor.report.console import console


def carry_out(
    asked: CheckAsked,
    *,
    list_only: bool,
    format: str,
    reports: Sequence[str] = (),
    deciding: Deciding = USUAL,
    retry: int = 0,
    clock: Clock | None = None,
) -> int:
    """Do it, and return the exit code. A run that could not tell is made anew up to `retry` times, after a wait by
    `clock`, as long as the deadline allows.

    Raises:
        Usage: something on the command line or in the environment cannot be used.
    """
    check_asked(asked)
    with Watchdog(asked.deadline) as watchdog, patient(asked.deadline):
        if not list_only:
            plan = plan_check(asked, watchdog.begun)
            if plan.choice.transcribe and not plan.choice.on_mock:
                _tell_cost(plan)
            if plan.choice.spend and not plan.choice.on_mock and (raw := sum(one.raw for one in plan.scenarios)):
                say(f"Sends raw text or binary frames in {plural(raw, 'scenario')}: what that costs nobody can tell.")
            with Outputs("check", format, reports) as outputs:
                return outputs.code(
                    _run(watchdog, plan, lambda event: outputs(deciding.event(event)), Tries(deciding, retry, clock))
                )
        listed = chosen(asked)
    with process.telling():
        _list(listed, in_json=format == "json")
    return exits.OK


def _list(scenarios: Sequence[Scenario], *, in_json: bool) -> None:
    """Two lines a scenario: its id, tags and how its answer is known, and what it tries; as JSON with all evidence."""
    if in_json:
        listed = [_listed(scenario) for scenario in scenarios]
        sys.stdout.write(json.dumps({"scenarios": listed}, indent=2) + "\n")
        return
    out = console(sys.stdout)
    for scenario in scenarios:
        known = _due(scenario).evidence
        cost = " · raw" if scenario.raw else " · may cost money" if scenario.is_billable() else ""
        line = Text(scenario.id, "bold")
        line.append(f"  {' '.join(scenario.tags)} · {known.confidence} {known.seen}{cost}", "not bold dim")
        out.print(line)
        out.print(Padding(Text(clean(scenario.title)), (0, 0, 0, 4)))


def _due(scenario: Scenario) -> Accept:
    return next(line for line in scenario.accept if line.grade == "expected")


def _listed(scenario: Scenario) -> dict[str, object]:
    return {
        "id": scenario.id,
        "title": clean(scenario.title),
        "tags": list(scenario.tags),
        "raw": scenario.raw,
        "billable": scenario.is_billable(),
        "accepts": [
            {
                "grade": line.grade,
                "evidence": clean(line.evidence.source),
                "seen": line.evidence.seen,
                "confidence": line.evidence.confidence,
            }
            for line in scenario.accept
        ],
    }


def _tell_cost(plan: Plan) -> None:
    """The cost comes before it is spent."""
    choice, speech = plan.choice, plan.speech
    steps = [step for scenario in plan.scenarios for step in scenario.steps]
    spoken = [(speech[step.audio], step.silence_ms) for step in steps if step.audio is not None]
    spoken.append((speech["speech"], 0))  # the ladder's
    others = sum(scenario.costs(step, choice.target.base_url) for scenario in plan.scenarios for step in scenario.steps)
    beside = f", and {plural(others, 'other event')} that may cost money" if others else ""
    minutes = sum(one.measure.seconds + silence / 1000 for one, silence in spoken) / 60
    known = models().get(choice.transcription_model)
    price = known.usd_per_minute if known else None
    about = f", about ${minutes * price:.3f} at ${price} a minute (seen {known.seen})" if known and price else ""
    model = quote(choice.transcription_model)
    say(f"Sends about {minutes * 60:.0f} s of audio in {plural(len(spoken), 'turn')} to {model}{about}{beside}.")


@dataclass(frozen=True, slots=True)
class Tries:
    """How a run is judged, and how often it is made anew where it could not tell."""

    deciding: Deciding
    retry: int = 0
    clock: Clock | None = None

    def wait(self, tried: int) -> float:
        """Seconds before the next try: 2, 4, 8 … and at most a minute."""
        return min(60.0, 2.0 ** (tried + 1))


def _run(watchdog: Watchdog, plan: Plan, write: Callable[[RunEvent], None], tries: Tries) -> int:
    """Run, with the report written as it becomes known; the exit code comes back. A try after which another may follow
    is written when it is known to be the last."""
    deciding = tries.deciding
    progress = Progress(console(sys.stderr))
    begun: list[tuple[Bench, SoFar]] = []
    kept: list[RunEvent] = []

    def emit(event: RunEvent) -> None:
        with watchdog.lock:
            progress.hide()
            if tries.retry and not isinstance(event, RunFinished):
                if not isinstance(event, Pending):
                    kept.append(event)
                progress(event)
                return
            for one in (*kept, event):
                write(one)
            kept.clear()
            if isinstance(event, RunFinished):
                report = deciding.report(event.report)
                watchdog.code = exits.INTERRUPTED if report.interrupted else report.summary.exit_code
            progress(event)

    def last_words(interrupted: bool) -> bool:
        progress.hide()
        for event in kept:
            write(event)
        for bench, known in begun[-1:]:
            for event in rest(bench, plan.scenarios, known, late=not interrupted):
                write(event)
            report = report_of(bench, plan.scenarios, known, interrupted=interrupted)
            whole = report if interrupted else cut_off(report, plan.choice.deadline)
            write(RunFinished(whole))
        return bool(begun)

    async def whole() -> None:
        for tried in range(tries.retry + 1):
            last: list[RunFinished] = []

            def heard(event: RunEvent, last: list[RunFinished] = last) -> None:
                if isinstance(event, RunFinished):
                    last.append(event)
                else:
                    emit(event)

            async with bench_for(plan) as bench:
                known = begin(bench)
                begun.append((bench, known))
                await run(bench, plan.scenarios, heard, known)
            report, wait = last[0].report, tries.wait(tried)
            again = deciding.report(report).summary.exit_code == exits.INCONCLUSIVE and not report.interrupted
            if tried == tries.retry or not again or bench.choice.left <= wait:
                emit(last[0])
                return
            with watchdog.lock:
                progress.hide()
                why = report.summary.sentence
                say(f"rtdoctor: could not tell: {why} The next of {tries.retry + 1} tries in {wait:g} s.")
            clock = tries.clock or Clock()
            try:
                await clock.pass_until(clock.now() + wait)
            except asyncio.CancelledError:
                emit(RunFinished(replace(report, interrupted=True)))
                return
            kept.clear()

    try:
        return watchdog.run(whole, last_words)
    finally:
        progress.hide()

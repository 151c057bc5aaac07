"""Carries out `rtdoctor check --repeat N` and `--every 30s --for 1h`: the same check again and again, told as one.

It keeps no run, only what they come to, so that its memory does not grow with their number.
"""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rtdoctor.api import bench_for
from rtdoctor.cli import exits
from rtdoctor.cli.decision import Deciding
from rtdoctor.cli.outputs import Outputs
from rtdoctor.cli.progress import Progress
from rtdoctor.cli.watchdog import Watchdog
from rtdoctor.engine.plan import CheckAsked, Plan, check_asked, plan_check
from rtdoctor.engine.run import begin, run
from rtdoctor.model.clock import Clock
from rtdoctor.model.report import Report, RunEvent, RunFinished
from rtdoctor.model.series import Gathering
from rtdoctor.privacy.errors import Usage
from rtdoctor.privacy.guard import say
from rtdoctor.privacy.known import passing
from rtdoctor.privacy.quote import quoted
from rtdoctor.report.console import console

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_MOST = 1_000_000
_LONGEST = 31 * 86_400.0


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often: so many runs, or as many as begin within `during` seconds; `every` seconds from beginning to
    beginning."""

    runs: int | None = None
    every: float = 0.0
    during: float | None = None


def seconds(flag: str, text: str) -> float:
    """A time such as 30s, 5m, 1h or 90.

    Raises:
        Usage: it is none.
    """
    number, unit = (text[:-1], text[-1:]) if text[-1:] in _UNITS else (text, "s")
    try:
        seconds = float(number) * _UNITS[unit] if number.isascii() and number[:1].isdigit() else 0.0
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= _LONGEST:
        raise Usage("{} '{}': wants a time such as 30s, 5m or 1h", flag, text)
    return seconds


def rhythm(repeat: int | None, every: str | None, during: str | None) -> Rhythm | None:
    """What the flags say; None where none of them was given.

    Raises:
        Usage: they do not go together.
    """
    if repeat is None and every is None and during is None:
        return None
    if repeat is None and during is None:
        raise Usage("--every wants an end: --repeat N or --for 1h")
    if repeat is not None and not 1 <= repeat <= _MOST:
        raise Usage("--repeat {}: wants 1 to {}", repeat, _MOST)
    if repeat is not None and during is not None:
        raise Usage("--repeat and --for both say when it ends; give one of them")
    if repeat is None and every is None:
        raise Usage("--for wants --every, such as --every 30s")
    return Rhythm(repeat, seconds("--every", every) if every else 0.0, seconds("--for", during) if during else None)


def carry_out(
    asked: CheckAsked,
    rhythm: Rhythm,
    *,
    format: str,
    reports: Sequence[str] = (),
    deciding: Deciding,
    clock: Clock | None = None,
    heard: Callable[[Report], None] = lambda _: None,
) -> int:
    """Do it, print, and return the exit code, the worst of all runs. The deadline holds for each run; `heard` gets each
    report.

    Raises:
        Usage: something on the command line or in the environment cannot be used.
    """
    check_asked(asked)
    if asked.transcribe or asked.audio or asked.spend:
        raise Usage(
            "--repeat and --every send nothing that may cost money; leave out --transcribe, --audio and --spend"
        )
    clock = clock or Clock()
    whole = rhythm.during or (rhythm.runs or 1) * max(rhythm.every, asked.deadline)
    with Watchdog(whole + asked.deadline) as watchdog:
        first = plan_check(asked, watchdog.begun)
        with Outputs("series", format, reports) as outputs:
            return outputs.code(_run(watchdog, first, rhythm, outputs, deciding, clock, heard))


def _run(
    watchdog: Watchdog,
    plan: Plan,
    rhythm: Rhythm,
    outputs: Outputs,
    deciding: Deciding,
    clock: Clock,
    heard: Callable[[Report], None],
) -> int:
    gathered, progress = Gathering(rhythm.runs), Progress(console(sys.stderr))

    def last_words(interrupted: bool) -> bool:
        progress.hide()
        series = gathered.series(interrupted=interrupted)
        if series is not None:
            outputs(series)
        return series is not None

    def emit(event: RunEvent) -> None:
        if not isinstance(event, RunFinished):
            progress(event)

    async def whole() -> None:
        begun = clock.now()
        at = begun
        while True:
            one = replace(plan, choice=replace(plan.choice, begun=time.monotonic()))
            with passing():
                async with bench_for(one) as bench:
                    report = quoted(deciding.report(await run(bench, one.scenarios, emit, begin(bench))))
            if report.interrupted:
                break
            with watchdog.lock:
                progress.hide()
                gathered.add(report)
                heard(report)
                if not gathered.runs % 100 or report.summary.exit_code:
                    say(f"rtdoctor: run {gathered.runs}: exit {report.summary.exit_code}, {report.summary.sentence}")
            at = max(at + rhythm.every, clock.now()) if rhythm.every else clock.now()
            if gathered.runs == rhythm.runs or (rhythm.during is not None and at - begun >= rhythm.during):
                break
            await clock.pass_until(at)
        with watchdog.lock:
            progress.hide()
            interrupted = report.interrupted
            series = gathered.series(interrupted=interrupted)
            if series is not None:
                outputs(series)
                watchdog.code = exits.INTERRUPTED if interrupted else series.exit_code

    try:
        return watchdog.run(whole, last_words)
    finally:
        progress.hide()

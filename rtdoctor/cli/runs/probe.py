"""Carries out `rtdoctor probe`."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TextIO

from rtdoctor.api import bench_of
from rtdoctor.cli import exits
from rtdoctor.cli.decision import USUAL, Deciding
from rtdoctor.cli.options import TERMINAL
from rtdoctor.cli.outputs import Outputs
from rtdoctor.cli.progress import Progress
from rtdoctor.cli.watchdog import Watchdog
from rtdoctor.engine.fixing import MOST_CONNECTIONS
from rtdoctor.engine.plan import check_times
from rtdoctor.engine.probe import Found, probe, probed_of
from rtdoctor.engine.probeplan import ProbeAsked, ProbePlan, plan_probe
from rtdoctor.engine.run import cut_off, deadline_passed
from rtdoctor.engine.setup import Bench
from rtdoctor.files import patient
from rtdoctor.model.probed import Probed
from rtdoctor.model.report import Pending
from rtdoctor.privacy.guard import say
from rtdoctor.report.console import console


def carry_out(
    asked: ProbeAsked, *, fix: bool | None, format: str, reports: Sequence[str] = (), deciding: Deciding = USUAL
) -> int:
    """Do it, print, and return the exit code.

    Raises:
        Usage: the handshake, the key, the CA file or the events cannot be used.
    """
    check_times(asked.timeout, asked.deadline)
    want_fix = _want_fix(fix, format)  # who thinks spends none of the deadline
    with Watchdog(asked.deadline) as watchdog, patient(asked.deadline):
        plan = plan_probe(asked, watchdog.begun)
        for told in plan.told:
            say(told)
        with Outputs("probe", format, reports) as outputs:
            return outputs.code(_run(watchdog, plan, want_fix, outputs, deciding))


def _run(
    watchdog: Watchdog, plan: ProbePlan, want_fix: bool, show: Callable[[Probed], None], deciding: Deciding
) -> int:
    """Probe, and write the report; the exit code comes back."""
    progress = Progress(console(sys.stderr))
    given, deadline = plan.given, plan.choice.deadline
    begun: list[tuple[Bench, Found]] = []

    def last_words(interrupted: bool) -> bool:
        progress.hide()
        for bench, found in begun:
            stopped = "interrupted" if interrupted else deadline_passed(deadline)
            probed = probed_of(bench, given, found, want_fix=want_fix, stopped=stopped, interrupted=interrupted)
            if not interrupted:
                probed = replace(probed, report=cut_off(probed.report, deadline))
            show(replace(probed, report=deciding.report(probed.report)))
        return bool(begun)

    async def whole() -> None:
        async with bench_of(plan) as bench:
            found = Found()
            begun.append((bench, found))
            probed = await probe(
                bench, given, want_fix=want_fix, said=lambda what: progress(Pending((what,), 0, 1)), found=found
            )
            probed = replace(probed, report=deciding.report(probed.report))
            with watchdog.lock:
                progress.hide()
                show(probed)
                report = probed.report
                watchdog.code = exits.INTERRUPTED if report.interrupted else report.summary.exit_code

    try:
        return watchdog.run(whole, last_words)
    finally:
        progress.hide()


def _want_fix(fix: bool | None, format: str) -> bool:
    if fix is not None:
        return fix
    if format != TERMINAL or not (_sits_there(sys.stdin) and _sits_there(sys.stdout)):
        return False
    question = f"If it fails: look for the smallest change that works (at most {MOST_CONNECTIONS} connections)? [Y/n] "
    try:
        return input(question).strip().lower() in ("", "y", "yes")
    except EOFError:
        return False


def _sits_there(stream: TextIO | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()

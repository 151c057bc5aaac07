"""Carries out `rtdoctor probe`."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TextIO

from rtdoctor.api import bench_of
from rtdoctor.cli import exits
from rtdoctor.cli.decision import USUAL, Deciding
from rtdoctor.cli.options import TERMINAL, VERBOSE
from rtdoctor.cli.outputs import Outputs
from rtdoctor.cli.progress import Progress
from rtdoctor.cli.watchdog import Watchdog
from rtdoctor.diagnose.handover import with_snippet
from rtdoctor.diagnose.snippet import NoSnippet
from rtdoctor.diagnose.snippet import language as named
from rtdoctor.engine.fixing import MOST_CONNECTIONS
from rtdoctor.engine.plan import check_times
from rtdoctor.engine.probe import Found, probe, probed_of
from rtdoctor.engine.probeplan import ProbeAsked, ProbePlan, plan_probe
from rtdoctor.engine.run import cut_off, deadline_passed
from rtdoctor.engine.setup import Bench
from rtdoctor.files import patient
from rtdoctor.model.probed import Probed
from rtdoctor.model.report import Pending
from rtdoctor.privacy.errors import Usage
from rtdoctor.privacy.guard import say
from rtdoctor.protocol.models import defaults
from rtdoctor.report.console import console


def carry_out(
    asked: ProbeAsked,
    *,
    fix: bool | None,
    format: str,
    language: str | None = None,
    reports: Sequence[str] = (),
    deciding: Deciding = USUAL,
) -> int:
    """Do it, print, and return the exit code.

    Raises:
        Usage: the handshake, the key, the CA file or the events cannot be used, or `language` is none.
    """
    check_times(asked.timeout, asked.deadline)
    if language is not None:
        _check_language(language)
    want_fix = _want_fix(fix, format)  # who thinks spends none of the deadline
    with Watchdog(asked.deadline) as watchdog, patient(asked.deadline):
        plan = plan_probe(asked, watchdog.begun)
        for told in plan.told:
            say(told)
        with Outputs("probe", format, reports) as outputs:
            return outputs.code(_run(watchdog, plan, want_fix, _with_code(outputs, language), deciding))


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


def _check_language(language: str) -> None:
    """Tell before anything is sent that there is no snippet in that language (Usage)."""
    try:
        named(language)
    except NoSnippet as error:
        raise Usage("--as: {}", error) from error


def _with_code(show: Callable[[Probed], None], language: str | None) -> Callable[[Probed], None]:
    """Show it with client code for the handshake that works, or with the reason why there is none."""

    def shown(probed: Probed) -> None:
        if language is not None and probed.handover is not None:
            usual = defaults()
            try:
                code = with_snippet(probed.handover, language, usual.transcription, usual.realtime)
                probed = replace(probed, handover=code)
            except NoSnippet as error:
                say(f"--as {language}: {error}")
        show(probed)

    return shown


def _want_fix(fix: bool | None, format: str) -> bool:
    if fix is not None:
        return fix
    if format not in (TERMINAL, VERBOSE) or not (_sits_there(sys.stdin) and _sits_there(sys.stdout)):
        return False
    question = f"If it fails: look for the smallest change that works (at most {MOST_CONNECTIONS} connections)? [Y/n] "
    try:
        return input(question).strip().lower() in ("", "y", "yes")
    except EOFError:
        return False


def _sits_there(stream: TextIO | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()

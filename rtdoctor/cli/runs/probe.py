"""Carries out `rtdoctor probe`."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TextIO

from rtdoctor import process
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
from rtdoctor.engine.probe import ProbeState, can_mend, mend, probe, probed_of
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
    asks, state = _may_ask(fix, format), ProbeState()
    with Outputs("probe", format, reports) as outputs:
        show = _with_code(outputs, language)
        first: list[Probed] = []

        def ahead(probed: Probed) -> None:
            outputs.ahead(probed)
            first.append(probed)

        with Watchdog(asked.deadline) as watchdog, patient(asked.deadline):
            plan = plan_probe(asked, watchdog.begun)
            for notice in plan.notices:
                say(notice)
            look = _Work(plan, state, bool(fix), partial(probe, want_fix=bool(fix)))
            code = _run(watchdog, look, ahead if asks else show, deciding)
        if not first:
            return outputs.code(code)
        with process.on_interrupt(lambda: _leave(outputs, first[0])):
            wants = not first[0].report.interrupted and can_mend(plan.handshake, state) and _wants()
        if not wants:
            outputs.rest(first[0])
            return outputs.code(code)
        # Who thinks spends none of the deadline: the search has its own.
        with Watchdog(asked.deadline) as watchdog:
            plan = replace(plan, choice=replace(plan.choice, begun=watchdog.begun))
            return outputs.code(_run(watchdog, _Work(plan, state, True, mend, shown=True), show, deciding))


@dataclass(frozen=True, slots=True)
class _Work:
    """What a run does: `does` with the bench, the handshake and what is found. `shown` tells that the user saw what was
    found before."""

    plan: ProbePlan
    state: ProbeState
    want_fix: bool
    does: Callable[..., Awaitable[Probed]]
    shown: bool = False


def _run(watchdog: Watchdog, work: _Work, show: Callable[[Probed], None], deciding: Deciding) -> int:
    """Probe, and write the report; the exit code comes back."""
    progress = Progress(console(sys.stderr))
    handshake, deadline, state = work.plan.handshake, work.plan.choice.deadline, work.state
    begun: list[Bench] = []

    def last_words(interrupted: bool) -> bool:
        progress.hide()
        for bench in begun:
            stopped = "interrupted" if interrupted else deadline_passed(deadline)
            probed = probed_of(
                bench, handshake, state, want_fix=work.want_fix, stopped=stopped, interrupted=interrupted
            )
            if not interrupted:
                probed = replace(probed, report=cut_off(probed.report, deadline))
            show(replace(probed, report=deciding.report(probed.report), shown=work.shown))
        return bool(begun)

    async def whole() -> None:
        async with bench_of(work.plan) as bench:
            begun.append(bench)
            done = partial(work.does, progress=lambda what: progress(Pending((what,), 0, 1)))
            probed = await done(bench, handshake, state=state)
            probed = replace(probed, report=deciding.report(probed.report), shown=work.shown)
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


def _may_ask(fix: bool | None, format: str) -> bool:
    return fix is None and format in (TERMINAL, VERBOSE) and _sits_there(sys.stdin) and _sits_there(sys.stdout)


def _wants() -> bool:
    """Ask who saw that it does not work."""
    # Not by input(), which may ask on stderr.
    sys.stdout.write(f"\nLook for the smallest change that works (at most {MOST_CONNECTIONS} connections)? [Y/n] ")
    sys.stdout.flush()
    answer = sys.stdin.readline()
    if not answer:
        print()
    return bool(answer) and answer.strip().lower() in ("", "y", "yes")


def _leave(outputs: Outputs, probed: Probed) -> None:
    """Who interrupts the question has seen the answer; the files are written all the same."""
    outputs.rest(probed)
    process.leave(exits.INTERRUPTED, flush=False)  # standard output may be in the midst of a write


def _sits_there(stream: TextIO | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()

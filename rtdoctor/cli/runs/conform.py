"""Carries out `rtdoctor conform`."""

import sys
import time
from collections.abc import Sequence
from dataclasses import replace

from rich.table import Table
from rich.text import Text

from rtdoctor import process
from rtdoctor.api import bench_for
from rtdoctor.cli import exits
from rtdoctor.cli.outputs import Outputs
from rtdoctor.cli.progress import Progress
from rtdoctor.cli.watchdog import Watchdog
from rtdoctor.conform.cases import GROUPS, Case, all_cases
from rtdoctor.conform.run import SoFar, bound_of, report_of, run
from rtdoctor.engine.plan import CheckAsked, Plan, check_asked, plan_check
from rtdoctor.engine.run import setting_of
from rtdoctor.engine.setup import Bench
from rtdoctor.files import patient
from rtdoctor.model.conformance import CaseResult, Conformance
from rtdoctor.model.report import Pending
from rtdoctor.privacy.errors import Usage
from rtdoctor.privacy.guard import say
from rtdoctor.report.console import console

LOCAL_CONCURRENCY = 16  # cases at once on this machine
_TOKENS = 200  # the most that one response may take


def chosen(groups: Sequence[str], cases: Sequence[str]) -> tuple[Case, ...]:
    """The cases of these groups and of these ids; all where nothing is named.

    Raises:
        Usage: there is no such group or case.
    """
    known = all_cases()
    ids = {one.id for one in known}
    for name in groups:
        if name not in GROUPS:
            raise Usage("--group {}: is one of {}", name, ", ".join(GROUPS))
    for name in cases:
        if name not in ids:
            raise Usage("--case {}: there is no such case; --list shows them", name)
    if not groups and not cases:
        return known
    return tuple(one for one in known if one.group in groups or one.id in cases)


def list_cases(groups: Sequence[str], cases: Sequence[str]) -> int:
    """Print the cases; the exit code comes back.

    Raises:
        Usage: there is no such group or case.
    """
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("case", no_wrap=True)
    table.add_column("what it asks, and the deviations that it tells", overflow="fold")
    for one in chosen(groups, cases):
        asks = " ".join(one.asks.split())
        table.add_row(Text(one.id), Text.assemble(asks, *((f"\n{name}", "dim") for name in one.tells)))
    with process.telling():
        console(sys.stdout).print(table)
    return exits.OK


def carry_out(
    asked: CheckAsked, groups: Sequence[str], names: Sequence[str], *, format: str, reports: Sequence[str] = ()
) -> int:
    """Do it, and return the exit code.

    Raises:
        Usage: something on the command line or in the environment cannot be used, or it is not the mock and
            --spend was not given.
    """
    if not asked.target:
        raise Usage("conform wants the URL of a server, or mock")
    check_asked(asked)
    cases = chosen(groups, names)
    with Watchdog(asked.deadline) as watchdog, patient(asked.deadline):
        plan = plan_check(asked, watchdog.begun)
        plan = _allowed(plan, cases, explicit=asked.concurrency is not None)
        with Outputs("conform", format, reports) as outputs:
            return outputs.code(_run(watchdog, plan, cases, outputs))


def _allowed(plan: Plan, cases: Sequence[Case], *, explicit: bool) -> Plan:
    """The plan with leave to spend, where it costs nothing or was asked for.

    Raises:
        Usage: it may cost money and was not asked for.
    """
    choice = plan.choice
    if choice.on_mock:
        return plan
    seconds, responses = bound_of(cases)
    bound = f"up to {seconds:g} s of audio and {responses} responses of at most {_TOKENS} tokens"
    if not choice.spend:
        host = choice.target.host
        gateway = ", since a gateway on this machine may pay for it elsewhere" if choice.target.is_loopback else ""
        raise Usage("conform sends {} to {}, which may cost money{}: --spend allows it", bound, host, gateway)
    say(f"Sends {bound}, and raw frames.")
    if not choice.target.is_loopback:
        return plan
    wide = choice.concurrency if explicit else LOCAL_CONCURRENCY
    return replace(plan, choice=replace(choice, spend=True, transcribe=True, concurrency=wide))


def _run(watchdog: Watchdog, plan: Plan, cases: Sequence[Case], outputs: Outputs) -> int:
    progress = Progress(console(sys.stderr))
    begun: list[tuple[Bench, SoFar]] = []

    def heard(_: CaseResult) -> None:
        known = begun[0][1]
        left = tuple(one.id for one in cases if one.id not in known.results)
        progress(Pending(left, len(known.results), len(cases)))

    def tell(conformance: Conformance) -> None:
        progress.hide()
        with process.telling():
            outputs(conformance)
        watchdog.code = exits.INTERRUPTED if conformance.interrupted else conformance.exit_code

    def last_words(interrupted: bool) -> bool:
        for bench, known in begun:
            why = "interrupted" if interrupted else f"the deadline of {plan.choice.deadline:g} s passed"
            conformance = report_of(bench, known, why=why, interrupted=interrupted)
            if not interrupted:  # which is what the process ends with
                conformance = replace(
                    conformance,
                    verdict="inconclusive",
                    exit_code=exits.INCONCLUSIVE,
                    sentence=f"{conformance.sentence} Not at its end: {why}.",
                )
            outputs(conformance)
        return bool(begun)

    async def whole() -> None:
        async with bench_for(plan) as bench:
            known = SoFar(setting_of(bench), cases, time.monotonic())
            begun.append((bench, known))
            conformance = await run(bench, known, heard)
            with watchdog.lock:
                tell(conformance)

    try:
        return watchdog.run(whole, last_words)
    finally:
        progress.hide()

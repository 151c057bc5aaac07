"""Many runs on the terminal: the answer, how long each layer took, and what failed in some runs only."""

from typing import TextIO

from rich.table import Table
from rich.text import Text

from rtdoctor.model.plural import plural
from rtdoctor.model.series import Series
from rtdoctor.privacy.clean import clean
from rtdoctor.report.console import console
from rtdoctor.report.digest import verdict_line
from rtdoctor.report.digests import digest


def show(series: Series, out: TextIO) -> None:
    """Print it."""
    to, of = console(out), digest(series)
    to.print(Text(clean(f"rtdoctor {series.setting.version} · {series.setting.base_url}"), "bold"))
    to.print(
        Text(clean(f"aim: {series.setting.aim} with {series.setting.model} · {plural(series.runs, 'run')}"), "dim")
    )
    to.print()
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("layer")
    for name in ("passed", "p50", "p90", "p99", "most"):
        table.add_column(name, justify="right")
    for tally in series.tallies:
        if tally.is_layer and tally.tried:
            spread = tally.spread
            times = (spread.at(0.5), spread.at(0.9), spread.at(0.99), spread.most) if spread.count else ()
            table.add_row(
                clean(tally.name),
                f"{tally.tried - tally.bad}/{tally.tried}",
                *(f"{ms:.1f} ms" if ms < 100 else f"{ms:.0f} ms" for ms in times),
            )
    to.print(table)
    to.print()
    wrong = [tally for tally in series.tallies if tally.bad]
    for tally in wrong:
        causes = ", ".join(f"{cause} ({count})" for cause, count in tally.causes.most_common(3))
        share = f"{tally.bad} of {tally.tried} runs ({100 * tally.bad / tally.tried:.0f}%)"
        kind = "flaky" if tally.flaky else "FAIL "
        to.print(Text(clean(f"{kind} {tally.name}: failed in {share}{f': {causes}' if causes else ''}")))
    if wrong:
        to.print()
    if series.interrupted:
        to.print(Text("Interrupted: the report is partial.", "yellow"))
    cost = "some of it may cost money" if series.billable else "nothing billable"
    to.print(Text(f"Sent: {plural(series.events, 'client event')}, {cost}. {_codes(series)}", "dim"))
    to.print(Text(verdict_line(of), "bold"))


def _codes(series: Series) -> str:
    codes = ", ".join(f"{code} ({plural(count, 'time')})" for code, count in sorted(series.exit_codes.items()))
    return f"Exit codes: {codes}."

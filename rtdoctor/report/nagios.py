"""One line for Nagios, Icinga and what takes their plugins, with performance data. Their exit codes are others."""

from typing import Any, TextIO

from rtdoctor.report.bounded import cut
from rtdoctor.report.digest import LADDER, Digest
from rtdoctor.report.digests import digest

_STATE = ("OK", "WARNING", "CRITICAL", "UNKNOWN")


def show(value: Any, out: TextIO) -> None:
    """Print the line, and what to change on a second one. A pipe would begin the performance data."""
    of = digest(value)
    numbers = [f"'{case.name}'={case.ms / 1000:.3f}s" for case in of.cases if case.group == LADDER and case.ms]
    if of.duration_s is not None:
        numbers.append(f"'total'={of.duration_s:.3f}s")
    line = f"REALTIME {_STATE[state(of)]} - {_plain(of.answer)} | {' '.join(numbers)}"
    out.write(f"{line}\n" + (f"Fix: {_plain(of.fix)}\n" if of.fix else ""))


def state(of: Digest) -> int:
    """The plugin's exit code: 0 fine, 1 a warning, 2 wrong, 3 could not be told."""
    if of.interrupted or of.exit_code in (3, 4):
        return 3
    if of.exit_code:
        return 2
    return 1 if of.verdict == "warn" or of.warnings else 0


def _plain(text: str) -> str:
    return cut(text, 1_000).replace("|", "/")

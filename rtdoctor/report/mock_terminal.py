"""What a mock saw of its clients, for a terminal: the answer alone, for all else was said as it happened."""

from typing import TextIO

from rtdoctor.model.served import Served
from rtdoctor.report.digest import verdict_line
from rtdoctor.report.digests import digest


def show(served: Served, out: TextIO) -> None:
    """Print it."""
    out.write(f"{verdict_line(digest(served))}\n")

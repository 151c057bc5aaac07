"""What came of a replay, for a terminal."""

from typing import TextIO

from rich.text import Text

from rtdoctor.model.replayed import Replayed
from rtdoctor.privacy.clean import clean
from rtdoctor.report.console import console as console_on
from rtdoctor.report.digest import verdict_line
from rtdoctor.report.digests import digest

_MOST_SHOWN = 20


def show(replayed: Replayed, out: TextIO) -> None:
    """Print it. What differed was told as it came, and is not told again."""
    console = console_on(out)
    for play in replayed.plays[:_MOST_SHOWN]:
        word, style = ("ok", "green") if play.good else ("FAIL", "bold red")
        seen = play.seen
        console.print(Text.assemble((f"{word:5}", style), f"#{play.number} {clean(play.what)}: {seen}"))
        for what in play.left:
            console.print(Text(f"      left over: {clean(what)}"))
    if len(replayed.plays) > _MOST_SHOWN:
        console.print(Text(f"and {len(replayed.plays) - _MOST_SHOWN} more connections", "bold"))
    for note in replayed.notes:
        console.print(Text(clean(note), "yellow"))
    console.print(Text(verdict_line(digest(replayed)), "bold"))

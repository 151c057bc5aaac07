"""What came of a replay, for a terminal."""

from typing import TextIO

from rich.text import Text

from rtdoctor.model.replayed import Replayed
from rtdoctor.privacy.clean import clean
from rtdoctor.report.console import console as console_on
from rtdoctor.report.digest import digest, verdict_line

_MOST_SHOWN = 20


def show(replayed: Replayed, out: TextIO) -> None:
    """Print it."""
    console = console_on(out)
    for play in replayed.plays[:_MOST_SHOWN]:
        word, style = ("ok", "green") if play.good else ("FAIL", "bold red")
        seen = "played" if play.played else "nobody asked for it"
        console.print(Text.assemble((f"{word:5}", style), f"#{play.number} {clean(play.what)}: {seen}"))
        for what in play.mismatches:
            console.print(Text(f"      differs: {clean(what)}"))
        for what in play.left:
            console.print(Text(f"      left over: {clean(what)}"))
    if len(replayed.plays) > _MOST_SHOWN:
        console.print(Text(f"and {len(replayed.plays) - _MOST_SHOWN} more connections", "bold"))
    for stray in replayed.strays:
        console.print(Text(f"not on the recording: {clean(stray)}", "yellow"))
    for note in replayed.notes:
        console.print(Text(clean(note), "yellow"))
    console.print(Text(verdict_line(digest(replayed)), "bold"))

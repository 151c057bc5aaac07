"""Lays text out beside a label, line by line: what wraps is indented, no line ends in blanks, and a mark such as
`[secret 3f9a]` stays on one line."""

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

WIDEST = 100
_HELD = "\ue000"  # stands for the blank within a mark while lines are broken
_MARK = "[secret "


def wrapped(console: Console, text: Text, width: int) -> list[Text]:
    """The lines of a text that are at most `width` wide; only what is wider than a line is broken within a word."""
    text = text.copy()
    text.plain = text.plain.replace(_MARK, f"[secret{_HELD}")
    lines = text.wrap(console, max(10, width), overflow="fold", no_wrap=False)
    for line in lines:
        line.rstrip()
        line.plain = line.plain.replace(_HELD, " ")
    return list(lines)


def beside(console: Console, label: Text, text: Text, indent: int, *, right: str = "") -> Iterator[Text]:
    """The lines of `text` behind its label, `indent` from the left; `right` stands at the end of the first one."""
    width = min(console.width, WIDEST)
    for place, line in enumerate(wrapped(console, text, width - indent - (len(right) + 2 if right else 0))):
        whole = Text().append_text(label) if place == 0 else Text()
        whole.pad_right(max(0, indent - whole.cell_len))
        whole.append_text(line)
        if right and place == 0:
            whole.pad_right(max(1, width - whole.cell_len - len(right)))
            whole.append(right, "dim")
        whole.rstrip()
        yield whole

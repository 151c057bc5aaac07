"""Lays text out beside a label, line by line: what wraps is indented, no line ends in blanks, and what is pasted or
read as one thing (a URL, a mark such as `[secret 3f9a]`) stays on one line."""

from collections.abc import Iterator

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from rtdoctor.linear import pattern

WIDEST = 100
_LONGEST = 200  # cells of a word that stays whole where it is wider than its column
_WORD = pattern(r"(?:\[secret \w+\]|\S)+|\n")


def wrapped(text: Text, width: int) -> list[Text]:
    """The lines of a text, each at most `width` wide if no word of it is wider."""
    width = max(10, width)
    starts, used = [0], 0
    for word in _WORD.finditer(text.plain):
        if word.text() == "\n":
            starts.append(word.end())
            used = 0
            continue
        size = cell_len(word.text())
        gap = cell_len(text.plain[starts[-1] : word.start()]) - used if used else 0
        if used and used + gap + size > width:
            starts.append(word.start())
            used = gap = 0
        if size > _LONGEST:
            starts += range(word.start() + width, word.end(), width)
            used = (size - 1) % width + 1
        else:
            used += gap + size
    lines = text.divide(starts[1:])
    for line in lines:
        line.rstrip()
    return list(lines)


def beside(console: Console, label: Text, text: Text, indent: int, *, right: str = "") -> Iterator[Text]:
    """The lines of `text` behind its label, `indent` from the left; `right` stands at the end of the first one."""
    width = min(console.width, WIDEST)
    for place, line in enumerate(wrapped(text, width - indent - (len(right) + 2 if right else 0))):
        whole = Text().append_text(label) if place == 0 else Text()
        whole.pad_right(max(0, indent - whole.cell_len))
        whole.append_text(line)
        if right and place == 0:
            whole.pad_right(max(1, width - whole.cell_len - len(right)))
            whole.append(right, "dim")
        whole.rstrip()
        yield whole

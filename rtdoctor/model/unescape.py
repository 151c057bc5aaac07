"""Texts with their escapes undone and their white space taken out, and the way back to where each character stood.

Percent, JSON, HTML and string escapes may be mixed and nested: they are undone together, layer by layer.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

_HEX = "[0-9a-fA-F]"
_ESCAPE = re.compile(
    rf"%(?:[uU](?P<a>{_HEX}{{4}})|(?P<b>{_HEX}{{2}}))"
    rf"|\\(?:u\{{(?P<c>{_HEX}{{1,6}})\}}|u(?P<d>{_HEX}{{4}})|U(?P<e>{_HEX}{{8}})|[xX](?P<f>{_HEX}{{2}})"
    r"|(?P<same>[/\\])|(?P<white>[nrt]))"
    rf"|&(?:#[xX](?P<g>{_HEX}{{1,8}});?|#(?P<decimal>[0-9]{{1,8}});?|(?P<name>[a-zA-Z]{{2,8}});)"
)
_NAMED = {
    "amp": "&", "quot": '"', "apos": "'", "lt": "<", "gt": ">", "sol": "/", "plus": "+", "equals": "=",
    "lowbar": "_", "hyphen": "-", "dash": "-", "period": ".", "percnt": "%", "bsol": "\\", "num": "#", "colon": ":",
}  # fmt: skip
_MOST_LAYERS = 4


@dataclass(frozen=True, slots=True)
class View:
    """A text as it reads after some escapes; character i came from `starts[i]` to `ends[i]` of the first text."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a piece of the view stands in the first text."""
        return self.starts[start], self.ends[end - 1]


def layers(text: str) -> Iterator[View]:
    """The text as it stands, then with one layer of escapes undone after the other."""
    view = View(text, range(len(text)), range(1, len(text) + 1))
    yield view
    for _ in range(_MOST_LAYERS):
        if not any(char in view.text for char in "%\\&"):
            return
        undone = _undone(view)
        if undone is view:
            return
        view = undone
        yield view


def _undone(view: View) -> View:
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    place = 0
    for found in _ESCAPE.finditer(view.text):
        char = _char(found.group())
        if char is None:
            continue
        start, end = found.span()
        if start > place:
            parts.append(view.text[place:start])
            starts += view.starts[place:start]
            ends += view.ends[place:start]
        parts.append(char)
        starts.append(view.starts[start])
        ends.append(view.ends[end - 1])
        place = end
    if not parts:
        return view
    parts.append(view.text[place:])
    starts += view.starts[place:]
    ends += view.ends[place:]
    return View("".join(parts), starts, ends)


@lru_cache(4096)
def _char(escape: str) -> str | None:
    """The one character that an escape stands for; None for a name that is not known."""
    found = _ESCAPE.fullmatch(escape)
    assert found is not None
    assert found.lastgroup is not None
    kind, held = found.lastgroup, found.group(found.lastgroup)
    if kind == "same":
        return held
    if kind == "white":
        return " "
    if kind == "name":
        return _NAMED.get(held.lower())
    number = int(held, 10 if kind == "decimal" else 16)
    return chr(number) if number < 0x110000 else None


def squeezed(view: View) -> View:
    """The view without white space; the way back is computed here, so ask for it only where something was found."""
    starts: list[int] = []
    ends: list[int] = []
    for found in re.finditer(r"\S+", view.text):
        starts += view.starts[found.start() : found.end()]
        ends += view.ends[found.start() : found.end()]
    return View(without_space(view.text), starts, ends)


def without_space(text: str) -> str:
    """The text without white space, as the lines of a terminal are put together again."""
    return re.sub(r"\s+", "", text)

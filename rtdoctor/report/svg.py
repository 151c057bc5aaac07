"""A picture of the terminal's report, for a page or a message: one SVG that loads nothing and runs nothing."""

import io
from typing import Any, TextIO

from rich.console import Console

from rtdoctor.model.report import RunFinished
from rtdoctor.report.terminal import TerminalWriter

_WIDTH = 80
# The placeholders are those of rich's export; its own form loads a font from elsewhere.
_FORM = """<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; \
font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-family: system-ui, sans-serif; font-size: 18px; font-weight: bold; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


class _Picture:
    """Reads the events of a run; with the last one the picture is written."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._console = Console(
            file=io.StringIO(),
            width=_WIDTH,
            record=True,
            force_terminal=True,
            color_system="truecolor",
            markup=False,
            emoji=False,
            highlight=False,
            legacy_windows=False,
        )
        self._writer = TerminalWriter(self._console)

    def __call__(self, event: Any) -> None:
        self._writer(event)
        if isinstance(event, RunFinished):
            self._console.print()  # the picture ends at its last line's foot
            picture = self._console.export_svg(title="rtdoctor check", code_format=_FORM, unique_id="rtdoctor")
            self._out.write(picture.encode("ascii", "xmlcharrefreplace").decode("ascii"))


def make(out: TextIO) -> _Picture:
    """A reader of a run's events that writes the picture at their end, in one write; ASCII only."""
    return _Picture(out)

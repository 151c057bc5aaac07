"""Which lines of rtdoctor an example reached first: `sys.monitoring` where there is one (3.12), else `sys.settrace`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import rtdoctor

_ROOT = str(Path(rtdoctor.__file__).parent)


class Lines:
    """The lines seen so far, all in all."""

    def __init__(self) -> None:
        self._left: dict[CodeType, set[int]] = {}
        self.seen = 0
        self.cheap = hasattr(sys, "monitoring")

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Count the lines that are reached inside for the first time."""
        begin, end = (self._monitor, self._stop) if self.cheap else (self._trace, sys.settrace)
        begin()
        try:
            yield
        finally:
            end(None)

    def _lines_of(self, code: CodeType) -> set[int]:
        left = self._left.get(code)
        if left is None:
            ours = code.co_filename.startswith(_ROOT)
            left = self._left[code] = {line for *_, line in code.co_lines() if line} if ours else set()
        return left

    def _see(self, code: CodeType, line: int) -> None:
        left = self._lines_of(code)
        if line in left:
            left.discard(line)
            self.seen += 1

    # --- 3.11

    def _trace(self) -> None:
        sys.settrace(self._called)

    def _called(self, frame: FrameType, _event: str, _argument: Any) -> Any:
        if not self._lines_of(frame.f_code):
            return None  # nothing of ours, or all of it seen
        self._see(frame.f_code, frame.f_lineno)
        return self._moved

    def _moved(self, frame: FrameType, event: str, _argument: Any) -> Any:
        if event == "line":
            self._see(frame.f_code, frame.f_lineno)
        return self._moved

    # --- 3.12 and later: each line tells of itself once, and costs nothing from then on

    def _monitor(self) -> None:
        tool: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
        if tool.get_tool(tool.COVERAGE_ID) is None:
            tool.use_tool_id(tool.COVERAGE_ID, "rtdoctor-fuzz")

        def line(code: CodeType, number: int) -> Any:
            self._see(code, number)
            return tool.DISABLE

        tool.register_callback(tool.COVERAGE_ID, tool.events.LINE, line)
        tool.set_events(tool.COVERAGE_ID, tool.events.LINE)

    def _stop(self, _nothing: None) -> None:
        tool: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
        tool.set_events(tool.COVERAGE_ID, tool.events.NO_EVENTS)

"""The table of writers: by command and by the name that `--format` and `--report` take. A new one is a file and a line
here.

A writer is a function `make(out)` or `show(told, out)`. `make` gives a reader of all that its command tells: the events
of a run as they come, and at last the one value. `show` is called once, with that value. `writer` makes a reader of
either. All of them get what is redacted already, and none of them prints elsewhere than to `out`.

What most formats need is the same of every command: they show its `Digest` (`digest.py`). A new command has its own
`terminal` and `json`, a line in `digest.py`, and with that all of them. Imports nothing: it lies on the
way to `--help`.
"""

from collections.abc import Callable
from typing import Any, TextIO

Reader = Callable[[Any], None]
_TOLD = {
    "html": "rtdoctor.report.html:show",
    "markdown": "rtdoctor.report.markdown:show",
}
_JUDGED = _TOLD | {
    "ndjson": "rtdoctor.report.ndjson:make",
    "junit": "rtdoctor.report.junit:show",
    "github": "rtdoctor.report.github:show",
    "sarif": "rtdoctor.report.sarif:show",
}
_MEASURED = _JUDGED | {
    "nagios": "rtdoctor.report.nagios:show",
    "prometheus": "rtdoctor.report.prometheus:show",
}
WRITERS: dict[str, dict[str, str]] = {
    "check": {
        "terminal": "rtdoctor.report.terminal:make",
        "verbose": "rtdoctor.report.terminal:make_verbose",  # what -v shows
        "json": "rtdoctor.report.json:show",
        "svg": "rtdoctor.report.svg:make",
        "otlp": "rtdoctor.report.otlp:show",
        **_MEASURED,
    },
    "series": {  # check --repeat, --every
        "terminal": "rtdoctor.report.series_terminal:show",
        "verbose": "rtdoctor.report.series_terminal:show",
        "json": "rtdoctor.report.series_json:show",
        **_MEASURED,
    },
    "probe": {
        "terminal": "rtdoctor.report.probe_terminal:show",
        "verbose": "rtdoctor.report.probe_terminal:show_verbose",  # what -v shows
        "json": "rtdoctor.report.probe_json:show",
        "otlp": "rtdoctor.report.otlp:show",
        **_MEASURED,
    },
    "conform": {
        "terminal": "rtdoctor.report.conform_terminal:show",
        "verbose": "rtdoctor.report.conform_terminal:show_verbose",
        "json": "rtdoctor.report.conform_json:show",
        **_MEASURED,
    },
    "validate": {
        "terminal": "rtdoctor.report.validate_terminal:show",
        "json": "rtdoctor.report.validate_json:show",
        **_JUDGED,
    },
    "proxy": {
        "terminal": "rtdoctor.report.proxy_terminal:show",
        "json": "rtdoctor.report.proxy_json:show",
        **{name: place for name, place in _JUDGED.items() if name != "ndjson"},  # a tape is that
    },
    "mock": {
        "terminal": "rtdoctor.report.mock_terminal:show",
        "json": "rtdoctor.report.mock_json:show",
        **_MEASURED,
    },
    "replay": {
        "terminal": "rtdoctor.report.replay_terminal:show",
        "json": "rtdoctor.report.replay_json:show",
        **_TOLD,
        "junit": _JUDGED["junit"],
        "github": _JUDGED["github"],
    },
    "grade": {
        "terminal": "rtdoctor.report.grade_terminal:show",
        "verbose": "rtdoctor.report.grade_terminal:show_verbose",  # what -v shows
        "json": "rtdoctor.report.grade_json:show",
        **_JUDGED,
    },
    "explain": {
        "terminal": "rtdoctor.report.explain_terminal:show",
        "json": "rtdoctor.report.explain_json:show",
        **_TOLD,
    },
}
# What a report is called where --report names no file.
FILES = {
    "html": "rtdoctor.html",
    "markdown": "rtdoctor.md",
    "svg": "rtdoctor.svg",
    "ndjson": "rtdoctor.ndjson",
    "json": "rtdoctor.json",
    "junit": "rtdoctor.xml",
    "sarif": "rtdoctor.sarif",
    "prometheus": "rtdoctor.prom",
    "otlp": "rtdoctor.otlp.json",
    "nagios": "rtdoctor.nagios",
}


def writer(command: str, name: str) -> Callable[[TextIO], Reader]:
    """The writer of that command and name, imported now: `writer(…)(out)` reads what the command tells.

    Raises:
        KeyError: there is none.
    """
    from importlib import import_module

    module, _, function = WRITERS[command][name].partition(":")
    show = getattr(import_module(module), function)
    return show if function.startswith("make") else lambda out: lambda event: _whole(show, event, out)


def _whole(show: Callable[[Any, TextIO], None], event: Any, out: TextIO) -> None:
    """Show the one value; the events before it are for those that read them."""
    from rtdoctor.model.progress import Last, OnTheWay

    if isinstance(event, Last):
        show(event.report, out)
    elif not isinstance(event, OnTheWay):
        show(event, out)

"""The table of writers: by command and by the name that `--format` takes. A new one is a file and a line here.

A writer of `check` is `make(out) -> reader of the run's events`; any other is `show(told, out)` of the one value that
its command tells. All of them get what is redacted already, and none of them prints elsewhere than to `out`. Imports
nothing: it lies on the way to `--help`.
"""

from typing import Any

WRITERS: dict[str, dict[str, str]] = {
    "check": {
        "terminal": "rtdoctor.report.terminal:make",
        "json": "rtdoctor.report.json:make",
    },
    "probe": {
        "terminal": "rtdoctor.report.probe_terminal:show",
        "json": "rtdoctor.report.probe_json:show",
    },
    "validate": {
        "terminal": "rtdoctor.report.validation_terminal:show",
        "json": "rtdoctor.report.validation_json:show",
    },
    "explain": {
        "terminal": "rtdoctor.report.explain_terminal:show",
        "json": "rtdoctor.report.explain_json:show",
    },
}


def writer(command: str, name: str) -> Any:
    """The writer of that command and name, imported now.

    Raises:
        KeyError: there is none.
    """
    from importlib import import_module

    module, _, function = WRITERS[command][name].partition(":")
    return getattr(import_module(module), function)

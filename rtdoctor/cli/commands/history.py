"""`rtdoctor history`: what a folder of saved reports tells over time."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rtdoctor import process
from rtdoctor.cli import exits
from rtdoctor.cli.options import AsJson
from rtdoctor.model.plural import plural
from rtdoctor.privacy.clean import one_line
from rtdoctor.privacy.quote import quote

if TYPE_CHECKING:
    from rtdoctor.cli.saved import SavedRun


_SIGNS = {"pass": ".", "warn": "w", "fail": "F", "inconclusive": "?", "skip": "-"}
_WIDTH = 60  # runs in a row of the terminal


def history(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of check --save DIR.", show_default=False)],
    last: Annotated[int, typer.Option(min=2, max=1000, metavar="N", help="The last N reports of each target.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Show the answers of saved runs over time, a row for each layer and scenario, and when each of them changed."""
    import json

    from rtdoctor.cli.saved import saved_runs

    targets, unread = saved_runs(folder, last)
    histories = {name: _told(runs) for name, runs in targets.items()}
    with process.telling():
        if as_json:
            document = {"folder": quote(str(folder)), "unread": unread, "targets": list(histories.values())}
            sys.stdout.write(json.dumps(document, indent=2) + "\n")
        else:
            for one in histories.values():
                sys.stdout.writelines(f"{one_line(line)}\n" for line in _lines(one))
            if unread:
                what = "1 file is no report" if unread == 1 else f"{unread} files are no reports"
                sys.stdout.write(f"{what}, and left out.\n")
            if not histories:
                sys.stdout.write("There is no saved report here; rtdoctor check --save DIR keeps one.\n")
    raise typer.Exit(exits.OK if histories else exits.INCONCLUSIVE)


def _told(runs: Sequence[SavedRun]) -> dict[str, Any]:
    from rtdoctor.cli.differences import differences

    rows: dict[str, list[str]] = {}
    for place, run in enumerate(runs):
        cases = [(one["rung"], one) for one in run.report["ladder"]]
        cases += [(one["scenario"], one) for one in run.report["results"]]
        for name, one in cases:
            row = rows.setdefault(quote(name), [""] * place)
            row.extend([""] * (place - len(row)))
            row.append(one["verdict"])
    target = runs[-1].report["target"]
    return {
        "base_url": quote(target["base_url"]),
        "model": quote(target["model"]),
        "aim": quote(target["aim"]),
        "runs": [{"at": run.at, "verdict": run.report["summary"]["verdict"]} for run in runs],
        "rows": {name: row + [""] * (len(runs) - len(row)) for name, row in rows.items()},
        "changes": [
            {"at": now.at, "what": sentence}
            for before, now in pairwise(runs)
            for sentence in differences(before.report, now.report)
        ],
    }


def _lines(history: Mapping[str, Any]) -> Iterator[str]:
    runs = history["runs"]
    yield f"{history['base_url']} · {history['aim']} with {history['model']}"
    first, last = _time(runs[0]["at"]), _time(runs[-1]["at"])
    yield f"{plural(len(runs), 'run')}, {first}{f' to {last}' if first != last else ''}"
    if len(runs) > _WIDTH:
        yield f"The last {_WIDTH}:"
    yield ""
    width = max(map(len, history["rows"]), default=0)
    yield f"{'run':{width}}  {''.join(_SIGNS.get(run['verdict'], ' ') for run in runs[-_WIDTH:])}"
    same = []
    for name, row in history["rows"].items():
        if len(set(row)) == 1 and row[0] in ("pass", "skip"):
            same.append(name)
        else:
            yield f"{name:{width}}  {''.join(_SIGNS.get(verdict, ' ') for verdict in row[-_WIDTH:])}"
    if same:
        yield f"always the same, and as expected: {len(same)} more"
    yield ""
    yield ". as expected, w warning, F failed, ? could not tell, - not tried"
    yield ""
    for change in history["changes"]:
        yield f"{_time(change['at'])}  {change['what']}"
    if not history["changes"]:
        yield "No answer changed."
    yield ""


def _time(at: str) -> str:
    return at.replace("T", " ")[:16]

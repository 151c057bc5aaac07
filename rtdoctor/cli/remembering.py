"""Keeps reports in a folder, and carries out `rtdoctor history`: the matrix over time, and when each answer changed."""

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from rtdoctor import process
from rtdoctor.cli import exits
from rtdoctor.cli.differing import differences, read_report
from rtdoctor.files import is_regular
from rtdoctor.linear import pattern
from rtdoctor.privacy.clean import clean
from rtdoctor.privacy.errors import Usage
from rtdoctor.privacy.quote import quote

_SIGNS = {"pass": ".", "warn": "w", "fail": "F", "inconclusive": "?", "skip": "-"}
_PLAIN = pattern(r"[^A-Za-z0-9.-]+")
_MOST_FILES = 10_000
_LONGEST_DATE = 40  # characters
_WIDTH = 60  # runs in a row of the terminal


def saved_as(folder: Path, name: str) -> str:
    """The value of --report that keeps a run in that folder, which is made where it is missing.

    Raises:
        Usage: the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Usage("--save {}: {}", folder, error) from error
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S-%fZ")
    host = quote(name.partition("://")[2].partition("/")[0] or name or "run")
    plain = _PLAIN.sub("-", host).strip("-")[:60] or "run"
    return f"json={folder / f'{at}-{plain}-{os.getpid()}.json'}"


@dataclass(frozen=True, slots=True)
class Run:
    """A saved run: when, and its report in the shipped form."""

    at: str
    report: Mapping[str, Any]


def show(folder: Path, last: int, *, as_json: bool) -> int:
    """Print it; the exit code comes back.

    Raises:
        Usage: the folder cannot be read.
    """
    try:
        files = sorted(file for file in folder.iterdir() if file.suffix == ".json")[-_MOST_FILES:]
    except OSError as error:
        raise Usage("{}: {}", folder, error) from error
    targets, unread = _targets(files, last)
    told = {name: _told(runs) for name, runs in targets.items()}
    with process.telling():
        if as_json:
            document = {"folder": quote(str(folder)), "unread": unread, "targets": list(told.values())}
            sys.stdout.write(json.dumps(document, indent=2) + "\n")
        else:
            for one in told.values():
                sys.stdout.writelines(f"{clean(line)}\n" for line in _lines(one))
            if unread:
                what = "1 file is no report" if unread == 1 else f"{unread} files are no reports"
                sys.stdout.write(f"{what}, and left out.\n")
            if not told:
                sys.stdout.write("There is no saved report here; rtdoctor check --save DIR keeps one.\n")
    return exits.OK if told else exits.INCONCLUSIVE


def _targets(files: Sequence[Path], last: int) -> tuple[dict[str, list[Run]], int]:
    """The last runs of each target, the oldest first; of a report only what is compared is held."""
    found: dict[str, list[Run]] = {}
    unread = 0
    for file in files:
        try:
            if not is_regular(file):  # a FIFO would be waited for
                raise ValueError
            report = read_report(file)
            at = _moment(report["started_at"])
        except (Usage, OSError, KeyError, ValueError):
            unread += 1
            continue
        target = report["target"]
        if target.get("profile") == "mock":
            target["base_url"] = "the built-in mock"  # its port is another each time
        name = f"{quote(target['base_url'])} · {quote(target['aim'])} with {quote(target['model'])}"
        held = {key: report[key] for key in ("target", "summary", "ladder", "results")}
        found.setdefault(name, []).append(Run(at, _slim(held)))
        found[name].sort(key=lambda run: run.at)
        del found[name][:-last]
    return found, unread


def _moment(text: object) -> str:
    """When a run began, as it is shown and sorted by: to the second, in UTC.

    Raises:
        ValueError: it is no moment.
    """
    if not isinstance(text, str) or len(text) > _LONGEST_DATE:
        raise ValueError("no date")
    at = datetime.fromisoformat(text)
    try:
        return (at.astimezone(UTC) if at.tzinfo else at).strftime("%Y-%m-%dT%H:%M:%S")
    except OverflowError as error:
        raise ValueError("no date") from error


def _slim(report: Mapping[str, Any]) -> dict[str, Any]:
    """What two runs are compared by."""

    is_mock = report["target"].get("profile") == "mock"

    def case(one: Mapping[str, Any], name: str) -> dict[str, Any]:
        finding = one["finding"]
        if is_mock and one[name] in ("config", "tcp"):  # they tell its port
            finding = {**finding, "summary": ""}
        return {
            name: one[name],
            "verdict": one["verdict"] if one.get("tried", True) else "skip",
            "finding": {"cause": finding["cause"], "summary": finding["summary"]},
        }

    return {
        **report,
        "ladder": [case(one, "rung") for one in report["ladder"]],
        "results": [case(one, "scenario") for one in report["results"]],
    }


def _told(runs: Sequence[Run]) -> dict[str, Any]:
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


def _lines(told: Mapping[str, Any]) -> Iterator[str]:
    runs = told["runs"]
    yield f"{told['base_url']} · {told['aim']} with {told['model']}"
    yield f"{len(runs)} run{'s' if len(runs) != 1 else ''}, {_time(runs[0]['at'])} to {_time(runs[-1]['at'])}"
    if len(runs) > _WIDTH:
        yield f"The last {_WIDTH}:"
    yield ""
    width = max(map(len, told["rows"]), default=0)
    yield f"{'run':{width}}  {''.join(_SIGNS.get(run['verdict'], ' ') for run in runs[-_WIDTH:])}"
    same = []
    for name, row in told["rows"].items():
        if len(set(row)) == 1 and row[0] in ("pass", "skip"):
            same.append(name)
        else:
            yield f"{name:{width}}  {''.join(_SIGNS.get(verdict, ' ') for verdict in row[-_WIDTH:])}"
    if same:
        yield f"always the same, and as expected: {len(same)} more"
    yield ""
    yield ". as expected, w warning, F failed, ? could not tell, - not tried"
    yield ""
    for change in told["changes"]:
        yield f"{_time(change['at'])}  {change['what']}"
    if not told["changes"]:
        yield "No answer changed."
    yield ""


def _time(at: str) -> str:
    return at.replace("T", " ")[:16]

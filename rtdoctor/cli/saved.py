"""The reports that `check --save` keeps in a folder: where each goes, and how they are read again."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rtdoctor.cli.differences import read_report
from rtdoctor.files import is_regular
from rtdoctor.linear import pattern
from rtdoctor.privacy.errors import Usage
from rtdoctor.privacy.quote import quote

_PLAIN = pattern(r"[^A-Za-z0-9.-]+")
_MOST_FILES = 10_000
_LONGEST_DATE = 40  # characters


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
class SavedRun:
    """A saved run: when, and its report in the shipped form."""

    at: str
    report: Mapping[str, Any]


def saved_runs(folder: Path, last: int) -> tuple[dict[str, list[SavedRun]], int]:
    """The last runs of each target, the oldest first, and how many files are no reports. Of a report only what is
    compared is held.

    Raises:
        Usage: the folder cannot be read.
    """
    try:
        files = sorted(file for file in folder.iterdir() if file.suffix == ".json")[-_MOST_FILES:]
    except OSError as error:
        raise Usage("{}: {}", folder, error) from error
    runs: dict[str, list[SavedRun]] = {}
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
        runs.setdefault(name, []).append(SavedRun(at, _slim(held)))
        runs[name].sort(key=lambda run: run.at)
        del runs[name][:-last]
    return runs, unread


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

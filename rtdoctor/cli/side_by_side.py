"""Carries out `rtdoctor conform --compare`: two JSON reports of conform side by side."""

import json
import sys
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from rtdoctor import process
from rtdoctor.cli import exits
from rtdoctor.cli.json_file import read_json
from rtdoctor.model.conformance import VERDICTS, WEIGHTS
from rtdoctor.privacy.clean import clean
from rtdoctor.privacy.errors import Usage
from rtdoctor.privacy.quote import quote
from rtdoctor.report.console import console

_MOST = 16 << 20
_STYLE = {"conforms": "green", "deviates": "red", "not served": "dim", "could not tell": "magenta"}


def carry_out(first: Path, second: Path) -> int:
    """Compare and print; the exit code comes back.

    Raises:
        Usage: a file cannot be read, or is no JSON report of conform.
    """
    left, right = _read(first), _read(second)
    with process.telling():
        return exits.WRONG if _show(left, right) else exits.OK


def _show(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    """Print both; True where they differ."""
    out = console(sys.stdout)
    for letter, report in (("A", left), ("B", right)):
        out.print(Text(_q(f"{letter}  {report['target']['base_url']}: {report['summary']['sentence']}")))
    out.print()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("", *VERDICTS):
        table.add_column(name, justify="right" if name else "left")
    for letter, report in (("A", left), ("B", right)):
        table.add_row(letter, *(str(report["summary"]["counts"][verdict]) for verdict in VERDICTS))
    out.print(table)
    differ = _cases(left, right, out)
    return _deviations(left, right, out) or differ


def _cases(left: Mapping[str, Any], right: Mapping[str, Any], out: Any) -> bool:
    verdicts = [{case["case"]: case["verdict"] for case in report["cases"]} for report in (left, right)]
    names = [name for name in {**verdicts[0], **verdicts[1]} if verdicts[0].get(name) != verdicts[1].get(name)]
    if not names:
        return False
    out.print()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("case that differs", "A", "B"):
        table.add_column(name, overflow="fold")
    for name in names:
        cells = (report.get(name, "not tried") for report in verdicts)
        table.add_row(Text(_q(name)), *(Text(cell, _STYLE.get(cell, "dim")) for cell in cells))
    out.print(table)
    return True


def _deviations(left: Mapping[str, Any], right: Mapping[str, Any], out: Any) -> bool:
    by_id = [{one["id"]: one for one in report["deviations"]} for report in (left, right)]
    every = {**by_id[1], **by_id[0]}
    names = sorted(every, key=lambda name: (WEIGHTS.index(every[name]["weight"]), name))
    out.print()
    if not names:
        out.print(Text("Neither deviates."))
        return False
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("deviation", "weight", "A", "B"):
        table.add_column(name, overflow="fold")
    for name in names:
        cells = (f"×{report[name]['count']}" if name in report else "-" for report in by_id)
        table.add_row(Text(_q(name)), every[name]["weight"], *cells)
    out.print(table)
    return by_id[0].keys() != by_id[1].keys()


def _q(text: str) -> str:
    return clean(quote(text[:600]))


def _read(path: Path) -> dict[str, Any]:
    import jsonschema_rs

    report = read_json(path, _MOST)
    schema = json.loads(files("rtdoctor.report").joinpath("conform.schema.json").read_text(encoding="utf-8"))
    try:
        good = jsonschema_rs.validator_for(schema).is_valid(report)
    except (ValueError, RecursionError):
        good = False
    if not good:
        raise Usage("{}: is no JSON report of conform (--report json)", path)
    return dict(report)

"""Every fault gets its cause and its exit code, in check and in probe, in time, and nothing is left behind.

docs/faults.md is made here: run with RTDOCTOR_UPDATE_DOCS=1 to write it anew.
"""

import os
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

import jsonschema
import orjson
import pytest

from rtdoctor.knowledge.causes import causes
from tests.conftest import KEY
from tests.hostile.faults import FAULTS, GROUPS, Fault
from tests.hostile.running import VARIABLES, Watch, carried_out, open_sockets

DOCS = Path(__file__).parents[2] / "docs" / "faults.md"
SCHEMA = jsonschema.Draft202012Validator(
    orjson.loads(files("rtdoctor.report").joinpath("report.schema.json").read_bytes())
)
DEADLINE = 15.0  # seconds; every run has a --timeout of 1 or less
BY_ID = {fault.id: fault for fault in FAULTS}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sockets are counted in /proc; 127.0.0.2 is Linux's")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A bare environment with a key; temporary files go to a folder of the test."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    return tmp_path


def run(fault: Fault, command: str, place: Path, monkeypatch, capsys):
    """Make the fault and run the command against it; what holds of every run is asserted here."""
    before, watch = open_sockets(), Watch(monkeypatch)
    with fault.make(place) as met:
        for name, value in met.env.items():
            monkeypatch.setenv(name, value)
        shared = ["--timeout", f"{fault.seconds:g}", "--format", "json", *met.arguments]
        url = "ws" + met.base.removeprefix("http") + "/realtime?intent=transcription"
        arguments = {
            "check": ["check", "--target", met.base, "-k", "url.intent-transcription", *shared],
            "probe": ["probe", url, "-H", "Authorization: Bearer $OPENAI_API_KEY", "--no-fix", *shared],
        }[command]
        code, report, seconds = carried_out(monkeypatch, capsys, arguments)
    assert met.hits is None or met.hits, "the fault was never met"
    assert met.never == [], "something was asked that must not be"
    assert seconds < DEADLINE
    assert (watch.loops > 0, watch.tasks) == (True, [])
    assert open_sockets() - before == set()
    assert list((place / "tmp").iterdir()) == []
    assert KEY not in str(report)
    SCHEMA.validate(report)
    assert code == report["summary"]["exit_code"]
    return report


def told(finding) -> str:
    return "\n".join((finding["summary"], *finding["facts"]))


@pytest.mark.heavy
@pytest.mark.parametrize("fault", BY_ID)
def test_check_names_the_fault_where_it_shows(fault, place, monkeypatch, capsys):
    wanted = BY_ID[fault]
    report = run(wanted, "check", place, monkeypatch, capsys)
    summary = report["summary"]
    if wanted.warns:
        rung = next(rung for rung in report["ladder"] if rung["rung"] in wanted.rungs)
        seen = (rung["finding"]["cause"], summary["exit_code"], rung["verdict"])
        assert seen == (wanted.cause, wanted.exit_code, "warn"), told(rung["finding"])
    else:
        where = wanted.rungs or (None,)
        assert (summary["cause"], summary["exit_code"]) == (wanted.cause, wanted.exit_code), summary
        assert summary["rung"] in where, summary
        rung = next((rung for rung in report["ladder"] if rung["rung"] == summary["rung"]), None)
    assert wanted.says == "" or wanted.says in told(rung["finding"])


@pytest.mark.heavy
@pytest.mark.parametrize("fault", BY_ID)
def test_probe_names_the_fault(fault, place, monkeypatch, capsys):
    wanted = BY_ID[fault]
    report = run(wanted, "probe", place, monkeypatch, capsys)
    summary, results = report["summary"], report["results"]
    cause = results[0]["finding"]["cause"] if wanted.warns and results else summary["cause"]
    assert (cause, summary["exit_code"]) == wanted.probed, summary
    shown = [told(item["finding"]) for item in (*report["ladder"], *results)]
    assert wanted.says == "" or any(wanted.says in text for text in shown), shown


def test_the_table_has_no_hole():
    assert len(BY_ID) == len(FAULTS)
    for fault in FAULTS:
        for cause, code in ((fault.cause, fault.exit_code), fault.probed):
            due = 0 if cause is None or fault.warns else causes()[cause].exit
            assert (fault.id, code) == (fault.id, due)
    for test in (test_check_names_the_fault_where_it_shows, test_probe_names_the_fault):
        (mark,) = (mark for mark in test.pytestmark if mark.name == "parametrize")
        assert set(mark.args[1]) == {fault.id for fault in FAULTS}


def test_the_published_table_is_the_one_that_is_tested_here():
    made = _document()
    if os.environ.get("RTDOCTOR_UPDATE_DOCS"):
        DOCS.write_text(made, encoding="utf-8")
    assert DOCS.read_text(encoding="utf-8") == made


def _document() -> str:
    lines = [
        "# Which fault is told as which cause, and where",
        "",
        "Made by `tests/hostile/test_fault_table.py`, which makes every fault for real on loopback and runs `rtdoctor",
        "check` and `rtdoctor probe` against it. The exit code stands behind the cause: 0 as expected, 1 something is",
        "wrong, 3 it could not be decided. *Where* is the rung of check's ladder.",
        "",
    ]
    for title, faults in GROUPS.items():
        lines += [f"## {title}", "", "| fault | check | where | probe |", "|---|---|---|---|"]
        for fault in faults:
            where = " or ".join(fault.rungs)
            check, probe = _ends(fault, fault.cause, fault.exit_code), _ends(fault, *fault.probed)
            lines.append(f"| {fault.what} | {check} | {where} | {probe} |")
        lines.append("")
    return "\n".join(lines)


def _ends(fault: Fault, cause: str | None, code: int) -> str:
    if cause is None:
        return f"healthy{', with a warning' if fault.warns else ''}, {code}"
    return f"`{cause}`{', as a warning' if fault.warns else ''}, {code}"

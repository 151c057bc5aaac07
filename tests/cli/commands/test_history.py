"""Reports that were saved, over time."""

import json
import os

import pytest
from typer.testing import CliRunner

import rtdoctor as tool
from rtdoctor.cli.main import application
from rtdoctor.report.json import document
from tests.cli.commands.test_check import rtdoctor


def saved(folder, name, at, **changed):
    report = document(tool.check(tool.CheckAsked(target="mock", tags=("smoke",), words=("auth.sub",))))
    report["started_at"] = at
    report["results"][0] |= changed
    (folder / f"{name}.json").write_text(json.dumps(report), encoding="utf-8")


def test_it_tells_when_an_answer_changed(tmp_path):
    saved(tmp_path, "a", "2026-11-01T06:17:00+00:00")
    saved(tmp_path, "b", "2026-11-02T06:17:00+00:00", verdict="fail")
    saved(tmp_path, "c", "2026-11-03T06:17:00+00:00")
    (tmp_path / "d.json").write_text("{}")
    shown = CliRunner().invoke(application(), ["history", str(tmp_path)])
    assert shown.exit_code == 0, shown.exception
    assert "3 runs, 2026-11-01 06:17 to 2026-11-03 06:17" in shown.stdout
    assert ".F." in shown.stdout
    assert "2026-11-02 06:17  auth.subprotocol: pass:" in shown.stdout
    assert "2026-11-03 06:17  auth.subprotocol: fail:" in shown.stdout
    assert "1 file is no report, and left out." in shown.stdout
    told = json.loads(CliRunner().invoke(application(), ["history", str(tmp_path), "--json"]).stdout)
    (target,) = told["targets"]
    assert target["rows"]["auth.subprotocol"] == ["pass", "fail", "pass"]
    assert [change["at"][:10] for change in target["changes"]] == ["2026-11-02", "2026-11-03"]


def test_what_a_report_says_begins_no_line(tmp_path):
    saved(tmp_path, "a", "2026-11-01T06:17:00+00:00", scenario="::error::p1", verdict="fail")
    saved(tmp_path, "b", "::error::x no time at all")
    shown = CliRunner().invoke(application(), ["history", str(tmp_path)]).stdout
    assert "error::p1" in shown
    assert "1 file is no report" in shown
    assert not [line for line in shown.splitlines() if line.strip().startswith("::")]


def test_a_folder_without_reports_is_told(tmp_path):
    shown = CliRunner().invoke(application(), ["history", str(tmp_path)])
    assert shown.exit_code == 3
    assert "There is no saved report here" in shown.stdout
    assert "no such file" in str(CliRunner().invoke(application(), ["history", str(tmp_path / "none")]).exception)


@pytest.mark.parametrize(
    "at", ["::error::x", "\x1b[2J", "2026-11-02 and more", "x" * 10**6, "", 20261102, None, ["2026-11-02"]]
)
def test_a_date_that_is_none_is_told_and_not_shown(tmp_path, at):
    saved(tmp_path, "a", "2026-11-01T06:17:00+00:00")
    saved(tmp_path, "b", at, verdict="fail")
    shown = CliRunner().invoke(application(), ["history", str(tmp_path)])
    assert shown.exit_code == 0, shown.exception
    assert "1 run, 2026-11-01 06:17" in shown.stdout
    assert "1 file is no report" in shown.stdout
    assert "::error" not in shown.stdout
    assert "\x1b" not in shown.stdout


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs here")
def test_what_is_no_regular_file_is_not_waited_for(tmp_path, monkeypatch):
    saved(tmp_path, "a", "2026-11-01T06:17:00+00:00")
    os.mkfifo(tmp_path / "b.json")
    (tmp_path / "c.json").mkdir()
    (tmp_path / "d.json").symlink_to(tmp_path / "none")
    monkeypatch.setattr("rtdoctor.files.in_time", lambda *_: pytest.fail("it was waited for"))
    shown = CliRunner().invoke(application(), ["history", str(tmp_path)])
    assert shown.exit_code == 0, shown.exception
    assert "3 files are no reports" in shown.stdout


@pytest.mark.heavy
def test_save_keeps_each_run_in_the_folder(tmp_path):
    for _ in range(2):
        assert rtdoctor("check", "mock", "--tag", "smoke", "--save", "runs", cwd=tmp_path).returncode == 0
    assert len(list((tmp_path / "runs").iterdir())) == 2
    done = rtdoctor("history", "runs", cwd=tmp_path)
    assert "2 runs" in done.stdout
    assert "No answer changed." in done.stdout

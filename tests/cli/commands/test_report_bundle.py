"""One zip for a public issue: listed before it is written, and no secret in it."""

import json
import zipfile

import pytest
from typer.testing import CliRunner

import rtdoctor as tool
from rtdoctor.cli.commands.report_bundle import contents
from rtdoctor.cli.main import application
from rtdoctor.report.json import document
from tests.conftest import KEY


def test_it_is_listed_and_written_only_with_leave(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    (tmp_path / "rtdoctor.toml").write_text("[targets.x]\nbase_url = 'openai'\nkey_env = 'MY_KEY'\n")
    report = document(tool.check(tool.CheckAsked(target="mock", tags=("smoke",), words=("auth.sub",))))
    (tmp_path / "r.json").write_text(json.dumps(report))
    refused = CliRunner().invoke(application(), ["report-bundle", "r.json"])
    assert "--yes writes it" in str(refused.exception)
    assert "report-1.json" in refused.stdout
    assert not (tmp_path / "rtdoctor-bundle.zip").exists()
    done = CliRunner().invoke(application(), ["report-bundle", "r.json", "--yes"])
    assert done.exit_code == 0, done.exception
    with zipfile.ZipFile(tmp_path / "rtdoctor-bundle.zip") as archive:
        assert archive.namelist() == ["environment.json", "targets.json", "report-1.json"]
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert "OPENAI_API_KEY" in json.loads(texts["environment.json"])["variables set"]
    assert json.loads(texts["targets.json"])["x"]["values"]["key_env"]["value"] == "MY_KEY"
    assert json.loads(texts["report-1.json"])["summary"]["exit_code"] == 0
    assert KEY not in "".join(texts.values())


def test_what_is_no_report_is_told(tmp_path):
    (tmp_path / "r.json").write_text("{}")
    told = CliRunner().invoke(application(), ["report-bundle", str(tmp_path / "r.json"), "--yes"])
    assert "is no JSON report" in str(told.exception)


@pytest.mark.parametrize("flag", ["--no-such"])
def test_a_flag_that_is_unknown_is_usage(flag):
    assert CliRunner().invoke(application(), ["report-bundle", flag]).exit_code == 2


def test_numbers_under_telling_names_are_masked(tmp_path):
    report = document(tool.check(tool.CheckAsked(target="mock", tags=("smoke",), words=("auth.sub",))))
    secrets = {"api_key": 918273645510, "pin": [9182736455], "otpCode": {"value": -918273, "token": 918273.5}}
    counts = {
        "total_tokens": 918274,
        "input_token_details": {"cached_tokens": 918275},
        "key_id": 918276,
        "spin": 918277,
    }
    report["summary"] |= {"extra": secrets | counts}
    text = contents([report], None)["report-1.json"]
    assert "91827364" not in text
    assert "918273" not in text
    for kept in ("918274", "918275", "918276", "918277"):
        assert kept in text
    assert json.loads(text)["summary"]["exit_code"] == 0

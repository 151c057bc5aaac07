"""What the commands do, from Python: typed functions that print nothing."""

import asyncio
import io
import json
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

import rtdoctor
from tests.cli.commands.test_check import serving
from tests.conftest import KEY
from tests.engine.test_validate import CREATED, INVALID_KEY
from tests.processes import environment


def test_check_of_the_mock_gives_the_report_that_the_command_writes():
    heard = []
    report = rtdoctor.check(rtdoctor.CheckAsked(target="mock", tags=("smoke",)), heard=heard.append)
    assert isinstance(report, rtdoctor.Report)
    assert (report.summary.verdict, report.summary.exit_code) == ("pass", 0)
    assert len(report.ladder) == 10
    assert {result.verdict for result in report.results} == {"pass"}
    assert heard


def test_check_and_probe_mask_the_key_and_run_in_a_loop_of_ones_own():
    with serving() as server:
        asked = rtdoctor.CheckAsked(target=server.base_url, key="sk-proj-wrong00112233445566", tags=("smoke",))
        report = asyncio.run(rtdoctor.check_async(asked))
        assert (report.summary.cause, report.summary.exit_code) == ("auth.invalid", 1)
        assert "wrong00112233" not in repr(report)
        url = server.base_url.replace("http", "ws") + "/realtime/transcription_sessions"
        probed = rtdoctor.probe(rtdoctor.ProbeAsked(url=url, headers=(f"Authorization: Bearer {KEY}",)), fix=True)
        assert probed.fix is not None
        assert "change the path to /v1/realtime" in probed.fix.edits
        assert KEY not in repr(probed)


def test_explain_takes_a_text_whole_or_in_pieces():
    text = "close 3000 invalid_request_error.invalid_api_key"
    for given in (text, iter([text[:9], text[9:]])):
        (found,) = rtdoctor.explain(given).findings
        assert isinstance(found, rtdoctor.Finding)
        assert found.cause == "auth.invalid"


def test_validate_takes_a_path_bytes_and_a_file(tmp_path):
    stream = "".join(json.dumps(event) + "\n" for event in (CREATED, INVALID_KEY))
    (tmp_path / "a.jsonl").write_text(stream)
    for source in (tmp_path / "a.jsonl", str(tmp_path / "a.jsonl"), stream.encode(), io.BytesIO(stream.encode())):
        report = rtdoctor.validate(source)
        assert (report.connections[0].finding.cause, report.exit_code) == ("auth.invalid", 1)


def test_what_cannot_be_used_is_raised_as_one_sentence(tmp_path):
    with pytest.raises(rtdoctor.Usage, match="no such file"):
        rtdoctor.validate(tmp_path / "none")
    with pytest.raises(rtdoctor.InputError):
        rtdoctor.check(rtdoctor.CheckAsked(target="http://[bad"))
    with pytest.raises(rtdoctor.Usage, match="wants more than 0"):
        rtdoctor.probe(rtdoctor.ProbeAsked(url="ws://127.0.0.1:1/v1/realtime", timeout=0))
    with pytest.raises(AttributeError):
        _ = rtdoctor.no_such_name


def test_all_that_is_promised_is_there_and_typed():
    assert all(getattr(rtdoctor, name) for name in rtdoctor.__all__)
    assert files("rtdoctor").joinpath("py.typed").is_file()


def test_the_lines_of_the_readme_run():
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    (lines,) = re.findall(r"```python\n(import rtdoctor.*?)```", text, re.DOTALL)
    done = subprocess.run([sys.executable, "-c", lines], env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "auth.invalid Create or copy the key" in done.stdout


def test_a_summary_holds_the_caveats_that_make_a_green_run_mean_little():
    asked = rtdoctor.CheckAsked(target="mock", tags=("smoke",), model="gpt-realtime", retire_within=9999)
    report = rtdoctor.check(asked)
    assert report.summary.exit_code == 0
    assert report.summary.caveats[0] == "untested"
    assert report.summary.caveats[1] in ("ending", "ended")
    assert any("shut down on 2027-01-20" in sentence for sentence in report.summary.warnings)
    listed = next(rung.finding for rung in report.ladder if rung.rung == "http")
    assert listed.shutdown == "2027-01-20"

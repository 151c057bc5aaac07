"""The commands of README's list run as they stand there, in the process, against the mock."""

import json
import re
import shlex

import pytest
from typer.testing import CliRunner

from rtdoctor.cli.main import application
from tests.cli.commands.test_check import serving
from tests.conftest import KEY
from tests.engine.test_validate import CREATED
from tests.test_documents import _fences

# Why a line does not run here; the words are those that it begins with.
NOT_HERE = {
    "check --target wss://my-server": "names a host of yours",
    "check --repeat 20": "twenty runs take too long; tests/cli/runs/test_series.py runs two",
    "check --spend": "tests/cli/test_spend.py",
    "check --transcribe": "tests/cli/test_spend.py",
    "report-bundle": "asks on a terminal; tests/cli/commands/test_report_bundle.py",
    "mock": "serves until it is ended; tests/cli/commands/test_mock.py",
    "grade 'CMD": "is given a client of yours; tests/cli/commands/test_grade.py",
    "probe URL": "is given a URL of yours; tests/cli/commands/test_probe.py",
    "conform URL": "is given a URL of yours; tests/cli/commands/test_conform.py",
    "--install-completion": "writes into the shell's own files",
    "proxy": "serves until it is ended; tests/cli/commands/test_proxy.py",
    "replay": "serves until it is ended; tests/replay",
    "view": "serves until it is ended; tests/cli/commands/test_view.py",
}


def lines():
    """Each command of the list, with what goes before `#`."""
    (listed,) = (body for body in _fences("README.md", "sh") if "rtdoctor check --list" in body)
    for line in listed.splitlines():
        if found := re.match(r"rtdoctor (.+?)\s*(?:#.*)?$", line):
            yield found[1]


def skipped(line):
    return next((why for begin, why in NOT_HERE.items() if line.startswith(begin)), "")


def test_each_line_that_is_left_out_is_there():
    for begin in NOT_HERE:
        assert any(line.startswith(begin) for line in lines()), begin


@pytest.mark.heavy
def test_every_other_line_runs_and_answers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("CI", raising=False)
    runner = CliRunner()
    (tmp_path / "session.jsonl").write_text(json.dumps(CREATED) + "\n")
    with serving() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        (tmp_path / "rtdoctor.toml").write_text(f'[targets.prod]\nbase_url = "{server.base_url}"\n')
        for name in ("old", "new", "r"):
            runner.invoke(
                application(), ["check", "--tag", "smoke", "--format", "json", "--report", f"json={name}.json"]
            )
        ran = []
        for line in lines():
            if not skipped(line):
                done = runner.invoke(application(), shlex.split(line), input="")
                assert done.exit_code in (0, 1), f"{line}: {done.exit_code}\n{done.output[-2000:]}"
                assert done.exception is None or isinstance(done.exception, SystemExit), line
                ran.append(line)
    assert len(ran) >= 12
    assert (tmp_path / "rtdoctor.html").stat().st_size > 1000

"""No command waits for the end of a file that has none: each parameter that names one is tried with a device."""

import shutil
import time
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from rtdoctor.cli.main import application
from rtdoctor.privacy.errors import InputError

ZERO = "/dev/zero"
CONFIGURED = '[targets.prod]\nbase_url = "mock"\n'
# How each command comes to read the file that a parameter names.
READS = {
    ("check", "config"): ["check", "prod", "--config", ZERO],
    ("check", "scenarios"): ["check", "mock", "--scenarios", "{folder}"],
    ("check", "knowledge"): ["check", "mock", "--knowledge", "{folder}"],
    ("check", "baseline"): ["check", "mock", "--baseline", ZERO],
    ("probe", "config"): ["probe", "prod", "--config", ZERO],
    ("probe", "knowledge"): ["probe", "ws://127.0.0.1:9/v1/realtime", "--knowledge", "{folder}"],
    ("conform", "knowledge"): ["conform", "ws://127.0.0.1:9/v1/realtime", "--knowledge", "{folder}"],
    ("conform", "compare"): ["conform", "--compare", ZERO, ZERO],
    ("explain", "text"): ["explain", ZERO],
    ("explain", "knowledge"): ["explain", "x", "--knowledge", "{folder}"],
    ("explain", "follow"): ["explain", "--follow", ZERO],
    ("validate", "files"): ["validate", ZERO],
    ("validate", "knowledge"): ["validate", ZERO, "--knowledge", "{folder}"],
    ("diff", "old"): ["diff", ZERO, ZERO],
    ("history", "folder"): ["history", ZERO],
    ("mock", "transcript"): None,  # a text as well as a file: what is no regular file is a text
    ("mock", "audio"): ["mock", "--port", "0", "--audio", ZERO],
    ("mock", "script"): ["mock", "--port", "0", "--script", ZERO],
    ("grade", "tape"): ["grade", "--tape", ZERO],
    ("proxy", "knowledge"): ["proxy", "--to", "ws://127.0.0.1:9/v1", "--knowledge", "{folder}"],
    ("replay", "file"): ["replay", ZERO],
    ("export", "file"): ["export", ZERO, "--as", "har"],
    ("view", "file"): ["view", ZERO],
    ("view", "knowledge"): ["view", ZERO, "--knowledge", "{folder}"],
    ("exporter", "file"): ["exporter", "--config", ZERO],
    ("config", "file"): ["config", "--config", ZERO],
    ("report-bundle", "report"): ["report-bundle", ZERO],
}
WRITES = {"report", "save", "migrate", "tls_ca", "record", "out", "output"}


def test_every_parameter_that_names_a_file_is_known_here():
    found = {
        (name, param.name)
        for name, command in get_command(application()).commands.items()
        for param in command.params
        if any(word in str(getattr(param, "metavar", "")) for word in ("FILE", "PATH", "DIR", "FOLDER"))
    }
    assert {place for place in found if place[1] not in WRITES} <= READS.keys()


@pytest.mark.skipif(not Path(ZERO).exists(), reason="a device without end is a Unix thing")
@pytest.mark.parametrize("place", [place for place, words in READS.items() if words], ids=" ".join)
def test_a_device_without_end_is_told_at_once(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "given"
    for name in ("", "causes", "profiles"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "endless.toml").symlink_to(ZERO)
    started = time.monotonic()
    done = CliRunner().invoke(application(), [word.format(folder=folder) for word in READS[place]])
    assert time.monotonic() - started < 20
    refused = isinstance(done.exception, InputError)  # which the process tells in one sentence, and ends with 2
    assert refused or done.exit_code == 2, repr(done.exception)
    told = str(done.exception) if refused else done.output
    assert told.strip(), "it says why"
    assert "Traceback" not in told
    shutil.rmtree(folder)

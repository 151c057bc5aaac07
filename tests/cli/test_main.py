"""Where a stranger starts, what a command's help holds, and what was meant."""

import json
import os
import re
import subprocess
import sys

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from rtdoctor.cli.helptext import GROUPS
from rtdoctor.cli.main import application

COMMANDS = get_command(application()).commands


def said(*arguments):
    done = CliRunner().invoke(application(), list(arguments), env={"COLUMNS": "100"})
    return " ".join((done.output + str(done.exception or "")).split())


def test_alone_it_says_where_to_start_and_cuts_no_line():
    told = CliRunner().invoke(application(), [], env={"COLUMNS": "80"}).output
    assert "Where to start:" in told
    assert "..." not in told.partition("Where")[2]
    assert all(len(line) <= 80 for line in told.splitlines())
    for name in COMMANDS:
        assert re.search(rf"^  {name} +\S", told, re.MULTILINE), name


@pytest.mark.parametrize("name", list(COMMANDS))
def test_each_help_has_an_example_that_can_be_run_and_the_exit_codes(name):
    told = CliRunner().invoke(application(), [name, "--help"], env={"COLUMNS": "100"}).output
    assert "Exit codes: " in told
    lines = [line.strip() for line in told.partition("Examples:")[2].splitlines() if line.startswith("    rtdoctor")]
    assert any(line.startswith(f"rtdoctor {name}") for line in lines), told
    for line in lines:
        known = {option for param in COMMANDS[line.split()[1]].params for option in param.opts}
        assert {word for word in line.split() if word.startswith("-")} <= known, line


@pytest.mark.parametrize("name", list(COMMANDS))
def test_a_help_tells_the_exit_codes_once_and_no_type_of_python(name):
    told = CliRunner().invoke(application(), [name, "--help"], env={"COLUMNS": "100"}).output
    assert told.count("Exit codes") == 1
    assert not re.search(r"<(?:str|int|float|path|list|file)\b|range>", told)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("check", "--timeout", "x"), "'x' is no number."),
        (("check", "--concurrency", "1.5"), "'1.5' is no whole number."),
        (("mock", "--port", "70000"), "70000 is not at most 65535."),
        (("mock", "--lifetime", "-1"), "-1 is not at least 0.1."),
        (("export", "x", "--as", "nope"), "'nope' is not one of 'har', 'markdown', 'wav'."),
    ],
)
def test_a_value_that_cannot_be_read_is_told_in_words(arguments, told):
    assert told in said(*arguments)
    assert "Input should" not in said(*arguments)
    assert "Value error" not in said(*arguments)


@pytest.mark.parametrize("arguments", [("mock", "--list-faults"), ("snippet", "--list"), ("conform", "--list")])
def test_a_list_fits_a_terminal_and_cuts_no_name(arguments):
    told = CliRunner().invoke(application(), list(arguments), env={"COLUMNS": "80"}).output
    assert max(len(line.rstrip()) for line in told.splitlines()) <= 80
    assert "handshake.header-forms-refused" in told or arguments[0] != "conform"
    assert told.count("(") == told.count(")")


def test_options_of_check_and_probe_are_in_groups():
    for name in ("check", "probe"):
        told = CliRunner().invoke(application(), [name, "--help"]).output
        assert [title for title, _ in GROUPS if f"\n{title}:\n" in told] == [title for title, _ in GROUPS]
        members = {member for _, group in GROUPS for member in group}
        assert {param.name for param in COMMANDS[name].params} - members <= {"name", "url", "help"}


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (("chek",), "Did you mean 'check'?"),
        (("check", "mock", "--tag", "smoek"), "did you mean smoke?"),
        (("check", "mock", "-k", "auth.heder"), "did you mean auth.header?"),
        (("explain", "--cause", "auth.invald"), "did you mean auth.invalid?"),
        (("check", "--format", "jsn"), "did you mean json?"),
        (("check", "--report", "htlm"), "did you mean html?"),
        (("check", "https://h.invalid/v1", "--profile", "opnai"), "did you mean openai?"),
        (("check", "mock", "--kind", "realtme"), "did you mean realtime?"),
        (("snippet", "csharpp"), "did you mean csharp?"),
    ],
)
def test_what_was_meant_is_told(arguments, meant):
    assert meant in said(*arguments)


def test_the_list_breaks_no_id_and_is_json_with_evidence():
    told = CliRunner().invoke(application(), ["check", "--list"], env={"COLUMNS": "80"}).output
    listed = json.loads(CliRunner().invoke(application(), ["check", "--list", "--format", "json"]).output)["scenarios"]
    assert len(listed) > 20
    for one in listed:
        assert re.search(rf"^{re.escape(one['id'])}  ", told, re.MULTILINE)
        assert all(line["evidence"] and line["seen"] and line["confidence"] for line in one["accepts"])


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("rtdoctor che", "check"),
        ("rtdoctor check --tag sm", "smoke"),
        ("rtdoctor check -k auth.he", "auth.header"),
        ("rtdoctor check --model gpt-live", "gpt-live-1"),
        ("rtdoctor check --kind tr", "translation"),
        ("rtdoctor check pr", "prod"),
        ("rtdoctor explain --cause auth.inv", "auth.invalid"),
    ],
)
def test_the_shell_completes_names(tmp_path, words, expected):
    (tmp_path / "rtdoctor.toml").write_text("[targets.prod]\nbase_url = 'mock'\n")
    env = {"_RTDOCTOR_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    code = "import sys; from rtdoctor.cli.main import main; sys.argv = ['rtdoctor']; main()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=env | {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert expected in done.stdout.split(), done.stderr

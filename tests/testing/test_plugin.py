"""The pytest plugin in a pytest of its own."""

import os
import shutil
import subprocess
import sys

import pytest

from rtdoctor.data import folder

pytest_plugins = ["pytester"]
PLUGIN = ("-p", "rtdoctor.testing.plugin", "-p", "no:cacheprovider", "-q")


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    """The plugin is loaded by name, and the others that are installed here are not."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


LIVE = """
import pytest
@pytest.mark.realtime_live
def test_live():
    assert True
"""


@pytest.mark.parametrize(
    ("variables", "outcome"),
    [
        ({}, {"skipped": 1}),
        ({"RTDOCTOR_LIVE": "0"}, {"skipped": 1}),
        ({"RTDOCTOR_LIVE": "1"}, {"errors": 1}),
        ({"RTDOCTOR_LIVE": "1", "OPENAI_API_KEY": "sk-x"}, {"passed": 1}),
    ],
)
def test_a_live_test_wants_a_key(pytester, monkeypatch, variables, outcome):
    for name in ("RTDOCTOR_LIVE", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    pytester.makepyfile(LIVE)
    pytester.runpytest_inprocess(*PLUGIN).assert_outcomes(**outcome)


def test_the_fixture_points_the_environment_at_itself_and_holds_the_test_to_its_script(pytester):
    pytester.makepyfile(
        """
import os, pytest
SCRIPT = {"script": 1, "step": [{"expect": "response.create"}]}
def test_plain(realtime_mock):
    assert os.environ["OPENAI_BASE_URL"] == realtime_mock.url
    assert os.environ["OPENAI_API_KEY"] == realtime_mock.key
@pytest.mark.realtime_mock(script=SCRIPT)
def test_left(realtime_mock):
    pass
"""
    )
    result = pytester.runpytest_inprocess(*PLUGIN)
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*connection 1 was never opened*"])


@pytest.mark.heavy
def test_the_example_project_runs(tmp_path):
    place = tmp_path / "project"
    shutil.copytree(folder("fixtures") / "example-project", place)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "RTDOCTOR_"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *PLUGIN, str(place)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=place,
        env=kept | {"PYTHONPATH": os.pathsep.join((str(place), *sys.path))},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 passed, 1 skipped" in done.stdout

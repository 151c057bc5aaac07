"""Each mutant of `mutants.toml` is seen by the tests that are named for it."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.processes import environment

ROOT = Path(__file__).parents[1]
MUTANTS = tomllib.loads((ROOT / "tests" / "mutants.toml").read_text(encoding="utf-8"))["mutant"]


@pytest.mark.heavy
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant["what"])
def test_a_mutant_is_killed(mutant, tmp_path):
    text = (ROOT / mutant["file"]).read_text(encoding="utf-8")
    assert text.count(mutant["was"]) == 1, "the place of the mutant has moved"
    for name in ("rtdoctor", "tests", "scenarios", "fixtures", "pyproject.toml"):
        link = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        link(ROOT / name, tmp_path / name)
    (tmp_path / mutant["file"]).write_text(text.replace(mutant["was"], mutant["becomes"]), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *mutant["tests"].split()]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment(PYTHONPATH=str(tmp_path)), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stdout[-3000:]
    assert "FAILED" in done.stdout

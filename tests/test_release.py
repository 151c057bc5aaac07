"""What makes a release: the workflow's own checks, and the container's build, as far as they run without a host."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from rtdoctor import __version__

ROOT = Path(__file__).parents[1]
WORKFLOW = ROOT / ".github" / "workflows" / "release.yml"


def steps():
    jobs = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]
    return {step["name"]: step for job in jobs.values() for step in job["steps"] if "name" in step}, jobs


@pytest.mark.parametrize(("tag", "code"), [(f"v{__version__}", 0), ("v999.0", 1)])
def test_a_tag_that_is_not_the_version_makes_no_release(tag, code):
    named, _ = steps()
    command = named["The tag is the version"]["run"]
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, env={"PATH": "/usr/bin:/bin", "TAG": tag}, check=False)
    assert done.returncode == code


def test_only_the_publishing_job_may_publish_and_no_token_is_stored():
    _, jobs = steps()
    assert "secrets." not in WORKFLOW.read_text(encoding="utf-8")
    assert jobs["publish"]["permissions"] == {"id-token": "write"}
    assert jobs["build"]["permissions"]["attestations"] == "write"
    used = [step["uses"] for step in jobs["build"]["steps"] if "uses" in step]
    assert any(name.startswith("actions/attest-build-provenance@") for name in used)


def test_the_container_runs_as_nobody():
    lines = (ROOT / "Containerfile").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("USER")] == ["USER 65534:65534"]
    assert lines.index("USER 65534:65534") < lines.index('ENTRYPOINT ["rtdoctor"]')
    assert all("-slim" in line for line in lines if line.startswith("FROM"))


@pytest.mark.heavy
def test_the_wheel_is_built_from_what_the_container_is_given(tmp_path):
    given = tmp_path / "src"
    given.mkdir()
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert ignored[0] == "*"
    for name in ignored[1:]:
        source = ROOT / name.removeprefix("!")
        (shutil.copytree if source.is_dir() else shutil.copy)(source, given / source.name)
    built = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(given)]
    done = subprocess.run(built, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert list(tmp_path.glob("rtdoctor-*.whl"))

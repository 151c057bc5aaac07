"""What docs/monitoring.md hands to Prometheus, Grafana and Kubernetes is what they take; its metrics are written."""

import io
import json
import re
import shutil
import subprocess

import pytest
import yaml

import rtdoctor
from rtdoctor.exporter.server import Exporter
from rtdoctor.mock.faults import Faults
from rtdoctor.report.prometheus import show
from tests.cli.commands.test_check import serving
from tests.conftest import KEY
from tests.test_documents import ROOT, _fences

NAME = re.compile(r"\b(?:probe|rtdoctor)_\w+")


def written(*faults):
    """The metrics of a check against the mock."""
    with serving(named=Faults(list(faults))) as server:
        report = rtdoctor.check(rtdoctor.CheckAsked(target=server.base_url, key=KEY, tags=("smoke",)))
    out = io.StringIO()
    show(report, out)
    return out.getvalue()


@pytest.fixture(scope="module")
def metrics():
    async def probe(_target, _module):
        return ""

    exporter = Exporter(("prod",), ("smoke",), probe).metrics()
    return {"green": written(), "red": written("no-credit"), "exporter": exporter}


def promtool(*arguments, text=None):
    if not (program := shutil.which("promtool")):
        pytest.skip("promtool is not here; it comes with Debian's package prometheus")
    return subprocess.run([program, *arguments], input=text, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["green", "red", "exporter"])
def test_promtool_takes_the_metrics(metrics, name):
    done = promtool("check", "metrics", text=metrics[name])
    assert done.returncode == 0, done.stderr
    assert promtool("check", "metrics", text=metrics[name] + "broken{\n").returncode != 0


def test_promtool_takes_the_job_and_the_rules(tmp_path):
    taken = []
    for body in _fences("docs/monitoring.md", "yaml"):
        kind = {"scrape_configs": "config", "groups": "rules"}.get(next(iter(yaml.safe_load(body))))
        if kind:
            file = tmp_path / f"{kind}.yml"
            file.write_text(body)
            done = promtool("check", kind, str(file))
            assert done.returncode == 0, done.stdout + done.stderr
            taken.append(kind)
    assert sorted(taken) == ["config", "rules"]


def test_every_metric_that_is_watched_is_written(metrics):
    known = set(NAME.findall("".join(metrics.values()))) | {"rtdoctor_probe_error"}
    dashboard = json.loads((ROOT / "docs/grafana.json").read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked += [one["query"]["query"] for one in dashboard["templating"]["list"] if one["type"] == "query"]
    asked += _fences("docs/monitoring.md", "yaml")
    named = set(NAME.findall("\n".join(asked)))
    assert len(named) > 6
    assert named <= known


def test_the_panels_of_the_dashboard_lie_beside_each_other():
    panels = json.loads((ROOT / "docs/grafana.json").read_text(encoding="utf-8"))["panels"]
    taken = set()
    for place in (panel["gridPos"] for panel in panels):
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken
        assert place["x"] + place["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_the_cron_job_is_one_of_kubernetes():
    (job,) = (one for body in _fences("docs/monitoring.md", "yaml") if (one := yaml.safe_load(body)).get("kind"))
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "CronJob")
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["restartPolicy"] == "Never"
    assert pod["containers"][0]["env"][0]["valueFrom"]["secretKeyRef"]

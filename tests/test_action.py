"""The GitHub action, its steps run as the runner does, against the mock and servers that refuse."""

import re
import sys

import pytest

from rtdoctor.mock.faults import Faults
from rtdoctor.protocol.models import models
from tests.cli.commands.test_check import serving
from tests.conftest import KEY
from tests.hostile.faults import JSON, REGION, _error
from tests.hostile.http import refusing, silent, upgrading
from tests.hostile.tcp import closed_port
from tests.runner import ROOT, evaluate, run_action

QUICK = {"install": "false", "upload": "false", "retry": "0", "timeout": "3"}


def errors(done):
    return [line for line in done.log.splitlines() if line.startswith("::error")]


def test_the_expressions_of_the_action_are_read_as_the_runner_reads_them():
    context = {"inputs.a": "x", "inputs.b": ""}
    assert evaluate("inputs.a != 'none' && inputs.a || ''", context) == "x"
    assert evaluate("inputs.b != 'none' && inputs.b || 'y'", context) == "y"
    assert evaluate("always() && inputs.a == 'y'", context) is False


def test_no_secret_is_red_with_one_sentence_before_anything_is_installed(tmp_path):
    done = run_action(ROOT, tmp_path, QUICK | {"api-key": ""})
    assert done.code == 2
    assert done.ran == ["Mask the key"]
    assert len(errors(done)) == 1
    assert "the secret is not set" in errors(done)[0]
    assert done.outputs["exit-code"] == "2"


def test_every_line_of_the_key_is_masked_before_anything_else(tmp_path):
    done = run_action(ROOT, tmp_path, QUICK | {"api-key": "first%line\r\nsecond", "target": "http://127.0.0.1:1/v1"})
    assert done.raw.splitlines()[:2] == ["::add-mask::first%25line", "::add-mask::second"]


def test_each_python_of_the_action_is_isolated():
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    calls = re.findall(r'"\$(?:PYTHON|bin/python)" (\S+)', text)
    assert calls == ["-I"] * 3


@pytest.mark.heavy
def test_no_module_of_the_workspace_runs_when_it_is_installed(tmp_path):
    for name in ("venv", "pip", "ensurepip", "rtdoctor", "json", "typer"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'a').write({name!r})\n")
    asked = {"api-key": KEY, "install": "true", "python": sys.executable, "upload": "false"}
    where = tmp_path / "temp"
    # Nothing is fetched: the installation ends where it would begin.
    run_action(ROOT, tmp_path, asked, RUNNER_TEMP=str(where), GITHUB_PATH=str(tmp_path / "path"), PIP_NO_INDEX="1")
    assert (where / "rtdoctor/bin/python").exists()
    assert not (tmp_path / "ran").exists()


@pytest.mark.heavy
def test_no_module_of_the_workspace_runs_beside_the_key(tmp_path):
    (tmp_path / "rtdoctor.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'a').write('x')\n")
    run_action(ROOT, tmp_path, QUICK | {"api-key": KEY, "target": f"http://127.0.0.1:{closed_port()}/v1"})
    assert not (tmp_path / "ran").exists()


@pytest.mark.heavy
def test_green_says_what_was_tested_costs_nothing_and_leaves_the_report(tmp_path):
    with serving() as server:
        asked = {"api-key": KEY, "target": server.base_url, "model": "gpt-realtime-whisper", "upload": "true"}
        done = run_action(ROOT, tmp_path, QUICK | asked)
        assert done.code == 0, done.log
        assert done.raw.startswith(f"::add-mask::{KEY}\n")
        assert KEY not in done.log
        assert KEY not in done.summary
        assert errors(done) == []
        assert "PASS (exit 0)" in done.log
        assert "Yes, the session opens and takes its configuration." in done.summary
        assert "nothing billable" in done.log
        assert (tmp_path / "rtdoctor.html").stat().st_size > 1000
        assert done.ran == ["Mask the key", "Test the credential", "Keep the report"]
        assert done.outputs == {"exit-code": "0", "report": "rtdoctor.html"}


def red(tmp_path, inputs, code, sentence):
    """What the action says where it is red: the annotations, of which the first is the answer."""
    done = run_action(ROOT, tmp_path, QUICK | {"api-key": KEY} | inputs)
    assert done.code == code, done.log
    assert done.outputs["exit-code"] == str(code)
    told = errors(done)
    assert len(told) == 1, done.log
    assert sentence in told[0], told[0]
    assert (inputs.get("api-key") or KEY) not in done.log
    return done


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("inputs", "code", "sentence"),
    [
        ({"api-key": "sk-proj-wrong00112233445566778899"}, 1, "the key is not known"),
        ({"model": "gpt-4o-realtime-preview"}, 1, "the model is past its shutdown date"),
        ({"model": "gpt-realtime", "retire-within": "9999"}, 1, "gpt-realtime will be shut down on 2027-01-20"),
        ({"model": "gpt-realtime", "kind": "realtme"}, 2, "--kind 'realtme'"),
    ],
)
def test_red_says_why_in_one_sentence(tmp_path, inputs, code, sentence):
    with serving() as server:
        red(tmp_path, {"target": server.base_url} | inputs, code, sentence)


@pytest.mark.heavy
def test_an_account_without_credit_is_red(tmp_path):
    with serving(named=Faults(["no-credit"])) as server:
        red(tmp_path, {"target": server.base_url}, 1, "no credit left")


@pytest.mark.heavy
def test_a_region_that_is_not_served_is_red(tmp_path):
    with upgrading(refusing("403 Forbidden", REGION)) as met:
        red(tmp_path, {"target": met.base}, 1, "region")


@pytest.mark.heavy
def test_a_key_of_another_regional_host_is_red_and_the_host_is_told(tmp_path):
    told = _error("incorrect_hostname", "Your project's data residency needs the host us.api.openai.com.")
    with upgrading(refusing("401 Unauthorized", told, JSON)) as met:
        done = red(tmp_path, {"target": met.base}, 1, "the key belongs to another regional host")
    assert "Connect to the host that the server's message names" in done.log


@pytest.mark.heavy
def test_a_model_that_the_key_does_not_see_is_red_though_the_session_opens(tmp_path, monkeypatch):
    seen = {name: one for name, one in models().items() if name != "gpt-realtime-2.1"}
    monkeypatch.setattr("rtdoctor.mock.rest.models", lambda: seen)
    with serving() as server:
        (tmp_path / "rtdoctor.toml").write_text(f'[targets.live]\nbase_url = "{server.base_url}"\nprofile = "openai"\n')
        red(tmp_path, {"target": "live", "model": "gpt-realtime-2.1"}, 1, "may have no access to it")


@pytest.mark.heavy
def test_a_network_that_does_not_lead_there_could_not_tell_and_is_tried_anew(tmp_path):
    with closed_port() as port:
        done = red(tmp_path, {"target": f"http://127.0.0.1:{port}/v1", "retry": "1"}, 3, "the connection was refused")
    assert "could not tell: No. It ends at tcp" in done.log


@pytest.mark.heavy
def test_a_time_out_could_not_tell(tmp_path):
    with upgrading(silent) as met:
        red(tmp_path, {"target": met.base, "timeout": "1"}, 3, "the handshake is never answered")


@pytest.mark.heavy
def test_a_target_that_is_nowhere_is_red(tmp_path):
    red(tmp_path, {"target": "nowhere"}, 2, "there is no rtdoctor.toml")

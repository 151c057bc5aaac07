"""`rtdoctor diff`: one sentence for each answer that is another one, and nothing for times."""

import json

import pytest

from tests.cli.commands.test_check import serving
from tests.conftest import KEY
from tests.processes import run

WRONG = "sk-proj-wrong00112233445566778899"


def reported(path, base, key):
    asked = ("check", "--target", base, "--tag", "smoke", "--timeout", "3", "--report", f"json={path}")
    run(*asked, env={"OPENAI_API_KEY": key})
    return str(path)


def test_two_runs_that_answer_the_same_differ_in_nothing_and_another_key_is_told(tmp_path):
    with serving() as server:
        base = server.base_url
        good, again = reported(tmp_path / "a.json", base, KEY), reported(tmp_path / "b.json", base, KEY)
        bad = reported(tmp_path / "c.json", base, WRONG)
    same = run("diff", good, again)
    assert (same.returncode, same.stdout) == (0, b"Both reports answer the same.\n")
    other = run("diff", good, bad)
    lines = other.stdout.decode().splitlines()
    assert other.returncode == 1
    assert lines[0].startswith("The run: pass, now fail (auth.invalid). No. It ends at first-event")
    assert any(line.startswith("http: pass: 200") and "now fail (auth.invalid): 401" in line for line in lines)
    assert len(lines) == len(set(lines))
    (untried,) = (line for line in lines if "auth.subprotocol" in line)
    assert untried.startswith("No answer any more of 4 scenarios (auth.subprotocol, ")
    assert untried.endswith("): not tried: the credential was refused (auth.invalid).")
    back = run("diff", bad, good).stdout.decode().splitlines()
    assert any(line.startswith("auth.subprotocol: ") for line in back)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"ladder": [1], "results": []}', '{"ladder": null}', "[" * 100_000]
)
def test_what_is_no_report_is_told_in_one_sentence(tmp_path, text):
    file = tmp_path / "x.json"
    file.write_text(text)
    done = run("diff", str(file), str(file))
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert b"Traceback" not in done.stderr


def test_a_scenario_that_came_or_went_is_told_and_a_servers_text_moves_nothing(tmp_path):
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    finding = {"summary": "403 \x1b[31m took 5 ms", "cause": None}
    told = {
        "target": {"base_url": "b", "model": "m", "aim": "a"},
        "summary": {"verdict": "pass", "cause": None, "sentence": "Yes."},
        "ladder": [],
        "results": [{"scenario": "a.gone", "verdict": "pass", "finding": finding}],
    }
    old.write_text(json.dumps(told))
    told["results"][0]["scenario"] = "a.new"
    new.write_text(json.dumps(told))
    lines = run("diff", str(old), str(new)).stdout.decode().splitlines()
    assert lines == [
        "a.new: a new scenario, pass: 403 \\x1b[31m took 5 ms.",
        "a.gone: no longer a scenario of the run.",
    ]
    assert run("diff", str(old), str(tmp_path / "none.json")).returncode == 2

"""Runs the steps of a composite action as GitHub's runner does, as far as our action needs it: inputs and outputs put
into expressions, environment files, masks, conditions, exit codes. Steps that use another action are not run."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import yaml

_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_TOKEN = re.compile(r"\s*(always\(\)|'(?:[^']|'')*'|&&|\|\||==|!=|[\w.-]+)")


@dataclass
class Done:
    """What came of an action. `log` is what the runner shows, with the masks applied; `raw` is without."""

    code: int = 0
    raw: str = ""
    log: str = ""
    summary: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)


def evaluate(expression, context):
    """The value of an expression of &&, ||, == and != over names and texts; what is not there is empty."""
    tokens = [token.strip() for token in _TOKEN.findall(expression)]
    assert "".join(tokens).replace(" ", "") == expression.replace(" ", "").strip(), expression

    def value(token):
        if token == "always()":
            return True
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        return context.get(token, "")

    def compared(part):
        if len(part) == 1:
            return value(part[0])
        left, sign, right = part
        return (value(left) == value(right)) is (sign == "==")

    def split(parts, sign):
        found = [[]]
        for part in parts:
            if part == sign:
                found.append([])
            else:
                found[-1].append(part)
        return found

    def both(part):
        result = True
        for one in split(part, "&&"):
            result = compared(one)
            if not result:
                break
        return result

    result = ""
    for one in split(tokens, "||"):
        result = both(one)
        if result:
            break
    return result


def put(text, context):
    return _EXPRESSION.sub(lambda found: str(evaluate(found[1], context)), text)


def run_action(folder, where, inputs, **environment):
    """Run the action in `folder/action.yml` with these inputs, in the folder `where`."""
    action = yaml.safe_load((folder / "action.yml").read_text(encoding="utf-8"))
    given = {name: str(one.get("default", "")) for name, one in action["inputs"].items()} | inputs
    assert not set(inputs) - set(action["inputs"])
    context = {f"inputs.{name}": value for name, value in given.items()}
    bin_folder = where / "bin"
    bin_folder.mkdir()
    tool = bin_folder / "rtdoctor"
    tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m rtdoctor "$@"\n')
    tool.chmod(0o755)
    done, masks = Done(), []
    summary = where / "summary.md"
    summary.touch()
    for place, step in enumerate(action["runs"]["steps"]):
        condition = step.get("if", "")
        if done.code and "always()" not in condition:
            continue
        if condition and not evaluate(condition, context):
            continue
        done.ran.append(step["name"])
        if "uses" in step:
            continue
        assert step["shell"] == "bash"
        script, output = where / f"step{place}.sh", where / f"output{place}"
        script.write_text(put(step["run"], context))
        output.touch()
        env = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
        env |= {"PATH": f"{bin_folder}:{os.environ['PATH']}", "PYTHONPATH": os.pathsep.join(sys.path)}
        env |= {"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary), "RUNNER_OS": "Linux"}
        env |= {"GITHUB_OUTPUT": str(output), "GITHUB_ACTION_PATH": str(folder)} | environment
        env |= {name: put(value, context) for name, value in step.get("env", {}).items()}
        ended = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=where,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=90,
            check=False,
        )
        done.code = done.code or ended.returncode
        for line in ended.stdout.splitlines():
            done.raw += line + "\n"
            if line.startswith("::add-mask::"):
                masks.append(line.removeprefix("::add-mask::").replace("%25", "%"))
                continue
            for mask in masks:
                line = line.replace(mask, "***")
            done.log += line + "\n"
        for line in output.read_text().splitlines():
            name, _, value = line.partition("=")
            context[f"steps.{step.get('id')}.outputs.{name}"] = value
    done.summary = summary.read_text(encoding="utf-8")
    done.outputs = {name: put(one["value"], context) for name, one in action["outputs"].items()}
    return done


ROOT = Path(__file__).parents[1]

"""What two JSON reports of check or probe answer otherwise, a sentence each."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rtdoctor.cli.json_file import read_json
from rtdoctor.linear import pattern
from rtdoctor.model.plural import plural
from rtdoctor.privacy.errors import Usage
from rtdoctor.privacy.quote import quote

_MOST = 64 << 20
_MOST_NAMES = 12
# What differs from run to run and is no answer.
_NUMBERS = pattern(r"\b\d+(?:\.\d+)? (?:ms|s)\b")
_VERDICTS = ("pass", "warn", "fail", "inconclusive", "skip")


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each answer that is another one, the run's own first. The reports are of the shipped form."""
    for name, label in (("base_url", "endpoint"), ("model", "model"), ("aim", "aim")):
        if old["target"][name] != new["target"][name]:
            yield f"The {label} is another: {_q(old['target'][name])}, now {_q(new['target'][name])}."
    before, after = old["summary"], new["summary"]
    if (before["verdict"], before["cause"]) != (after["verdict"], after["cause"]):
        yield f"The run: {_verdict(before)}, now {_verdict(after)}. {_q(after['sentence'])}"
    yield from _cases(_by(old["ladder"], "rung"), _by(new["ladder"], "rung"), "layer")
    yield from _cases(_by(old["results"], "scenario"), _by(new["results"], "scenario"), "scenario")


def _cases(old: Mapping[str, Any], new: Mapping[str, Any], kind: str) -> Iterator[str]:
    untried: dict[str, list[str]] = {}
    for name, now in new.items():
        if name not in old:
            yield f"{_q(name)}: a new {kind}, {_answer(now)}."
        elif not _tried(now):
            if _tried(old[name]):
                untried.setdefault(now["finding"]["summary"], []).append(name)
        elif _key(old[name]) != _key(now):
            yield f"{_q(name)}: {_answer(old[name])}, now {_answer(now)}."
    for why, names in untried.items():
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        listed = ", ".join(map(_q, names[:_MOST_NAMES])) + more
        yield f"No answer any more of {plural(len(names), kind)} ({listed}): {_q(why)}."
    yield from (f"{_q(name)}: no longer a {kind} of the run." for name in old if name not in new)


def _tried(case: Mapping[str, Any]) -> bool:
    """False for what was left out or could not be tried: its reason is no answer."""
    if case["verdict"] == "skip" or not case.get("tried", True):
        return False
    return case["verdict"] != "inconclusive" or case["finding"]["cause"] is not None or case.get("outcome") is not None


def _key(case: Mapping[str, Any]) -> object:
    return case["verdict"], case["finding"]["cause"], _NUMBERS.sub("", case["finding"]["summary"])


def _answer(case: Mapping[str, Any]) -> str:
    return (
        f"{_verdict({'verdict': case['verdict'], 'cause': case['finding']['cause']})}: {_q(case['finding']['summary'])}"
    )


def _verdict(summary: Mapping[str, Any]) -> str:
    return f"{summary['verdict']} ({_q(summary['cause'])})" if summary["cause"] else str(summary["verdict"])


def _q(text: str) -> str:
    return quote(text[:600])


def _by(cases: list[Any], name: str) -> dict[str, Any]:
    return {case[name]: case for case in cases}


def read_report(path: Path) -> dict[str, Any]:
    """A JSON report of check or probe.

    Raises:
        Usage: it cannot be read, or is none.
    """
    report = read_json(path, _MOST)
    if not _is_report(report):
        raise Usage("{}: is no JSON report of check or probe (--report json)", path)
    return dict(report)


def _is_report(value: Any) -> bool:
    """True for what has the parts that are compared, in the form that they are written in."""
    try:
        cases = [(one, one["rung"]) for one in value["ladder"]] + [(one, one["scenario"]) for one in value["results"]]
        texts = [value["target"][name] for name in ("base_url", "model", "aim")] + [value["summary"]["sentence"]]
        texts += [text for one, name in cases for text in (name, one["finding"]["summary"])]
        causes = [value["summary"]["cause"], *(one["finding"]["cause"] for one, _ in cases)]
        verdicts = [value["summary"]["verdict"], *(one["verdict"] for one, _ in cases)]
    except (KeyError, TypeError, IndexError):
        return False
    known = all(isinstance(verdict, str) and verdict in _VERDICTS for verdict in verdicts)
    return known and all(isinstance(text, str) for text in [*texts, *(cause for cause in causes if cause is not None)])

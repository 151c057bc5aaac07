"""SARIF 2.1.0, for code scanning. A finding stands on a line of a file of the repository: of the recording that was
judged, else where the endpoint is a target of `rtdoctor.toml`, else of the workflow that ran. A URL as location is
refused by GitHub; it is a property.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, TextIO
from urllib.parse import quote

from rtdoctor.linear import pattern
from rtdoctor.model.finding import Finding
from rtdoctor.model.target import BadTarget, parse_target
from rtdoctor.report.bounded import cut
from rtdoctor.report.digest import Case, Digest, verdict_line, wrong_groups
from rtdoctor.report.digests import digest

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVEL = {"fail": "error", "inconclusive": "warning", "warn": "note"}
_SEVERITY = {"error": "error", "warning": "warning", "notice": "note"}
_DEFAULT = "rtdoctor.toml"
_MOST_CONFIG = 256 * 1024
_BASE_URL = pattern(r"""\s*base_url\s*=\s*["'](?P<url>[^"']+)["']""")


def show(value: Any, out: TextIO) -> None:
    """Print the document, in one write; ASCII only."""
    of = digest(value)
    rules: dict[str, dict[str, Any]] = {}
    results = list(_results(of, rules))
    run = {
        "tool": {
            "driver": {
                "name": "rtdoctor",
                "semanticVersion": of.version,
                "rules": list(rules.values()),
            }
        },
        "automationDetails": {"id": f"rtdoctor/{of.command}/"},
        "invocations": [
            {
                "executionSuccessful": not of.interrupted and of.exit_code in (0, 1),
                "exitCode": 130 if of.interrupted else of.exit_code,
                "properties": {"answer": verdict_line(of), "subject": cut(of.subject)},
            }
        ],
        "columnKind": "utf16CodeUnits",
        "results": results,
    }
    whole = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    out.write(json.dumps(whole, indent=2, ensure_ascii=True, allow_nan=False) + "\n")


def _results(of: Digest, rules: dict[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    order: dict[str, int] = {}
    for group in wrong_groups(of):
        case, finding = group.first, group.first.finding
        if finding is not None or not any(member.violations for member in group.cases):
            rule = finding.cause if finding and finding.cause else f"{case.group}.{case.verdict}"
            rules.setdefault(rule, _rule(rule, finding))
            order.setdefault(rule, len(order))
            text = f"{cut(group.names)}: {cut(group.seen)}."
            if group.expected and group.expected != group.seen:
                text += f" Expected: {cut(group.expected)}."
            if finding and finding.remedy:
                text += f" Fix: {cut(finding.remedy)}"
            yield _result(of, case, rule, order[rule], _LEVEL[case.verdict], text, group.names, 1)
        for member in group.cases:
            for one in member.violations:
                rule = one.violation.rule
                rules.setdefault(rule, {"id": rule, "shortDescription": {"text": rule}})
                order.setdefault(rule, len(order))
                text = f"{cut(one.violation.event_type)} {cut(one.violation.pointer)}: {cut(one.violation.message)}"
                key = f"{one.violation.event_type}{one.violation.pointer}{member.name}"
                yield _result(
                    of, member, rule, order[rule], _SEVERITY[one.violation.severity], text, key, max(1, one.line)
                )


def _rule(rule: str, finding: Finding | None) -> dict[str, Any]:
    made: dict[str, Any] = {"id": rule, "shortDescription": {"text": cut(finding.title or rule) if finding else rule}}
    if finding and finding.explanation:
        made["fullDescription"] = {"text": cut(finding.explanation)}
    if finding and finding.remedy:
        made["help"] = {"text": cut(finding.remedy)}
    return made


def _result(
    of: Digest, case: Case, rule: str, place: int, level: str, text: str, key: str, line: int
) -> dict[str, Any]:
    # One finding is the same from run to run, whatever its times and ids are.
    place_of = _place(of, case)
    print_of = hashlib.sha256(f"{of.command} {rule} {case.group} {key}".encode("utf-8", "replace")).hexdigest()
    return {
        "ruleId": rule,
        "ruleIndex": place,
        "level": level,
        "message": {"text": text},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": place_of[0]},
                    "region": {"startLine": place_of[1] or line},
                }
            }
        ],
        "partialFingerprints": {"rtdoctor/v1": print_of[:32]},
        "properties": {"subject": cut(of.subject), "verdict": case.verdict},
    }


def _place(of: Digest, case: Case) -> tuple[str, int]:
    """A path within the repository, as a relative URI reference, and the line; 0 for that of the finding."""
    if case.file and case.file != "-":
        path = Path(case.file)
        try:
            inside = path.resolve().relative_to(Path.cwd()) if path.is_absolute() else path
        except (OSError, ValueError):
            inside = Path(path.name)
        parts = [part for part in PurePosixPath(inside.as_posix()).parts if part not in ("..", ".", "/")]
        return quote(cut("/".join(parts)) or _DEFAULT), 0
    if line := _target_line(of.subject):
        return _DEFAULT, line
    # owner/name/.github/workflows/ci.yml@refs/heads/main
    workflow = os.environ.get("GITHUB_WORKFLOW_REF", "").partition("@")[0].split("/", 2)
    return (quote(cut(workflow[2])) if len(workflow) == 3 and workflow[2] else _DEFAULT), 1


def _target_line(subject: str) -> int:
    """The line of `rtdoctor.toml`, in the working directory, that names the endpoint; 0 where none does."""
    try:
        with open(_DEFAULT, encoding="utf-8") as file:
            lines = file.read(_MOST_CONFIG).splitlines()
    except (OSError, UnicodeDecodeError):
        return 0
    for number, line in enumerate(lines, 1):
        if (match := _BASE_URL.match(line)) and _same_endpoint(match.text("url"), subject):
            return number
    return 0


def _same_endpoint(named: str, subject: str) -> bool:
    try:
        return parse_target(named).base_url == parse_target(subject).base_url
    except BadTarget:
        return False

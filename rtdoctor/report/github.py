"""Annotations of a GitHub workflow: one line each, the worst first, nine of a kind and then how many more there are.

GitHub shows ten errors and ten warnings a step and drops the others without a word. A line is one workflow command;
what comes from outside is escaped as its data, so that it can begin no other. The summary of the step is Markdown
(`markdown.py`), which the command line puts where the runner wants it.
"""

from collections.abc import Sequence
from typing import Any, TextIO

from rtdoctor.model.plural import plural
from rtdoctor.report.bounded import cut
from rtdoctor.report.digest import Case, Digest, Group, verdict_line, wrong_groups
from rtdoctor.report.digests import digest

_MOST = 9
_KIND = {"fail": "error", "inconclusive": "error", "warn": "warning"}


def show(value: Any, out: TextIO) -> None:
    """Print the annotations, in one write."""
    of = digest(value)
    told_by_kind: dict[str, list[str]] = {"error": [], "warning": [], "notice": []}
    answer = _answer(of)
    for group in wrong_groups(of):
        if of.exit_code and of.cause and group.first.finding and group.first.finding.cause == of.cause:
            answer += f"\nAt: {group.names}"  # the answer tells the cause and its cure already
            continue
        for kind, line in _annotations(group):
            told_by_kind[kind].append(line)
    if of.exit_code:
        title = f"{of.cause}: rtdoctor {of.command}" if of.cause else f"rtdoctor {of.command}"
        told_by_kind["error"].insert(0, _line("error", title, answer))
    elif of.warnings:
        told_by_kind["warning"].insert(0, _line("warning", f"rtdoctor {of.command}", answer))
    else:
        told_by_kind["notice"].append(_line("notice", f"rtdoctor {of.command}", answer))
    out.write("".join(f"{line}\n" for kind, lines in told_by_kind.items() for line in _bounded(kind, lines)))


def _answer(of: Digest) -> str:
    return verdict_line(of) + (f"\nFix: {of.fix}" if of.fix else "")


def _bounded(kind: str, lines: Sequence[str]) -> list[str]:
    if len(lines) <= _MOST + 1:
        return list(lines)
    more = f"and {plural(len(lines) - _MOST, f'more {kind}')}; the summary of this step and the report hold them"
    return [*lines[:_MOST], _line(kind, "rtdoctor", more)]


def _annotations(group: Group) -> list[tuple[str, str]]:
    """One for all that has one cause; in a recording one a deviation, on its line."""
    case = group.first
    commands = []
    if not any(member.violations and member.file for member in group.cases) or case.finding:
        commands.append((_KIND[case.verdict], _line(_KIND[case.verdict], _title(case), _message(group), case.file)))
    for member in group.cases:
        for one in member.violations if member.file else ():
            kind = "error" if one.violation.severity == "error" else one.violation.severity
            message = f"{one.violation.event_type} {one.violation.pointer}: {one.violation.message}"
            commands.append((kind, _line(kind, one.violation.rule, message, member.file, one.line)))
    return commands


def _title(case: Case) -> str:
    finding = case.finding
    return f"{finding.cause}: {finding.title}" if finding and finding.cause else case.name


def _message(group: Group) -> str:
    case = group.first
    lines = [f"{group.names}: {group.seen}"]
    if group.expected and group.expected != group.seen:
        lines.append(f"Expected: {group.expected}")
    if case.finding and case.finding.remedy:
        lines.append(f"Fix: {case.finding.remedy}")
    return "\n".join(lines)


def _line(kind: str, title: str, message: str, file: str = "", line: int = 0) -> str:
    properties = [f"title={_property(title)}"]
    if file and file != "-":
        properties.append(f"file={_property(file)}")
        if line:
            properties.append(f"line={line}")
    return f"::{kind} {','.join(properties)}::{_data(message)}"


def _data(text: str) -> str:
    lines = [cut(part, 1_000) for part in text.split("\n")]
    return "%0A".join(part.replace("%", "%25") for part in lines)


def _property(text: str) -> str:
    return cut(text, 300).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")

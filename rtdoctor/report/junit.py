"""JUnit's XML, of which there is no standard: what GitLab, Jenkins, CircleCI and GitHub's actions all read.

The sentence stands in the element's text, for GitLab shows nothing else; `<failure>` is wrong, `<error>` could not be
told, `<skipped>` was not tried. The counts and times stand on each suite and on the whole.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, TextIO
from xml.etree import ElementTree

from rtdoctor.report.bounded import cut
from rtdoctor.report.digest import Case, Digest, verdict_line
from rtdoctor.report.digests import digest

_MOST_VIOLATIONS = 50
_ELEMENT = {"fail": "failure", "inconclusive": "error", "skip": "skipped"}


def show(value: Any, out: TextIO) -> None:
    """Print the document, in one write; ASCII only."""
    of = digest(value)
    groups: dict[str, list[Case]] = {}
    for case in of.cases:
        groups.setdefault(case.group, []).append(case)
    suites = [_suite(of, name, cases) for name, cases in groups.items()]
    if of.exit_code and not any(case.verdict in ("fail", "inconclusive") for case in of.cases if _element(case)):
        suites.append(_suite(of, "run", [_of_the_run(of)]))
    root = ElementTree.Element("testsuites", _counted([case for cases in groups.values() for case in cases]))
    del root.attrib["skipped"]  # the schema of Jenkins' xunit plugin has it on a suite only
    root.set("name", f"rtdoctor {of.command}")
    root.extend(suites)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="us-ascii").decode("ascii")
    # Other characters stand as references, so the bytes are UTF-8 whatever the stream's encoding is.
    out.write(f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n')


def _suite(of: Digest, name: str, cases: Sequence[Case]) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", {"name": f"rtdoctor.{name}"} | _counted(cases))
    if of.started_at:
        suite.set("timestamp", of.started_at[:19])
    properties = ElementTree.SubElement(suite, "properties")
    for key, value in (("subject", of.subject), ("answer", verdict_line(of)), ("version", of.version), *of.facts):
        ElementTree.SubElement(properties, "property", {"name": cut(key), "value": cut(value)})
    suite.extend(_case(case) for case in cases)
    return suite


def _counted(cases: Sequence[Case]) -> dict[str, str]:
    counts = Counter(_element(case) for case in cases)
    seconds = sum(case.ms or 0.0 for case in cases) / 1000
    return {
        "tests": str(len(cases)),
        "failures": str(counts["failure"]),
        "errors": str(counts["error"]),
        "skipped": str(counts["skipped"]),
        "time": f"{seconds:.3f}",
    }


def _element(case: Case) -> str:
    """The element of a case; none where it passed. What no exit code rests on fails no build either."""
    if not case.tried:
        return "skipped"
    return _ELEMENT.get(case.verdict, "") if case.decides or case.verdict == "skip" else ""


def _case(case: Case) -> ElementTree.Element:
    made = ElementTree.Element(
        "testcase",
        {"classname": f"rtdoctor.{case.group}", "name": cut(case.name), "time": f"{(case.ms or 0.0) / 1000:.3f}"},
    )
    kind = _element(case)
    text = _text(case)
    if kind:
        child = ElementTree.SubElement(made, kind, {"message": cut(_sentence(case))})
        if kind != "skipped":
            child.set("type", case.finding.cause or case.verdict if case.finding else case.verdict)
        child.text = text
    elif case.verdict != "pass" or case.violation_count:
        ElementTree.SubElement(made, "system-out").text = text
    return made


def _sentence(case: Case) -> str:
    finding = case.finding
    if finding and finding.cause and finding.cause != case.name and case.tried:
        return f"{case.seen}: {finding.title} ({finding.cause})" if finding.title != case.seen else case.seen
    return case.seen


def _text(case: Case) -> str:
    lines = [cut(_sentence(case))]
    if case.expected:
        lines.append(f"Expected: {cut(case.expected)}")
    finding = case.finding
    if finding and case.tried:
        lines += [cut(line) for line in (finding.explanation, finding.drift) if line]
        if finding.remedy:
            lines.append(f"Fix: {cut(finding.remedy)}")
        lines += [f"Seen: {cut(fact)}" for fact in finding.facts]
    for one in case.violations[:_MOST_VIOLATIONS]:
        violation = one.violation
        where = f"line {one.line}" if one.line else f"event {violation.index}"
        lines.append(f"{violation.severity}, {where}, {cut(violation.event_type)}: {cut(violation.message)}")
    if case.violation_count > _MOST_VIOLATIONS:
        lines.append(f"and {case.violation_count - _MOST_VIOLATIONS} more deviations")
    return "\n".join(lines)


def _of_the_run(of: Digest) -> Case:
    """A run that ends otherwise than with 0 has something in red, whatever its cases say."""
    return Case("run", of.command, "inconclusive" if of.exit_code == 3 else "fail", verdict_line(of))

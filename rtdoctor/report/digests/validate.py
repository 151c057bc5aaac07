"""Of judged recordings: a case for each connection."""

from collections.abc import Iterator

from rtdoctor.model.finding import Verdict
from rtdoctor.model.validation import Connection, FileReport, Validation
from rtdoctor.report.digest import RECORDING, Case, Digest


def of_validation(validation: Validation) -> Digest:
    """The digest of judged recordings."""
    files = validation.files
    knowledge = validation.knowledge
    wrong = [report for report in files if report.overall != "pass"]
    if len(files) == 1:
        sentence = files[0].sentence
    else:
        sentence = f"{len(files) - len(wrong)} of {len(files)} recordings are as they should be."
    sentence = sentence[:1].upper() + sentence[1:]
    return Digest(
        command="validate",
        subject=", ".join(report.file for report in files[:3]) + (" …" if len(files) > 3 else ""),
        verdict=validation.verdict,
        exit_code=validation.exit_code,
        sentence=sentence if sentence.endswith((".", "!", "?")) else f"{sentence}.",
        fix=next(
            (
                one.finding.remedy
                for report in files
                for one in report.connections
                if one.finding and one.finding.remedy
            ),
            "",
        ),
        cause=next((one.finding.cause for report in files for one in report.connections if one.finding), None),
        facts=(
            ("judged by", f"{knowledge.get('sdk')} of {knowledge.get('sdk_seen')}"),
            ("and by rtdoctor's overlay of", str(knowledge.get("overlay_seen"))),
        ),
        cases=tuple(case for report in files for case in _recording(report)),
        version=validation.version,
    )


def _recording(report: FileReport) -> Iterator[Case]:
    several = len(report.connections) > 1
    if not report.connections:
        facts = tuple(("unread", problem) for problem in report.problems)
        yield Case(RECORDING, report.file, report.overall, report.sentence, facts=facts, file=report.file)
    for place, connection in enumerate(report.connections):
        counted = sum(connection.severities.values())
        yield Case(
            RECORDING,
            f"{report.file}, connection {connection.socket}" if several else report.file,
            _verdict(report, connection) if several else report.overall,
            report.sentence if place == 0 else f"connection {connection.socket} of {report.file}",
            finding=connection.finding,
            violations=connection.violations,
            violation_count=counted,
            file=report.file,
            facts=(
                ("dialect", connection.dialect_title),
                *((f"{sender} {kind}", str(count)) for (sender, kind), count in connection.events.items()),
                *(("unread", problem) for problem in report.problems[:20] if place == 0),
            ),
        )


def _verdict(report: FileReport, connection: Connection) -> Verdict:
    if connection.severities.get("error") or (connection.finding and connection.finding.verdict == "fail"):
        return "fail"
    if connection.severities.get("warning") or connection.finding:
        return report.overall if report.overall == "fail" and report.verdict == "fail" else "warn"
    return "pass"

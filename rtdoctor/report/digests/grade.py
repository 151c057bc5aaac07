"""Of a graded client: a case for each mark."""

from rtdoctor.model.finding import Finding, Verdict
from rtdoctor.model.graded import CourseResult, Graded
from rtdoctor.report.digest import MARKS, Case, Digest


def of_course(result: CourseResult) -> Digest:
    """The digest of a graded client."""
    worst = (*result.of("fail"), *result.of("warn"))
    verdict: Verdict = "inconclusive" if result.exit_code == 3 else "fail" if result.exit_code else "pass"
    return Digest(
        command="grade",
        subject=result.client,
        verdict="warn" if verdict == "pass" and worst else verdict,
        exit_code=result.exit_code,
        sentence=result.sentence,
        fix=worst[0].remedy if worst else "",
        where=worst[0].mark.id if worst else "",
        notes=("Interrupted: the report is partial.",) if result.interrupted else (),
        facts=(
            *((("made with", result.sdk),) if result.sdk else ()),
            *((f"lesson {one.lesson or 'tape'}", one.happened) for one in result.lessons),
        ),
        cases=tuple(map(_mark, result.marks)),
        started_at=result.started_at,
        duration_s=result.seconds,
        interrupted=result.interrupted,
        version=result.version,
    )


def _mark(one: Graded) -> Case:
    unseen = one.grade == "not seen"
    verdict: Verdict = "skip" if one.grade == "not seen" else one.grade
    seen = f"{one.judgement.said} ({one.lesson})" if one.lesson else one.judgement.said
    finding = Finding(
        verdict,
        one.judgement.said,
        title=one.mark.title,
        explanation=one.mark.why,
        facts=one.judgement.shows,
        remedy="" if one.grade in ("pass", "not seen") else one.remedy,
        evidence=one.mark.evidence,
    )
    return Case(
        MARKS, one.mark.id, verdict, seen, title=one.mark.title, tried=not unseen, decides=not unseen, finding=finding
    )

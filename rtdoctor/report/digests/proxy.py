"""Of what passed the proxy: a case for each request."""

from rtdoctor.model.finding import Verdict
from rtdoctor.model.plural import plural
from rtdoctor.model.validation import Placed
from rtdoctor.model.watched import Passed, Watched
from rtdoctor.report.digest import PASSED, WORST_FIRST, Case, Digest


def of_watched(watched: Watched) -> Digest:
    """The digest of what passed the proxy."""
    counted = dict(watched.counted) | ({"inconclusive": 1} if watched.unjudged else {})
    worst: Verdict = next((verdict for verdict in WORST_FIRST if counted.get(verdict)), "pass")
    wrong = [one.finding for one in watched.passed if one.finding and one.verdict == worst]
    worst_finding = wrong[0] if worst != "pass" and wrong else None
    total = watched.total
    lost = watched.unanswered
    went = f"{plural(total, 'request')} {f'came, {lost} unanswered' if lost else 'went through'}"
    bad = total - watched.counted.get("pass", 0)
    remark = f"{bad} of them with something to look at" if bad else "nothing to remark"
    sentence = f"{went}, {remark}." if total else "No request came."
    if total and lost == total:
        sentence = f"{plural(total, 'request')} came, and none was answered."
    if watched.unjudged:
        passed = f"{plural(watched.unjudged, 'connection')} passed and could not be judged to the end."
        sentence = f"{sentence} {passed}" if total else passed
    return Digest(
        command="proxy",
        subject=watched.to,
        verdict=worst,
        exit_code=watched.exit_code,
        sentence=f"{sentence} First: {worst_finding.title}." if worst_finding and worst_finding.title else sentence,
        fix=worst_finding.remedy if worst_finding else "",
        cause=worst_finding.cause if worst_finding else None,
        notes=watched.notes,
        facts=(("listening at", watched.listening), ("leading to", watched.to)),
        cases=tuple(map(_passed, watched.passed)),
        started_at=watched.started_at,
        duration_s=watched.duration_s,
        version=watched.version,
    )


def _passed(one: Passed) -> Case:
    answer = "no answer" if one.status is None else str(one.status)
    return Case(
        PASSED,
        f"{one.number} {one.method} {one.url}",
        one.verdict,
        f"{answer}, {one.ended}",
        title=one.finding.title if one.finding else "",
        decides=False,
        ms=round(one.seconds * 1000, 1),
        finding=one.finding,
        violations=tuple(Placed(violation) for violation in one.violations),
        violation_count=sum(one.severities.values()),
        facts=(
            *((f"{sender} {kind}", str(count)) for (sender, kind), count in one.events.items()),
            *(("unread", why) for why in one.unread),
        ),
    )

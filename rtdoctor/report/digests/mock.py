"""Of the clients that came to the mock."""

from rtdoctor.model.finding import Finding, Verdict
from rtdoctor.model.plural import plural
from rtdoctor.model.served import Client, Served
from rtdoctor.report.digest import PASSED, WORST_FIRST, Case, Digest


def of_served(served: Served) -> Digest:
    """The digest of what came to the mock."""
    worst: Verdict = next((verdict for verdict in WORST_FIRST if served.counted.get(verdict)), "pass")
    bad = served.total - served.counted.get("pass", 0)
    came = (
        f"{plural(served.total, 'request')} came, {f'{bad} with something to remark' if bad else 'nothing to remark'}."
    )
    cases = tuple(map(_client, served.clients))
    worst_finding = next((case.finding for case in cases if case.finding and case.verdict == worst), None)
    kept = not served.wrong
    script = f" The script was {'kept to' if kept else 'not kept to: ' + served.wrong[0]}." if served.script else ""
    return Digest(
        command="mock",
        subject=served.listening,
        verdict=worst if kept else "fail",
        exit_code=served.exit_code,
        sentence=(came if served.total else "No client came.") + script,
        fix=worst_finding.remedy if worst_finding and worst != "pass" else "",
        cause=worst_finding.cause if worst_finding and worst != "pass" else None,
        notes=served.wrong,
        facts=(
            ("listening at", served.listening),
            ("dialect", served.dialect),
            *(("fault", fault) for fault in served.faults),
        ),
        cases=cases,
        started_at=served.started_at,
        duration_s=served.duration_s,
        version=served.version,
    )


def _client(one: Client) -> Case:
    """A client with the first of what is worst about it as its finding, and the rest as facts of that."""
    order = {"error": 0, "warning": 1}
    unmeant = sorted((told for told in one.told if not told.meant), key=lambda told: order.get(told.level, 2))
    finding = None
    if unmeant:
        first = unmeant[0]
        more = tuple(f"{told.times} × {told.level} {told.id}: {told.text}" for told in unmeant)
        finding = Finding(one.verdict, first.text, first.id, first.text, facts=more, remedy=first.remedy)
    return Case(
        PASSED,
        f"{one.number} {one.asked}",
        one.verdict,
        f"{one.answered}, {one.ended}",
        title=finding.title if finding else "",
        decides=False,
        ms=round(one.seconds * 1000, 1),
        finding=finding,
        facts=(
            *((f"messages of the {side}", str(count)) for side, count in one.events.items()),
            *((f"meant: {told.id}", f"{told.times} × {told.text}") for told in one.told if told.meant),
        ),
    )

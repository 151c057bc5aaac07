"""Of a server's conformance: a case for each case."""

from collections.abc import Mapping

from rtdoctor.model.conformance import WEIGHTS, CaseResult, Conformance, Seen
from rtdoctor.model.finding import Finding, Verdict
from rtdoctor.report.digest import Case, Digest


def of_conformance(conformance: Conformance) -> Digest:
    """The digest of a server's conformance."""
    known = {one.deviation.id: one for one in conformance.deviations}
    weights = {one.deviation.weight for one in conformance.deviations}
    setting = conformance.setting
    return Digest(
        command="conform",
        subject=setting.base_url,
        verdict=conformance.verdict,
        exit_code=conformance.exit_code,
        sentence=conformance.sentence,
        fix=conformance.deviations[0].deviation.fix if weights & {"high", "medium"} else "",
        cause=conformance.deviations[0].deviation.id if conformance.exit_code == 1 and conformance.deviations else None,
        notes=("Interrupted: the report is partial.",) if conformance.interrupted else (),
        facts=(
            ("endpoint", setting.base_url),
            ("dialect", conformance.dialect),
            ("credential", setting.credential),
            *(("notice", notice) for notice in setting.notices),
            *((("certificates", "NOT CHECKED (--insecure)"),) if setting.insecure else ()),
            ("events sent", str(sum(count for _, count in conformance.spend.events))),
            ("audio sent", f"{conformance.spend.audio_ms / 1000:.1f} s"),
        ),
        cases=tuple(_conforming(result, known) for result in conformance.results),
        started_at=setting.started_at,
        duration_s=conformance.duration_s,
        interrupted=conformance.interrupted,
        version=setting.version,
    )


def _conforming(result: CaseResult, known: Mapping[str, Seen]) -> Case:
    """A case with its gravest deviation as its finding, and the others as facts of that."""
    deviations = [known[ident] for ident in result.deviations if ident in known]
    deviations.sort(key=lambda one: WEIGHTS.index(one.deviation.weight))
    grave = bool(deviations) and deviations[0].deviation.weight != "low"
    verdicts: dict[str, Verdict] = {"conforms": "pass", "not served": "skip", "could not tell": "inconclusive"}
    verdict = verdicts.get(result.verdict, "fail" if grave else "warn")
    finding = None
    if deviations:
        first = deviations[0].deviation
        finding = Finding(
            verdict,
            result.seen,
            title=f"{first.id}: {first.title}",
            explanation=f"The real service: {first.real}",
            facts=(
                *(f"breaks {client.client}: {client.how}" for client in first.breaks),
                *(f"{one.deviation.id}: {one.deviation.title}" for one in deviations[1:]),
            ),
            remedy=first.fix,
            evidence=(first.evidence,),
        )
    return Case(
        result.group,
        result.case,
        verdict,
        result.seen or result.verdict,
        expected="conforms",
        title=result.title,
        tried=result.verdict != "not served",
        ms=result.ms,
        finding=finding,
    )

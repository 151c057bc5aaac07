"""Of an explained text, of a cause's page and of the list of causes."""

from rtdoctor.model.explanation import Explanation, Page
from rtdoctor.model.finding import Cause, of_cause
from rtdoctor.report.digest import CAUSES, UNKNOWN, Case, Digest


def of_explanation(explanation: Explanation) -> Digest:
    """The digest of an explained text."""
    known = [finding for finding in explanation.findings if finding.cause != UNKNOWN]
    first = known[0] if known else None
    if explanation.healthy:
        sentence = "Healthy: a session was opened, and nothing in the text tells of an error."
        if explanation.next:
            sentence = "Healthy: nothing that the client asks for is known to be wrong."
    elif first is None:
        sentence = "Nothing known was found in the text."
    else:
        several = f"{len(known)} causes were found; the first: " if len(known) > 1 else ""
        sentence = f"{several}{first.cause}: {first.title}."
    return Digest(
        command="explain",
        subject="what you pasted",
        verdict="pass" if explanation.healthy else "fail" if known else "inconclusive",
        exit_code=0 if explanation.healthy or known else 3,
        sentence=sentence,
        fix=first.remedy if first else next((finding.remedy for finding in explanation.findings), ""),
        cause=first.cause if first else None,
        cases=tuple(
            Case(CAUSES, finding.cause or "", "fail", finding.title, title=finding.title, finding=finding)
            for finding in explanation.findings
        ),
    )


def of_page(page: Page) -> Digest:
    """The digest of a cause's page."""
    cause = page.cause
    finding = of_cause(cause, "pass", cause.title, page.shows, evidence=page.evidence)
    return Digest(
        command="explain",
        subject=cause.id,
        verdict="pass",
        exit_code=0,
        sentence=f"{cause.title}.",
        fix=cause.remedy,
        cause=cause.id,
        facts=(("who meets it", page.who),),
        cases=(Case(CAUSES, cause.id, "pass", "\n".join(page.mended), title=cause.title, finding=finding),),
    )


def of_causes(causes: tuple[Cause, ...]) -> Digest:
    """The digest of the list of causes."""
    cases = [
        Case(CAUSES, cause.id, "pass", cause.title, finding=of_cause(cause, "pass", cause.title)) for cause in causes
    ]
    return Digest("explain", "all causes", "pass", 0, f"{len(causes)} causes are known.", cases=tuple(cases))

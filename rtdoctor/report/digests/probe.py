"""Of a probe: that of its one scenario, with controls, edits and what is handed over."""

from dataclasses import replace

from rtdoctor.model.fix import Control
from rtdoctor.model.probed import Probed
from rtdoctor.report.digest import CONTROLS, SCENARIOS, Case, Digest
from rtdoctor.report.digests.check import of_report


def of_probed(probed: Probed) -> Digest:
    """The digest of a probe."""
    checked = of_report(probed.report)
    cases = tuple(
        replace(case, exchange=probed.exchange) if case.group == SCENARIOS else case for case in checked.cases
    )
    controls = tuple(
        Case(CONTROLS, one.name, "pass", one.seen, title=_control(one), decides=False) for one in probed.controls
    )
    fix = checked.fix
    if probed.fix and probed.fix.works and probed.fix.edits:
        fix = "; ".join(edit.rstrip(".") for edit in probed.fix.edits) + "."
        fix = fix[:1].upper() + fix[1:]
    return replace(
        checked,
        command="probe",
        subject=probed.handshake.url,
        fix=fix,
        cases=(*cases, *controls),
        edits=probed.fix,
        handover=probed.handover,
        handshake=probed.handshake,
    )


def _control(control: Control) -> str:
    return f"{control.what}: {'the same answer' if control.same else 'another answer'}"

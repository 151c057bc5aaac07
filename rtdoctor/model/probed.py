"""All that `probe` shows."""

from dataclasses import dataclass

from rtdoctor.model.exchange import Exchange
from rtdoctor.model.fix import Control, Fix
from rtdoctor.model.given import Given
from rtdoctor.model.report import Report


@dataclass(frozen=True, slots=True)
class Probed:
    """The report (in the shape of check's), the exchange behind it, the controls, and the fix if one was looked for."""

    report: Report
    given: Given
    exchange: Exchange | None
    controls: tuple[Control, ...] = ()
    fix: Fix | None = None

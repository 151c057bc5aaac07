"""All that `probe` shows."""

from dataclasses import dataclass

from rtdoctor.model.exchange import Exchange
from rtdoctor.model.fix import Control, Fix, Handover
from rtdoctor.model.handshake import Handshake
from rtdoctor.model.report import Report


@dataclass(frozen=True, slots=True)
class Probed:
    """The report (in the shape of check's), the exchange behind it, the controls, the fix if one was looked for, and
    what to paste of the handshake that works. `shown` tells that all but the last two was shown already."""

    report: Report
    handshake: Handshake
    exchange: Exchange | None
    controls: tuple[Control, ...] = ()
    fix: Fix | None = None
    handover: Handover | None = None
    shown: bool = False

"""rtdoctor: why a realtime socket does not open, and what to change.

From Python: `rtdoctor.check`, `probe`, `explain` and `validate` do what the commands do (`rtdoctor.api`); `check_async`
and `probe_async` are for a running event loop. They are loaded when first named: `rtdoctor --version` stays quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rtdoctor.version import __version__

if TYPE_CHECKING:
    from rtdoctor.api import check, check_async, explain, probe, probe_async, validate
    from rtdoctor.engine.plan import CheckAsked
    from rtdoctor.engine.probeplan import ProbeAsked
    from rtdoctor.engine.routing import RouteAsked
    from rtdoctor.model.explanation import Explanation
    from rtdoctor.model.finding import Finding
    from rtdoctor.model.probed import Probed
    from rtdoctor.model.report import Report
    from rtdoctor.model.validation import FileReport
    from rtdoctor.privacy.errors import InputError, Usage

__all__ = [
    "CheckAsked",
    "Explanation",
    "FileReport",
    "Finding",
    "InputError",
    "ProbeAsked",
    "Probed",
    "Report",
    "RouteAsked",
    "Usage",
    "__version__",
    "check",
    "check_async",
    "explain",
    "probe",
    "probe_async",
    "validate",
]
_PLACES = {
    **dict.fromkeys(("check", "check_async", "explain", "probe", "probe_async", "validate"), "rtdoctor.api"),
    "CheckAsked": "rtdoctor.engine.plan",
    "ProbeAsked": "rtdoctor.engine.probeplan",
    "RouteAsked": "rtdoctor.engine.routing",
    "Explanation": "rtdoctor.model.explanation",
    "Finding": "rtdoctor.model.finding",
    "Probed": "rtdoctor.model.probed",
    "Report": "rtdoctor.model.report",
    "FileReport": "rtdoctor.model.validation",
    **dict.fromkeys(("InputError", "Usage"), "rtdoctor.privacy.errors"),
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'rtdoctor' has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)

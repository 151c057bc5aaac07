"""The Digest of each value that a command tells: one file a command. A new command gives its value here; html, junit
and the others need nothing else.
"""

from functools import singledispatch
from typing import Any

from rtdoctor.model.finding import Cause
from rtdoctor.report.digest import Digest
from rtdoctor.report.digests.check import of_report, of_series
from rtdoctor.report.digests.conform import of_conformance
from rtdoctor.report.digests.explain import of_causes, of_explanation, of_page
from rtdoctor.report.digests.grade import of_course
from rtdoctor.report.digests.mock import of_served
from rtdoctor.report.digests.probe import of_probed
from rtdoctor.report.digests.proxy import of_watched
from rtdoctor.report.digests.replay import of_replayed
from rtdoctor.report.digests.validate import of_validation


@singledispatch
def digest(value: Any) -> Digest:
    """What the value comes to.

    Raises:
        TypeError: no command tells such a value.
    """
    if isinstance(value, tuple) and all(isinstance(one, Cause) for one in value):
        return of_causes(value)
    raise TypeError(f"nothing tells a {type(value).__name__}")


for _of in (
    *(of_report, of_series, of_probed, of_validation, of_watched, of_replayed, of_served, of_course, of_explanation),
    *(of_page, of_conformance),
):
    digest.register(_of)

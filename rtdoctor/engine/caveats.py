"""What makes a green answer mean little: nothing of the account was tested, no access to the model, its end in sight.

They stand in a Summary: as `caveats`, by kind, and as sentences among its `warnings`.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from rtdoctor.model.plural import plural
from rtdoctor.model.report import Rung, Setting, Summary, untested
from rtdoctor.privacy.quote import quote
from rtdoctor.protocol.models import models

RETIRE_WITHIN = 30  # days


def with_caveats(summary: Summary, setting: Setting, ladder: tuple[Rung, ...], retire_within: int) -> Summary:
    """The summary with its caveats; a model that is shut down within so many days has one."""
    caveats = list(_caveats(summary, setting, ladder, retire_within))
    return replace(
        summary,
        caveats=(*summary.caveats, *(kind for kind, _ in caveats)),
        warnings=(*summary.warnings, *(sentence for _, sentence in caveats)),
    )


def _caveats(
    summary: Summary, setting: Setting, ladder: tuple[Rung, ...], retire_within: int
) -> Iterator[tuple[str, str]]:
    if not setting.account_tested:
        yield "untested", untested(setting)
    listed = next((rung.finding for rung in ladder if rung.rung == "http"), None)
    if listed and listed.cause == "session.model-no-access" and summary.exit_code == 0:
        yield "no-access", f"GET /models does not list {setting.model} for this key: it may have no access to it."
    if (end := _end_of(listed.shutdown if listed else "", setting.model)) is None:
        return
    left = (end - date.fromisoformat(setting.started_at[:10])).days
    if left <= 0:
        yield "ended", f"{setting.model} was shut down on {end}.{_successor(setting.model)}"
    elif left <= retire_within:
        yield (
            "ending",
            f"{setting.model} will be shut down on {end}, in {plural(left, 'day')}.{_successor(setting.model)}",
        )


def _end_of(shutdown: str, model: str) -> date | None:
    """The day on which the model ends: as the endpoint says, else as it is known."""
    known = models().get(model)
    try:
        return date.fromisoformat(shutdown or (known.shutdown if known else ""))
    except ValueError:
        return None


def _successor(model: str) -> str:
    known = models().get(model)
    return f" Move to {quote(known.replacement)}." if known and known.replacement else ""

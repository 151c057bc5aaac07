"""Known failures, in a file: each with its scenario, its cause, the reason and the day on which it must be gone.

    [[known]]
    scenario = "path.typo"
    cause = "refused.not-routed"      # or "drift": an answer that differs from what is known, whatever its cause
    reason = "our gateway answers 403 for every path, ticket 4711"
    expires = 2027-03-31

What it names fails nothing. The ladder has no such entries, for without it there is no session. An entry that nothing
needs any more fails, and so does one that is over.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from rtdoctor.diagnose.summary import summarise
from rtdoctor.files import read_bounded
from rtdoctor.model.finding import Finding
from rtdoctor.model.plural import plural
from rtdoctor.model.report import Report, Result
from rtdoctor.privacy.errors import Usage
from rtdoctor.privacy.quote import quote

_MOST = 1 << 20
_WRONG = ("fail", "warn", "inconclusive")


@dataclass(frozen=True, slots=True)
class KnownFailure:
    """One failure that is known. `cause` is a cause's id or `drift`."""

    scenario: str
    cause: str
    reason: str
    expires: date


def read_baseline(path: Path) -> tuple[KnownFailure, ...]:
    """The entries of a file.

    Raises:
        Usage: it cannot be read, or an entry is not of the form.
    """
    try:
        raw = tomllib.loads(read_bounded(path, _MOST).decode("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Usage("--baseline {}: {}", path, error) from error
    listed = raw.get("known")
    if set(raw) != {"known"} or not isinstance(listed, list):
        raise Usage("--baseline {}: wants entries [[known]], and nothing else", path)
    return tuple(_entry(path, place, one) for place, one in enumerate(listed, 1))


def _entry(path: Path, place: int, one: object) -> KnownFailure:
    names = ("scenario", "cause", "reason", "expires")
    if not isinstance(one, dict) or set(one) != set(names):
        raise Usage("--baseline {}, entry {}: wants just {}", path, place, ", ".join(names))
    for name in names[:3]:
        if not isinstance(one[name], str) or not one[name].strip():
            raise Usage("--baseline {}, entry {}: {} wants a text", path, place, name)
    if not isinstance(one["expires"], date) or isinstance(one["expires"], datetime):
        raise Usage("--baseline {}, entry {}: expires wants a day, such as 2027-03-31", path, place)
    return KnownFailure(one["scenario"], one["cause"], one["reason"], one["expires"])


def apply(report: Report, baseline: Sequence[KnownFailure]) -> Report:
    """The report in which what is known fails nothing, and the entries that are stale or over do."""
    today = date.fromisoformat(report.setting.started_at[:10])
    valid = [known for known in baseline if known.expires >= today]
    used: set[KnownFailure] = set()

    def forgiven(result: Result) -> Finding:
        finding = result.finding
        for known in valid:
            if known.scenario == result.scenario and finding.verdict in _WRONG and _is_of(known.cause, finding):
                used.add(known)
                until = f"known until {known.expires}: {quote(known.reason)}"
                return replace(finding, verdict="skip", summary=f"{finding.summary} ({until})")
        return finding

    results = tuple(replace(result, finding=forgiven(result)) for result in report.results)
    tried = {result.scenario for result in results if result.outcome is not None}
    stale = [known for known in valid if known not in used and known.scenario in tried]
    over = [known for known in baseline if known.expires < today]
    warnings, caveats = report.summary.warnings, report.summary.caveats
    summary = summarise(report.ladder, results, strict=report.setting.strict)
    sentences = [
        f"{quote(known.scenario)} no longer fails with {quote(known.cause)}: take it out of the baseline."
        for known in stale
    ]
    sentences += [f"The baseline's {quote(known.scenario)} was to be mended by {known.expires}." for known in over]
    if used:
        sentences.insert(0, f"{plural(len(used), 'known failure')} of the baseline did not count.")
    if stale or over:
        code = summary.exit_code or 1
        summary = replace(summary, verdict="fail" if code != 3 else summary.verdict, exit_code=code)
    return replace(report, results=results, summary=replace(summary, warnings=(*sentences, *warnings), caveats=caveats))


def _is_of(cause: str, finding: Finding) -> bool:
    return finding.cause == cause or (cause == "drift" and bool(finding.drift))

"""From all findings of a run to its one answer and exit code."""

from collections import Counter
from collections.abc import Iterable, Sequence

from rtdoctor.diagnose.parity import parity
from rtdoctor.knowledge.causes import causes
from rtdoctor.model.finding import Finding, Verdict
from rtdoctor.model.report import Result, Rung, Summary

_SOCKET = ("upgrade", "first-event", "session")
# Worst wins. 4 (a bug in rtdoctor) is set by the command, 130 (interrupted) too.
_WORST_FIRST = (2, 1, 3, 0)
_VERDICT: dict[int, Verdict] = {2: "fail", 1: "fail", 3: "inconclusive"}


def summarise(rungs: Sequence[Rung], results: Sequence[Result] = (), *, strict: bool = False) -> Summary:
    """The answer: can I connect, the exit code, and the cause to mend first with the rung where it shows.

    The ladder and the required scenarios decide. Others decide only by a `fail`, which they get on the mock or
    with strict; when they could not be tried, only strict takes that into account.
    """
    deciding = [rung.finding for rung in rungs]
    deciding += [r.finding for r in results if r.required or strict or r.verdict == "fail"]
    codes = {_code(item) for item in deciding} or {0}
    exit_code = next(code for code in _WORST_FIRST if code in codes)
    verdict = _VERDICT.get(exit_code) or _mild([*deciding, *(r.finding for r in results)])
    where = _deciding_rung(rungs)
    cause = where.finding.cause if where else _first_cause(results, strict)
    connect = _can_connect(rungs)
    counts = Counter(r.verdict for r in results)
    return Summary(
        verdict=verdict,
        exit_code=exit_code,
        can_connect=connect,
        sentence=_sentence(connect, where, results, rungs, strict),
        cause=cause,
        rung=where.rung if where else None,
        parity=_parity(rungs),
        counts={name: counts.get(name, 0) for name in ("pass", "warn", "fail", "inconclusive", "skip")},
    )


def _parity(rungs: Sequence[Rung]) -> str:
    measured = {rung.rung: rung.outcome for rung in rungs}
    failed = [rung.rung for rung in rungs if rung.rung in _SOCKET and rung.verdict in ("fail", "inconclusive")]
    return parity(measured.get("http"), measured.get("upgrade"), failed[0] if failed else None)


def _code(item: Finding) -> int:
    if item.verdict == "inconclusive":
        return 3
    if item.verdict == "fail":
        code = causes()[item.cause].exit if item.cause else 1
        return code if code == 2 else 1
    return 0


def _mild(findings: Iterable[Finding]) -> Verdict:
    return "warn" if any(item.verdict == "warn" for item in findings) else "pass"


def _deciding_rung(rungs: Sequence[Rung]) -> Rung | None:
    """Where the ladder ended; else its first rung that failed."""
    dead = next((rung for rung in rungs if rung.dead), None)
    return dead or next((rung for rung in rungs if rung.tried and rung.verdict in ("fail", "inconclusive")), None)


def _first_cause(results: Sequence[Result], strict: bool) -> str | None:
    for wanted in ("fail", "inconclusive"):
        for result in results:
            if result.verdict == wanted and (result.required or strict or wanted == "fail"):
                return result.finding.cause
    return None


def _can_connect(rungs: Sequence[Rung]) -> bool | None:
    if any(rung.dead and rung.finding.cause is None and rung.verdict == "inconclusive" for rung in rungs):
        return None  # out of time: nothing was found wrong
    if any(rung.dead and rung.rung != "transcript" for rung in rungs):
        return False
    socket = [rung.verdict for rung in rungs if rung.rung in _SOCKET]
    if len(socket) < len(_SOCKET):
        return None
    return all(verdict in ("pass", "warn") for verdict in socket)


def _sentence(
    connect: bool | None, where: Rung | None, results: Sequence[Result], rungs: Sequence[Rung], strict: bool
) -> str:
    if where is not None and connect is False:
        return f"No. It ends at {where.rung}: {_lower(where.finding.title or where.finding.summary)}."
    if connect is None:
        why = (
            f"{where.finding.summary} at {where.rung}"
            if where and where.dead
            else "the ladder was not climbed to its end"
        )
        return f"Not decided: {why}."
    if where is not None:
        return (
            f"Yes, the session opens; but {where.rung} failed: {_lower(where.finding.title or where.finding.summary)}."
        )
    failed = [r for r in results if r.verdict == "fail"]
    if failed:
        return f"Yes, the session opens; but the endpoint does not behave as known: {_first_of(failed)}."
    undecided = [r for r in results if r.verdict == "inconclusive" and (r.required or strict)]
    if undecided:
        why = undecided[0].finding.title or undecided[0].finding.summary
        return f"Yes, the session opens; but {_first_of(undecided)} could not be decided: {_lower(why)}."
    warned = [rung.rung for rung in rungs if rung.verdict == "warn"]
    see = f"; see the warning at {', '.join(warned)}" if warned else ""
    drifted = sum(r.verdict == "warn" for r in results)
    drift = f"; {drifted} of {len(results)} answers differ from what is known" if drifted else ""
    session = next((rung.finding for rung in rungs if rung.rung == "session"), None)
    if session is not None and session.verdict == "warn":
        return f"Yes, the session opens; but it was not configured as asked: {session.summary}{drift}."
    taken = " and takes its configuration" if session is not None and session.verdict == "pass" else ""
    return f"Yes, the session opens{taken}{see}{drift}."


def _first_of(results: Sequence[Result]) -> str:
    """The first one's name, and how many more there are."""
    return results[0].scenario + (f" and {len(results) - 1} more" if len(results) > 1 else "")


def _lower(title: str) -> str:
    """A title as the end of a sentence: abbreviations and names keep their capitals."""
    return title[:1].lower() + title[1:] if title[1:2].islower() or title[1:2] == " " else title

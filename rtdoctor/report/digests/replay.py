"""Of what was played of a recording."""

from rtdoctor.model.finding import Verdict
from rtdoctor.model.plural import plural
from rtdoctor.model.replayed import Replayed
from rtdoctor.report.digest import PASSED, Case, Digest


def of_replayed(replayed: Replayed) -> Digest:
    """The digest of a replay."""
    good = sum(play.good for play in replayed.plays)
    total = len(replayed.plays)
    many = len(replayed.strays)
    strays = f", and {plural(many, 'request is', 'requests are')} on no recording" if many else ""
    sentence = f"{good} of {total} recorded connections were played as they were recorded{strays}."
    verdict: Verdict = "fail" if replayed.exit_code else "pass"
    cases = tuple(
        Case(
            PASSED,
            f"{play.number} {play.what}",
            "pass" if play.good else "fail",
            "; ".join((*play.mismatches, *(f"left over: {what}" for what in play.left)))
            or ("played" if play.played else "nobody asked for it"),
        )
        for play in replayed.plays
    )
    facts = (("listening at", replayed.listening), *(("not on the recording", stray) for stray in replayed.strays))
    return Digest(
        "replay", replayed.file, verdict, replayed.exit_code, sentence, facts=facts, notes=replayed.notes, cases=cases
    )

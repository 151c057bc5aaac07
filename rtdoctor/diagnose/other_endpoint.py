"""What a scenario of OpenAI's endpoint came to at another one, told in terms of that one. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rtdoctor.diagnose.describe import short
from rtdoctor.diagnose.rungs import named
from rtdoctor.model.finding import Evidence, Finding
from rtdoctor.model.outcome import Outcome
from rtdoctor.model.report import Result
from rtdoctor.model.scenario import Scenario, WantedHandshake
from rtdoctor.model.target import Kind

OPEN = "No key is checked here"
_BY_HEADER = Evidence("@copilotkit/aimock 1.43.0 reads keys in headers only", "2026-11-24", "observed")


def told_there(handshake: WantedHandshake, outcome: Outcome, judged: Finding, *, key_passes: bool) -> Finding:
    """The finding in the endpoint's own terms; `key_passes` tells that the same key opens a session by header."""
    stands = outcome.reached_session and outcome.open and not outcome.errors
    if stands and handshake.path == "/realtime" and not handshake.subprotocols and _without_right_key(handshake):
        what = "without a key" if not handshake.auth else "with a key that cannot be right"
        return Finding("warn", f"opens {what}", title=OPEN, explanation=f"A session opens {what}.")
    by_subprotocol = handshake.auth == ("subprotocol",) and handshake.credential == "key"
    about_the_key = (judged.cause or "").startswith(("auth.", "refused.")) and judged.cause != "refused.rate-limited"
    if by_subprotocol and key_passes and about_the_key and not stands:
        base = named("auth.missing", "warn", short(outcome), judged.facts, evidence=(_BY_HEADER,))
        return replace(
            base,
            title="The key is not read from the subprotocol",
            explanation="The same key passes by header. A browser can set no header, so no browser can connect here.",
            remedy="Send the key by header; for browsers put a relay in front that adds it.",
            drift=judged.drift,
        )
    return judged


def folded(results: Sequence[Result]) -> tuple[Result, ...]:
    """The results, of which one alone tells that no key is checked, where that is so."""
    if not is_open(results):
        return tuple(results)
    same = Finding("pass", "opens, as without a key", drift="It opens without a key, too.")
    return tuple(
        replace(one, finding=same, seen=same.summary)
        if one.finding.title == OPEN and one.outcome and one.outcome.asked.auth
        else one
        for one in results
    )


def is_open(results: Sequence[Result]) -> bool:
    """True where a session opens without a key."""
    return any(one.finding.title == OPEN and one.outcome and not one.outcome.asked.auth for one in results)


def in_its_way(scenario: Scenario, kind: Kind, query: Mapping[str, str]) -> Scenario | None:
    """The scenario with the query by which a session opens at this endpoint, where its own is not what it is about;
    None where it is about a kind of session that this endpoint does not serve."""
    if scenario.handshake.query != {"intent": "transcription"} or scenario.id.partition(".")[0] == "url":
        return scenario
    if kind != "transcription" and (scenario.steps or "transcription" in scenario.required):
        return None
    accept = tuple(
        replace(line, outcome={**line.outcome, "session_type": kind}) if "session_type" in line.outcome else line
        for line in scenario.accept
    )
    return replace(scenario, handshake=replace(scenario.handshake, query=dict(query)), accept=accept)


def _without_right_key(handshake: WantedHandshake) -> bool:
    return not handshake.auth or handshake.credential in ("wrong-key", "secret-malformed")

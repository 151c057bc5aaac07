"""Judges the rungs of the ladder: each function takes what was measured and says what it is worth. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from rtdoctor.diagnose.describe import day, tell
from rtdoctor.diagnose.referee import Weighed, finding, weigh
from rtdoctor.knowledge.causes import UNKNOWN, causes
from rtdoctor.knowledge.profiles import advised, profiles
from rtdoctor.linear import pattern
from rtdoctor.model.event import parse_event
from rtdoctor.model.exchange import Answer
from rtdoctor.model.finding import Candidate, Evidence, Finding, Verdict, left_out, of_cause, undecided
from rtdoctor.model.near import near
from rtdoctor.model.outcome import Outcome
from rtdoctor.model.profile import Profile
from rtdoctor.model.target import Target, is_loopback_host
from rtdoctor.privacy.quote import quote, quote_start
from rtdoctor.privacy.secret import Secret
from rtdoctor.privacy.vocabulary import is_placeholder

_LIST_SEEN = "2026-11-24"  # when protocol/models.toml was last held against its sources
_FEW = 4
_MOST_SPOKEN = 300  # characters of what was said and heard
_MOST_SHOWN = 8  # models of a list
SKEW_WARNED = 60.0  # seconds
WER_WARNED = 0.3
_NAME_A_KEY = (
    "Set OPENAI_API_KEY to the key that this server wants, or name another variable with --key-env or a file with "
    "--key-file."
)
_HEADER_SAFE = pattern(r"[!-~]+")
_QUOTES = "\"'`"
_TOKEN_SAFE = pattern(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 7230 token: what a subprotocol may hold


def named(
    cause_id: str, verdict: Verdict, summary: str, facts: Sequence[str] = (), *, url: str = "", **more: Any
) -> Finding:
    """A finding for a cause that the rung itself recognised, at the endpoint of a URL."""
    cause = causes()[cause_id]
    return of_cause(cause, verdict, summary, facts, **{"remedy": advised(cause.remedy, url), **more})


def judge_config(target: Target, key: Secret | None, notices: Sequence[str], query_cause: str | None = None) -> Finding:
    """The key is there and can be carried, and the base URL is the one of a Realtime endpoint.

    `query_cause` is what is wrong with the query of the URL that was given, where it is known to be refused.
    """
    facts = [*target.notes, *notices]
    if target.asked_query:
        names = quote(", ".join(target.asked_query))
        facts.append(f"The query of the URL ({names}) is not sent by the ladder; rtdoctor probe repeats it exactly.")
    if key is None or not key:
        if profiles()[target.profile].needs_key:
            return named("usage.no-credential", "fail", "no key", target.notes)
        return Finding("warn", "no key: the handshakes go without", facts=tuple(facts))
    value = key.reveal()
    if not _HEADER_SAFE.fullmatch(value) or value[0] in _QUOTES or value[-1] in _QUOTES:
        return named("usage.credential-malformed", "fail", f"the key holds {_offence(value)}", facts)
    facts.append(f"The key comes from {quote(key.source)}{f' and has the form {key.form}…' if key.form else ''}.")
    if profiles()[target.profile].key_forms and is_placeholder(value):
        facts.append("It is nothing but words that examples hold in the place of a key.")
        base = named("usage.credential-malformed", "fail", "the key is a placeholder", facts)
        return replace(base, remedy=f"Put your own key into {quote(key.source)}.")
    if target.asked_tail:
        known = Evidence("community.openai.com/t/1314532", "2025-07-01", "observed")
        return named(
            "refused.path",
            "fail",
            f"/realtime/{target.asked_tail} is a REST path",
            [
                f"The URL given ends in /realtime/{target.asked_tail}; "
                f"the ladder uses {quote(target.base_url)}/realtime.",
                *facts,
            ],
            evidence=(known,),
        )
    if query_cause is not None:
        return named(query_cause, "fail", "the query of the URL given is refused", facts)
    provider = profiles()[target.profile]
    if provider.key_forms and not value.startswith(provider.key_forms):
        facts.append(f"The keys of {provider.name} begin with {' or '.join(provider.key_forms)}; this one does not.")
        return named("auth.wrong-token", "warn", f"not the form of a key of {provider.name}", facts)
    if not _TOKEN_SAFE.fullmatch(value):
        facts.append("The key holds a character that a subprotocol may not carry; it can only go by header.")
    if not target.tls and not target.is_loopback:
        if target.route.proxy and is_loopback_host(target.route.proxy_address[0]):
            facts.append(
                "The base URL is plain http: the key goes unencrypted to the proxy, and on as the proxy sends it."
            )
            return Finding("warn", "plain http, by a proxy on this machine", facts=tuple(facts))
        facts.append("The base URL is plain http: the key travels unencrypted.")
        return Finding("warn", "plain http to another machine", facts=tuple(facts))
    return Finding("pass", " ".join((quote(target.base_url), *map(_aside, target.notes))), facts=tuple(facts))


def judge_keyless(judged: Finding) -> Finding:
    """The finding of a rung where no key was found to be sent: the cure is to name one, however the server puts it."""
    if judged.cause != "auth.missing":
        return judged
    return replace(judged, remedy=_NAME_A_KEY)


def judge_refused_key(judged: Finding, key: Secret) -> Finding:
    """The finding with the place that the refused key came from: it is often another than people think."""
    if judged.cause not in ("auth.invalid", "auth.wrong-token", "auth.expired-secret"):
        return judged
    fact = (
        f"The key that was sent comes from {quote(key.source)}{f' and has the form {key.form}…' if key.form else ''}."
    )
    return replace(judged, facts=(*judged.facts, fact))


def judge_gone(judged: Finding, model: str, successor: str, in_service: bool) -> Finding:
    """The finding of a model that the server says is gone, with what is known of it: its successor, or that it is not
    known to be shut down, which makes access the likelier reason."""
    if judged.cause != "session.model-retired":
        return judged
    if in_service:
        return replace(
            judged,
            title="The model is not there for this project",
            explanation=f"The answer is that of a model that was shut down, and {quote(model)} is not known to be: "
            "then the project or key may not use it.",
            remedy=causes()["session.model-no-access"].remedy,
        )
    if successor:
        return replace(judged, remedy=f"Use {quote(successor)}, its successor, or another that GET /v1/models lists.")
    return judged


def _aside(note: str) -> str:
    return f"({note[:1].lower()}{note[1:].rstrip('.')})"


def judge_withheld(judged: Finding) -> Finding:
    """The finding of the configuration where the key is kept back, because TLS is not checked."""
    fact = "The certificate is not checked, so the key is not sent; --insecure-send-key sends it to whoever answers."
    if judged.verdict not in ("pass", "warn"):
        return judged
    return replace(judged, verdict="warn", summary="the key is not sent (--insecure)", facts=(*judged.facts, fact))


def judge_without_key(judged: Finding) -> Finding:
    """A refusal that came because the key was kept back decides nothing."""
    layer = (judged.cause or "").split(".")[0]
    if judged.verdict != "fail" or layer not in ("auth", "refused", "close"):
        return judged
    fact = "A refusal was to be expected without the key; the way up to here works. --insecure-send-key sends it."
    return Finding("inconclusive", f"{judged.summary}; the key was kept back (--insecure)", facts=(*judged.facts, fact))


def _offence(value: str) -> str:
    if value != value.strip():
        return "white space or a line break at its beginning or end"
    if value[0] in _QUOTES or value[-1] in _QUOTES:
        return "quotes"
    if value.lower().startswith("bearer "):
        return "the word Bearer, which rtdoctor puts before it itself"
    return "white space inside" if any(char.isspace() for char in value) else "a character that a header cannot carry"


def skew_of(answer: Answer | None, now: float) -> float | None:
    """Seconds by which the server's clock is ahead of the local one, by its Date header; None when it sent none."""
    try:
        cached = answer is not None and answer.header("age") not in (None, "0")  # then it is the Date of long ago
        date = parsedate_to_datetime((answer.header("date") if answer and not cached else None) or "")
    except (ValueError, TypeError, OverflowError):
        return None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() + 0.5 - now


def _skewed(answer: Answer | None, now: float, facts: Sequence[str]) -> Finding | None:
    """The warning that the local clock is off, or None where it is not."""
    skew = skew_of(answer, now) or 0.0
    if abs(skew) <= SKEW_WARNED:
        return None
    side = "behind" if skew > 0 else "ahead"
    fact = f"The local clock is {abs(skew):.0f} s {'behind' if skew > 0 else 'ahead of'} the server's."
    return named("auth.clock-skew", "warn", f"the local clock is {abs(skew):.0f} s {side}", [*facts, fact])


def judge_clock(judged: Finding, answer: Answer | None, now: float) -> Finding:
    """The finding of a handshake that works, or the warning that its answer's Date is far from the local clock."""
    return _skewed(answer, now, judged.facts) or judged


@dataclass(frozen=True, slots=True)
class Listed:
    """The model that was `wanted`, the one that is `taken` in its place (or the same), and those that the endpoint of
    that profile lists."""

    wanted: str
    taken: str
    names: tuple[str, ...]
    profile: Profile


def judge_models(outcome: Outcome, answer: Answer | None, listed: Listed, known_shutdown: str, now: float) -> Finding:
    """`GET /models`: the key is accepted, the wanted model is listed and has no end in sight.

    REST refusing for another reason than the key does not prove anything about the socket, so it warns only; a server
    that is not known to have REST at all is not blamed for having none.
    """
    weighed = weigh(outcome)
    if outcome.fault is not None:
        return Finding("warn", f"GET /models: {outcome.fault_text}", facts=tell(outcome))
    facts = list(tell(outcome))
    # What a REST answer tells of the key holds for the socket, too; a REST path may be forbidden for other reasons.
    if outcome.http_status == 401 and (weighed.cause or "").startswith("auth."):
        return finding(outcome, "fail", weighed)
    if skewed := _skewed(answer, now, facts):
        return skewed
    if outcome.http_status in (404, 405, 426, 501):  # 426: nothing but WebSockets is served
        missing = f"no GET /models here ({outcome.http_status})"
        return Finding("warn" if listed.profile.exact else "skip", missing, facts=tuple(facts))
    if outcome.http_status != 200:
        base = finding(outcome, "warn", weighed)
        return Finding(
            "warn",
            f"GET /models answered {outcome.http_status}",
            base.cause,
            base.title,
            base.explanation,
            facts=tuple(facts),
            remedy=base.remedy,
        )
    return _judge_list(answer, listed, known_shutdown, facts, now)


def listed_models(answer: Answer) -> Mapping[str, Mapping[str, Any]] | None:
    """The entries of an answer to `GET /models` by their ids; None where it holds no list."""
    parsed = parse_event(answer.body.decode("utf-8", "replace"))
    data = parsed.get("data") if parsed else None
    if not isinstance(data, list):
        return None
    return {entry["id"]: entry for entry in data if isinstance(entry, Mapping) and isinstance(entry.get("id"), str)}


def _judge_list(answer: Answer | None, listed: Listed, known_shutdown: str, facts: list[str], now: float) -> Finding:
    entries = listed_models(answer) if answer else None
    if entries is None:
        return Finding("warn", "GET /models answered 200, but with no list of models", facts=tuple(facts))
    facts.append(f"{len(entries)} model{'s are' if len(entries) != 1 else ' is'} listed.")
    shown = quote(listed.wanted)
    if listed.wanted not in entries:
        return _not_listed(listed, facts)
    shutdown = _date_of(entries[listed.wanted].get("shutdown_date"))
    source = "GET /models" if shutdown else f"rtdoctor's own list of {_LIST_SEEN}"
    shutdown = shutdown or (known_shutdown if listed.profile.exact else "")
    if shutdown:
        gone = shutdown <= day(now)
        facts.append(f"{shown} {'was' if gone else 'will be'} shut down on {shutdown} ({source}).")
        summary = f"200; {shown} {'ended' if gone else 'ends'} {shutdown}"
        return Finding("warn", summary, facts=tuple(facts), shutdown=shutdown)
    return Finding("pass", f"200, {shown} listed", facts=tuple(facts))


def _not_listed(listed: Listed, facts: list[str]) -> Finding:
    shown = quote(listed.wanted)
    facts.append(f"{shown} is not among them.")
    if listed.profile.exact:
        seen = Evidence("PageSpace PR 2392: GET /v1/models is truthful about access", "2026-08-10", "observed")
        return named("session.model-no-access", "warn", f"{shown} is not listed", facts, evidence=(seen,))
    if listed.taken != listed.wanted and listed.taken in listed.names:
        facts.append(f"No --model was given, so {quote(listed.taken)} is used, which is listed.")
        return Finding("pass", f"200; {quote(listed.taken)} is used", facts=tuple(facts))
    close = near(listed.wanted, listed.names, many=3, alike=0.7)
    if close:
        facts.append(f"Did you mean {' or '.join(map(quote, close))}?")
    else:
        first = ", ".join(map(quote, listed.names[:_MOST_SHOWN]))
        facts.append(f"Listed are {first}{' and more' if len(listed.names) > _MOST_SHOWN else ''}.")
    change = f"Give --model with the name of a model that this server lists{f': {quote(close[0])}' if close else ''}."
    base = named("session.model-unknown", "warn", f"{shown} is not listed", facts)
    return replace(
        base, explanation="The server's own list does not have it; it may serve it all the same.", remedy=change
    )


def with_listed(judged: Finding, wanted: str, names: Sequence[str]) -> Finding:
    """The finding of a model that is not known, with the models that this endpoint lists as what to choose from: the
    nearest first."""
    if judged.cause != "session.model-unknown" or not names or wanted in names:
        return judged
    first = list(dict.fromkeys((*near(wanted, names, many=2, alike=0.7), *names)))
    shown = ", ".join(map(quote, first[:_FEW]))
    more = f" (of {len(names)})" if len(names) > _FEW else ""
    return replace(judged, remedy=f"Choose a model that this endpoint lists: {shown}{more}.")


def _date_of(value: object) -> str:
    """A shutdown date as the endpoint writes it: an ISO date or seconds since the epoch."""
    if isinstance(value, str):
        return quote(value[:10])
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e11:
        return day(value)
    return ""


def judge_secret(
    outcome: Outcome, minted: bool, expires_at: float | None, answer: Answer | None, now: float
) -> Finding:
    """`POST /realtime/client_secrets`: a secret came, and its top-level expires_at lies ahead on both clocks."""
    if not minted:
        base = finding(outcome)
        if outcome.http_status in (404, 405, 501):
            return Finding("warn", f"mints no client secrets ({outcome.http_status})", facts=base.facts)
        summary = "200 without a value at the root" if outcome.http_status == 200 else base.summary
        return Finding("warn", summary, base.cause, base.title, base.explanation, facts=base.facts, remedy=base.remedy)
    facts = [*tell(outcome)]
    if expires_at is None:
        return Finding("warn", "minted, but without a top-level expires_at", facts=tuple(facts))
    if expires_at > 1e11:
        return named("auth.clock-skew", "warn", "expires_at is in milliseconds, not seconds", facts)
    skew = skew_of(answer, now)
    local, server = expires_at - now, expires_at - now - (skew or 0.0)
    facts.append(
        f"expires_at is {expires_at:.0f}: {server:.0f} s ahead by the server's Date, {local:.0f} s by the local clock."
    )
    if server <= 0:
        return named("auth.expired-secret", "warn", "the secret was minted already expired", facts)
    if local <= 0:
        return named("auth.clock-skew", "warn", "the secret looks expired because the local clock is ahead", facts)
    return Finding("pass", f"minted, valid for {server:.0f} s", facts=tuple(facts))


def judge_upgrade(outcome: Outcome) -> Finding:
    """101, and nothing said yet about what comes after it."""
    if outcome.http_status != 101:
        return finding(outcome)
    facts = tell(outcome)[:1]
    return Finding("pass", f"101 after {outcome.handshake_ms:.0f} ms (this alone proves nothing)", facts=facts)


def with_ways(judged: Finding, others: Sequence[tuple[str, str]]) -> Finding:
    """The finding of the upgrade with what was asked in other ways: the query, and what came of it."""
    came: dict[str, list[str]] = {}
    for query, seen in others:
        came.setdefault(seen, []).append(quote(query))
    facts = [f"Asked with {', '.join(queries)} it came to: {seen}." for seen, queries in came.items()]
    return replace(judged, facts=(*facts, *judged.facts)) if facts else judged


def judge_live(outcome: Outcome, *, started: bool) -> tuple[Finding, Finding, Finding]:
    """First event, session and transcript of a GPT-Live socket, which says nothing until session.start; a session is
    paid by the second from then on, so without leave none is begun."""
    begun = "session.started" in outcome.events and not outcome.errors
    if not begun and (outcome.errors or outcome.close_code is not None or outcome.fault):
        return finding(outcome), left_out("no session was begun"), _NO_TURN
    if not started:
        quiet = "it waits for session.start, as this API does; --transcribe begins a session, which costs money"
        return Finding("pass", "silent, as it must be", facts=tell(outcome)), left_out(quiet), _NO_TURN
    if begun:
        first = Finding("pass", "session.started", facts=tell(outcome))
        return first, Finding("pass", "begun and closed again"), _NO_TURN
    return _failed(outcome, "peer.silent"), left_out("no session was begun"), _NO_TURN


_NO_TURN = left_out("does not apply: GPT-Live has no turns of its own to wait for")


def _failed(outcome: Outcome, otherwise: str) -> Finding:
    """What the referee finds wrong; where it finds nothing, what was due and did not come is still a failure."""
    base = finding(outcome)
    return base if base.verdict != "pass" else finding(outcome, "fail", Weighed(otherwise, None, ()))


def judge_first_event(outcome: Outcome, dialect: str, kind: str, *, asked_for: bool) -> Finding:
    """The server greets with a session, of the kind that was asked for. `dialect` is the era or vendor's dialect that
    its events tell, by its title or empty for OpenAI's own."""
    first = outcome.first_event
    facts = (*tell(outcome), f"It speaks {dialect}.") if dialect else tell(outcome)
    if outcome.session_type and any(name.endswith("session.created") for name in outcome.events):
        untyped = outcome.session_type == "(none)"
        created = "session.created" + (", without session.type" if untyped else f", type {outcome.session_type}")
        after = f", after {first}" if first != "session.created" else _after(outcome)
        other = outcome.session_type not in (kind, "(none)") and kind in ("realtime", "transcription")
        if other and asked_for:
            return _other_kind(outcome, kind, facts)
        if dialect:
            return Finding("warn", f"{created}: this is {dialect}", facts=facts)
        if untyped and first == "session.created":
            return Finding("warn", created, facts=facts)
        if other:
            return Finding("warn", f"a session of type {outcome.session_type} opened in place of {kind}", facts=facts)
        return Finding("pass", created + after, facts=tell(outcome) if after != _after(outcome) else ())
    if outcome.reached_session and dialect and first is not None and first.endswith(".created"):
        return Finding("warn", f"{first}, and no session.created: this is {dialect}", facts=facts)
    if first == "transcription_session.created":
        return Finding("warn", "transcription_session.created: this is the beta", facts=facts)
    return _failed(outcome, "peer.not-realtime")


def judge_waiting(judged: Finding) -> Finding:
    """The finding of a first event that came only after the client had sent one."""
    fact = "The server said nothing until session.update was sent."
    if judged.verdict not in ("pass", "warn"):
        return replace(judged, facts=(*judged.facts, fact))
    why = "A client that waits for session.created before it sends anything waits for ever."
    return replace(
        judged, verdict="warn", summary="it greets only after the client has spoken", facts=(*judged.facts, fact, why)
    )


def _after(outcome: Outcome) -> str:
    return f", {outcome.first_event_ms:.0f} ms after the 101" if outcome.first_event_ms is not None else ""


def _other_kind(outcome: Outcome, kind: str, facts: Sequence[str]) -> Finding:
    base = named("session.type-mismatch", "fail", f"{kind} was asked for, {outcome.session_type} opened", facts)
    return replace(
        base,
        explanation=f"The server opened a session of type {outcome.session_type}, though the URL asked for {kind}.",
        remedy=f"Use a server or model that serves {kind} sessions; --kind {outcome.session_type} checks this one.",
    )


def judge_update(outcome: Outcome, kind: str, model: str | None, profile: Profile) -> Finding:
    """session.update was accepted, and the session shows what it asked for."""
    if not outcome.updated:
        return _failed(outcome, UNKNOWN)
    if kind == "translation":
        return Finding("pass", "session.updated")
    wrong: list[str] = []
    if outcome.session_type not in (kind, "(none)"):
        wrong.append(f"the session is of type {outcome.session_type}, not {kind}")
    if model and outcome.transcription_model is None:
        wrong.append(f"it shows no transcription model, {quote(model)} was asked for")
    elif model and outcome.transcription_model != model:
        wrong.append(f"the transcription model is {outcome.transcription_model}, {quote(model)} was asked for")
    if kind == "transcription" and outcome.turn_detection not in ("none", None):
        wrong.append(f"turn detection is {outcome.turn_detection}, none was asked for")
    if not wrong:
        return Finding("pass", "session.updated" + (f", transcription model {quote(model)}" if model else ""))
    routed = outcome.transcription_model is not None and outcome.transcription_model != model
    why = "A gateway may route to a model of its own." if routed and not profile.exact else ""
    facts = (*tell(outcome), *(f"session.updated came, but {line}." for line in wrong), *filter(None, (why,)))
    return Finding("warn", f"session.updated, but {wrong[0]}", facts=facts)


def judge_quiet_update(outcome: Outcome) -> Finding:
    """session.update in a dialect that answers it only where it is refused."""
    if not outcome.session_stands or not outcome.open:
        return _failed(outcome, UNKNOWN)
    return Finding("pass", "session.update was not refused; no answer is due here", facts=tell(outcome))


def judge_transcript(outcome: Outcome, heard: Sequence[str], reference: str | None) -> Finding:
    """A transcript came, and it is what was said: the `reference`, where one is known."""
    all_facts = (*heard, *tell(outcome))
    if outcome.transcript is None:
        return _failed(outcome, UNKNOWN)
    summary = f"“{outcome.transcript}”"
    if outcome.wer is None:
        note = "no reference text to hold it against" if not reference else ""
        return Finding("pass", summary, facts=(*all_facts, note) if note else all_facts)
    summary += f", word error rate {outcome.wer:.0%}"
    if outcome.wer <= WER_WARNED:
        return Finding("pass", summary, facts=all_facts)
    other = (Candidate("audio.sample-rate", "what was sent is 24 kHz mono PCM16, and declared so"),)
    beside = (
        f"Expected: “{quote_start(reference or '', _MOST_SPOKEN)}”",
        f"Heard:    “{quote_start(outcome.transcript, _MOST_SPOKEN)}”",
    )
    # The transcript stands beside what was said, and nowhere else.
    facts = (*heard, *(fact for fact in tell(outcome) if not fact.startswith("Transcript: ")), *beside)
    summary = f"not what was said, word error rate {outcome.wer:.0%}"
    return Finding("warn", summary, facts=facts, ruled_out=other)


def not_tried(after: str) -> Finding:
    """A rung beyond the one where the ladder ended."""
    return undecided(f"not tried: the ladder ended at {after}")

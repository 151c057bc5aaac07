"""The ladder: from the configuration up to a transcript, until a rung is dead."""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from urllib.parse import urlencode

from rtdoctor.diagnose import rungs
from rtdoctor.diagnose.describe import short
from rtdoctor.diagnose.distil import distil
from rtdoctor.engine.attempt import attempt
from rtdoctor.engine.controls import ambiguous, compare, conclude
from rtdoctor.engine.credential import NOT_KNOWN_TO_MINT, Outgoing, get_models, mint, outgoing, repeat
from rtdoctor.engine.gate import patiently
from rtdoctor.engine.opening import Opening, in_vllms_way, listed_in, model_among, next_way, openings
from rtdoctor.engine.reach import reach, rung_of, tell_tls_port
from rtdoctor.engine.setup import Bench
from rtdoctor.engine.silence import is_silent, silence_of
from rtdoctor.engine.violations import dialect_of
from rtdoctor.engine.word_errors import hear
from rtdoctor.model.finding import Finding, left_out, undecided
from rtdoctor.model.fix import Control
from rtdoctor.model.handshake import Handshake
from rtdoctor.model.outcome import Outcome
from rtdoctor.model.plural import plural
from rtdoctor.model.report import RUNGS, Rung
from rtdoctor.model.scenario import Step, in_call
from rtdoctor.privacy.quote import quote
from rtdoctor.protocol.era import title
from rtdoctor.protocol.models import kind_of, models
from rtdoctor.wire.audiofile import Speech

_TRANSCRIBED = (
    "conversation.item.input_audio_transcription.completed",
    "conversation.item.input_audio_transcription.failed",
    "error",
)
_QUIET = 0.3  # seconds without a refusal, where nothing else is answered
_MAY_GO_ON = "not asked for: the URL may be that of a session that goes on; --transcribe sends into it"
_NO_REST_WITH_SECRET = "does not apply: the key is a client secret (ek_), which is for the socket only"


async def climb(bench: Bench) -> AsyncGenerator[Rung, None]:
    """Yield the rungs as they are judged. After a dead one the rest come as not tried."""
    async with aclosing(_rungs(bench)) as climbed:
        async for rung in climbed:
            yield rung
            if rung.dead:
                for name in RUNGS[RUNGS.index(rung.rung) + 1 :]:
                    yield Rung(name, rungs.not_tried(rung.rung), tried=False)
                return


async def _rungs(bench: Bench) -> AsyncGenerator[Rung, None]:
    choice, target = bench.choice, bench.choice.target
    notices = list(choice.notices)
    if choice.organization:
        notices.append(f"Organisation {quote(choice.organization)}.")
    if choice.project:
        notices.append(f"Project {quote(choice.project)}.")
    judged = rungs.judge_config(target, choice.key or choice.withheld, notices, _query_cause(target.asked_query))
    if choice.withheld is not None:
        judged = rungs.judge_withheld(judged)
    # A path or query in the URL that is refused fails, but the way without it is worth knowing: the ladder goes on.
    unusable = judged.verdict == "fail" and (judged.cause or "").startswith("usage.")
    yield rung_of("config", judged, dead=unusable)

    async with aclosing(reach(bench)) as reached:
        async for rung in reached:
            yield rung
            if rung.dead:
                return
    async for rung in _rest(bench):
        yield rung
    async for rung in _socket(bench):
        yield rung


def _query_cause(query: Mapping[str, str]) -> str | None:
    """What is wrong with model and intent in a URL, where that is known (protocol 1.14, 1.17; seen 2026-06 to 08)."""
    model = query.get("model")
    if model and query.get("intent") == "transcription":
        return "session.model-with-intent"
    return "session.model-wrong-mode" if model and kind_of(model) == "transcription" else None


async def _rest(bench: Bench) -> AsyncGenerator[Rung, None]:
    """The two REST rungs. They stand beside the way and never end the ladder: a key that REST refuses is told more
    surely by the socket, and a compatible server may have no REST at all."""
    choice = bench.choice
    if choice.key is not None and choice.key.form == "ek_":
        bench.mints = "the key is itself a client secret and can mint none"
        yield rung_of("http", left_out(_NO_REST_WITH_SECRET))
        yield rung_of("client-secret", left_out(_NO_REST_WITH_SECRET))
        return
    started = time.monotonic()
    exchange = await get_models(bench)
    outcome = distil(exchange, rest=True)
    bench.listed = listed_in(exchange.answer)
    wanted = choice.model
    _take_listed(bench)
    known = models().get(wanted)
    judged = rungs.judge_models(
        outcome,
        exchange.answer,
        rungs.Listed(wanted, bench.choice.model, bench.listed, choice.profile),
        known.shutdown if known else "",
        bench.clock.now(),
    )
    choice = bench.choice
    if choice.withheld is not None:
        judged = rungs.judge_without_key(judged)
    elif choice.key is None:
        judged = rungs.judge_keyless(judged)
    yield rung_of("http", judged, started, dead=False, outcome=outcome)

    if choice.key is None:
        bench.mints = "there is no key to mint a client secret with"
        yield rung_of("client-secret", left_out("does not apply: there is no key to mint with"))
        return
    if not choice.may_mint:
        yield rung_of("client-secret", left_out(NOT_KNOWN_TO_MINT))
        return
    if outcome.http_status == 401:
        yield Rung("client-secret", undecided("not tried: REST refused the key"), tried=False)
        return
    started = time.monotonic()
    minted = await mint(bench, choice.aim)
    outcome = distil(minted.exchange, rest=True)
    if outcome.http_status in (404, 405, 501):
        bench.mints = f"this endpoint mints no client secrets ({outcome.http_status})"
    judged = rungs.judge_secret(
        outcome, minted.secret is not None, minted.expires_at, minted.exchange.answer, bench.clock.now()
    )
    yield rung_of("client-secret", judged, started, dead=False)


def _take_listed(bench: Bench) -> None:
    """Take models that the server lists in the place of our usual ones, where the user named none and it knows none of
    those. OpenAI's list says what a project may use; its usual models stay."""
    choice = bench.choice
    if choice.model_given or choice.profile.exact or choice.model in bench.listed:
        return
    speech = model_among(bench.listed, "transcription")
    talk = model_among(bench.listed, "realtime")
    bench.choice = replace(
        choice,
        transcription_model=speech or choice.transcription_model,
        vad_model=speech or choice.vad_model,
        realtime_model=talk or choice.realtime_model,
    )


async def _socket(bench: Bench) -> AsyncGenerator[Rung, None]:
    """Upgrade, first event, session and transcript: one connection, four questions. Of a server that is not known the
    way to ask is found out first."""
    choice = bench.choice
    opened = await _open(bench)
    outcome, opening = opened.outcome, opened.opening
    if outcome.session_stands:
        bench.way = opening.handshake.query
    if opening.kind != choice.aim:  # the server decided
        bench.choice = choice = replace(choice, aim=opening.kind)
    controls = await _controls(bench, opened.out, outcome)
    bench.silence = silence_of(opening.handshake, outcome, controls)

    def concluded(judged: Finding) -> Finding:
        if judged.verdict not in ("pass", "skip"):
            judged = conclude(judged, controls)
        if choice.withheld is not None:
            return rungs.judge_without_key(judged)
        if choice.key is None:
            return rungs.judge_keyless(judged)
        known = models().get(choice.model)
        today = date.fromtimestamp(bench.clock.now()).isoformat()
        serves = known is not None and not known.retired and not (known.shutdown and known.shutdown <= today)
        judged = rungs.with_listed(judged, choice.model, bench.listed)
        judged = rungs.judge_gone(judged, choice.model, known.replacement if known else "", serves)
        return rungs.judge_refused_key(judged, choice.key)

    upgraded = rungs.with_ways(concluded(rungs.judge_upgrade(outcome)), opened.others)
    yield replace(rung_of("upgrade", upgraded, outcome=outcome), ms=outcome.handshake_ms)
    if opening.kind == "live":
        for name, judged in zip(RUNGS[-3:], rungs.judge_live(outcome, started=opened.updated), strict=True):
            yield rung_of(name, concluded(judged), outcome=outcome)
        return
    greeted = concluded(
        rungs.judge_first_event(outcome, _title(opened.dialect), opening.kind, asked_for=choice.kind_given)
    )
    if bench.waits:
        greeted = rungs.judge_waiting(greeted)
    yield replace(rung_of("first-event", greeted, outcome=outcome), ms=outcome.first_event_ms)
    if opened.updated and not opening.awaited:
        yield rung_of("session", rungs.judge_quiet_update(outcome), outcome=outcome)
    elif opened.updated:
        judged = rungs.judge_update(outcome, opening.kind, _asked_model(opening), choice.profile)
        yield rung_of("session", judged, outcome=outcome)
    else:
        yield rung_of("session", left_out(_MAY_GO_ON))
    if not bench.ledger.billable:
        note = "not asked for: it costs money; --transcribe or --audio FILE sends speech"
        yield rung_of("transcript", left_out(note))
    elif not _speaks(opening):
        yield rung_of("transcript", left_out("not tried: no speech is sent into a session of this kind"))
    else:
        speech = bench.speech["speech"]
        yield rung_of("transcript", rungs.judge_transcript(outcome, _heard(speech), choice.reference))


@dataclass(frozen=True, slots=True)
class _Opened:
    """What a way of asking came to. `updated` tells that the client's first event was sent; `others` are the ways that
    were tried beside it, with what came of them."""

    opening: Opening
    out: Outgoing
    outcome: Outcome
    dialect: str
    updated: bool
    others: tuple[tuple[str, str], ...] = ()


async def _open(bench: Bench) -> _Opened:
    """Ask in one way after the other, until a session opens or there is no other; where none does, the first counts."""
    ways = openings(bench.choice)
    place: int | None = 0
    tried: list[_Opened] = []
    mute: dict[int, _Opened] = {}
    while place is not None:
        once = partial(_ask, bench, ways[place])
        tried.append(mute[place] if place in mute else await patiently(once, lambda one: one.outcome))
        if place == 0 and is_silent(tried[-1].outcome):
            # Silence takes a whole time-out to hear: the other ways are listened to together, and those that are not
            # silent then asked in earnest, one at a time.
            listened = await asyncio.gather(*(_ask(bench, way, speak=False) for way in ways[1:]))
            mute = {at: one for at, one in enumerate(listened, 1) if is_silent(one.outcome)}
        place = next_way(tried[-1].outcome, ways, place)
        if place is None and tried[-1].dialect == "vllm" and tried[-1].opening.awaited:
            ways = (*ways, in_vllms_way(bench.choice, tried[-1].opening))
            place = len(ways) - 1
    works = tried[-1].outcome.session_stands
    chosen, others = (tried[-1], tried[:-1]) if works else (tried[0], tried[1:])
    return replace(chosen, others=tuple((_query_of(one.opening), short(one.outcome)) for one in others))


async def _ask(bench: Bench, opening: Opening, *, speak: bool = True) -> _Opened:
    """What comes of asking so; without `speak` of the handshake alone."""
    choice = bench.choice
    out = outgoing(choice, opening.handshake, choice.key)
    joined = in_call(out.handshake.url)
    # Below a base that may be a session that goes on nothing is free, and the handshake alone is tried.
    may_update = bench.ledger.allows(opening.update, joined=joined)
    answer = Step(await_=opening.awaited) if opening.awaited else Step(quiet=_QUIET)
    steps = [Step(send=opening.update), answer] if may_update else []
    if may_update and opening.kind == "live":
        steps += [Step(send={"type": "session.close"}), Step(await_=("session.closed",))]
    elif bench.ledger.billable and _speaks(opening):
        steps += [
            Step(audio="speech"),
            Step(send={"type": "input_audio_buffer.commit"}),
            Step(await_=_TRANSCRIBED, within=max(30.0, choice.timeout)),
        ]
    tried = await attempt(bench, out, steps if speak else (), into_silence=speak)
    exchange = await tell_tls_port(bench, tried)
    outcome = hear(distil(exchange), choice.reference)
    waits = outcome.first_event is not None and exchange.frames[0].direction == "client"
    bench.waits = bench.waits or (waits and opening.kind != "live")
    return _Opened(opening, out, outcome, dialect_of(exchange), may_update)


def _speaks(opening: Opening) -> bool:
    """True where speech is sent into the session: not for a translation, nor where commits have a form of their own."""
    return opening.kind != "translation" and bool(opening.awaited)


def _title(dialect: str) -> str:
    """What people call a dialect; empty for OpenAI's own eras that are spoken today."""
    return "" if dialect in ("ga", "translation", "gpt-live") else title(dialect)


def _query_of(opening: Opening) -> str:
    return f"?{urlencode(opening.handshake.query)}" if opening.handshake.query else opening.handshake.path


def _asked_model(opening: Opening) -> str | None:
    audio_input = opening.update.get("session", {}).get("audio", {}).get("input", {})
    model = audio_input.get("transcription", {}).get("model")
    return str(model) if model else None


async def _controls(bench: Bench, out: Outgoing, outcome: Outcome) -> list[Control]:
    """Control handshakes, where the answer has several causes that only they can tell apart."""
    if not (ambiguous(outcome) or is_silent(outcome)):
        return []

    async def again(changed: Handshake) -> Outcome:
        return distil(await attempt(bench, repeat(changed)))

    return await compare(out.handshake, outcome, again)


def _heard(speech: Speech) -> tuple[str, ...]:
    """What can be told of the audio that was sent, before anyone transcribes it."""
    measure = speech.measure
    sentences = [
        f"{quote(speech.name)}: {measure.seconds:.1f} s, {speech.rate} Hz, {plural(speech.channels, 'channel')}, "
        f"peak {measure.peak_db:g} dBFS, level {measure.rms_db:g} dBFS; sent as 24 kHz mono PCM16."
    ]
    if measure.silent:
        sentences.append("The audio is silent: no transcript can come of it.")
    elif measure.clipped > 0.001:
        sentences.append(f"{measure.clipped:.1%} of the samples are clipped: expect wrong words.")
    return tuple(sentences)

"""The ladder: from the configuration up to a transcript, until a rung is dead."""

import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

from rtdoctor.diagnose import rungs
from rtdoctor.diagnose.distil import distil
from rtdoctor.engine.attempt import attempt
from rtdoctor.engine.controls import ambiguous, compare, conclude
from rtdoctor.engine.credential import Outgoing, get_models, mint, outgoing, repeat
from rtdoctor.engine.hearing import hear
from rtdoctor.engine.setup import Bench
from rtdoctor.model.finding import Finding
from rtdoctor.model.fix import Control
from rtdoctor.model.given import Given
from rtdoctor.model.outcome import Outcome
from rtdoctor.model.report import RUNGS, Rung
from rtdoctor.model.scenario import Handshake, Step
from rtdoctor.protocol.models import kind_of, models
from rtdoctor.wire.audiofile import Speech
from rtdoctor.wire.dns import resolve
from rtdoctor.wire.tcp import connect
from rtdoctor.wire.tls import context_for, secure

_TRANSCRIBED = (
    "conversation.item.input_audio_transcription.completed",
    "conversation.item.input_audio_transcription.failed",
    "error",
)
_NO_REST_WITH_SECRET = "does not apply: the key is a client secret (ek_), which is for the socket only"


async def climb(bench: Bench) -> AsyncIterator[Rung]:
    """Yield the rungs as they are judged. After a dead one the rest come as not tried."""
    async for rung in _rungs(bench):
        yield rung
        if rung.dead:
            for name in RUNGS[RUNGS.index(rung.rung) + 1 :]:
                yield Rung(name, rungs.not_tried(rung.rung), tried=False)
            return


async def _rungs(bench: Bench) -> AsyncIterator[Rung]:
    choice, target = bench.choice, bench.choice.target
    told = [f"Aim: {choice.aim} with {choice.model}.", *choice.notices]
    if choice.organization:
        told.append(f"Organisation {choice.organization}.")
    if choice.project:
        told.append(f"Project {choice.project}.")
    judged = rungs.judge_config(target, choice.key, told, _query_cause(target.asked_query))
    # A path or query in the URL that is refused fails, but the way without it is worth knowing: the ladder goes on.
    unusable = judged.verdict == "fail" and (judged.cause or "").startswith("usage.")
    yield _rung("config", judged, dead=unusable)

    async for rung in reach(bench):
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


async def reach(bench: Bench) -> AsyncIterator[Rung]:
    """The rungs below HTTP: name, TCP, TLS. Ends at a dead one."""
    choice, target = bench.choice, bench.choice.target
    if target.route.proxy:
        # Who goes by a proxy leaves name, TCP and TLS to it; what fails there shows at the upgrade, by name.
        for name in ("dns", "tcp", "tls"):
            yield _rung(name, Finding("skip", f"does not apply: goes by the proxy {target.route.proxy_host}"))
        return
    started = time.monotonic()
    addresses: tuple[str, ...] = (target.host,)
    if target.is_address:
        yield _rung("dns", Finding("skip", f"does not apply: {target.host} is an address"))
    else:
        resolved = await resolve(target.host, target.port, choice.timeout)
        addresses = resolved.addresses
        named = _rung("dns", rungs.judge_addresses(target.host, addresses, resolved.fault), started)
        yield named
        if named.dead:
            return

    started = time.monotonic()
    connected = await connect(addresses, target.port, choice.timeout)
    open_port = _rung("tcp", rungs.judge_connection(connected.address, connected.failed, connected.fault), started)
    yield open_port
    if connected.address is None:
        return

    if not target.tls:
        yield _rung("tls", Finding("skip", "does not apply: plain http"))
    else:
        started = time.monotonic()
        context = context_for(target.route.ca_file)
        secured = await secure(connected.address, target.port, target.host, context, choice.timeout)
        judged = rungs.judge_certificate(secured.certificate, secured.version, secured.fault, bench.clock.now())
        yield _rung("tls", judged, started)


def _rung(name: str, judged: Finding, started: float | None = None, dead: bool | None = None) -> Rung:
    failed = judged.verdict in ("fail", "inconclusive")
    ms = round((time.monotonic() - started) * 1000, 1) if started is not None else None
    return Rung(name, judged, ms, failed if dead is None else dead)


async def _rest(bench: Bench) -> AsyncIterator[Rung]:
    """The two REST rungs. They stand beside the way and never end the ladder: a key that REST refuses is told more
    surely by the socket, and a compatible server may have no REST at all."""
    choice = bench.choice
    if choice.key is not None and choice.key.form == "ek_":
        bench.mints = "the key is itself a client secret and can mint none"
        yield _rung("http", Finding("skip", _NO_REST_WITH_SECRET))
        yield _rung("client-secret", Finding("skip", _NO_REST_WITH_SECRET))
        return
    started = time.monotonic()
    exchange = await get_models(bench)
    outcome = distil(exchange, rest=True)
    known = models().get(choice.model)
    judged = rungs.judge_models(
        outcome, exchange.answer, choice.model, known.shutdown if known else "", bench.clock.now()
    )
    yield _rung("http", judged, started, dead=False)

    if choice.key is None:
        bench.mints = "there is no key to mint a client secret with"
        yield _rung("client-secret", Finding("skip", "does not apply: there is no key to mint with"))
        return
    if outcome.http_status == 401:
        yield Rung("client-secret", Finding("inconclusive", "not tried: REST refused the key"), tried=False)
        return
    started = time.monotonic()
    minted = await mint(bench, choice.aim)
    outcome = distil(minted.exchange, rest=True)
    if outcome.http_status in (404, 405, 501):
        bench.mints = f"this endpoint mints no client secrets ({outcome.http_status})"
    judged = rungs.judge_secret(
        outcome, minted.secret is not None, minted.expires_at, minted.exchange.answer, bench.clock.now()
    )
    yield _rung("client-secret", judged, started, dead=False)


async def _socket(bench: Bench) -> AsyncIterator[Rung]:
    """Upgrade, first event, session and transcript: one connection, four questions."""
    choice = bench.choice
    speak = bench.ledger.billable
    query = {"intent": "transcription"} if choice.aim == "transcription" else {"model": choice.realtime_model}
    out = outgoing(choice, Handshake(query=query), choice.key)
    steps = [
        Step(send=update_for(choice.aim, choice.transcription_model)),
        Step(await_=("session.updated", "error")),
    ]
    if speak:
        steps += [
            Step(audio="speech"),
            Step(send={"type": "input_audio_buffer.commit"}),
            Step(await_=_TRANSCRIBED, within=max(30.0, choice.timeout)),
        ]
    outcome = hear(distil(await attempt(bench, out, steps)), choice.reference)
    controls = await _controls(bench, out, outcome)
    upgraded = rungs.judge_upgrade(outcome)
    if upgraded.verdict != "pass":
        upgraded = conclude(upgraded, controls)
    yield replace(_rung("upgrade", upgraded), ms=outcome.handshake_ms)
    greeted = rungs.judge_first_event(outcome)
    if greeted.verdict != "pass":
        greeted = conclude(greeted, controls)
    yield replace(_rung("first-event", greeted), ms=outcome.first_event_ms)
    updated = rungs.judge_update(outcome)
    yield _rung("session", updated)
    if not speak:
        note = "not asked for: it costs money; --transcribe or --audio FILE sends speech"
        yield _rung("transcript", Finding("skip", note))
    else:
        speech = bench.speech["speech"]
        yield _rung("transcript", rungs.judge_transcript(outcome, _heard(speech), bool(choice.reference)))


async def _controls(bench: Bench, out: Outgoing, outcome: Outcome) -> list[Control]:
    """Control handshakes, where the answer has several causes that only they can tell apart."""
    if not ambiguous(outcome):
        return []

    async def again(changed: Given) -> Outcome:
        return distil(await attempt(bench, repeat(changed)))

    return await compare(Given(out.url, tuple(out.headers.items()), out.subprotocols), outcome, again)


def update_for(aim: str, transcription_model: str) -> dict[str, object]:
    """The session.update that the ladder sends: 24 kHz PCM16, a transcription model, manual commit."""
    given = {
        "format": {"type": "audio/pcm", "rate": 24_000},
        "transcription": {"model": transcription_model},
        "turn_detection": None,
    }
    return {"type": "session.update", "session": {"type": aim, "audio": {"input": given}}}


def _heard(speech: Speech) -> tuple[str, ...]:
    """What can be told of the audio that was sent, before anyone transcribes it."""
    measure = speech.measure
    told = [
        f"{speech.name}: {measure.seconds:.1f} s, {speech.rate} Hz, {speech.channels} channel(s), "
        f"peak {measure.peak_db:g} dBFS, level {measure.rms_db:g} dBFS; sent as 24 kHz mono PCM16."
    ]
    if measure.silent:
        told.append("The audio is silent: no transcript can come of it.")
    elif measure.clipped > 0.001:
        told.append(f"{measure.clipped:.1%} of the samples are clipped: expect wrong words.")
    return tuple(told)

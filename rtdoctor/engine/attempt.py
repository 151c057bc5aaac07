"""Carries out one scenario: handshake, first event, steps; what happened comes back as an Exchange."""

import time
from collections.abc import Sequence

from rtdoctor.engine.credential import Outgoing
from rtdoctor.engine.setup import Bench
from rtdoctor.engine.taping import tell_tape
from rtdoctor.model.event import written
from rtdoctor.model.exchange import Exchange, Fault
from rtdoctor.model.scenario import Step, in_call, waits_for_client
from rtdoctor.privacy.known import holds_secret
from rtdoctor.protocol.audio import append_event, chunks
from rtdoctor.wire.session import Session, most_at_once, share_of
from rtdoctor.wire.upgrade import upgrade

# The mock speaks within milliseconds or never; OpenAI's first delta came 1.19 s after a commit (2026-09-18).
MOCK_QUIET = 0.5
SETTLE = 1.0  # seconds to wait for the pong that shows a session to stand


class KeptBack(RuntimeError):
    """What was about to be sent holds a secret that is kept back, since nobody knows who is there; nothing was sent."""


async def attempt(bench: Bench, out: Outgoing, steps: Sequence[Step] = (), *, into_silence: bool = False) -> Exchange:
    """One connection from the upgrade to its close. Never raises for what a server does. `into_silence`: where no first
    event comes, the first step is sent all the same, for a server may wait for the client.

    Raises:
        KeptBack: the handshake or a step holds a known secret, and the key is withheld.
    """
    if bench.choice.withheld is not None and holds_secret(_written(out, steps)):
        raise KeptBack
    began = time.monotonic()
    exchange = await _attempt(bench, out, steps, into_silence)
    tell_tape(out, exchange, began)
    return exchange


async def _attempt(bench: Bench, out: Outgoing, steps: Sequence[Step], into_silence: bool) -> Exchange:
    handshake, timeout, most = out.handshake, bench.choice.timeout, share_of(bench.choice.concurrency)
    upgraded = await upgrade(
        bench.http,
        handshake.url,
        headers=handshake.headers,
        subprotocols=handshake.subprotocols,
        timeout=timeout,
        most=most_at_once(most),
    )
    if upgraded.socket is None:
        return Exchange(out.request, upgraded.answer, fault=upgraded.fault, layers=upgraded.layers)
    session = Session(upgraded.socket, bench.ledger, joined=in_call(handshake.url), most=most, patience=timeout)
    unmet: tuple[str, ...] = ()
    alive = False
    try:
        if waits_for_client(handshake.url) or bench.waits:
            if await session.settle(SETTLE):
                unmet = await _walk(bench, session, steps)
        elif not await session.wait_for(None, timeout):
            greeted = False
            if into_silence and not session.ended and steps and steps[0].send is not None:
                await session.send(steps[0].send)
                greeted = await session.wait_for(None, min(SETTLE, timeout))
            if greeted and session.types[0] != "error":
                unmet = await _walk(bench, session, steps[1:], after=0)
            elif not greeted and not session.ended:
                session.fault = Fault("session", "timeout", f"no first event within {timeout:g} s of the 101")
        elif session.types[0] == "error":
            await session.settle(SETTLE)
        else:
            unmet = await _walk(bench, session, steps)
        alive = await session.settle(SETTLE)
    except BaseException:
        # Interrupted, or out of time: a peer that is slow to say good-bye must not hold up the report.
        session.cut()
        raise
    await session.leave()
    return Exchange(
        request=out.request,
        answer=upgraded.answer,
        subprotocol=upgraded.subprotocol,
        frames=tuple(session.frames),
        close=session.close,
        fault=session.fault,
        unmet=unmet,
        alive=alive,
        truncated=session.truncated,
        layers=upgraded.layers,
    )


def _written(out: Outgoing, steps: Sequence[Step]) -> str:
    """All that would go out, as one text."""
    asked = out.handshake
    lines = [asked.url, *(f"{name}: {value}" for name, value in asked.headers), *asked.subprotocols]
    lines += [written(step.send) for step in steps if step.send is not None]
    lines += [step.text for step in steps if step.text is not None]
    return "\n".join((*lines, *(step.binary.decode("latin-1") for step in steps if step.binary is not None)))


async def _walk(bench: Bench, session: Session, steps: Sequence[Step], after: int | None = None) -> tuple[str, ...]:
    """Do the steps in order; the event types that were awaited in vain, at which it stops. What is awaited first comes
    after so many events, all that came where it is not said."""
    mark = len(session.types) if after is None else after
    for step in steps:
        if session.ended:
            return ()
        if step.await_:
            if not await session.wait_for(step.await_, step.within or bench.choice.timeout, after=mark):
                return () if session.ended else step.await_
            if step.await_ != ("error",) and "error" in session.types[mark:]:
                return ()  # something else was hoped for: what was to follow has lost its ground
            continue
        # What is awaited next must come after what is sent now.
        mark = len(session.types)
        if step.send is not None:
            await session.send(step.send)
        elif step.text is not None:
            await session.send_raw(step.text)
        elif step.binary is not None:
            await session.send_raw(step.binary)
        elif step.audio is not None:
            await _speak(bench, session, step)
        else:
            await session.listen(min(step.quiet, MOCK_QUIET) if bench.choice.on_mock else step.quiet)
    return ()


async def _speak(bench: Bench, session: Session, step: Step) -> None:
    """Send a fixture, or the user's own audio in place of the speech, and silence after it."""
    assert step.audio is not None
    for piece in chunks(bench.speech[step.audio].pcm, step.chunk_ms, step.silence_ms):
        await session.send(append_event(piece), audio_bytes=len(piece))

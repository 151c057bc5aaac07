"""Cases of the life of a session: ids, order, shapes, its end. Some are told of the traffic of all other cases."""

import time

from rtdoctor.conform.audio import silence
from rtdoctor.conform.cases import Untold, case
from rtdoctor.conform.context import Context, at
from rtdoctor.conform.conversation import CREATED, DONE, create_item, message, respond
from rtdoctor.conform.session import updated

_LONGEST = 24 * 3600  # seconds; a session of the real service lasts one hour
GATHERED = ("lifecycle.shapes", "lifecycle.order", "lifecycle.event-ids")  # told of all traffic, when it is over


@case("lifecycle.shapes", "every event has the shape of its type", "frames.server-breaks-rfc")
async def _shapes(context: Context) -> None:
    """Holds all traffic of the other cases against the schemas of the events."""
    await context.open_any()


@case("lifecycle.order", "events come in the order of the protocol", seconds=1, responses=2)
async def _order(context: Context) -> None:
    """Leads a conversation of two turns to its end, and holds it and all other traffic against the rules of order."""
    talk = await (context.open("transcription") if context.world.ways["realtime"].why else context.conversing())
    if context.kind_of(talk) == "transcription":
        await context.speak(talk, silence(500))
        await talk.answer_to({"type": "input_audio_buffer.commit"}, "conversation.item.done", timeout=context.quick)
        return
    for words in ("Say hello in one word.", "And once more."):
        start = len(talk.events)
        await talk.answer_to(create_item(message(words)), "conversation.item.done", timeout=context.quick)
        await talk.send(respond())
        if await talk.wait(CREATED, "error", since=start, timeout=context.slow):
            await talk.wait(DONE, "error", since=start, timeout=context.slow)
    await talk.stands()


@case("lifecycle.event-ids", "each event has an id of its own")
async def _event_ids(context: Context) -> None:
    """Looks for events without an event_id, or with one that was used before, in all traffic."""
    talk = await context.open_any()
    update = context.update(talk, audio={"input": {"turn_detection": None}})
    await talk.answer_to(update, "session.updated", timeout=context.quick)


@case(
    "lifecycle.expires-at",
    "a session says when it ends, in seconds since 1970",
    "lifecycle.expires-at-missing",
    "lifecycle.expires-at-wrong",
)
async def _expires_at(context: Context) -> None:
    """Looks at session.expires_at of session.created."""
    talk = await context.open_any()
    value = at(talk.events[0], "session", "expires_at")
    if value is None:
        context.deviates("lifecycle.expires-at-missing", "session.created without session.expires_at")
        return
    left = value - time.time() if isinstance(value, int | float) and not isinstance(value, bool) else None
    if left is None or not -60 < left < _LONGEST:
        seen = "no number" if left is None else f"{left:.0f} s from now"
        context.deviates("lifecycle.expires-at-wrong", f"session.expires_at is {seen}")


@case("lifecycle.session-ids", "each session has an id of its own", "lifecycle.session-id-shared")
async def _session_ids(context: Context) -> None:
    """Opens two sessions."""
    first, second = await context.open_any(), await context.open_any()
    ids = [at(talk.events[0], "session", "id") for talk in (first, second)]
    if None in ids:
        raise Untold("a session has no id, which another case tells")
    if ids[0] == ids[1]:
        context.deviates("lifecycle.session-id-shared", "two sessions have one id")


@case("lifecycle.apart", "what one session sets, another does not see", "lifecycle.sessions-shared")
async def _apart(context: Context) -> None:
    """Opens two sessions and configures one of them."""
    first, second = await context.open_any(), await context.open_any()
    audio = {"input": {"noise_reduction": {"type": "near_field"}}}
    set_here = await updated(context, first, audio=audio)
    if at(set_here, "audio", "input", "noise_reduction") is None:
        raise Untold("session.updated does not show what was set")
    seen = await updated(context, second, audio={"input": {"turn_detection": None}})
    if at(seen, "audio", "input", "noise_reduction") is not None:
        context.deviates("lifecycle.sessions-shared", "the other session shows what the first one set")

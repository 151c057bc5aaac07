"""Cases of errors: a client's mistake is told, by name, and ends nothing."""

from typing import Any

from rtdoctor.conform.cases import case
from rtdoctor.conform.context import Context, error_of, error_words
from rtdoctor.conform.talk import Event, Talk

_UNKNOWN: Event = {"type": "rtdoctor.no-such-event"}
_TELLS = ("errors.silent", "errors.fatal", "errors.code-other", "errors.object-missing")


async def _judge(context: Context, talk: Talk, what: str, *codes: str) -> Event | None:
    """The error event that answers a mistake, with what is wrong in it told; the session must stand."""
    answer = await talk.wait("error", timeout=context.quick)
    if answer is None and not talk.ended:
        context.deviates("errors.silent", f"{what}: nothing was told of it")
        return None
    if answer is not None:
        error = error_of(answer)
        if not isinstance(error.get("message"), str) or not isinstance(error.get("type"), str):
            context.deviates("errors.object-missing", f"{what}: the error has no type or no message")
        elif codes and error.get("code") not in codes:
            context.deviates("errors.code-other", f"{what}: {error_words(error)}")
    if talk.ended or not await talk.stands():
        context.deviates("errors.fatal", f"{what}: {talk.ended or 'the session is gone'}")
    return answer


@case("errors.unknown-type", "an unknown event is refused, and the session stays", *_TELLS)
async def _unknown_type(context: Context) -> None:
    """Sends an event of a type that there is none of: the real service answers invalid_value."""
    talk = await context.open_any()
    await talk.send(_UNKNOWN)
    await _judge(context, talk, "an unknown type", "invalid_value")


@case("errors.no-type", "an event without a type is refused, and the session stays", *_TELLS)
async def _no_type(context: Context) -> None:
    """Sends an object without a type."""
    await _text(context, "{}", "an event without a type")


@case("errors.bad-json", "what is no JSON is refused, and the session stays", *_TELLS)
async def _bad_json(context: Context) -> None:
    """Sends `{"type": `: the real service answers invalid_json."""
    await _text(context, '{"type": ', "what is no JSON", "invalid_json")


@case("errors.no-object", "JSON that is no object is refused, and the session stays", *_TELLS)
async def _no_object(context: Context) -> None:
    """Sends a list."""
    await _text(context, "[1, 2]", "a list")


async def _text(context: Context, text: str, what: str, *codes: str) -> None:
    talk = await context.open_any()
    await talk.send_text(text)
    await _judge(context, talk, what, *codes)


@case("errors.binary", "a binary frame is refused, and the session stays", *_TELLS)
async def _binary(context: Context) -> None:
    """Sends a binary frame: the real service answers invalid_event."""
    talk = await context.open_any()
    await talk.send_binary(bytes(320))
    await _judge(context, talk, "a binary frame", "invalid_event")


@case("errors.wrong-value", "a field of a wrong type is refused, and the session stays", *_TELLS)
async def _wrong_value(context: Context) -> None:
    """Sends a session that is a text."""
    talk = await context.open_any()
    await talk.send({"type": "session.update", "session": "everything"})
    await _judge(context, talk, "a session that is a text")


@case("errors.several", "four mistakes in a row end nothing", "errors.silent", "errors.fatal")
async def _several(context: Context) -> None:
    """Sends four unknown events: each is told, and the session stays (four in a row were seen to change nothing)."""
    talk = await context.open_any()
    start = len(talk.events)
    for number in range(4):
        await talk.send(_UNKNOWN | {"event_id": f"event_rtdoctor_{number}"})
    place = start
    for number in range(4):
        answer = await talk.wait("error", since=place, timeout=context.quick)
        if answer is None:
            if not talk.ended:
                context.deviates("errors.silent", f"{number} of 4 mistakes were told")
            break
        place = next(spot for spot in range(place, len(talk.events)) if talk.events[spot] is answer) + 1
    if talk.ended or not await talk.stands():
        context.deviates("errors.fatal", f"four mistakes: {talk.ended or 'the session is gone'}")


@case(
    "errors.event-id",
    "an error names the event that it is about",
    "errors.silent",
    "errors.event-id-not-echoed",
)
async def _event_id(context: Context) -> None:
    """Sends a mistake with an event_id: error.event_id repeats it."""
    talk = await context.open_any()
    await talk.send(_UNKNOWN | {"event_id": "event_rtdoctor"})
    answer = await talk.wait("error", timeout=context.quick)
    if answer is None:
        context.deviates("errors.silent", "nothing was told of it")
    elif error_of(answer).get("event_id") != "event_rtdoctor":
        context.deviates("errors.event-id-not-echoed", _echo(error_of(answer).get("event_id")))


@case(
    "errors.no-event-id",
    "of an event without an id an error names none",
    "errors.silent",
    "errors.event-id-invented",
)
async def _no_event_id(context: Context) -> None:
    """Sends a mistake without an event_id: error.event_id is null."""
    talk = await context.open_any()
    await talk.send(_UNKNOWN)
    answer = await talk.wait("error", timeout=context.quick)
    if answer is None:
        context.deviates("errors.silent", "nothing was told of it")
    elif error_of(answer).get("event_id") is not None:
        context.deviates("errors.event-id-invented", "error.event_id names an event, and none was sent with an id")


def _echo(value: Any) -> str:
    return "error.event_id is missing or null" if value is None else "error.event_id names another event"

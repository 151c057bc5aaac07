"""Cases of a conversation: items, responses in text and audio, calls, cancelling, truncating."""

from typing import Any

from rtdoctor.conform.cases import NotServed, Untold, case
from rtdoctor.conform.context import Context, at, error_of, error_words, refusal
from rtdoctor.conform.talk import Event, Talk

CREATE = "response.create"
CREATED, DONE = "response.created", "response.done"
_ADDED, _ITEM_DONE = "conversation.item.added", "conversation.item.done"
_TOKENS = 200  # the most that a response of a case may take
_TOOL = {
    "type": "function",
    "name": "tell_time",
    "description": "Tells the time of a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
_LONG = "Count slowly from one to one hundred, in words."


def message(text: str, **more: Any) -> Event:
    """A user's message."""
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}], **more}


def create_item(item: Event, **more: Any) -> Event:
    """The event that adds an item."""
    return {"type": "conversation.item.create", "item": item, **more}


def respond(**fields: Any) -> Event:
    """The event that asks for a response of a bounded length."""
    return {"type": CREATE, "response": {"max_output_tokens": _TOKENS, **fields}}


async def _added(context: Context, talk: Talk, item: Event, **more: Any) -> Event:
    """Add an item: its conversation.item.added.

    Raises:
        Untold: it was not added, which a case of its own tells.
    """
    kinds = (_ADDED, "conversation.item.created")
    answer = await talk.answer_to(create_item(item, **more), *kinds, timeout=context.quick)
    if answer is None or answer["type"] == "error":
        raise Untold(f"the item was not added: {refusal(answer, talk.ended or 'no answer')}")
    return answer


async def _done(context: Context, talk: Talk, start: int) -> Event:
    """The response.done of what was asked for.

    Raises:
        Untold: none came, or it failed.
    """
    done = await talk.wait(DONE, since=start, timeout=context.slow)
    if done is None:
        raise Untold(f"no response.done: {talk.ended or _first_error(talk, start)}")
    status = at(done, "response", "status")
    if status not in ("completed", "incomplete", "cancelled"):
        raise Untold(f"the response is {status}: {error_words(at(done, 'response', 'status_details', 'error'))}")
    return done


def _first_error(talk: Talk, start: int) -> str:
    error = next((event for event in talk.events[start:] if event["type"] == "error"), None)
    return error_words(error_of(error)) if error else "no answer in time"


async def _begun(context: Context, talk: Talk, start: int) -> Event:
    """The response.created that comes after so many events.

    Raises:
        Untold: none comes, or an error in its place.
    """
    created = await talk.wait(CREATED, "error", since=start, timeout=context.slow)
    if created is None or created["type"] == "error":
        raise Untold(f"no response begins: {talk.ended or _first_error(talk, start)}")
    return created


def _types(talk: Talk, start: int) -> set[str]:
    return {str(event["type"]) for event in talk.events[start:]}


@case(
    "conversation.item",
    "an item that is created is announced and done",
    "conversation.item-unanswered",
    "conversation.item-not-done",
    "conversation.item-id-replaced",
)
async def _item(context: Context) -> None:
    """Creates a user's message with an id of its own."""
    talk = await context.conversing()
    answer = await talk.answer_to(
        create_item(message("Hello.", id="item_rtdoctor_1")), _ADDED, "conversation.item.created", timeout=context.quick
    )
    if answer is None or answer["type"] == "error":
        seen = refusal(answer, talk.ended or "no answer")
        context.deviates("conversation.item-unanswered", seen)
        return
    if at(answer, "item", "id") != "item_rtdoctor_1":
        context.deviates("conversation.item-id-replaced", "the item came back under another id")
    if await talk.wait(_ITEM_DONE, timeout=context.quick) is None:
        context.deviates("conversation.item-not-done", "conversation.item.added without conversation.item.done")


@case("conversation.item-place", "an item stands where it was asked for", "conversation.place-ignored")
async def _place(context: Context) -> None:
    """Creates three items, the third at the root and the second behind the first."""
    talk = await context.conversing()
    first = at(await _added(context, talk, message("One.")), "item", "id")
    second = await _added(context, talk, message("Two."))
    if at(second, "previous_item_id") != first:
        context.deviates("conversation.place-ignored", "the second item does not name the first as the one before it")
    third = await _added(context, talk, message("Three."), previous_item_id="root")
    if at(third, "previous_item_id") is not None:
        context.deviates("conversation.place-ignored", "an item at the root names one before it")


@case("conversation.delete", "an item can be deleted", "conversation.delete-unanswered")
async def _delete(context: Context) -> None:
    """Deletes an item: conversation.item.deleted names it."""
    talk = await context.conversing()
    ident = at(await _added(context, talk, message("Gone.")), "item", "id")
    answer = await talk.answer_to(
        {"type": "conversation.item.delete", "item_id": ident}, "conversation.item.deleted", timeout=context.quick
    )
    if answer is None or answer["type"] == "error" or answer.get("item_id") != ident:
        context.deviates("conversation.delete-unanswered", answer["type"] if answer else "no answer")


@case("conversation.retrieve", "an item can be retrieved", "conversation.retrieve-unanswered")
async def _retrieve(context: Context) -> None:
    """Retrieves an item: conversation.item.retrieved holds it."""
    talk = await context.conversing()
    ident = at(await _added(context, talk, message("Here.")), "item", "id")
    answer = await talk.answer_to(
        {"type": "conversation.item.retrieve", "item_id": ident}, "conversation.item.retrieved", timeout=context.quick
    )
    if answer is None or answer["type"] == "error" or at(answer, "item", "id") != ident:
        context.deviates("conversation.retrieve-unanswered", answer["type"] if answer else "no answer")


@case("conversation.unknown-item", "what names an unknown item is refused", "conversation.unknown-item-taken")
async def _unknown_item(context: Context) -> None:
    """Deletes an item that there is none of: the real service answers with an error."""
    talk = await context.conversing()
    event = {"type": "conversation.item.delete", "item_id": "item_rtdoctor_none"}
    answer = await talk.answer_to(event, "conversation.item.deleted", timeout=context.quick)
    if answer is None or answer["type"] != "error":
        context.deviates("conversation.unknown-item-taken", answer["type"] if answer else "no answer")


@case(
    "conversation.text",
    "a response in text comes in deltas, and is done with usage",
    "conversation.no-response",
    "conversation.response-failed",
    "conversation.text-missing",
    "conversation.usage-missing",
    responses=1,
)
async def _text(context: Context) -> None:
    """Asks for a response in text."""
    talk = await context.conversing()
    start = len(talk.events)
    await talk.send(create_item(message("Say hello in one word.")))
    done = await _response(context, talk, start)
    if done is None:
        return
    types = _types(talk, start)
    if not {"response.output_text.delta", "response.output_text.done"} <= types:
        seen = "of the beta's name" if "response.text.delta" in types else "missing"
        context.deviates("conversation.text-missing", f"response.output_text.delta or .done is {seen}")
    if not isinstance(at(done, "response", "usage"), dict):
        context.deviates("conversation.usage-missing", "response.done without usage")


async def _response(context: Context, talk: Talk, start: int, **fields: Any) -> Event | None:
    """Ask for a response: its response.done, or None where what is wrong was told."""
    await talk.send(respond(**fields))
    created = await talk.wait(CREATED, "error", timeout=context.slow)
    done = await talk.wait(DONE, since=start, timeout=context.slow) if created and created["type"] == CREATED else None
    if done is None:
        context.deviates("conversation.no-response", str(talk.ended or _first_error(talk, start)))
        return None
    if at(done, "response", "status") == "failed":
        error = at(done, "response", "status_details", "error")
        context.deviates("conversation.response-failed", error_words(error))
        return None
    return done


@case(
    "conversation.audio",
    "a response in audio comes with its transcript",
    "conversation.no-response",
    "conversation.response-failed",
    "conversation.audio-missing",
    "conversation.transcript-missing",
    responses=1,
)
async def _audio(context: Context) -> None:
    """Asks for a response in audio."""
    talk = await context.conversing("audio")
    start = len(talk.events)
    await talk.send(create_item(message("Say hello in one word.")))
    if await _response(context, talk, start) is None:
        return
    types = _types(talk, start)
    if "response.output_audio.delta" not in types:
        seen = "of the beta's name" if "response.audio.delta" in types else "missing"
        context.deviates("conversation.audio-missing", f"response.output_audio.delta is {seen}")
    elif "response.output_audio_transcript.done" not in types:
        context.deviates("conversation.transcript-missing", "audio without response.output_audio_transcript.done")


@case(
    "conversation.metadata",
    "the metadata of a response comes back",
    "conversation.metadata-not-echoed",
    responses=1,
)
async def _metadata(context: Context) -> None:
    """Asks for a response with metadata: response.created and response.done repeat it."""
    talk = await context.conversing()
    start = len(talk.events)
    await talk.send(create_item(message("Say hello in one word.")))
    metadata = {"rtdoctor": "conform"}
    await talk.send(respond(metadata=metadata))
    done = await _done(context, talk, start)
    created = await talk.wait(CREATED, since=start, timeout=0.1)
    missing = [event["type"] for event in (created, done) if event and at(event, "response", "metadata") != metadata]
    if missing:
        context.deviates("conversation.metadata-not-echoed", f"{' and '.join(missing)} without the metadata")


@case(
    "conversation.out-of-band",
    "a response out of band leaves the conversation alone",
    "conversation.out-of-band-added",
    responses=1,
)
async def _out_of_band(context: Context) -> None:
    """Asks for a response with `conversation: "none"`: no item of it is added, and conversation_id is null."""
    talk = await context.conversing()
    start = len(talk.events)
    await talk.send(respond(conversation="none", input=[message("Say hello in one word.")]))
    done = await _done(context, talk, start)
    if at(done, "response", "conversation_id") is not None:
        context.deviates("conversation.out-of-band-added", "response.done names a conversation")
    elif _ADDED in _types(talk, start):
        context.deviates("conversation.out-of-band-added", "an item of it was added to the conversation")


@case(
    "conversation.call",
    "a function is called, and its output is answered",
    "conversation.no-call",
    "conversation.call-incomplete",
    "conversation.output-refused",
    responses=2,
)
async def _call(context: Context) -> None:
    """Gives a tool with tool_choice "required", sends the call's output, and asks for another response."""
    talk = await context.conversing(tools=[_TOOL], tool_choice="required")
    start = len(talk.events)
    await talk.send(create_item(message("What time is it in Paris?")))
    await talk.send(respond())
    done = await _done(context, talk, start)
    items = at(done, "response", "output") or []
    call = next((item for item in items if at(item, "type") == "function_call"), None)
    if call is None:
        context.deviates("conversation.no-call", "the response calls no function")
        return
    argued = await talk.wait("response.function_call_arguments.done", since=start, timeout=0.1)
    ident = at(call, "call_id")
    if argued is None or not isinstance(ident, str) or at(call, "name") != "tell_time":
        what = "function_call_arguments.done" if argued is None else "call_id or name"
        context.deviates("conversation.call-incomplete", f"the call comes without {what}")
        return
    start = len(talk.events)
    await _added(context, talk, {"type": "function_call_output", "call_id": ident, "output": '{"time": "12:00"}'})
    await talk.send(respond(tool_choice="none"))
    answer = await talk.wait(DONE, "error", since=start, timeout=context.slow)
    if answer is None or answer["type"] == "error" or at(answer, "response", "status") == "failed":
        context.deviates(
            "conversation.output-refused", error_words(error_of(answer)) if answer else "no response after it"
        )


@case(
    "conversation.cancel",
    "a response can be cancelled",
    "conversation.cancel-ignored",
    responses=1,
)
async def _cancel(context: Context) -> None:
    """Cancels a response once it has begun: response.done says cancelled."""
    talk = await context.conversing("audio")
    start = len(talk.events)
    await talk.send(create_item(message(_LONG)))
    await talk.send(respond())
    await _begun(context, talk, start)
    await talk.send({"type": "response.cancel"})
    done = await talk.wait(DONE, since=start, timeout=context.slow)
    refused = next((event for event in talk.events[start:] if event["type"] == "error"), None)
    if done is None:
        context.deviates("conversation.cancel-ignored", str(talk.ended or "no response.done after a cancel"))
    elif at(done, "response", "status") != "cancelled":
        if refused is not None:
            raise Untold("the response was over before the cancel came")
        context.deviates("conversation.cancel-ignored", f"response.done says {at(done, 'response', 'status')}")


@case(
    "conversation.cancel-nothing",
    "a cancel of nothing is refused, and the session stays",
    "conversation.cancel-nothing-untold",
    "errors.fatal",
)
async def _cancel_nothing(context: Context) -> None:
    """Cancels without a response: the real service answers response_cancel_not_active."""
    talk = await context.conversing()
    answer = await talk.answer_to({"type": "response.cancel"}, timeout=context.quick)
    if answer is None and not talk.ended:
        context.deviates("conversation.cancel-nothing-untold", "nothing was told of it")
    elif talk.ended or not await talk.stands():
        context.deviates("errors.fatal", f"a cancel of nothing: {talk.ended or 'the session is gone'}")


@case(
    "conversation.second-response",
    "a second response while one is active is refused",
    "conversation.second-response-taken",
    responses=2,
)
async def _second(context: Context) -> None:
    """Sends response.create twice: the real service answers conversation_already_has_active_response."""
    talk = await context.conversing("audio")
    start = len(talk.events)
    await talk.send(create_item(message(_LONG)))
    await talk.send(respond())
    await talk.send(respond())
    first = await _begun(context, talk, start)
    place = talk.events.index(first) + 1
    second = await talk.wait("error", CREATED, since=place, timeout=context.slow)
    if second is None:
        context.deviates("conversation.second-response-taken", "nothing was told of the second one")
    elif second["type"] == CREATED:
        over = any(event["type"] == DONE for event in talk.events[place : talk.events.index(second)])
        seen = "it waited, and began when the first was done" if over else "it began beside the first"
        context.deviates("conversation.second-response-taken", seen)
    await talk.send({"type": "response.cancel"})
    await talk.wait(DONE, since=place, timeout=context.quick)


@case(
    "conversation.truncate",
    "what was spoken can be truncated",
    "conversation.truncate-unanswered",
    "conversation.truncate-beyond-taken",
    responses=1,
)
async def _truncate(context: Context) -> None:
    """Truncates an answer in audio at 100 ms, and then far beyond its end: the second is refused."""
    talk = await context.conversing("audio")
    start = len(talk.events)
    await talk.send(create_item(message("Say hello in one word.")))
    await talk.send(respond())
    done = await _done(context, talk, start)
    if "response.output_audio.delta" not in _types(talk, start):
        raise NotServed("no audio came, which another case tells")
    items = at(done, "response", "output") or []
    ident = next((at(item, "id") for item in items if at(item, "role") == "assistant"), None)
    if not isinstance(ident, str):
        raise Untold("response.done lists no assistant's item")
    event = {"type": "conversation.item.truncate", "item_id": ident, "content_index": 0}
    truncated = "conversation.item.truncated"
    answer = await talk.answer_to(event | {"audio_end_ms": 100}, truncated, timeout=context.quick)
    if answer is None or answer["type"] == "error":
        seen = refusal(answer, "no answer")
        context.deviates("conversation.truncate-unanswered", seen)
        return
    answer = await talk.answer_to(event | {"audio_end_ms": 900_000}, truncated, timeout=context.quick)
    if answer is None or answer["type"] != "error":
        context.deviates("conversation.truncate-beyond-taken", answer["type"] if answer else "no answer")

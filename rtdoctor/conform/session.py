"""Cases of the session: how it begins, what configures it, and what is refused."""

from typing import Any

from rtdoctor.conform.cases import NotServed, Untold, case
from rtdoctor.conform.context import CREATED, Context, Refused, at, error_of, error_words
from rtdoctor.conform.talk import Event, Talk
from rtdoctor.protocol.models import defaults

_BETA = {"OpenAI-Beta": "realtime=v1"}
_RETRIED = frozenset((None, 1001, 1006, 1011, 1012, 1013))  # closes after which the official SDKs connect again


async def _created(context: Context, kind: str) -> tuple[Talk, Event]:
    talk = await context.open(kind)
    return talk, talk.events[0]


async def updated(context: Context, talk: Talk, **fields: Any) -> Event:
    """The session of the session.updated that answers an update.

    Raises:
        Untold: there is none, which a case of its own tells.
    """
    answer = await talk.answer_to(context.update(talk, **fields), "session.updated", timeout=context.quick)
    if answer is None or answer["type"] == "error":
        raise Untold(f"session.update was not taken: {error_words(error_of(answer)) if answer else 'no answer'}")
    session = at(answer, "session")
    return session if isinstance(session, dict) else {}


@case(
    "session.created",
    "the server speaks first, with session.created in the form of GA",
    "session.first-event-other",
    "session.beta-dialect",
    "session.object-missing",
    "session.id-missing",
)
async def _begins(context: Context) -> None:
    """Opens each kind of session that is served and looks at its first event."""
    served = [kind for kind, way in context.world.ways.items() if not way.why]
    for kind in served:
        _, first = await _created(context, kind)
        session = at(first, "session")
        if first["type"] == "transcription_session.created" or (_is_beta(session) and first["type"] in CREATED):
            context.deviates("session.beta-dialect", f"{first['type']} in the form of the beta")
            continue
        if first["type"] != "session.created":
            context.deviates("session.first-event-other", f"the first event is {first['type']}")
            continue
        if not isinstance(at(session, "id"), str):
            context.deviates("session.id-missing", "session.created without session.id")
        if not (isinstance(at(session, "type"), str) and isinstance(at(session, "object"), str)):
            context.deviates("session.object-missing", "session.created without session.type or session.object")
    if not served:
        await context.open_any()


def _is_beta(session: object) -> bool:
    return at(session, "type") is None and any(
        name in session for name in ("modalities", "input_audio_format", "turn_detection") if isinstance(session, dict)
    )


@case(
    "session.intent",
    "?intent=transcription opens a transcription session",
    "session.intent-ignored",
    "session.intent-wants-model",
)
async def _intent(context: Context) -> None:
    """Opens ?intent=transcription without a model, as the official guide, the AI SDK and pipecat do."""
    if context.world.ways["transcription"].why and context.world.ways["transcription"].refused:
        raise NotServed(context.world.ways["transcription"].why)
    begun = await context.begin({"intent": "transcription"})
    if isinstance(begun, Refused):
        context.deviates("session.intent-wants-model", str(begun))
    elif context.kind_of(begun) != "transcription" and begun.events[0]["type"] != "transcription_session.created":
        context.deviates("session.intent-ignored", "the session that opens is of another type")


@case(
    "session.intent-with-model",
    "?intent=transcription with a model opens one, too",
    "session.intent-with-model-refused",
)
async def _intent_with_model(context: Context) -> None:
    """Opens both together, as LiveKit's STT does at every host but OpenAI's."""
    if context.world.ways["transcription"].why:
        await context.open("transcription")
    query = {"intent": "transcription", "model": context.choice.vad_model}
    begun = await context.begin(query)
    if isinstance(begun, Refused):
        context.deviates("session.intent-with-model-refused", str(begun))


@case(
    "session.no-model",
    "a conversation without a model is refused",
    "session.model-invented",
    "session.refusal-retried",
    "session.refusal-untold",
)
async def _no_model(context: Context) -> None:
    """Opens /realtime without model and intent: the real service answers missing_model and close 4000."""
    await _bad_model(context, {}, "session.model-invented", "a session without a model")


@case(
    "session.unknown-model",
    "a model that is none is refused",
    "session.unknown-model-taken",
    "session.refusal-retried",
    "session.refusal-untold",
)
async def _unknown_model(context: Context) -> None:
    """Opens ?model=rtdoctor-no-such-model: the real service answers invalid_model and close 4000."""
    query = {"model": "rtdoctor-no-such-model"}
    await _bad_model(context, query, "session.unknown-model-taken", "a session with a model that is none")


async def _bad_model(context: Context, query: dict[str, str], ident: str, what: str) -> None:
    if context.world.ways["realtime"].why:
        await context.open("realtime")
    refused = await context.refused(await context.shake(query))
    if refused.opened:
        context.deviates(ident, f"{what} was opened")
        return
    if refused.error is None and not refused.body:
        context.deviates("session.refusal-untold", str(refused))
    if refused.ended is not None and refused.ended.code in _RETRIED:
        context.deviates("session.refusal-retried", str(refused.ended))


@case(
    "session.update-transcription",
    "session.updated shows the transcription that was asked for",
    "session.update-unanswered",
    "session.update-refused",
    "session.update-ignored",
    "session.model-rerouted",
    "session.updated-without-id",
)
async def _update_transcription(context: Context) -> None:
    """Sets a transcription model, 24 kHz and no voice detection, in a transcription session where one is served."""
    _, answer = await context.hearing()
    asked = context.choice.transcription_model
    if answer is not None and answer["type"] == "error" and context.choice.vad_model != asked:
        asked = context.choice.vad_model  # the usual model may not be served
        _, answer = await context.hearing(model=asked)
    if not _taken(context, answer):
        return
    audio_input = at(answer, "session", "audio", "input")
    model = at(audio_input, "transcription", "model")
    if model is None:
        context.deviates("session.update-ignored", "session.updated shows no transcription model")
    elif model != asked:
        context.deviates("session.model-rerouted", f"session.updated shows the model {model}, not {asked}")
    if at(audio_input, "turn_detection") is not None:
        context.deviates("session.update-ignored", "session.updated shows turn detection, which was set to null")


def _taken(context: Context, answer: Event | None) -> bool:
    """True where an update was taken; what is told of it else is told here."""
    if answer is None:
        context.deviates("session.update-unanswered", "neither session.updated nor an error")
    elif answer["type"] == "error":
        context.deviates("session.update-refused", error_words(error_of(answer)))
    elif not isinstance(at(answer, "session", "id"), str):
        context.deviates("session.updated-without-id", "session.updated without session.id")
    return answer is not None and answer["type"] == "session.updated"


@case(
    "session.update-conversation",
    "session.updated shows the instructions and the modality that were asked for",
    "session.update-unanswered",
    "session.update-refused",
    "session.update-ignored",
    "session.updated-without-id",
)
async def _update_conversation(context: Context) -> None:
    """Sets instructions, text output and no voice detection in a conversation."""
    talk = await context.open("realtime")
    words = "Answer in one word."
    wanted = {"instructions": words, "output_modalities": ["text"], "audio": {"input": {"turn_detection": None}}}
    answer = await talk.answer_to(context.update(talk, **wanted), "session.updated", timeout=context.quick)
    if not _taken(context, answer):
        return
    session = at(answer, "session")
    if at(session, "instructions") != words:
        context.deviates("session.update-ignored", "session.updated does not show the instructions")
    if at(session, "output_modalities") != ["text"]:
        context.deviates("session.update-ignored", "session.updated does not show output_modalities")
    if at(session, "audio", "input", "turn_detection") is not None:
        context.deviates("session.update-ignored", "session.updated shows turn detection, which was set to null")


@case("session.partial-update", "an update leaves alone what it does not name", "session.partial-resets")
async def _partial(context: Context) -> None:
    """Sets two things in two updates: the second session.updated shows both."""
    talk = await context.open_any()
    if context.kind_of(talk) == "transcription":
        await updated(context, talk, audio={"input": {"noise_reduction": {"type": "near_field"}}})
        session = await updated(context, talk, audio={"input": {"turn_detection": None}})
        kept = at(session, "audio", "input", "noise_reduction", "type") == "near_field"
    else:
        first = await updated(context, talk, instructions="Keep this.")
        if at(first, "instructions") != "Keep this.":
            raise Untold("the first update is not shown")
        session = await updated(context, talk, output_modalities=["text"])
        kept = at(session, "instructions") == "Keep this."
    if not kept:
        context.deviates("session.partial-resets", "what the first update set is gone after the second")


@case(
    "session.early-update",
    "an update that comes before session.created is answered",
    "session.early-update-lost",
)
async def _early(context: Context) -> None:
    """Sends session.update right after the 101, before anything was heard, as the AI SDK does."""
    way = next((way for way in context.world.ways.values() if not way.why), None)
    if way is None:
        await context.open_any()
    assert way is not None
    shaken = await context.shake(way.query)
    if shaken.talk is None:
        raise Untold(shaken.fault or "no 101 this time")
    kind = "transcription" if at(way.created, "session", "type") == "transcription" else "realtime"
    fields: dict[str, Any] = {"type": kind, "audio": {"input": {"turn_detection": None}}}
    await shaken.talk.send({"type": "session.update", "session": fields})
    if await shaken.talk.wait("session.updated", "error", since=0, timeout=context.quick) is None:
        context.deviates("session.early-update-lost", str(shaken.talk.ended or "no answer to it"))


@case(
    "session.unknown-field",
    "an unknown field refuses the update, by its name",
    "session.unknown-field-taken",
    "session.unknown-field-unnamed",
)
async def _unknown_field(context: Context) -> None:
    """Sends session.rtdoctor_unknown: the real service answers unknown_parameter and names it in param."""
    talk = await context.open_any()
    update = context.update(talk, rtdoctor_unknown=1)
    answer = await talk.answer_to(update, "session.updated", timeout=context.quick)
    if answer is None or answer["type"] != "error":
        context.deviates("session.unknown-field-taken", "session.updated" if answer else "no answer")
    elif "rtdoctor_unknown" not in f"{error_of(answer).get('param')} {error_of(answer).get('message')}":
        context.deviates("session.unknown-field-unnamed", error_words(error_of(answer)))


@case(
    "session.type-missing",
    "an update without session.type is refused",
    "session.type-optional",
)
async def _type_missing(context: Context) -> None:
    """Leaves session.type out: the real service answers missing_required_parameter."""
    talk = await context.open_any()
    update = {"type": "session.update", "session": {"audio": {"input": {"turn_detection": None}}}}
    answer = await talk.answer_to(update, "session.updated", timeout=context.quick)
    if answer is None or answer["type"] != "error":
        context.deviates("session.type-optional", "session.updated" if answer else "no answer")


@case(
    "session.type-other",
    "an update of another type of session is refused",
    "session.type-mismatch-taken",
)
async def _type_other(context: Context) -> None:
    """Sends a transcription's update into a conversation."""
    talk = await context.open("realtime")
    audio_input = {"transcription": {"model": context.choice.vad_model}}
    update = {"type": "session.update", "session": {"type": "transcription", "audio": {"input": audio_input}}}
    answer = await talk.answer_to(update, "session.updated", timeout=context.quick)
    if answer is None or answer["type"] != "error":
        context.deviates("session.type-mismatch-taken", "session.updated" if answer else "no answer")


@case("session.rate-16000", "a rate of 16 kHz is refused", "session.rate-16000-taken")
async def _rate(context: Context) -> None:
    """Asks for audio/pcm at 16000: the real service answers integer_below_min_value."""
    talk = await context.open_any()
    audio = {"input": {"format": {"type": "audio/pcm", "rate": 16_000}}}
    answer = await talk.answer_to(context.update(talk, audio=audio), "session.updated", timeout=context.quick)
    if answer is None or answer["type"] != "error":
        rate = at(answer, "session", "audio", "input", "format", "rate")
        context.deviates("session.rate-16000-taken", f"session.updated shows {rate}" if answer else "no answer")


@case("session.refused-whole", "of a refused update nothing is applied", "session.refused-half-applied")
async def _refused_whole(context: Context) -> None:
    """Sends a good field beside one that is refused, and looks at the session after the next update."""
    talk = await context.open_any()
    field = {"noise_reduction": {"type": "far_field"}}
    update = context.update(talk, audio={"input": field}, rtdoctor_unknown=1)
    answer = await talk.answer_to(update, "session.updated", timeout=context.quick)
    if answer is None or answer["type"] != "error":
        raise Untold("the unknown field is not refused, which another case tells")
    session = await updated(context, talk, audio={"input": {"turn_detection": None}})
    if at(session, "audio", "input", "noise_reduction") is not None:
        context.deviates("session.refused-half-applied", "the good field of the refused update was applied")


@case("session.model-fixed", "the model of a session cannot be changed", "session.model-changed")
async def _model_fixed(context: Context) -> None:
    """Sends another model in session.update."""
    talk = await context.open("realtime")
    own = at(talk.events[0], "session", "model")
    other = "gpt-realtime" if own != "gpt-realtime" else defaults().realtime
    answer = await talk.answer_to(context.update(talk, model=other), "session.updated", timeout=context.quick)
    if answer is not None and at(answer, "session", "model") == other:
        context.deviates("session.model-changed", f"session.updated shows {other}")


@case(
    "session.beta-header",
    "the beta's header is refused, by name",
    "session.beta-header-taken",
    "session.beta-refusal-untold",
)
async def _beta_header(context: Context) -> None:
    """Sends `OpenAI-Beta: realtime=v1`: the real service answers beta_api_shape_disabled and close 4000."""
    await _beta(context, headers=_BETA)


@case(
    "session.beta-subprotocol",
    "the beta's subprotocol is refused, by name",
    "session.beta-header-taken",
    "session.beta-refusal-untold",
)
async def _beta_subprotocol(context: Context) -> None:
    """Offers `openai-beta.realtime-v1` beside realtime."""
    await _beta(context, subprotocols=("realtime", "openai-beta.realtime-v1"))


async def _beta(context: Context, **more: Any) -> None:
    way = next((way for way in context.world.ways.values() if not way.why), None)
    if way is None:
        await context.open_any()
    assert way is not None
    refused = await context.refused(await context.shake(way.query, **more))
    if refused.opened:
        context.deviates("session.beta-header-taken", "a session was opened")
    elif refused.error is None or refused.error.get("code") != "beta_api_shape_disabled":
        context.deviates("session.beta-refusal-untold", str(refused))


@case("session.beta-fields", "the beta's flat fields are refused", "session.beta-fields-taken")
async def _beta_fields(context: Context) -> None:
    """Sends session.modalities and session.input_audio_format: the real service answers unknown_parameter."""
    talk = await context.open_any()
    update = context.update(talk, modalities=["text"], input_audio_format="pcm16")
    answer = await talk.answer_to(update, "session.updated", timeout=context.quick)
    if answer is None or answer["type"] != "error":
        context.deviates("session.beta-fields-taken", "session.updated" if answer else "no answer")


@case("session.beta-event", "the beta's transcription_session.update is refused", "session.beta-event-taken")
async def _beta_event(context: Context) -> None:
    """Sends transcription_session.update: the real service answers invalid_value, and the session stays as it was."""
    talk = await context.open_any()
    event = {"type": "transcription_session.update", "session": {"input_audio_format": "pcm16"}}
    answer = await talk.answer_to(event, "session.updated", "transcription_session.updated", timeout=context.quick)
    if answer is None or answer["type"] != "error":
        context.deviates("session.beta-event-taken", answer["type"] if answer else "no answer")

"""Cases of transcription: what comes of audio that was committed."""

from rtdoctor.conform.audio import COMMIT, COMMITTED, commit, silence
from rtdoctor.conform.cases import NotServed, Untold, case
from rtdoctor.conform.context import Context, at, error_of, error_words
from rtdoctor.conform.talk import Event, Talk

_KIND = "conversation.item.input_audio_transcription."
DELTA, COMPLETED, FAILED = _KIND + "delta", _KIND + "completed", _KIND + "failed"


async def _transcribing(context: Context, model: str) -> Talk:
    """A session that transcribes with that model.

    Raises:
        NotServed, Untold: there is none to be had.
    """
    talk, answer = await context.hearing(model=model)
    if answer is not None and answer["type"] == "error":
        raise NotServed(f"the model {model} is refused: {error_words(error_of(answer))}")
    return talk


async def _committed(context: Context, talk: Talk, pcm: bytes) -> Event:
    await context.speak(talk, pcm)
    return await commit(context, talk)


async def _judge(context: Context, talk: Talk, committed: Event, model: str) -> Event | None:
    """The completed transcription of a turn, with what is wrong in it told."""
    start = talk.mark
    ended = await talk.wait(COMPLETED, FAILED, since=start, timeout=context.slow)
    if ended is None:
        context.deviates("transcription.missing", f"nothing came of a committed turn with {model}")
        return None
    ident = committed.get("item_id")
    if isinstance(ident, str) and ended.get("item_id") != ident:
        context.deviates("transcription.other-item", "the transcription names another item than committed did")
    return ended


_TELLS = (
    "transcription.missing",
    "transcription.other-item",
    "transcription.failed",
    "transcription.no-delta",
    "transcription.empty",
    "transcription.usage-missing",
)


async def _speech(context: Context, model: str) -> None:
    talk = await _transcribing(context, model)
    ended = await _judge(context, talk, await _committed(context, talk, context.world.speech), model)
    if ended is None:
        return
    if ended["type"] == FAILED:
        context.deviates("transcription.failed", error_words(error_of(ended)))
        return
    if not str(ended.get("transcript") or "").strip():
        context.deviates("transcription.empty", "the transcript of speech is empty")
    if not isinstance(ended.get("usage"), dict):
        context.deviates("transcription.usage-missing", "completed without usage")
    if not any(event["type"] == DELTA for event in talk.events):
        context.deviates("transcription.no-delta", "completed without a delta before it")


@case("transcription.speech", "speech that was committed is transcribed, in deltas and completed", *_TELLS, seconds=6)
async def _usual(context: Context) -> None:
    """Commits 5 s of speech with the transcription model."""
    await _speech(context, context.choice.transcription_model)


@case("transcription.speech-other", "the same with a model that takes voice detection", *_TELLS, seconds=6)
async def _other(context: Context) -> None:
    """Commits 5 s of speech with the model of the cases with voice detection."""
    if context.choice.vad_model == context.choice.transcription_model:
        raise NotServed("it is the same model")
    await _speech(context, context.choice.vad_model)


@case(
    "transcription.in-conversation",
    "a conversation transcribes what the user says, too",
    "transcription.missing",
    "transcription.other-item",
    seconds=6,
)
async def _in_conversation(context: Context) -> None:
    """Sets a transcription model in a conversation and commits 5 s of speech."""
    model = context.choice.vad_model
    audio_input = {"transcription": {"model": model}, "turn_detection": None}
    talk = await context.open("realtime")
    answer = await talk.answer_to(
        context.update(talk, audio={"input": audio_input}), "session.updated", timeout=context.quick
    )
    if answer is not None and answer["type"] == "error":
        raise NotServed(f"the model {model} is refused: {error_words(error_of(answer))}")
    await _judge(context, talk, await _committed(context, talk, context.world.speech), model)


@case(
    "transcription.two-turns",
    "each of two turns gets its own transcription",
    "transcription.missing",
    "transcription.mixed-up",
    seconds=12,
)
async def _two_turns(context: Context) -> None:
    """Commits two turns one after the other: each item is transcribed once."""
    model = context.choice.vad_model
    talk = await _transcribing(context, model)
    start = len(talk.events)
    named = [(await _committed(context, talk, context.world.speech)).get("item_id") for _ in range(2)]
    seen: list[object] = []
    place = start
    while len(seen) < 2 and (ended := await talk.wait(COMPLETED, FAILED, since=place, timeout=context.slow)):
        place = next(spot for spot in range(place, len(talk.events)) if talk.events[spot] is ended) + 1
        seen.append(ended.get("item_id"))
    if len(seen) < 2:
        context.deviates("transcription.missing", f"{len(seen)} of 2 turns was transcribed")
    elif (all(isinstance(one, str) for one in named) and set(seen) != set(named)) or len(set(map(str, seen))) < 2:
        context.deviates("transcription.mixed-up", "two turns, and their transcriptions do not name the two items")


@case("transcription.silence", "a turn of silence ends, too", "transcription.missing", seconds=1)
async def _silence(context: Context) -> None:
    """Commits a second of silence: completed (with no words) or failed, but not nothing."""
    model = context.choice.vad_model
    talk = await _transcribing(context, model)
    await _committed(context, talk, silence(1000))
    if await talk.wait(COMPLETED, FAILED, timeout=context.slow) is None:
        context.deviates("transcription.missing", f"nothing came of a turn of silence with {model}")


@case("transcription.off", "without a transcription model nothing is transcribed", "transcription.unasked", seconds=6)
async def _off(context: Context) -> None:
    """Sets transcription to null and commits speech: no transcription comes before the next answer."""
    talk = await context.open("realtime" if context.world.ways["transcription"].why else "transcription")
    update = context.update(talk, audio={"input": {"transcription": None, "turn_detection": None}})
    answer = await talk.answer_to(update, "session.updated", timeout=context.quick)
    if at(answer, "session", "audio", "input", "transcription") is not None:
        raise Untold("session.updated shows a transcription model all the same")
    start = len(talk.events)
    await _committed(context, talk, context.world.speech)
    await talk.answer_to(COMMIT, COMMITTED, timeout=context.quick)
    if any(event["type"] in (DELTA, COMPLETED) for event in talk.events[start:]):
        context.deviates("transcription.unasked", "a transcription came, and none was configured")

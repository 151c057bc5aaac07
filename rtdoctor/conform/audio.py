"""Cases of input audio: append, commit, clear, voice detection, formats."""

import base64

from rtdoctor.conform.cases import NotServed, Untold, case
from rtdoctor.conform.context import Context, at, error_of, error_words, refusal
from rtdoctor.conform.talk import Event, Talk

COMMIT, CLEAR = {"type": "input_audio_buffer.commit"}, {"type": "input_audio_buffer.clear"}
COMMITTED, CLEARED = "input_audio_buffer.committed", "input_audio_buffer.cleared"
_STARTED, _STOPPED = "input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped"
_ADDED, _DONE = ("conversation.item.added", "conversation.item.created"), "conversation.item.done"
_LONGEST_TIME = 3_600_000  # ms; a time beyond is no offset into this session


def silence(ms: int) -> bytes:
    """So much silence, PCM16 at 24 kHz."""
    return bytes(48 * ms)


async def commit(context: Context, talk: Talk) -> Event:
    """Commit, and the event that answers it.

    Raises:
        Untold: none does, which a case of its own tells.
    """
    answer = await talk.answer_to(COMMIT, COMMITTED, timeout=context.quick)
    if answer is None or answer["type"] == "error":
        raise Untold(f"the commit was not taken: {refusal(answer, talk.ended or 'no answer')}")
    return answer


@case(
    "audio.clear", "clear is answered, and empties the buffer", "audio.clear-unanswered", "audio.clear-keeps", seconds=1
)
async def _clear(context: Context) -> None:
    """Appends a second, clears, and commits: nothing is left to commit."""
    talk, _ = await context.hearing(transcribes=False)
    takes_nothing = await _takes_nothing(context, talk)
    await context.speak(talk, silence(1000))
    answer = await talk.answer_to(CLEAR, CLEARED, timeout=context.quick)
    if answer is None or answer["type"] == "error":
        seen = refusal(answer, talk.ended or "no answer")
        context.deviates("audio.clear-unanswered", seen)
        return
    if takes_nothing:
        raise Untold("a commit of nothing is taken, so nothing can be told of one after a clear")
    answer = await talk.answer_to(COMMIT, COMMITTED, timeout=context.quick)
    if answer is not None and answer["type"] == COMMITTED:
        context.deviates("audio.clear-keeps", "a commit after the clear was taken")


@case("audio.append", "an append has no answer", "audio.append-answered", seconds=1)
async def _append(context: Context) -> None:
    """Appends a second: the first event after it answers the clear that follows."""
    talk, _ = await context.hearing(transcribes=False)
    start = len(talk.events)
    await context.speak(talk, silence(1000))
    await talk.send(CLEAR)
    first = await talk.wait(since=start, timeout=context.quick)
    if first is not None and first["type"] not in (CLEARED, "error"):
        context.deviates("audio.append-answered", f"{first['type']} after an append")
    elif first is not None and first["type"] == "error":
        context.deviates("audio.append-answered", error_words(error_of(first)))


@case(
    "audio.commit",
    "a commit is answered with the item's id, and the item is announced",
    "audio.commit-unanswered",
    "audio.committed-without-item-id",
    "audio.item-not-announced",
    "audio.item-not-done",
    seconds=1,
)
async def _commit(context: Context) -> None:
    """Appends a second and commits it."""
    talk, _ = await context.hearing(transcribes=False)
    await context.speak(talk, silence(1000))
    answer = await talk.answer_to(COMMIT, COMMITTED, timeout=context.quick)
    if answer is None or answer["type"] == "error":
        seen = refusal(answer, talk.ended or "no answer")
        context.deviates("audio.commit-unanswered", seen)
        return
    ident = answer.get("item_id")
    if not isinstance(ident, str):
        context.deviates("audio.committed-without-item-id", "input_audio_buffer.committed without item_id")
    added = await talk.wait(*_ADDED, timeout=context.quick)
    if added is None or (isinstance(ident, str) and at(added, "item", "id") != ident):
        context.deviates("audio.item-not-announced", "no conversation.item.added for the committed item")
    elif await talk.wait(_DONE, timeout=context.quick) is None:
        context.deviates("audio.item-not-done", "no conversation.item.done for the committed item")


@case(
    "audio.empty-commit",
    "a commit of nothing is refused, and the session stays",
    "audio.empty-commit-taken",
    "audio.empty-commit-code",
    "errors.fatal",
)
async def _empty_commit(context: Context) -> None:
    """Commits an empty buffer: the real service answers input_audio_buffer_commit_empty."""
    talk, _ = await context.hearing(transcribes=False)
    await _is_empty(context, talk, "a commit of nothing")


@case("audio.short-commit", "a commit of less than 100 ms is refused", "audio.short-commit-taken", seconds=1)
async def _short_commit(context: Context) -> None:
    """Appends 40 ms and commits them."""
    talk, _ = await context.hearing(transcribes=False)
    await context.speak(talk, silence(40))
    answer = await talk.answer_to(COMMIT, COMMITTED, timeout=context.quick)
    if answer is None or answer["type"] != "error":
        context.deviates("audio.short-commit-taken", COMMITTED if answer else "no answer")


@case("audio.commit-empties", "a commit empties the buffer", "audio.commit-keeps", seconds=1)
async def _commit_empties(context: Context) -> None:
    """Commits twice: the second finds nothing."""
    talk, _ = await context.hearing(transcribes=False)
    if await _takes_nothing(context, talk):
        raise Untold("a commit of nothing is taken, which another case tells")
    await context.speak(talk, silence(1000))
    await commit(context, talk)
    answer = await talk.answer_to(COMMIT, COMMITTED, timeout=context.quick)
    if answer is not None and answer["type"] == COMMITTED:
        context.deviates("audio.commit-keeps", "a second commit was taken without new audio")


async def _takes_nothing(context: Context, talk: Talk) -> bool:
    """True where a commit of an empty buffer is taken."""
    answer = await talk.answer_to(COMMIT, COMMITTED, timeout=context.quick)
    return answer is not None and answer["type"] == COMMITTED


async def _is_empty(context: Context, talk: Talk, what: str) -> None:
    answer = await talk.answer_to(COMMIT, COMMITTED, timeout=context.quick)
    if answer is None or answer["type"] != "error":
        context.deviates("audio.empty-commit-taken", f"{what}: {answer['type'] if answer else 'no answer'}")
        return
    if error_of(answer).get("code") != "input_audio_buffer_commit_empty":
        context.deviates("audio.empty-commit-code", error_words(error_of(answer)))
    if not await talk.stands():
        context.deviates("errors.fatal", f"{what}: {talk.ended or 'the session is gone'}")


@case("audio.not-base64", "audio that is no base64 is refused", "audio.not-base64-taken", "errors.fatal")
async def _not_base64(context: Context) -> None:
    """Appends `%%%`: the real service answers invalid_value."""
    talk, _ = await context.hearing(transcribes=False)
    await _bad_append(context, talk, "%%%", "audio.not-base64-taken")


@case("audio.odd-bytes", "an odd number of bytes is no PCM16, and refused", "audio.odd-bytes-taken", "errors.fatal")
async def _odd_bytes(context: Context) -> None:
    """Appends 4,801 bytes."""
    talk, _ = await context.hearing(transcribes=False)
    await _bad_append(context, talk, base64.b64encode(bytes(4801)).decode(), "audio.odd-bytes-taken")


async def _bad_append(context: Context, talk: Talk, audio: str, ident: str) -> None:
    await talk.send({"type": "input_audio_buffer.append", "audio": audio})
    start = talk.mark
    await talk.send(CLEAR)
    answer = await talk.wait("error", CLEARED, since=start, timeout=context.quick)
    if answer is None and talk.ended:
        context.deviates("errors.fatal", str(talk.ended))
    elif answer is None or answer["type"] != "error":
        context.deviates(ident, "nothing was told of it")
    elif not await talk.stands():
        context.deviates("errors.fatal", str(talk.ended or "the session is gone"))


@case(
    "audio.vad",
    "voice detection marks a turn and commits it",
    "audio.vad-missing",
    "audio.vad-never-commits",
    "audio.vad-other-item",
    "audio.times-no-offsets",
    seconds=9,
)
async def _vad(context: Context) -> None:
    """Sets server_vad and speaks, with silence before and after: speech_started, speech_stopped, committed."""
    talk, answer = await context.hearing(vad=True)
    if answer is not None and answer["type"] == "error":
        raise NotServed(f"voice detection is refused: {error_words(error_of(answer))}")
    start = len(talk.events)
    await context.speak(talk, silence(500) + context.world.speech + silence(2000))
    started = await talk.wait(_STARTED, since=start, timeout=context.slow)
    if started is None:
        context.deviates("audio.vad-missing", f"{talk.ended or 'no speech_started'} after 5 s of speech")
        return
    stopped = await talk.wait(_STOPPED, since=start, timeout=context.slow)
    committed = await talk.wait(COMMITTED, since=start, timeout=context.quick) if stopped else None
    if stopped is None or committed is None:
        missing = "speech_stopped" if stopped is None else "committed"
        context.deviates("audio.vad-never-commits", f"no {missing} after the silence")
        return
    names = {one.get("item_id") for one in (started, stopped, committed)}
    if len(names) > 1 or not all(isinstance(name, str) for name in names):
        context.deviates("audio.vad-other-item", "the three events of a turn do not name one item")
    for name, value in (
        ("audio_start_ms", started.get("audio_start_ms")),
        ("audio_end_ms", stopped.get("audio_end_ms")),
    ):
        if not (isinstance(value, int | float) and 0 <= value <= _LONGEST_TIME):
            context.deviates("audio.times-no-offsets", f"{name} is {value if isinstance(value, int) else 'no number'}")


@case(
    "audio.format-pcmu",
    "G.711 is taken and shown, or refused by an error",
    "audio.format-not-shown",
    seconds=2,
)
async def _pcmu(context: Context) -> None:
    """Sets audio/pcmu: session.updated shows it, and a second of it can be committed."""
    await _telephone(context, "audio/pcmu", b"\xff")


@case(
    "audio.format-pcma",
    "A-law is taken and shown, or refused by an error",
    "audio.format-not-shown",
    seconds=2,
)
async def _pcma(context: Context) -> None:
    """Sets audio/pcma in the same way."""
    await _telephone(context, "audio/pcma", b"\xd5")


async def _telephone(context: Context, form: str, quiet: bytes) -> None:
    talk = await context.open("realtime" if context.world.ways["transcription"].why else "transcription")
    update = context.update(talk, audio={"input": {"format": {"type": form}, "turn_detection": None}})
    answer = await talk.answer_to(update, "session.updated", timeout=context.quick)
    if answer is None:
        raise Untold("the update has no answer, which another case tells")
    if answer["type"] == "error":
        raise NotServed(f"{form} is refused: {error_words(error_of(answer))}")
    if at(answer, "session", "audio", "input", "format", "type") != form:
        context.deviates("audio.format-not-shown", f"{form} was asked for, and session.updated does not show it")
        return
    await talk.send({"type": "input_audio_buffer.append", "audio": base64.b64encode(quiet * 8_000).decode()})
    await commit(context, talk)

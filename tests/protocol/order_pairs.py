"""For each rule of order an accepted stream and one that breaks this rule and no other."""

from tests.protocol.streams import (
    ADDED,
    APPEND,
    COMMIT,
    COMMITTED,
    COMPLETED,
    DELTA,
    DONE,
    STARTED,
    STOPPED,
    Script,
    audio,
)


def transcription() -> Script:
    """Two turns by server VAD, transcribed."""
    script = Script().opened().append(100, times=3)
    script.turn("item_1", 0, 1000).transcribed("item_1")
    return script.append(100).turn("item_2", 900, 2000).transcribed("item_2")


def conversation() -> Script:
    """A user's text, a response of two items, a second response."""
    script = Script().opened().client("conversation.item.create", item={"type": "message"})
    script.item("item_1").response("resp_1").message("resp_1", "item_2", "Hel", "lo", parts=2)
    script.call("resp_1", "item_3", '{"city":', '"Rome"}', index=1).ended("resp_1").limits()
    return script.response("resp_2").spoken("resp_2", "item_4", "Bye", "!").ended("resp_2").limits()


def manual(ms: float = 200) -> Script:
    """Manual commits."""
    script = Script().opened(vad=False).append(ms).client(COMMIT)
    return script.committed("item_1").transcribed("item_1")


def interrupted() -> Script:
    """A response that speech cancels."""
    script = Script().opened().append().turn("item_1").transcribed("item_1")
    script.response("resp_1").message("resp_1", "item_2", "Hel", "lo")
    script.server(STARTED, item_id="item_3", audio_start_ms=3000)
    script.ended("resp_1", "cancelled", status_details={"type": "cancelled", "reason": "turn_detected"})
    script.server(STOPPED, item_id="item_3", audio_end_ms=4000)
    return script.committed("item_3").transcribed("item_3")


def playback() -> Script:
    """A response whose audio the server plays (WebRTC)."""
    script = Script().opened().item("item_1").response().spoken("resp_1", "item_2", "Bye").ended()
    script.server("output_audio_buffer.stopped", response_id="resp_1")
    started = Script().server("output_audio_buffer.started", response_id="resp_1")
    return script.after("response.output_audio.delta", started)


def paced(seconds: int, step: float, ms: float = 100) -> Script:
    """Appends of so much audio each, for so many seconds, one every `step` seconds."""
    script = Script().opened()
    for count in range(int(seconds / step)):
        script.time(1000 + count * step).append(ms)
    return script


def nested() -> Script:
    """speech_started while speech is open; the first turn never ends."""
    script = Script().opened().append().server(STARTED, item_id="item_0", audio_start_ms=0)
    return script.turn("item_1", 500, 1500).transcribed("item_1")


def overlapping() -> Script:
    """A second response begins before the first is done."""
    script = Script().opened().item("item_1").response("resp_1").message("resp_1", "item_2", "Hello")
    script.response("resp_2").message("resp_2", "item_3", "Bye")
    return script.ended("resp_1").ended("resp_2")


def never_done() -> Script:
    """All that a response holds is done, it is not, and the user speaks again."""
    script = conversation().without("response.done", 1).without("rate_limits.updated", 1)
    script.last = "item_4"
    return script.turn("item_9").transcribed("item_9")


def skipped_part() -> Script:
    """The second part of an item has the index 2."""
    script = conversation()
    for kind in ("content_part.added", "output_text.done", "content_part.done"):
        script = script.changed(f"response.{kind}", "content_index", to=2, nth=1)
    for nth in (2, 3):
        script = script.changed("response.output_text.delta", "content_index", to=2, nth=nth)
    return script


TEXT = "response.output_text"
PART = "response.content_part"
OUTPUT = "response.output_item"
CALL = "response.function_call_arguments"
TRUNCATED = Script().server("conversation.item.truncated", item_id="item_4", content_index=0, audio_end_ms=5)
OVERSIZE = "A" * (16 * 1024 * 1024)

# rule: (accepted, refused)
PAIRS: dict[str, tuple[Script, Script]] = {
    "order.session-created-first": (
        transcription(),
        transcription().without("session.created").without("session.update").without("session.updated"),
    ),
    "order.session-created-once": (transcription(), transcription().doubled("session.created")),
    "order.session-updated-unasked": (transcription(), transcription().doubled("session.updated")),
    "order.session-update-unanswered": (transcription(), transcription().without("session.updated")),
    "order.session-constant": (
        transcription(),
        transcription().changed("session.updated", "session", "id", to="sess_2"),
    ),
    "order.event-id-present": (transcription(), transcription().changed(DELTA, "event_id", to=None)),
    "order.event-id-unique": (transcription(), transcription().changed(DELTA, "event_id", to="event_0")),
    "order.sideband": (transcription(), conversation().without("session.created")),
    "order.speech-not-nested": (transcription(), nested()),
    "order.speech-stopped-item": (transcription(), transcription().changed(STARTED, "item_id", to="item_9")),
    "order.speech-end-after-start": (transcription(), transcription().changed(STOPPED, "audio_end_ms", to=0)),
    "order.speech-start-rises": (transcription(), transcription().changed(STARTED, "audio_start_ms", to=990)),
    "order.committed-after-stopped": (transcription(), transcription().without(COMMITTED)),
    "order.item-after-committed": (
        transcription(),
        transcription().changed(ADDED, "previous_item_id", to="item_0").changed(DONE, "previous_item_id", to="item_0"),
    ),
    "order.previous-item": (
        transcription(),
        transcription()
        .changed(COMMITTED, "previous_item_id", to=None, nth=1)
        .changed(ADDED, "previous_item_id", to=None, nth=1)
        .changed(DONE, "previous_item_id", to=None, nth=1),
    ),
    "order.item-added-once": (conversation(), conversation().doubled(ADDED, 1)),
    "order.item-done-once": (conversation(), conversation().doubled(DONE)),
    "order.item-done-after-added": (
        conversation(),
        conversation().after("session.updated", Script().server(DONE, item={"id": "item_0", "role": "user"})),
    ),
    "order.item-never-done": (
        conversation(),
        conversation().after("response.done", Script().server(ADDED, item={"id": "item_9", "role": "system"}), 1),
    ),
    "order.user-item-done-next": (
        conversation(),
        conversation().after(ADDED, Script().server("conversation.created", conversation={})),
    ),
    "order.item-done-previous": (
        conversation().changed(DONE, "previous_item_id", to=None, nth=1),
        conversation().changed(DONE, "previous_item_id", to="item_9", nth=1),
    ),
    "order.truncated-assistant-item": (
        conversation().after("response.done", TRUNCATED, 1),
        conversation().after(
            "response.done", TRUNCATED.changed("conversation.item.truncated", "item_id", to="item_1"), 1
        ),
    ),
    "order.transcription-content-index": (
        transcription(),
        transcription().changed(DELTA, "content_index", to=1),
    ),
    "order.transcription-delta-after-end": (
        transcription(),
        transcription().after(COMPLETED, Script().deltas("item_1", "x")),
    ),
    "order.transcription-ends-once": (transcription(), transcription().doubled(COMPLETED)),
    "order.transcription-never-ended": (transcription(), transcription().without(COMPLETED)),
    "order.response-created-fresh": (
        conversation(),
        conversation().changed("response.created", "response", "status", to="completed"),
    ),
    "order.response-overlap": (
        overlapping()
        .changed("response.created", "response", "conversation_id", to=None, nth=1)
        .changed("response.done", "response", "conversation_id", to=None, nth=1)
        .without(ADDED, 2)
        .without(DONE, 2),
        overlapping(),
    ),
    "order.response-event-outside": (conversation(), conversation().without("response.created")),
    "order.response-never-done": (
        conversation(),
        never_done(),
    ),
    "order.response-done-terminal": (
        conversation(),
        conversation().changed("response.done", "response", "status", to="in_progress"),
    ),
    "order.response-status-details": (
        conversation(),
        conversation().changed("response.done", "response", "status_details", to={"type": "completed"}),
    ),
    "order.response-usage": (
        conversation(),
        conversation().changed("response.done", "response", "usage", "total_tokens", to=31),
    ),
    "order.response-turn-detected": (
        interrupted(),
        conversation()
        .changed("response.done", "response", "status", to="cancelled")
        .changed("response.done", "response", "status_details", to={"reason": "turn_detected"}),
    ),
    "order.output-index": (conversation(), conversation().changed(f"{TEXT}.delta", "output_index", to=1)),
    "order.content-index": (conversation(), skipped_part()),
    "order.item-after-output-item": (
        conversation(),
        conversation().after(f"{OUTPUT}.added", Script().server("conversation.created", conversation={})),
    ),
    "order.part-item-open": (conversation(), conversation().without(f"{OUTPUT}.added", 2)),
    "order.delta-open-part": (conversation(), conversation().without(f"{PART}.added", 1)),
    "order.text-deltas-sum": (conversation(), conversation().without(f"{TEXT}.delta")),
    "order.argument-deltas-sum": (conversation(), conversation().without(f"{CALL}.delta")),
    "order.texts-agree": (conversation(), conversation().changed(f"{PART}.done", "part", "text", to="Hullo")),
    "order.part-done-before-item": (conversation(), conversation().without(f"{PART}.done")),
    "order.item-done-before-output-item": (conversation(), conversation().swapped(DONE, 1)),
    "order.output-item-done-before-response": (conversation(), conversation().without(f"{OUTPUT}.done")),
    "order.output-audio-started": (
        playback(),
        playback()
        .without("output_audio_buffer.started")
        .after("response.created", Script().server("output_audio_buffer.started", response_id="resp_1")),
    ),
    "order.output-audio-stopped": (playback(), playback().swapped("response.done")),
    "order.rate-limits-place": (conversation(), conversation().after(f"{TEXT}.delta", Script().limits())),
    "order.rate-limit-remaining": (
        conversation(),
        conversation().changed("rate_limits.updated", "rate_limits", 0, "remaining", to=101),
    ),
    "order.sent-before-session": (transcription(), Script(Script().append().lines + transcription().lines)),
    "order.sent-after-close": (
        transcription().server("(closed)"),
        transcription().server("(closed)").append().append(),
    ),
    "order.commit-too-small": (manual(100), manual(90)),
    "order.audio-never-committed": (manual(), Script().opened(vad=False).append(1000)),
    "order.audio-faster": (paced(10, 0.1), paced(10, 0.1, ms=200)),
    "order.audio-slower": (paced(10, 0.1), paced(10, 0.1, ms=50)),
    "order.append-not-base64": (transcription(), transcription().changed(APPEND, "audio", to="%%%%")),
    "order.append-odd-bytes": (transcription(), transcription().changed(APPEND, "audio", to=audio(1, 47))),
    "order.event-too-large": (transcription(), transcription().changed(APPEND, "audio", to=OVERSIZE)),
}

"""Streams as they really are: recordings, what the server does otherwise, excerpts, eras, other sockets."""

import base64
import json
from pathlib import Path

import pytest

from rtdoctor.protocol.order import OrderJudge
from rtdoctor.protocol.order.samples import decoded_size
from tests.protocol.order_pairs import conversation, interrupted, manual, transcription
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
    ids,
    judged,
    severe,
)

RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "recordings"
NAMES = (
    "ga-audio-in-server-vad-turn",
    "ga-message-history-seeding",
    "ga-sideband-audio-turn",
    "ga-text-in-audio-out-turn",
    "ga-text-tool-round",
    "ga-tool-call-round",
    "ga-transcription-ids-elided",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_of_the_real_server_gives_no_error(name: str) -> None:
    path = RECORDINGS / f"{name}.jsonl"
    if not path.exists():
        pytest.skip(f"the recording {name} is not beside this checkout")
    judge = OrderJudge()
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if record["dir"] == "close":
            judge.close()
        else:
            found += judge.feed(record["dir"], record["event"])
    found += judge.finish()
    assert severe(found) == []
    assert len(found) <= 1  # a notice of the sideband, a warning where the recorder cut audio to 33 bytes


# --- what the server is known to do otherwise (events.md, "Not rules")


def test_transcription_may_begin_in_the_open_turn() -> None:
    script = Script().opened().server(STARTED, item_id="item_1", audio_start_ms=0).deltas("item_1", " Hel", "lo")
    script.server(STOPPED, item_id="item_1", audio_end_ms=900).committed("item_1")
    script.server(COMPLETED, item_id="item_1", content_index=0, transcript="Hello")
    assert judged(script) == []


def test_deltas_that_do_not_add_up_to_the_transcript_are_a_warning_but_for_white_space() -> None:
    found = judged(transcription().changed(COMPLETED, "transcript", to="Something else"))
    assert [(one.rule, one.severity) for one in found] == [("order.transcript-deltas-sum", "warning")]
    assert judged(transcription().changed(COMPLETED, "transcript", to="Hel lo. ")) == []


def test_a_done_item_may_have_null_for_its_predecessor() -> None:
    assert judged(conversation().changed(DONE, "previous_item_id", to=None, nth=1)) == []


def test_rate_limits_may_come_at_the_beginning_at_the_end_or_never() -> None:
    early = conversation().without("rate_limits.updated").after("response.created", Script().limits())
    assert judged(early) == []
    assert judged(conversation().without("rate_limits.updated").without("rate_limits.updated")) == []


def test_a_turn_may_begin_before_the_last_one_ended() -> None:
    script = Script().opened().turn("item_1", 0, 1000).transcribed("item_1")
    assert judged(script.turn("item_2", 780, 2000).transcribed("item_2")) == []


def test_conversation_created_may_come_or_not() -> None:
    created = Script().server("conversation.created", conversation={"id": "conv_1"})
    assert judged(conversation().after("session.created", created)) == []


def test_a_transcript_may_come_after_the_response_began() -> None:
    script = Script().opened().turn("item_1").response().message("resp_1", "item_2", "Hi").transcribed("item_1")
    assert judged(script.ended()) == []


def test_usage_of_a_transcription_is_not_asked_for() -> None:
    assert judged(manual()) == []


def test_an_error_may_stand_between_any_pair() -> None:
    error = Script().server("error", error={"type": "invalid_request_error", "message": "no", "event_id": None})
    for kind in (STOPPED, COMMITTED, ADDED):
        assert judged(transcription().after(kind, error)) == []


# --- one missing event, one violation


@pytest.mark.parametrize("kind", [STARTED, STOPPED, COMMITTED, ADDED, DONE, COMPLETED])
def test_one_missing_event_of_a_turn_gives_one_violation(kind: str) -> None:
    assert len(judged(transcription().without(kind))) == 1


@pytest.mark.parametrize(
    "kind",
    [
        "response.created",
        "response.output_item.added",
        "response.content_part.added",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    ],
)
def test_one_missing_event_of_a_response_gives_one_violation(kind: str) -> None:
    script = conversation() if kind != "response.done" else interrupted()
    assert len(judged(script.without(kind))) == 1


def test_a_stream_from_the_middle_gives_one_violation() -> None:
    script = Script(conversation().lines[6:])
    assert ids(judged(script)) == ["order.session-created-first"]
    script = Script(transcription().lines[7:])
    assert ids(judged(script)) == ["order.session-created-first"]


def test_an_error_before_session_created_is_a_refusal_and_no_violation() -> None:
    refused = Script().server("error", error={"type": "invalid_request_error", "code": "invalid_api_key"})
    assert judged(refused) == []


# --- answers to session.update


def test_an_error_answers_an_update() -> None:
    error = {"type": "invalid_request_error", "param": "session.type", "event_id": None}
    assert judged(Script().session().update().server("error", error=error)) == []
    error["event_id"] = "mine"
    asked = Script().session().client("session.update", event_id="mine", session={})
    assert judged(asked.server("error", error=error)) == []


def test_an_error_about_something_else_leaves_the_update_unanswered() -> None:
    error = {"type": "invalid_request_error", "param": None, "event_id": "other"}
    found = judged(Script().session().update().server("error", error=error))
    assert ids(found) == ["order.error-event", "order.session-update-unanswered"]
    assert (found[1].index, found[1].event_type) == (1, "session.update")


def test_an_error_that_names_nothing_may_have_been_the_answer_or_not() -> None:
    error = {"type": "invalid_request_error", "param": None, "event_id": None}
    asked = Script().session().update().server("error", error=error)
    assert judged(asked) == []
    assert judged(asked.session("updated")) == []


def test_a_server_log_without_client_events_is_not_blamed_for_their_absence() -> None:
    assert (
        judged(
            transcription().without("session.update").without(APPEND).without(APPEND).without(APPEND).without(APPEND)
        )
        == []
    )


def test_an_update_unasked_before_the_first_client_event_is_told_where_it_was() -> None:
    found = judged(Script().session().session("updated").append())
    assert [(one.rule, one.index) for one in found] == [("order.session-updated-unasked", 1)]


# --- the end of a stream


def test_an_excerpt_has_no_end() -> None:
    assert judged(transcription().without(COMPLETED), complete=False) == []


def test_a_close_explains_what_was_under_way() -> None:
    never = transcription().without(COMPLETED)
    assert [one.severity for one in judged(never)] == ["error"]
    assert [one.severity for one in judged(never, closed=True)] == ["error"]  # the next turn has its transcript
    cut = transcription().without(COMPLETED, 1)
    assert [one.severity for one in judged(cut)] == ["notice"]
    assert [one.severity for one in judged(cut, closed=True)] == ["warning"]
    assert [one.severity for one in judged(cut.server("(closed)"))] == ["warning"]


def test_many_things_that_never_came_are_one_violation() -> None:
    script = Script().opened()
    for number in range(5):
        script.turn(f"item_{number}", number * 1000, number * 1000 + 500)
    found = judged(script)
    assert ids(found) == ["order.transcription-never-ended"]
    assert found[0].got == "5 without an end; set to gpt-4o-mini-transcribe"


# --- ids elided, sideband, beta, other places for an item


def test_an_ellipsis_for_an_id_silences_the_rules_about_ids() -> None:
    script = transcription()
    for _, event, _ in script.lines:
        for key in ("event_id", "item_id"):
            if key in event:
                event[key] = "…"
    assert judged(script.without(COMMITTED).without("session.updated")) == []


def test_ids_elided_may_be_said_beforehand() -> None:
    assert judged(transcription().doubled(ADDED), ids_elided=True) == []


def test_a_sideband_begins_with_session_updated() -> None:
    side = conversation().without("session.created").without("session.update")
    assert ids(judged(side)) == ["order.sideband"]
    assert judged(side, sideband=True) == []


def test_on_a_sideband_the_other_client_may_update_the_session() -> None:
    assert judged(conversation().without("session.created").doubled("session.updated"), sideband=True) == []


def test_the_beta_announces_items_with_created_and_without_done() -> None:
    script = Script().session().server(STARTED, item_id="item_1", audio_start_ms=0)
    script.server(STOPPED, item_id="item_1", audio_end_ms=900)
    script.server(COMMITTED, item_id="item_1", previous_item_id=None)
    item = {"id": "item_1", "object": "realtime.item", "type": "message", "role": "user"}
    script.server("conversation.item.created", previous_item_id=None, item=item)
    script.transcribed("item_1").response()
    item = {"id": "item_2", "role": "assistant"}
    script.server("response.output_item.added", response_id="resp_1", output_index=0, item=item)
    script.server("conversation.item.created", previous_item_id="item_1", item=item)
    here = {"response_id": "resp_1", "item_id": "item_2", "output_index": 0, "content_index": 0}
    script.server("response.content_part.added", **here)
    script.server("response.audio_transcript.delta", **here, delta="Hi")
    script.server("response.audio.delta", **here, delta="AAAA").server("response.audio.done", **here)
    script.server("response.audio_transcript.done", **here, transcript="Hi")
    script.server("response.content_part.done", **here, part={"type": "audio", "transcript": "Hi"})
    script.server("response.output_item.done", response_id="resp_1", output_index=0, item=item)
    assert judged(script.ended(), era="beta") == []
    late = script.ended().after("response.audio.done", Script().server("response.audio.delta", **here, delta="AA=="))
    assert "order.delta-open-part" in ids(judged(late, era="beta"))


def test_a_translation_session_has_only_the_rules_of_a_session() -> None:
    script = Script().session(transcription=False).update().session("updated", transcription=False)
    script.client("session.input_audio_buffer.append", audio="AAA=")
    script.server("session.output_transcript.delta", delta="Hallo").server("session.closed")
    assert judged(script, era="translation") == []


def test_the_client_may_insert_an_item_elsewhere() -> None:
    asked = Script().client("conversation.item.create", previous_item_id="item_1", item={})
    item = {"id": "item_9", "role": "system"}
    asked.server(ADDED, previous_item_id="item_1", item=item).server(DONE, previous_item_id="item_1", item=item)
    asked.client("conversation.item.create", previous_item_id="root", item={})
    item = {"id": "item_10", "role": "system"}
    asked.server(ADDED, previous_item_id=None, item=item).server(DONE, previous_item_id=None, item=item)
    assert judged(conversation().after("rate_limits.updated", asked)) == []


def test_after_the_last_item_was_deleted_its_predecessor_is_not_guessed() -> None:
    script = Script().opened().item("item_1").item("item_2")
    script.client("conversation.item.delete", item_id="item_2")
    script.server("conversation.item.deleted", item_id="item_2")
    script.last = "item_1"
    assert judged(script.item("item_3").item("item_4")) == []


def test_a_response_outside_the_conversation_adds_no_items_to_it() -> None:
    item = {"id": "item_9", "type": "message", "role": "assistant"}
    script = Script().opened().item("item_1").response("resp_1", conversation_id=None)
    script.server("response.output_item.added", response_id="resp_1", output_index=0, item=item)
    script.server("response.output_item.done", response_id="resp_1", output_index=0, item=item)
    assert judged(script.ended("resp_1", conversation_id=None)) == []


def test_a_failed_response_needs_no_usage() -> None:
    details = {"type": "failed", "error": {"code": "model_not_found"}}
    assert judged(Script().opened().response().ended(status="failed", status_details=details, usage=None)) == []


def test_a_character_may_be_split_over_two_deltas() -> None:
    script = Script().opened().item("item_1").response().message("resp_1", "item_2", "\ud83d", "\ude00").ended()
    for _, event, _ in script.lines:
        if event["type"] == "response.output_text.done":
            event["text"] = "😀"
    assert judged(script) == []


def test_audio_in_silence_is_not_slow() -> None:
    script = Script().opened()
    for count in range(30):
        script.time(count * 4.0).append(100)
    assert judged(script) == []


def test_a_second_commit_without_audio_is_a_warning() -> None:
    found = judged(manual().client(COMMIT))
    assert [(one.rule, one.severity, one.got) for one in found] == [("order.commit-too-small", "warning", "0.0 ms")]


@pytest.mark.parametrize("size", range(7))
def test_the_size_of_base64_is_known_without_decoding(size: int) -> None:
    assert decoded_size(base64.b64encode(bytes(size)).decode()) == size


@pytest.mark.parametrize("text", ["AAA", "AA==AAAA", "A===", "AA=A", "AA-_", "AAAé", "AA A", "===="])
def test_what_is_no_base64_has_no_size(text: str) -> None:
    assert decoded_size(text) is None


def test_g711_counts_eight_bytes_a_millisecond() -> None:
    script = Script().session(vad=False)
    for _, event, _ in script.lines:
        event["session"]["audio"]["input"]["format"] = {"type": "audio/pcmu"}
    assert judged(script.append(20).client(COMMIT).committed("item_1").transcribed("item_1")) == []


def test_deltas_after_the_failure_of_a_transcription_are_told() -> None:
    script = Script().opened().turn("item_1")
    script.server("conversation.item.input_audio_transcription.failed", item_id="item_1", content_index=0, error={})
    found = judged(script.deltas("item_1", "Hel"))
    assert ids(found) == ["order.transcription-delta-after-end"]
    assert found[0].event_type == DELTA

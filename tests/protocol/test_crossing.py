"""What both sides send crosses on the way, and an error that names no event may answer any: nobody is accused."""

import pytest

from rtdoctor.protocol.order import OrderJudge


def told(*events, **more):
    """The rules that are told of events in this order: (who, type, fields)."""
    judge, found = OrderJudge(), []
    opened = ("server", "session.created", {"session": {"id": "sess_1", "type": "realtime"}})
    for number, (who, kind, fields) in enumerate((opened, *events)):
        ident = {"event_id": f"event_{number}"} if who == "server" else {}
        found += judge.feed(who, {"type": kind, **ident, **fields})
    return [one.rule for one in found]


def item(ident, previous, role="user"):
    """An item of the client's as the server tells it, added and done."""
    fields = {"previous_item_id": previous, "item": {"id": ident, "type": "message", "role": role, "content": []}}
    return ("server", "conversation.item.added", fields), ("server", "conversation.item.done", fields)


def create(**fields):
    return "client", "conversation.item.create", {"item": {"type": "message", "role": "user", "content": []}, **fields}


def delete(ident):
    asked = ("client", "conversation.item.delete", {"item_id": ident})
    return asked, ("server", "conversation.item.deleted", {"item_id": ident})


def error(code, **fields):
    return "server", "error", {"error": {"type": "invalid_request_error", "code": code, "message": "no", **fields}}


ONE_TWO = (create(), *item("item_1", None), create(), *item("item_2", "item_1"))
TRUNCATE = "conversation.item.truncate"
SECOND = ("client", "input_audio_buffer.append", {"audio": "AAAA" * 12_000})
SPEECH = ("server", "input_audio_buffer.speech_started", {"item_id": "item_3", "audio_start_ms": 0})
STOPPED = ("server", "input_audio_buffer.speech_stopped", {"item_id": "item_3", "audio_end_ms": 500})
COMMIT = ("client", "input_audio_buffer.commit", {})


def committed(previous):
    return ("server", "input_audio_buffer.committed", {"item_id": "item_3", "previous_item_id": previous}), *item(
        "item_3", previous
    )


@pytest.mark.parametrize(
    ("previous", "expected"), [("item_1", []), ("item_2", ["order.previous-item"]), (None, ["order.previous-item"])]
)
def test_after_the_last_item_was_deleted_the_one_before_it_is_the_last(previous, expected):
    assert told(*ONE_TWO, *delete("item_2"), create(), *item("item_3", previous)) == expected


@pytest.mark.parametrize(("previous", "expected"), [("item_2", []), ("item_0", ["order.previous-item"])])
def test_an_item_that_was_put_first_is_not_the_last(previous, expected):
    first = (create(previous_item_id="root"), *item("item_0", None))
    assert told(*ONE_TWO, *first, create(), *item("item_3", previous)) == expected


def test_an_item_that_was_put_between_two_outlives_the_one_before_it():
    between = (create(previous_item_id="item_1"), *item("item_b", "item_1"))
    after = (create(), *item("item_3", "item_b"))
    assert told(*ONE_TWO, *between, *delete("item_1"), *delete("item_2"), *after) == []
    assert told(*ONE_TWO, *between, *delete("item_1"), *delete("item_2"), *delete("item_b"), *committed(None)[:1]) == []


def test_a_commit_in_the_middle_of_speech_ends_the_turn_without_speech_stopped():
    assert told(SECOND, SPEECH, COMMIT, *committed(None)) == []
    refused = (SECOND, COMMIT, error("input_audio_buffer_commit_empty"))
    assert told(*refused, SPEECH, *committed(None)) == ["order.speech-never-stopped"]


def test_a_turn_that_the_server_committed_leaves_the_clients_commit_waiting():
    second = tuple((who, kind, {**fields, "item_id": "item_4"}) for who, kind, fields in (SPEECH,))
    by_client = ("server", "input_audio_buffer.committed", {"item_id": "item_4", "previous_item_id": "item_3"})
    found = told(SPEECH, COMMIT, STOPPED, *committed(None), *second, by_client, *item("item_4", "item_3"))
    assert "order.speech-never-stopped" not in found


def test_an_error_whose_code_is_a_commits_answers_no_update():
    updates = [
        ("client", "session.update", {"session": {"type": "realtime", "instructions": text}}) for text in ("one", "two")
    ]
    shown = [
        (
            "server",
            "session.updated",
            {"session": {"id": "sess_1", "type": "realtime", "instructions": text}},
        )
        for text in ("one", "two")
    ]
    found = told(SECOND, COMMIT, *updates, error("input_audio_buffer_commit_empty"), *shown)
    assert found == []
    assert "order.update-shown" in told(*updates, *reversed(shown))


def test_of_two_truncations_the_one_that_is_answered_is_the_one_that_asked_for_it():
    assistant = item("item_2", "item_1", "assistant")
    asked = [("client", TRUNCATE, {"item_id": "item_2", "content_index": 0, "audio_end_ms": ms}) for ms in (9000, 10)]
    done = ("server", "conversation.item.truncated", {"item_id": "item_2", "content_index": 0, "audio_end_ms": 10})
    refused = error("invalid_value")
    start = (create(), *item("item_1", None), create(), *assistant)
    assert told(*start, asked[0], refused, asked[1], done) == []
    assert told(*start, asked[0], done) == ["order.as-asked"]

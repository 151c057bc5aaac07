"""Beta events become the exact GA events: the official SDK's models are the judge."""

import copy
from typing import Any

import pytest
from openai.types.beta.realtime import RealtimeServerEvent as BetaServerEvent
from openai.types.realtime import RealtimeClientEvent, RealtimeServerEvent
from pydantic import BaseModel, TypeAdapter

from rtdoctor.protocol.migrate import Migration, migrate

CLIENT: TypeAdapter[Any] = TypeAdapter(RealtimeClientEvent)
SERVER: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)

FORUM_EVENT = {
    "type": "transcription_session.update",
    "session": {
        "input_audio_format": "pcm16",
        "modalities": ["text"],
        "input_audio_transcription": {"model": "gpt-4o-transcribe", "prompt": "a prompt", "language": "en"},
        "input_audio_noise_reduction": {"type": "near_field"},
        "turn_detection": None,
    },
}


def unknown_fields(value: object, place: str = "") -> list[str]:
    """Every field that the SDK's models took without knowing it (they allow extra fields)."""
    if isinstance(value, BaseModel):
        extra = [f"{place}.{name}" for name in value.model_extra or {}]
        return extra + [f for name in value.model_fields_set for f in unknown_fields(getattr(value, name), name)]
    if isinstance(value, list):
        return [f for item in value for f in unknown_fields(item, place)]
    return []


def migrated(event: dict[str, Any], direction: Any = None) -> Migration:
    before = copy.deepcopy(event)
    result = migrate(event, direction)
    assert event == before, "the event itself is not touched"
    assert result is not None
    return result


def ga_client(event: dict[str, Any]) -> dict[str, Any]:
    made = migrated(event, "client").event
    assert unknown_fields(CLIENT.validate_python(made, strict=True)) == []
    return made


def ga_server(event: dict[str, Any]) -> dict[str, Any]:
    made = migrated(event, "server").event
    SERVER.validate_python(made, strict=True)
    return made


def changes(event: dict[str, Any]) -> str:
    return "\n".join(migrated(event).changes)


def test_the_forum_posts_update_becomes_the_exact_transcription_session_update() -> None:
    assert ga_client(FORUM_EVENT) == {
        "type": "session.update",
        "session": {
            "type": "transcription",
            "audio": {
                "input": {
                    "format": {"type": "audio/pcm", "rate": 24000},
                    "transcription": {"model": "gpt-4o-transcribe", "prompt": "a prompt", "language": "en"},
                    "noise_reduction": {"type": "near_field"},
                    "turn_detection": None,
                }
            },
        },
    }


def test_each_change_of_the_forum_posts_update_is_told_with_its_field() -> None:
    told = migrated(FORUM_EVENT).changes
    assert [sentence.split(":")[0] for sentence in told] == [
        *("type", "session.type", "input_audio_format", "modalities"),
        *("input_audio_transcription", "input_audio_noise_reduction", "turn_detection"),
    ]
    assert "modalities: a transcription session has none; removed." in told
    assert all(sentence.endswith(".") for sentence in told)


def test_null_turn_detection_stays_null_and_an_absent_one_stays_absent() -> None:
    with_null = {"type": "session.update", "session": {"turn_detection": None}}
    without = {"type": "session.update", "session": {"voice": "ash"}}
    assert ga_client(with_null)["session"]["audio"]["input"] == {"turn_detection": None}
    assert "input" not in ga_client(without)["session"]["audio"]


def test_turn_detection_without_a_type_gets_the_one_that_beta_assumed() -> None:
    event = {"type": "session.update", "session": {"turn_detection": {"threshold": 0.5}}}
    assert ga_client(event)["session"]["audio"]["input"]["turn_detection"] == {
        "type": "server_vad",
        "threshold": 0.5,
    }
    assert "turn_detection" in changes(event)


def test_a_full_beta_session_update_becomes_a_realtime_session() -> None:
    tool = {"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}}
    made = ga_client(
        {
            "event_id": "event_1",
            "type": "session.update",
            "session": {
                "modalities": ["text", "audio"],
                "instructions": "Be brief.",
                "voice": "alloy",
                "input_audio_format": "g711_ulaw",
                "output_audio_format": "g711_alaw",
                "input_audio_transcription": {"model": "whisper-1"},
                "turn_detection": {"type": "server_vad", "create_response": True},
                "tools": [tool],
                "tool_choice": "auto",
                "temperature": 0.8,
                "max_response_output_tokens": "inf",
                "speed": 1.1,
            },
        }
    )
    assert made == {
        "event_id": "event_1",
        "type": "session.update",
        "session": {
            "type": "realtime",
            "instructions": "Be brief.",
            "tools": [tool],
            "tool_choice": "auto",
            "output_modalities": ["audio"],
            "max_output_tokens": "inf",
            "audio": {
                "input": {
                    "format": {"type": "audio/pcmu"},
                    "transcription": {"model": "whisper-1"},
                    "turn_detection": {"type": "server_vad", "create_response": True},
                },
                "output": {"voice": "alloy", "format": {"type": "audio/pcma"}, "speed": 1.1},
            },
        },
    }


def test_include_is_kept_in_a_transcription_session() -> None:
    event = {
        "type": "transcription_session.update",
        "session": {"include": ["item.input_audio_transcription.logprobs"]},
    }
    assert ga_client(event)["session"] == {
        "type": "transcription",
        "include": ["item.input_audio_transcription.logprobs"],
    }


@pytest.mark.parametrize("field", ["temperature", "client_secret"])
def test_a_field_that_ga_has_no_place_for_is_removed_with_a_note(field: str) -> None:
    event = {"type": "session.update", "session": {field: None, "type": "realtime"}}
    assert ga_client(event)["session"] == {"type": "realtime"}
    assert changes(event).startswith(f"{field}: ")
    assert changes(event).endswith("removed.")


@pytest.mark.parametrize("field", ["voice", "output_audio_format", "instructions", "modalities"])
def test_a_transcription_session_loses_what_only_a_conversation_has(field: str) -> None:
    event = {"type": "transcription_session.update", "session": {field: "x"}}
    assert ga_client(event)["session"] == {"type": "transcription"}


def test_an_unknown_field_stays_in_its_place_with_a_note() -> None:
    event = {"type": "session.update", "session": {"voice": "ash", "bogus_field": 7}}
    assert migrated(event).event["session"]["bogus_field"] == 7  # type: ignore[index]
    assert "bogus_field: no GA field of this name is known; kept as it is." in migrated(event).changes


def test_an_unknown_audio_format_is_kept_and_told() -> None:
    event = {"type": "session.update", "session": {"input_audio_format": "opus"}}
    assert migrated(event).event["session"]["audio"] == {"input": {"format": "opus"}}  # type: ignore[index]
    assert '"opus" is not known' in changes(event)


def test_a_ga_field_that_is_set_already_wins_over_the_betas() -> None:
    event = {
        "type": "session.update",
        "session": {"type": "realtime", "voice": "ash", "audio": {"output": {"voice": "marin"}}},
    }
    assert ga_client(event)["session"] == {"type": "realtime", "audio": {"output": {"voice": "marin"}}}
    assert "audio.output.voice is set already" in changes(event)


def test_a_field_stays_where_its_new_place_cannot_be() -> None:
    event = {"type": "session.update", "session": {"type": "realtime", "voice": "ash", "audio": "loud"}}
    assert migrated(event).event == event
    assert "audio is no object" in changes(event)


def test_session_update_without_a_type_gets_one_even_if_all_its_fields_are_ga() -> None:
    made = ga_client({"type": "session.update", "session": {"instructions": "x"}})
    assert made["session"] == {"type": "realtime", "instructions": "x"}


@pytest.mark.parametrize(
    "event",
    [
        {"type": "session.update", "session": {"type": "realtime", "audio": {"output": {"voice": "ash"}}}},
        {"type": "session.update", "session": {"audio": {"output": {"language": "es"}}}},
        {"type": "session.created", "event_id": "e", "session": {"type": "transcription", "audio": {}}},
        {"type": "input_audio_buffer.append", "audio": "AAAA"},
        {"type": "response.create"},
        {"type": "session.update", "session": None},
        {"type": "session.update", "session": []},
        {"type": 7},
        {},
        [],
        None,
    ],
)
def test_what_is_ga_or_no_event_is_left_alone(event: object) -> None:
    assert migrate(event, "client") is None
    assert migrate(event, None) is None


def test_response_create_is_migrated_with_its_items() -> None:
    made = ga_client(
        {
            "type": "response.create",
            "response": {
                "modalities": ["text"],
                "voice": "echo",
                "output_audio_format": "pcm16",
                "max_response_output_tokens": 200,
                "temperature": 0.7,
                "conversation": "none",
                "metadata": {"a": "b"},
                "input": [{"type": "message", "role": "assistant", "content": [{"type": "text", "text": "Hi"}]}],
            },
        }
    )
    assert made["response"] == {
        "conversation": "none",
        "metadata": {"a": "b"},
        "input": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]}],
        "output_modalities": ["text"],
        "audio": {"output": {"voice": "echo", "format": {"type": "audio/pcm", "rate": 24000}}},
        "max_output_tokens": 200,
    }


@pytest.mark.parametrize(("old", "new"), [("text", "output_text"), ("audio", "output_audio")])
def test_an_assistants_content_parts_are_renamed(old: str, new: str) -> None:
    item = {"type": "message", "role": "assistant", "content": [{"type": old}]}
    made = ga_client({"type": "conversation.item.create", "item": item})
    assert made["item"]["content"] == [{"type": new}]


def test_a_users_content_parts_are_left_alone() -> None:
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}
    assert migrate({"type": "conversation.item.create", "item": item}, "client") is None


RENAMED = {
    "response.text": "response.output_text",
    "response.audio": "response.output_audio",
    "response.audio_transcript": "response.output_audio_transcript",
}


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
@pytest.mark.parametrize("end", ["delta", "done"])
def test_deltas_and_dones_of_responses_are_renamed(old: str, new: str, end: str) -> None:
    event = {
        "event_id": "event_1",
        "type": f"{old}.{end}",
        "response_id": "resp_1",
        "item_id": "item_1",
        "output_index": 0,
        "content_index": 0,
        "delta": "x",
        "text": "x",
        "transcript": "x",
    }
    assert ga_server(event) == {**event, "type": f"{new}.{end}"}


def test_every_event_name_that_only_beta_has_is_renamed_to_one_that_ga_has() -> None:
    beta, ga = _names(BetaServerEvent), _names(RealtimeServerEvent)
    for name in beta - ga:
        renamed = migrate({"type": name}, "server")
        assert renamed is not None, name
        assert renamed.event["type"] in ga


def _names(union: Any) -> set[str]:
    definitions = TypeAdapter(union).json_schema()["$defs"].values()
    return {d["properties"]["type"].get("const", "") for d in definitions if "event_id" in d.get("required", ())}


def test_an_item_created_becomes_an_item_added_and_tells_of_item_done() -> None:
    event = {
        "type": "conversation.item.created",
        "event_id": "event_1",
        "previous_item_id": None,
        "item": {"id": "item_1", "type": "message", "role": "assistant", "content": [{"type": "audio"}]},
    }
    made = ga_server(event)
    assert made["type"] == "conversation.item.added"
    assert made["item"]["content"] == [{"type": "output_audio"}]
    assert "conversation.item.done" in changes(event)


@pytest.mark.parametrize("end", ["created", "updated"])
def test_a_beta_transcription_session_of_the_server_is_migrated(end: str) -> None:
    event = {
        "type": f"transcription_session.{end}",
        "event_id": "event_1",
        "session": {
            "id": "sess_1",
            "object": "realtime.transcription_session",
            "expires_at": 1,
            "input_audio_format": "pcm16",
            "input_audio_transcription": None,
            "turn_detection": {"type": "server_vad"},
            "client_secret": None,
        },
    }
    made = ga_server(event)
    assert made["type"] == f"session.{end}"
    assert made["session"] == {
        "type": "transcription",
        "id": "sess_1",
        "object": "realtime.transcription_session",
        "expires_at": 1,
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24000},
                "transcription": None,
                "turn_detection": {"type": "server_vad"},
            }
        },
    }


def test_a_beta_response_of_the_server_is_migrated() -> None:
    item = {"id": "i", "type": "message", "role": "assistant", "content": [{"type": "text", "text": "Hi"}]}
    event = {
        "type": "response.done",
        "event_id": "event_1",
        "response": {"id": "r", "modalities": ["text"], "voice": "ash", "temperature": 1, "output": [item]},
    }
    response = ga_server(event)["response"]
    assert response["output_modalities"] == ["text"]
    assert response["audio"] == {"output": {"voice": "ash"}}
    assert response["output"][0]["content"] == [{"type": "output_text", "text": "Hi"}]
    assert "temperature" not in response


def test_a_name_of_the_other_side_is_not_renamed() -> None:
    assert migrate({"type": "response.text.delta"}, "client") is None
    assert migrate({"type": "response.text.delta"}, "server") is not None


def test_migrating_twice_changes_nothing_more() -> None:
    assert migrate(migrated(FORUM_EVENT).event, "client") is None

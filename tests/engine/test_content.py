"""What was said and done in a recording, as `validate` shows it."""

import base64
import json

import pytest

import rtdoctor
from tests.processes import run

SESSION = {"type": "session.created", "event_id": "e", "session": {"type": "realtime"}}
APPEND = {"type": "input_audio_buffer.append", "audio": base64.b64encode(bytes(48_000)).decode()}
HEARD = {
    "type": "conversation.item.input_audio_transcription.completed",
    "transcript": "Is it  cold?",
    "usage": {"type": "duration", "seconds": 2},
}
SAID = {"type": "response.output_audio_transcript.done", "transcript": "It is."}
CALLED = {
    "type": "response.output_item.done",
    "item": {"type": "function_call", "name": "get_weather", "arguments": '{"city": "Paris"}'},
}
DONE = {"type": "response.done", "response": {"usage": {"total_tokens": 12, "input_tokens": 5, "output_tokens": 7}}}


def content(*events):
    lines = b"\n".join(json.dumps(event).encode() for event in events)
    (connection,) = rtdoctor.validate(lines).connections
    return connection.content


def test_a_session_tells_who_said_what_what_was_called_and_what_it_used():
    told = content(SESSION, APPEND, HEARD, CALLED, SAID, DONE, DONE)
    assert [(one.line, one.speaker, one.text) for one in told.spoken] == [
        (3, "user", "Is it cold?"),
        (5, "model", "It is."),
    ]
    assert [(call.name, call.arguments) for call in told.calls] == [("get_weather", '{"city": "Paris"}')]
    assert told.tokens == {"total_tokens": 24, "input_tokens": 10, "output_tokens": 14}
    assert told.seconds == {"client": 1.0, "transcribed": 2}
    assert told.responses == 2


@pytest.mark.parametrize(
    ("form", "seconds"), [({"type": "audio/pcmu"}, 6.0), ({"type": "audio/pcm", "rate": 8000}, 3.0)]
)
def test_seconds_are_of_the_sessions_own_format(form, seconds):
    session = {**SESSION, "session": {"type": "realtime", "audio": {"input": {"format": form}}}}
    assert content(session, APPEND).seconds == {"client": seconds}


def test_the_first_are_kept_and_all_are_counted():
    told = content(SESSION, *[SAID] * 60, *[CALLED] * 60)
    assert (len(told.spoken), told.more_spoken, len(told.calls), told.more_calls) == (50, 10, 50, 10)


@pytest.mark.parametrize("value", [None, 1, [], {}, {"usage": []}, {"usage": {"total_tokens": 1e300}}, [[]], "x"])
def test_events_of_another_form_are_no_content(value):
    events = [
        {"type": kind, "session": value, "response": value, "item": value, "transcript": value, "usage": value}
        for kind in ("session.created", "response.done", "response.output_item.done", HEARD["type"])
    ]
    told = content(*events, {**APPEND, "audio": value})
    assert told.calls == ()
    assert not told.tokens


def test_the_summary_shows_it_and_a_total_over_files(tmp_path):
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    for file in (one, two):
        file.write_text("\n".join(map(json.dumps, (SESSION, HEARD, CALLED, SAID, DONE))))
    shown = " ".join(run("validate", "--summary", str(one), str(two)).stdout.decode().split())
    assert "user Is it cold? model It is. calls get_weather" in shown
    assert "in all 1 response, 1 function call, 5 tokens in, 7 tokens out, 2.0 s billed as transcribed" in shown
    assert "In all: 0 of 2 recordings as they should be" in shown
    assert "2 responses, 2 function calls, 10 tokens in, 14 tokens out, 4.0 s" in shown
    assert "[order." not in shown, "the summary shows no deviations"

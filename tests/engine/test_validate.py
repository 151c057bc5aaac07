"""A recording of any form is judged as a stream, and never ends in a traceback."""

import gzip
import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtdoctor.engine.validate import MOST_MIGRATED_TEXT, MOST_UNKNOWN, OTHERS, Room, validate_file, validation_of
from rtdoctor.report import validate_json

RECORDINGS = Path(__file__).parents[2].parent / "shared" / "recordings"
CREATED = {
    "type": "session.created",
    "event_id": "event_1",
    "session": {
        "type": "transcription",
        "object": "realtime.transcription_session",
        "id": "sess_1",
        "expires_at": 1789728574,
        "audio": {"input": {"format": {"type": "audio/pcm", "rate": 24000}, "transcription": None}},
    },
}
ERROR = {"type": "error", "event_id": "event_2", "error": {"type": "invalid_request_error", "message": "no"}}
BETA = {
    "type": "transcription_session.update",
    "session": {
        "input_audio_format": "pcm16",
        "modalities": ["text"],
        "input_audio_transcription": {"model": "gpt-4o-transcribe", "prompt": "x", "language": "en"},
        "input_audio_noise_reduction": {"type": "near_field"},
        "turn_detection": None,
    },
}


def judged(*lines, sink=None, **options):
    data = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines).encode()
    return validate_file("x", io.BytesIO(data), sink=sink, **options)


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the shared recordings are not beside the project")
@pytest.mark.parametrize("file", sorted(RECORDINGS.glob("ga-*.jsonl")), ids=lambda file: file.stem)
def test_every_live_recording_passes_without_an_error(file):
    with file.open("rb") as source:
        report = validate_file(file.name, source)
    if "unordered" in file.name:
        rules = report.connections[0].rules
        assert not any(rule.startswith("shape.") for rule in rules)
    else:
        assert report.verdict in ("pass", "warn"), report.connections[0].violations
    assert report.problem_count == 0
    assert report.connections[0].dialect == "ga"


def test_a_good_stream_passes_in_every_form():
    events = [CREATED, ERROR]
    lines = "\n".join(json.dumps(event) for event in events)
    har = {"log": {"entries": [{"_webSocketMessages": [
        {"type": "receive", "time": 1.5, "opcode": 1, "data": json.dumps(event)} for event in events
    ]}]}}  # fmt: skip
    forms = [
        lines.encode(),
        gzip.compress(lines.encode()),
        json.dumps(events).encode(),
        json.dumps([{"direction": "inbound", "event": event} for event in events]).encode(),
        "\n".join(f"2026-09-18T10:00:0{n} DEBUG <- {json.dumps(event)}" for n, event in enumerate(events)).encode(),
        json.dumps(har).encode(),
        ('{"rtdoctor_recording": 1}\n' + "\n".join(
            json.dumps({"at": n, "dir": "server", "event": event}) for n, event in enumerate(events)
        )).encode(),
    ]  # fmt: skip
    for form in forms:
        report = validate_file("x", io.BytesIO(form))
        assert report.verdict == "pass", (form[:80], report)
        assert report.connections[0].events == {("server", "session.created"): 1, ("server", "error"): 1}


def test_a_broken_line_is_told_with_its_number_and_the_rest_is_judged():
    report = judged(CREATED, '{"type": "session.upd', {**ERROR, "event_id": 7})
    assert report.verdict == "fail"
    assert report.problems[0].startswith("line 2:")
    (placed,) = [item for item in report.connections[0].violations if item.violation.rule == "shape.type"]
    assert (placed.line, placed.violation.pointer) == (3, "/event_id")
    assert placed.before == ((1, "server", "session.created"),)


def test_a_beta_client_on_a_ga_server_is_an_error_and_its_ga_form_is_told():
    lines = []
    report = judged({"dir": "server", "event": CREATED}, {"dir": "client", "event": BETA}, sink=lines.append)
    connection = report.connections[0]
    assert (report.verdict, connection.dialect) == ("fail", "ga")
    assert connection.rules["shape.era"] == 1
    update = json.loads(connection.migrated[0].event)
    assert update == {
        "type": "session.update",
        "session": {
            "type": "transcription",
            "audio": {
                "input": {
                    "format": {"type": "audio/pcm", "rate": 24000},
                    "transcription": {"model": "gpt-4o-transcribe", "prompt": "x", "language": "en"},
                    "noise_reduction": {"type": "near_field"},
                    "turn_detection": None,
                }
            },
        },
    }
    assert [line["event"]["type"] for line in lines] == ["session.created", "session.update"]


def test_a_beta_stream_fails_unless_beta_was_asked_for():
    session = {"id": "sess_1", "object": "realtime.session", "modalities": ["text"], "input_audio_format": "pcm16"}
    created = {"type": "session.created", "event_id": "e1", "session": session}
    assert "beta" in judged(created).sentence
    assert judged(created, era="beta").verdict == "pass"


@pytest.mark.parametrize(
    ("event", "dialect"),
    [
        ({"type": "session.started", "session": {}}, "gpt-live"),
        ({"type": "transcription.delta", "delta": "x"}, "vllm"),
    ],
)
def test_another_dialect_is_named_and_not_just_failed(event, dialect):
    report = judged(event)
    assert report.connections[0].dialect == dialect
    assert report.sentence.startswith(f"this is {report.connections[0].dialect_title}")


def test_strict_lets_warnings_fail():
    audio = {"dir": "client", "event": {"type": "input_audio_buffer.append", "audio": "AAAA"}}
    lines = [{"dir": "server", "event": CREATED}, audio]
    assert judged(*lines).verdict == "warn"
    assert judged(*lines, strict=True).verdict == "fail"


def test_the_account_stays_small_when_everything_is_wrong():
    report = judged(*[{"type": "nope", "event_id": f"e{n}"} for n in range(3000)])
    connection = report.connections[0]
    assert connection.severities["error"] >= 3000
    assert len(connection.violations) <= 100


@given(st.binary(max_size=2000))
@settings(max_examples=300, deadline=None)
def test_arbitrary_bytes_never_raise(data):
    validate_json.text(validation_of([validate_file("x", io.BytesIO(data))]))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
KINDS = st.sampled_from(
    [
        "session.created",
        "session.update",
        "input_audio_buffer.append",
        "response.done",
        "error",
        "transcription_session.update",
    ]
)


FIELDS = st.sampled_from(["event_id", "session", "audio", "response", "item", "item_id", "error"])
EVENTS = st.builds(lambda kind, more: {"type": kind, **more}, KINDS, st.dictionaries(FIELDS, JSON, max_size=4))


@given(st.lists(JSON | EVENTS, max_size=6))
@settings(max_examples=300, deadline=None)
def test_arbitrary_json_never_raises(events):
    data = "\n".join(json.dumps(event) for event in events).encode()
    validate_json.text(validation_of([validate_file("x", io.BytesIO(data))]))


def test_types_that_nobody_knows_are_counted_together_after_the_first():
    events = judged(CREATED, *[{"type": f"x.{n}"} for n in range(80)], CREATED).connections[0].events
    assert len(events) == 1 + MOST_UNKNOWN + 1
    assert (events["server", OTHERS], events["server", "session.created"]) == (80 - MOST_UNKNOWN, 2)


def har(sockets, event):
    data = json.dumps(event)
    message = {"type": "receive", "time": 1.5, "opcode": 1, "data": data}
    return json.dumps({"log": {"entries": [{"_webSocketMessages": [message] * 2}] * sockets}})


def test_connections_beyond_the_first_hundred_are_judged_and_counted():
    report = judged(har(130, {**ERROR, "event_id": 7}))
    assert (len(report.connections), report.more_connections) == (100, 30)
    assert report.sentence.startswith("390 errors")  # session.created is not first either
    assert json.loads(validate_json.text(validation_of([report])))["files"][0]["more_connections"] == 30


def test_the_files_of_a_run_share_the_room_of_its_report():
    room = Room(connections=2, violations=3, items=0)
    reports = [
        validate_file("x", io.BytesIO(har(2, {"type": "nope"}).encode()), room=room),
        validate_file("y", io.BytesIO(har(2, {"type": "nope"}).encode()), room=room),
    ]
    assert [(len(report.connections), report.more_connections, report.verdict) for report in reports] == [
        (2, 0, "fail"),
        (0, 2, "fail"),
    ]
    assert sum(len(connection.violations) for connection in reports[0].connections) == 3


def test_a_long_migrated_event_is_cut_in_the_report_and_whole_in_the_stream():
    lines = []
    report = judged({"dir": "client", "event": {**BETA, "event_id": "id " * 3000}}, sink=lines.append)
    assert len(report.connections[0].migrated[0].event) == MOST_MIGRATED_TEXT
    assert lines[0]["event"]["event_id"] == "id " * 3000


# --- what the server told of ------------------------------------------------------------------------------------------

INVALID_KEY = {
    "type": "error",
    "event_id": "event_9",
    "error": {"type": "invalid_request_error", "code": "invalid_api_key", "message": "Incorrect API key provided: x."},
}
UNKNOWN_FIELD = {**INVALID_KEY, "error": {**INVALID_KEY["error"], "code": "unknown_parameter"}}
SPOKE = {"type": "input_audio_buffer.speech_started", "event_id": "e", "audio_start_ms": 1, "item_id": "item_1"}


def close(code, reason="", **more):
    return {"dir": "close", "event": {"code": code, "reason": reason, **more}}


@pytest.mark.parametrize(
    ("lines", "cause", "code"),
    [
        ([INVALID_KEY, close(3000, "invalid_request_error.invalid_api_key")], "auth.invalid", 1),
        ([CREATED, close(3000, "invalid_request_error.invalid_api_key")], "auth.invalid", 1),
        ([CREATED, close(1013, "insufficient_quota.credit_balance_exhausted")], "limits.quota", 1),
        ([CREATED, close(1011, "internal")], "close.server", 3),
        ([CREATED, close(1000)], "close.normal", 0),
        ([CREATED, close(1011, by="client")], None, 0),
        ([CREATED, close("1011")], "close.server", 3),
        ([CREATED, close(1011.0)], "close.server", 3),
        ([CREATED, {"event": "close", "code": 1011}], "close.server", 3),
        ([CREATED, close(1011), close(1000)], "close.server", 3),
        ([CREATED, close(None), close(1011)], "close.server", 3),
        ([CREATED, close(None)], None, 0),
        ([CREATED, UNKNOWN_FIELD, SPOKE, close(1000)], "session.parameter", 0),
        ([CREATED, UNKNOWN_FIELD, close(1000)], "session.parameter", 0),
        ([INVALID_KEY, close(1000)], "auth.invalid", 1),
        ([CREATED, close(1006)], "close.abnormal", 3),
        ([CREATED, UNKNOWN_FIELD], "session.parameter", 1),
        ([CREATED, UNKNOWN_FIELD, SPOKE], "session.parameter", 0),
        ([CREATED, SPOKE], None, 0),
    ],
)  # fmt: skip
def test_the_referee_judges_a_recording(lines, cause, code):
    report = judged(*lines)
    found = report.connections[0].finding
    assert (found and found.cause, report.exit_code) == (cause, code)
    assert validation_of([report]).exit_code == code


def test_five_errors_are_five_told_errors_with_their_messages():
    events = [
        {**INVALID_KEY, "event_id": f"e{n}", "error": {"type": "x_error", "code": f"c{n}", "message": f"m{n}"}}
        for n in range(5)
    ]
    report = judged(CREATED, *events)
    told = [(item.line, item.error.code, item.error.message) for item in report.connections[0].errors]
    assert told == [(n + 2, f"c{n}", f"m{n}") for n in range(5)]
    assert report.sentence == "no error of form; the server told of 5 errors"
    assert (report.connections[0].finding.verdict, report.exit_code) == ("warn", 0), "nobody knows what they mean"


def test_the_error_that_a_flood_ends_with_is_judged_and_all_are_counted():
    unknown = {**INVALID_KEY, "error": {"type": "x_error", "code": "c", "message": "m"}}
    report = judged(CREATED, *[unknown] * 25, INVALID_KEY)
    assert report.connections[0].finding.cause == "auth.invalid"
    assert report.exit_code == 1
    assert report.sentence.split("; ")[-2:] == ["the server told of 26 errors", "auth.invalid: The key is not known"]


def test_a_failing_close_stands_in_the_sentence():
    assert judged(CREATED, close(1011)).sentence.startswith("no error of form; close.server: ")


def test_an_error_that_nobody_knows_fails_where_no_session_was():
    unknown = {**INVALID_KEY, "error": {"type": "x_error", "code": "weird", "message": "no way"}}
    assert (judged(unknown).exit_code, judged(CREATED, unknown).exit_code) == (1, 0)
    assert judged(CREATED, unknown).overall == "warn"


def test_two_connections_have_each_a_finding_and_the_worst_decides():
    lines = [CREATED, close(1011, "internal"), {"rtdoctor_recording": 1}, INVALID_KEY, close(3000)]
    one, two = judged(*lines[:2]), judged(*lines[3:])
    assert validation_of([one, two]).exit_code == 1
    assert validation_of([one]).exit_code == 3
    assert validation_of([one]).verdict == "inconclusive"


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the shared recordings are not beside the project")
def test_the_recorded_errors_are_told_and_the_good_sessions_are_well():
    for file in sorted(RECORDINGS.glob("ga-*.jsonl")):
        with file.open("rb") as source:
            report = validate_file(file.name, source)
        errors = "errors" in file.name
        assert (len(report.connections[0].errors), report.exit_code) == ((5, 1) if errors else (0, 0)), file.name


def test_of_a_lone_close_no_101_is_told():
    report = judged(close(1006))
    assert report.connections[0].finding.cause == "close.abnormal"
    assert not any("101" in fact for fact in report.connections[0].finding.facts)

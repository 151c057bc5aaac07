"""Each judge on tapes: what it passes, what it fails, and what it has not seen."""

import json

import pytest

from rtdoctor.grade.judges import JUDGES
from rtdoctor.grade.run import Ending, read_run

PCM = "AAAA" * 1600  # 4800 bytes, a tenth of a second


class Tape:
    """Lines of a tape, and the run that they tell of."""

    def __init__(self, url="wss://host/v1/realtime?model=m", at=0.0, status=101):
        self.lines, self.number = [], 0
        self.connect(at, url, status)

    def connect(self, t, url="wss://host/v1/realtime?model=m", status=101):
        self.number += 1
        headers = [["Upgrade", "websocket"], ["User-Agent", "AsyncOpenAI/Python 3.54.0"]]
        self.line(t, "request", url=url, headers=headers)
        self.line(t + 0.01, "answer", status=status)
        return self

    def line(self, t, kind, **more):
        self.lines.append({"t": t, "connection": self.number, "kind": kind, **more})
        return self

    def event(self, t, sender, kind, **more):
        return self.line(t, "text", **{"from": sender}, data=json.dumps({"type": kind, **more}))

    def created(self, t=0.02, detection=None):
        given = {"format": {"type": "audio/pcm", "rate": 24000}, "turn_detection": detection}
        return self.event(t, "server", "session.created", session={"audio": {"input": given, "output": {}}})

    def close(self, t, sender, code, reason=""):
        return self.line(t, "close", **{"from": sender}, code=code, reason=reason).end(t, sender, "close")

    def end(self, t, by, how):
        return self.line(t, "end", by=by, how=how)

    def run(self, **ending):
        told = {"started_at": 0.0, "ended_at": None, "stopped_at": None, "exit_code": 0, **ending}
        return read_run(self.lines, "", Ending(**told) if ending else None)


def judged(mark, tape, **ending):
    return JUDGES[mark](tape.run(**ending), None)


def error(code, event_id=None, kind="invalid_request_error"):
    return {"type": kind, "code": code, "message": "no", "param": None, "event_id": event_id}


@pytest.mark.parametrize("mark", JUDGES)
def test_nothing_is_judged_of_an_empty_tape(mark):
    assert JUDGES[mark](read_run([]), None).grade == "not seen"


@pytest.mark.parametrize(
    "url",
    [
        "wss://host/v1/realtime?model=m&api_key=[secret%203f9a]",
        "wss://host/v1/realtime?model=m&x=[secret 3f9a]",
        "wss://host/v1/realtime?model=m&api-key=abcdefgh",
        "wss://me:password@host/v1/realtime?model=m",
    ],
)
def test_a_key_in_a_url_fails_also_where_a_tape_shows_its_mark_only(url):
    assert judged("key.out-of-url", Tape(url)).grade == "fail"
    assert judged("key.out-of-url", Tape()).grade == "pass"


def test_what_is_sent_before_session_created_is_a_warning_and_lost_speech_a_fail():
    assert judged("session.waits", Tape().created().event(0.1, "client", "session.update")).grade == "pass"
    assert judged("session.waits", Tape().event(0.1, "client", "session.update").created(0.2)).grade == "warn"
    speech = Tape()
    for step in range(11):
        speech.event(0.1 + step / 10, "client", "input_audio_buffer.append", audio=PCM)
    assert judged("session.waits", speech).grade == "fail"


def test_a_silent_server_is_given_up_or_not():
    assert judged("session.time-out", Tape().close(8.0, "client", 1000)).grade == "pass"
    assert judged("session.time-out", Tape().end(8.0, "client", "eof")).grade == "pass"
    assert judged("session.time-out", Tape(), stopped_at=15.0).grade == "fail"
    assert judged("session.time-out", Tape(), ended_at=7.0, exit_code=1).grade == "pass"
    assert judged("session.time-out", Tape(), stopped_at=1.0).grade == "not seen"


@pytest.mark.parametrize(("code", "grade"), [(1000, "pass"), (None, "pass"), (0, "pass"), (1011, "warn")])
def test_the_close_code_of_the_client(code, grade):
    assert judged("session.closes", Tape().created().close(1.0, "client", code)).grade == grade


def test_who_is_gone_without_a_close_frame_fails_unless_it_was_stopped():
    assert judged("session.closes", Tape().created().end(1.0, "client", "eof")).grade == "fail"
    assert judged("session.closes", Tape().created().end(9.0, "client", "eof"), stopped_at=8.0).grade == "not seen"
    assert judged("session.closes", Tape().created().close(1.0, "server", 1001)).grade == "not seen"


REFUSED = [
    (lambda: Tape(status=401), "401", "fail"),
    (lambda: Tape(status=403), "403", "fail"),
    (lambda: Tape().close(0.1, "server", 3000, "invalid_request_error.invalid_api_key"), "3000", "fail"),
    (lambda: Tape().close(0.1, "server", 4004, "x"), "4004", "fail"),
    (lambda: Tape().close(0.1, "server", 1013, "insufficient_quota.credit_balance_exhausted"), "1013", "fail"),
    (lambda: Tape().close(0.1, "server", 1013, "overloaded"), "1013", "not seen"),
    (lambda: Tape(status=503), "503", "not seen"),
]


@pytest.mark.parametrize(("tape", "clue", "grade"), REFUSED)
def test_what_no_retry_mends_is_known_by_status_code_and_reason(tape, clue, grade):
    assert judged("refusal.no-retry", tape().connect(1.0)).grade == grade
    assert judged("refusal.no-retry", tape()).grade == ("pass" if grade == "fail" else grade)
    if grade == "fail":
        assert judged("refusal.reads", tape(), ended_at=1.0, exit_code=1, output=f"it said {clue}").grade == "pass"
        assert judged("refusal.reads", tape(), ended_at=1.0, exit_code=1, output="").grade == "warn"
        assert judged("refusal.reads", tape(), ended_at=1.0, exit_code=0, output="").grade == "fail"
        assert judged("refusal.reads", tape(), stopped_at=9.0).grade == "fail"
        assert judged("refusal.reads", tape(), stopped_at=9.0, output=f"it said {clue}").grade == "warn"
    else:
        assert judged("retry.transient", tape().connect(1.0)).grade == "pass"
        assert judged("retry.transient", tape()).grade == "warn"


@pytest.mark.parametrize(
    ("times", "grade"),
    [
        ((0.5, 1.5, 3.5), "pass"),
        ((0.5, 1.0, 1.5), "warn"),
        ((0.5, 1.0, 1.7, 2.2), "warn"),  # one was late, and none after it
        ((0.05, 0.1, 0.15), "fail"),
        ((0.5,), "not seen"),
    ],
)
def test_the_wait_between_attempts_grows(times, grade):
    tape = Tape(status=503)
    for t in times:
        tape.connect(t, status=503)
    assert judged("retry.backs-off", tape).grade == grade


def test_a_lost_connection_and_an_expired_session_are_opened_again():
    lost = Tape().created().end(1.0, "server", "reset")
    assert judged("drop.survives", lost, stopped_at=9.0).grade == "fail"
    assert judged("drop.survives", lost, ended_at=1.1, exit_code=1, output="connection reset by peer").grade == "pass"
    assert judged("drop.survives", lost.connect(2.0).created(2.1)).grade == "pass"
    over = Tape().created().event(1.0, "server", "error", error=error("session_expired"))
    over.close(1.0, "server", 1001, "invalid_request_error.session_expired")
    assert judged("expiry.reconnects", over, ended_at=1.1, exit_code=0).grade == "fail"
    assert judged("expiry.reconnects", over.connect(2.0).created(2.1)).grade == "pass"


def test_an_error_that_ends_nothing_is_lived_through():
    tape = Tape().created().event(1.0, "server", "error", error=error("response_cancel_not_active"))
    left = Tape().created().event(1.0, "server", "error", error=error("response_cancel_not_active"))
    assert judged("error.not-fatal", tape.event(1.5, "client", "response.create")).grade == "pass"
    assert judged("error.not-fatal", left.close(1.1, "client", 1000)).grade == "fail"


@pytest.mark.parametrize(
    ("after", "ident", "grade"),
    [(0.1, "mine", "pass"), (5.0, "mine", "fail"), (9.5, "mine", "fail"), (0.1, None, "warn")],
)
def test_a_refused_call_fails_at_once(after, ident, grade):
    tape = Tape().created().event(1.0, "client", "response.create", **({"event_id": ident} if ident else {}))
    tape.event(1.1, "server", "error", error=error("conversation_already_has_active_response", ident))
    assert judged("error.event-id", tape.close(1.1 + after, "client", 1000)).grade == grade


def test_a_refused_call_that_nothing_comes_of_fails():
    tape = Tape().created().event(1.0, "client", "response.create", event_id="mine")
    tape.event(1.1, "server", "error", error=error("x", "mine"))
    assert judged("error.event-id", tape, stopped_at=20.0).grade == "fail"


@pytest.mark.parametrize(
    ("mark", "event"),
    [
        ("unknown.event", {"kind": "some.new_event"}),
        ("unknown.field", {"kind": "response.done", "rtdoctor_added_field": 1}),
    ],
)
def test_what_is_unknown_is_passed_over(mark, event):
    tape, left = (Tape().created().event(1.0, "server", **event) for _ in range(2))
    assert judged(mark, tape.event(2.0, "client", "response.create")).grade == "pass"
    assert judged(mark, left.end(1.1, "client", "eof")).grade == "fail"


def test_a_failed_response_is_told_or_asked_for_again():
    failed = {"status": "failed", "status_details": {"error": {"code": "insufficient_quota"}}}
    tape = Tape().created().event(1.0, "server", "response.done", response=failed)
    assert judged("response.failed", tape, ended_at=2.0, exit_code=0).grade == "fail"
    assert judged("response.failed", tape, ended_at=2.0, exit_code=1, output="insufficient_quota").grade == "pass"
    assert judged("response.failed", tape.event(1.2, "client", "response.create")).grade == "pass"


def spoken(t=1.0, sent=20):
    """A response with so many tenths of a second of sound, all sent at once."""
    tape = Tape().created(detection={"type": "server_vad"}).event(t, "server", "response.created", response={})
    for _ in range(sent):
        tape.event(t + 0.01, "server", "response.output_audio.delta", item_id="item_1", delta=PCM)
    return tape


@pytest.mark.parametrize(("at", "ms", "grade"), [(2.0, 900, "pass"), (2.0, 1900, "fail"), (9.0, 2500, "fail")])
def test_a_truncate_cuts_at_what_was_played(at, ms, grade):
    tape = spoken().event(at, "client", "conversation.item.truncate", item_id="item_1", audio_end_ms=ms)
    assert judged("truncate.played", tape).grade == grade


@pytest.mark.parametrize(("ms", "grade"), [(500, "fail"), (0, "warn")])
def test_speech_before_the_first_sound_truncates_nothing(ms, grade):
    tape = spoken(sent=0).event(1.2, "server", "input_audio_buffer.speech_started")
    tape.event(1.3, "server", "response.done", response={"status": "cancelled"})
    good = json.loads(json.dumps(tape.lines))
    tape.event(1.4, "client", "conversation.item.truncate", item_id="item_1", audio_end_ms=ms)
    assert judged("barge-in.early", tape).grade == grade
    tape.lines = good
    assert judged("barge-in.early", tape.event(2.0, "client", "response.create")).grade == "pass"


@pytest.mark.parametrize(
    ("share", "grade"), [(1.0, "pass"), (16 / 24, "fail"), (8 / 24, "fail"), (2.0, "fail"), (20.0, "not seen")]
)
def test_sound_has_the_rate_that_is_declared(share, grade):
    tape = Tape().created()
    for step in range(30):
        tape.event(1 + step / 10 / share, "client", "input_audio_buffer.append", audio=PCM)
    assert judged("audio.rate", tape).grade == grade


def test_a_wav_header_and_half_a_sample_are_told():
    wav = Tape().created().event(1.0, "client", "input_audio_buffer.append", audio="UklGRiQAAABXQVZF")
    assert judged("audio.rate", wav).grade == "warn"
    half = Tape().created().event(1.0, "client", "input_audio_buffer.append", audio="AAAA")
    assert judged("audio.rate", half).grade == "fail"


@pytest.mark.parametrize(
    ("detection", "commits", "grade"),
    [(None, 1, "pass"), ({"type": "server_vad"}, 0, "pass"), ({"type": "server_vad"}, 1, "warn"), (None, 0, "fail")],
)
def test_one_of_the_two_commits(detection, commits, grade):
    tape = Tape().created(detection=detection).event(1.0, "client", "input_audio_buffer.append", audio=PCM)
    for _ in range(commits):
        tape.event(1.5, "client", "input_audio_buffer.commit")
    assert judged("audio.commit", tape.event(4.0, "client", "x"), ended_at=5.0).grade == grade


def test_what_the_client_does_while_it_is_stopped_is_not_its_own():
    tape = Tape().close(0.1, "server", 3000, "x").connect(9.0)
    assert judged("refusal.no-retry", tape, stopped_at=8.0).grade == "pass"


def test_a_microphone_that_goes_on_does_not_tell_that_the_client_took_the_barge_in():
    tape = spoken(sent=0).event(1.2, "server", "input_audio_buffer.speech_started")
    tape.event(1.3, "server", "response.done", response={"status": "cancelled"})
    assert (
        judged("barge-in.early", tape.event(3.0, "client", "input_audio_buffer.append", audio=PCM)).grade == "not seen"
    )


def test_who_leaves_in_the_midst_of_a_response_did_not_go_on():
    tape = Tape().created().event(1.0, "server", "response.created")
    for step in range(3):
        tape.event(1.1 + step / 10, "server", "error", error=error("x"))
    assert judged("error.not-fatal", tape.close(1.35, "client", 1000)).grade == "fail"


@pytest.mark.parametrize(("at", "grade"), [(10.0, "pass"), (30.0, "warn")])
def test_to_wait_long_for_a_first_event_is_a_warning(at, grade):
    assert judged("session.time-out", Tape().close(at, "client", 1000)).grade == grade


@pytest.mark.parametrize(
    ("kind", "given", "grade"),
    [
        ("session.update", {"event_id": "a"}, "fail"),
        ("session.update", {}, "fail"),  # by the param that the error names
        ("input_audio_buffer.commit", {"event_id": "a"}, "warn"),
        ("input_audio_buffer.commit", {}, "pass"),  # which event it refuses is not told
    ],
)
def test_an_event_that_is_refused_is_told_by_the_error_that_answers_it(kind, given, grade):
    tape = Tape().created().event(1.0, "client", kind, **given).event(1.1, "server", "input_audio_buffer.cleared")
    told = error("unknown_parameter", given.get("event_id")) | {"param": "session.voice"}
    tape.event(1.2, "server", "error", error=told)
    assert judged("events.taken", tape, ended_at=2.0).grade == grade


@pytest.mark.parametrize(
    ("ending", "answered", "grade"),
    [
        ({"ended_at": 3.0}, False, "pass"),
        ({"ended_at": 3.0, "exit_code": 1}, True, "fail"),
        ({"stopped_at": 9.0}, True, "pass"),
        ({"stopped_at": 9.0}, False, "fail"),
    ],
)
def test_a_plain_session_comes_to_its_end_or_to_an_answer(ending, answered, grade):
    tape = Tape().created()
    if answered:
        tape.event(2.0, "server", "response.done", response={"status": "completed"})
    assert judged("session.finishes", tape, **ending).grade == grade


@pytest.mark.parametrize(("added", "grade"), [((), "pass"), (("conversation.item.create",), "not seen")])
def test_the_next_turn_does_not_ask_again_after_a_failed_response(added, grade):
    failed = {"status": "failed", "status_details": {"error": {"code": "insufficient_quota"}}}
    tape = Tape().created().event(1.0, "server", "response.done", response=failed)
    for kind in (*added, "response.create"):
        tape.event(1.5, "client", kind)
    assert judged("response.failed", tape).grade == grade

"""Whatever a server sends, distilling never raises, and keeps only what decides."""

import json

from hypothesis import given
from hypothesis import strategies as st

from rtdoctor.diagnose.describe import short, tell
from rtdoctor.diagnose.distil import distil
from rtdoctor.diagnose.referee import finding
from rtdoctor.model.exchange import Answer, Close, Exchange, Frame, Request

ASKED = Request("wss://h/v1/realtime", "/realtime")
UPGRADED = Answer(101, "", (), b"", 3.0)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)
KINDS = st.sampled_from(["session.created", "session.updated", "error", "response.done", "x.transcription.completed"])
FIELDS = st.sampled_from(["session", "error", "response", "transcript", "event_id"])
EVENTS = st.builds(lambda kind, more: json.dumps({"type": kind, **more}), KINDS, st.dictionaries(FIELDS, JSON))


@given(st.lists(st.none() | EVENTS | st.text() | JSON.map(json.dumps), max_size=6))
def test_any_frames_give_an_outcome_that_can_be_judged(texts):
    frames = tuple(Frame(0.01, "server", "text" if t is not None else "binary", t, 1) for t in texts)
    outcome = distil(Exchange(ASKED, UPGRADED, frames=frames))
    assert finding(outcome).summary == short(outcome)
    assert all(isinstance(line, str) for line in tell(outcome))


@given(st.integers(100, 599), st.binary(max_size=300))
def test_any_answer_gives_an_outcome_that_can_be_judged(status, body):
    outcome = distil(Exchange(ASKED, Answer(status, "", (), body, 1.0)))
    assert outcome.http_status == status
    assert finding(outcome).facts


def test_a_refusal_after_the_101_is_two_facts():
    error = {"type": "invalid_request_error", "code": "missing_model", "message": "You must …", "param": None}
    frames = (Frame(0.003, "server", "text", json.dumps({"type": "error", "error": error}), 9),)
    close = Close(4000, "invalid_request_error.missing_model", "server", 0.003)
    outcome = distil(Exchange(ASKED, UPGRADED, frames=frames, close=close))
    assert short(outcome) == "101, then missing_model, close 4000"
    told = tell(outcome)
    assert told[0].startswith("The upgrade was answered 101")
    assert told[1].startswith("3 ms later came the first event: error")
    assert told[-1] == "The server closed with 4000 (invalid_request_error.missing_model)."


def test_an_error_as_bare_text_is_understood():
    frames = (Frame(0.0, "server", "text", '{"type": "error", "error": "no model", "code": 1}', 9),)
    assert distil(Exchange(ASKED, UPGRADED, frames=frames)).errors[0].message == "no model"


def test_what_a_server_says_is_cut_before_anything_else_looks_at_it():
    long = "server words " * 10_000
    session = {"type": long, "audio": {"input": {"transcription": {"model": long}, "turn_detection": {"type": long}}}}
    error = {"type": long, "code": long, "message": long, "param": long}
    frames = [{"type": "session.created", "session": session}, {"type": "error", "error": error}, {"type": long}]
    outcome = distil(
        Exchange(
            Request("wss://h/v1/realtime", "/realtime"),
            answer=Answer(101, "", (("Server", long), ("Location", long)), b"", 1.0),
            subprotocol=long,
            frames=tuple(Frame(0.1, "server", "text", json.dumps(frame), 0) for frame in frames),
        )
    )
    assert outcome.session_type == long[:100]
    assert outcome.transcription_model == outcome.turn_detection == long[:100]
    assert outcome.events[-1] == long[:100]
    assert {len(value) for _, value in outcome.http_headers} == {1_000}
    assert len(repr(outcome)) < 10_000


def of(*events, close=None):
    """What becomes of a session with these events: (who sent it, the event)."""
    frames = tuple(Frame(0.1, who, "text", json.dumps(event), 1) for who, event in events)
    return distil(Exchange(ASKED, UPGRADED, frames=frames, close=close))


CREATED, UPDATED = ({"type": kind, "session": {"type": "realtime"}} for kind in ("session.created", "session.updated"))


def test_a_refusal_that_is_no_event_is_read_for_its_error():
    outcome = of(("server", {"error": {"message": "no slots", "code": 401}}), close=Close(1008, "", "server", 0.2))
    assert [error.message for error in outcome.errors] == ["no slots"]
    assert [error.message for error in of(("server", {"error": "unauthorized"})).errors] == ["unauthorized"]
    assert of(("server", {"error": None}), ("server", {"type": "rate_limits.updated", "error": "x"})).errors == ()


def test_an_update_is_answered_only_by_what_comes_after_it():
    update = ("client", {"type": "session.update", "session": {}})
    assert of(("server", CREATED), update, ("server", UPDATED)).updated
    assert not of(("server", CREATED), ("server", UPDATED), update).updated
    assert of(("server", UPDATED)).updated, "a sideband is told unasked"


def test_1006_is_told_as_what_a_library_says_and_not_as_a_servers_word():
    outcome = of(("server", CREATED), close=Close(1006, "", "server", 0.2))
    assert finding(outcome).cause == "close.abnormal"
    assert not any("closed with 1006" in line for line in tell(outcome))

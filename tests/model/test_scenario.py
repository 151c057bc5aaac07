"""Which URL may join a session that goes on: every one that is not known to begin one."""

import pytest

from rtdoctor.model.scenario import Scenario, WantedHandshake, in_call, speaks_by_itself

NEW = [
    *("/v1/realtime", "/v1/realtime/", "/realtime", "/V1/Realtime", "/openai/v1/realtime", "/live/v1/realtime"),
    *("/sessions/v1/realtime", "/calls/v1/realtime", "/v1/realtime/translations", "/v1/live", "/v1/live/sessions"),
    *("/v1/realtime/transcription_sessions", "/v1/realtime/sessions", "/v1/realtime/client_secrets"),
    "/v1/realtime?model=gpt-live-1&intent=transcription&api-version=2025-04-01-preview&deployment=x&keepalive=1",
]
JOINED = [
    *("/v1/live/rtc_ID", "/v1/live/anything", "/v1/realtime/rtc_1", "/v1/realtime/anything", "/elsewhere", "", "/"),
    *("/v1/live/sessions/s_1/attach", "/v1/live/session/x/attach", "/v1/realtime/calls/rtc_1", "/v1/realtime;c=rtc_1"),
    *("/realtime/calls;v=1/rtc_1", "/v1/realtime%2Frtc_1", "/v1/realtime%252Frtc_1", "/v1/live/rtc_1/realtime"),
    *("/v1/live?session_id=x", "/v1/realtime?rtc_call_id=x", "/v1/realtime?Call-Id=x", "/v1/realtime?%63all_id=x"),
    *(
        "/v1/realtime?a=1;call_id=x",
        "/v1/realtime?x=rtc_1",
        "/v1/realtime?x=rtc_1&x=2",
        "/v1/realtime?x=call_id%3Drtc_1",
    ),
    *("/v1/realtime?call_id=", "/v1/realtime?session=sess_1", "/v1/realtime?conversation_id=x", "/v1/live?attach=1"),
    *("/v1/realtime?x=https://h/rtc_1", "/v1/realtime?a=1?call_id=x", "/v1/sess_1/realtime"),
    *("/v1/live/sessions/realtime", "/v1/realtime/live", "/v1/realtime/calls/realtime", "/v1/realtime/realtime"),
]


@pytest.mark.parametrize("place", NEW)
def test_a_path_that_begins_a_session_joins_none_whatever_stands_before_it(place):
    assert not in_call(f"wss://h.example{place}")


@pytest.mark.parametrize("place", JOINED)
def test_any_other_path_id_or_parameter_may_join_one(place):
    assert in_call(f"wss://h.example{place}")


@pytest.mark.parametrize("query", ["agent_id=x", "Agent-Id=x", "a=1;agentId=x", "greeting=hello", "%61gent_id=x"])
def test_a_handshake_that_names_an_agent_begins_a_conversation(query):
    assert speaks_by_itself(f"wss://h.example/v1/realtime?{query}")
    assert not speaks_by_itself("wss://h.example/v1/realtime?model=agent_id&intent=transcription")


def test_a_scenario_whose_handshake_begins_a_conversation_is_billable():
    agent = Scenario("a.b", "t", (), WantedHandshake(query={"agent_id": "x"}), (), ())
    assert agent.is_billable()
    assert not Scenario("a.b", "t", (), WantedHandshake(query={"model": "x"}), (), ()).is_billable()

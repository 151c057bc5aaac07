"""Conditions on outcomes hold exactly when every line does."""

import pytest

from rtdoctor.model.exchange import Request
from rtdoctor.model.outcome import ErrorEvent, Outcome, facts, matches

OUTCOME = Outcome(
    asked=Request("wss://h/v1/realtime", "/realtime", query=(("model", "gpt-x"),)),
    stage="first-event",
    http_status=101,
    first_event="error",
    errors=(ErrorEvent("invalid_request_error", "invalid_model", 'Model "gpt-x" is not supported', None),),
    close_code=4000,
)
FLAT = facts(OUTCOME)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"http_status": 101}, True),
        ({"http_status": [200, 101]}, True),
        ({"http_status": 403}, False),
        ({"error_code": "invalid_model", "close_code": 4000}, True),
        ({"error_code": "invalid_model", "close_code": 4004}, False),
        ({"error_message": {"has": "NOT SUPPORTED"}}, True),
        ({"error_message": {"matches": '^Model "[^"]+" is'}}, True),
        ({"close_reason": {"known": False}}, True),
        ({"first_event": {"known": True}}, True),
        ({"http_status": {"min": 100, "max": 199}}, True),
        ({"http_status": {"min": 200}}, False),
        ({"error_code": {"not": "invalid_model"}}, False),
        ({"query_names": "model", "query_model": "gpt-x"}, True),
        ({"open": False}, True),
        ({"open": 0}, False),
        ({"error_code": {"all": ["invalid_model"]}}, True),
        ({"error_code": {"all": ["invalid_model", "other"]}}, False),
    ],
)
def test_a_condition(condition, holds):
    assert matches(condition, FLAT) is holds


def test_an_unknown_fact_or_test_is_an_error():
    with pytest.raises(KeyError):
        matches({"no_such_fact": 1}, FLAT)
    with pytest.raises(KeyError):
        matches({"http_status": {"atleast": 1}}, FLAT)

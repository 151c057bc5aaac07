"""A close reason is read as the error that it names: in check and probe from the close, in explain from the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtdoctor.diagnose.close_reason import error_of_reason
from rtdoctor.diagnose.describe import tell
from rtdoctor.diagnose.distil import distil
from rtdoctor.diagnose.referee import weigh
from rtdoctor.diagnose.text.findings import explain
from rtdoctor.knowledge.causes import known_codes
from rtdoctor.model.exchange import Answer, Close, Exchange, Frame, Request
from rtdoctor.model.outcome import ErrorEvent
from rtdoctor.privacy.quote import quote

TYPES = ("invalid_request_error", "server_error", "insufficient_quota", "request_forbidden", "tokens", "requests")


def closed(reason, *frames, by="server", code=1013):
    request = Request("wss://h/v1/realtime", "/realtime", (("intent", "transcription"),))
    return distil(Exchange(request, Answer(101, "", (), b"", 1.0), frames=frames, close=Close(code, reason, by, 0.1)))


@pytest.mark.parametrize("code", sorted(known_codes()))
@pytest.mark.parametrize("kind", TYPES)
def test_whatever_code_a_rule_names_is_found_in_a_reason(code, kind):
    outcome = closed(f"{kind}.{code}")
    assert outcome.errors == (ErrorEvent(kind, code),)
    event = Frame(0.1, "server", "text", f'{{"type": "error", "error": {{"type": "{kind}", "code": "{code}"}}}}', 0)
    assert weigh(outcome).cause == weigh(closed("", event)).cause


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        ("insufficient_quota", ErrorEvent("insufficient_quota")),
        ("rate_limit_exceeded", ErrorEvent(code="rate_limit_exceeded")),
        ("invalid_request_error.some_new_code", ErrorEvent("invalid_request_error", "some_new_code")),
        ("", None),
        ("requests", None),
        ("try again later", None),
        ("Internal server error", None),
        ("server.restart", None),
        ("see example.com", None),
        ("invalid_request_error.", ErrorEvent("invalid_request_error")),
        ("insufficient_quota.", ErrorEvent("insufficient_quota")),
        ("Insufficient_Quota.CREDIT_BALANCE_EXHAUSTED", ErrorEvent("insufficient_quota", "credit_balance_exhausted")),
        ("invalid_request_error.a b", None),
        ("an invalid_request_error", None),
    ],
)
def test_other_words_are_no_error(reason, error):
    assert error_of_reason(reason) == error


def test_a_reason_that_tells_an_event_again_is_no_second_error():
    text = '{"type": "error", "error": {"type": "insufficient_quota", "code": "credit_balance_exhausted"}}'
    event = Frame(0.1, "server", "text", text, 0)
    assert len(closed("insufficient_quota.credit_balance_exhausted", event).errors) == 1
    assert len(closed("insufficient_quota", event).errors) == 1
    assert len(closed("invalid_request_error.session_expired", event).errors) == 2
    assert closed("insufficient_quota.credit_balance_exhausted", by="client").errors == ()


def test_what_came_with_the_close_is_not_told_as_an_event():
    told = tell(closed("insufficient_quota.credit_balance_exhausted"))
    assert not any(fact.startswith("Error event") for fact in told)
    assert "The server closed with 1013 (insufficient_quota.credit_balance_exhausted)." in told


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("close 1013 insufficient_quota.credit_balance_exhausted", "limits.quota"),
        ("received 1013 (try again later) insufficient_quota; then sent 1013", "limits.quota"),
        ("close 1013 requests.rate_limit_exceeded", "limits.rate"),
        ("close 1008 invalid_api_key", "auth.invalid"),
        ("HTTP/1.1 429 Too Many Requests\n\n{\"error\": {\"type\": \"requests\", \"code\": \"rate_limit_exceeded\"}}",
         "refused.rate-limited"),
        ("Unexpected server response: 429 rate_limit_exceeded", "refused.rate-limited"),
        ("HTTP/1.1 400 Bad Request\nServer: nginx\nContent-Length: 12\n\nBad Request\n", "network.upgrade-stripped"),
        ('{"type": "error", "error": {"type": "requests", "code": "rate_limit_exceeded"}}', "limits.rate"),
    ],
)  # fmt: skip
def test_explain_names_the_same_cause(text, cause):
    assert [found.cause for found in explain([text]).findings] == [cause]


def refused_with_400(body):
    request = Request("wss://h/v1/realtime", "/realtime", (("intent", "transcription"),))
    return distil(Exchange(request, Answer(400, "Bad Request", (), body.encode(), 1.0)))


@pytest.mark.parametrize(
    "body",
    [
        "'connection' header must contain 'upgrade', got []",
        'Missing request header "upgrade"',
        "Missing, duplicated or incorrect header connection",
        "Connection header did not include 'upgrade'",
        'Can "Upgrade" only to "WebSocket".',
        "No WebSocket UPGRADE hdr: None",
        "Bad Request\n",
        "400 Bad Request",
        '{"error": {"message": "Bad Request", "code": 400}}',
        '{"timestamp":"2026-11-24T19:00:00.000+00:00","status":400,"error":"Bad Request","path":"/v1/realtime"}',
        '{"type":"https://tools.ietf.org/html/rfc9110#section-15.5.1","title":"Bad Request","status":400}',
        "",
        "<html>",
    ],
)
def test_a_400_that_misses_the_upgrade_is_one_that_something_stripped(body):
    assert weigh(refused_with_400(body)).cause == "network.upgrade-stripped"


@pytest.mark.parametrize(
    "body",
    [
        "Bad Request: no such deployment",
        '{"timestamp":"2026-11-24","status":400,"error":"Bad Request","message":"no tenant"}',
        '{"error": {"message": "Bad Request", "code": "tenant"}}',
    ],
)
def test_a_400_with_a_reason_of_its_own_is_none(body):
    assert weigh(refused_with_400(body)).cause == "refused.bad-request"


@given(
    st.text(max_size=130)
    | st.lists(st.sampled_from((*TYPES, ".", " ", "invalid_api_key", "x")), max_size=5).map("".join)
)
def test_any_reason_is_read_and_never_hides_the_close(reason):
    outcome = closed(reason)
    assert (outcome.close_code, outcome.close_reason) == (1013, quote(reason))
    assert weigh(outcome).cause is not None

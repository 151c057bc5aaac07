"""The error in the body of an HTTP answer is found however it is wrapped, and what it says decides."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtdoctor.diagnose.body import error_in_body
from rtdoctor.diagnose.referee import weigh
from tests.diagnose.seen import answered

QUOTA = {"message": "m", "type": "insufficient_quota", "param": None, "code": "insufficient_quota"}


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"error": QUOTA}),
        "\ufeff" + json.dumps({"error": QUOTA}),
        json.dumps({"detail": {"error": QUOTA}}),
        json.dumps({"detail": QUOTA}),
        json.dumps(QUOTA),
        json.dumps([{"error": QUOTA}]),
        json.dumps({"errors": [QUOTA]}),
        json.dumps({"error": "insufficient_quota"}),
        json.dumps({"error": "insufficient_quota", "message": "m"}),
        json.dumps({"error": {"message": f"upstream: {json.dumps({'error': QUOTA})}", "type": "None", "code": "429"}}),
        json.dumps({"status": 429, "body": json.dumps({"error": QUOTA})}),
    ],
)
def test_an_error_is_found_in_every_wrapping(body):
    told = error_in_body(body)
    assert told["code"] == "insufficient_quota"
    assert weigh(answered(429, body)).cause == "limits.quota"


@pytest.mark.parametrize(
    "body",
    ["", "<html>", "{}", '{"status": "ok"}', '{"error": null}', '{"error": {}}', '{"errors": [1]}', "[]", "[[]]"],
)
def test_a_body_without_an_error_tells_of_none(body):
    assert error_in_body(body) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["error", "errors", "detail", "message", "code", "status", "x"]), inner)
    ),
    max_leaves=12,
)


@given(JSON.map(json.dumps) | st.text())
def test_any_body_is_read(body):
    told = error_in_body(body)
    assert told is None or isinstance(told, str) or told.keys() <= {"code", "type", "message", "param"}

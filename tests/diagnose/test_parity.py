"""Where HTTP and the socket part over the same route, one sentence names the layer; elsewhere there is none."""

from dataclasses import replace

import pytest

from rtdoctor.diagnose.parity import parity
from rtdoctor.model.exchange import Request
from rtdoctor.model.outcome import ErrorEvent, Outcome
from tests.diagnose.seen import after_101, at_layer, refused

MODELS = Request("https://h/v1/models", "/models")
GOOD_REST = Outcome(asked=MODELS, stage="http", http_status=200)
BAD_REST = replace(GOOD_REST, http_status=503)
NO_REST = replace(
    GOOD_REST, http_status=None, stage="http", fault="timeout", fault_layer="http", fault_text="no answer"
)
GOOD_SOCKET = Outcome(
    asked=Request("wss://h/v1/realtime", "/realtime"),
    stage="session",
    http_status=101,
    first_event="session.created",
    session_type="transcription",
    open=True,
)
SILENT = Outcome(asked=GOOD_SOCKET.asked, stage="first-event", http_status=101)


@pytest.mark.parametrize(
    ("failed_at", "socket", "says"),
    [
        ("upgrade", refused(403), "the upgrade to a WebSocket does not (403)."),
        ("upgrade", at_layer("upgrade", "timeout"), "the upgrade to a WebSocket does not (upgrade timeout)."),
        ("first-event", SILENT, "the upgrade to a WebSocket does (101), and then no session begins."),
        (
            "session",
            replace(SILENT, first_event="session.created"),
            "a session opens, and session.update is not answered.",
        ),
    ],
)
def test_rest_passes_and_the_socket_fails(failed_at, socket, says):
    assert parity(GOOD_REST, socket, failed_at) == f"Ordinary HTTP requests pass on this route, and {says}"


@pytest.mark.parametrize(("rest", "seen"), [(BAD_REST, "503"), (NO_REST, "no answer")])
def test_the_socket_passes_and_rest_fails(rest, seen):
    assert parity(rest, GOOD_SOCKET, None) == (
        f"The WebSocket passes on this route, and ordinary HTTP requests do not: GET /models came to: {seen}."
    )


@pytest.mark.parametrize(
    ("failed_at", "socket"),
    [
        ("upgrade", refused(401)),
        ("upgrade", refused(429, error=ErrorEvent("insufficient_quota", "insufficient_quota", "No credit."))),
        ("upgrade", refused(403, error=ErrorEvent("request_forbidden", "unsupported_country", "No."))),
        ("first-event", after_101("invalid_api_key", "Incorrect API key provided.", 3000)),
        ("session", after_101("unknown_parameter", "Unknown parameter: 'session.x'.", opened=True)),
    ],
)
def test_where_the_server_says_what_it_refuses_nothing_is_added(failed_at, socket):
    assert parity(GOOD_REST, socket, failed_at) == ""


@pytest.mark.parametrize(
    ("rest", "socket", "failed_at"),
    [
        (GOOD_REST, GOOD_SOCKET, None),
        (BAD_REST, refused(403), "upgrade"),
        (NO_REST, at_layer("upgrade", "timeout"), "upgrade"),
        (BAD_REST, after_101("invalid_api_key", "x", 3000), "first-event"),
        (None, GOOD_SOCKET, None),
        (None, refused(403), "upgrade"),
        (GOOD_REST, None, "upgrade"),
        (BAD_REST, None, None),
        (None, None, None),
        (GOOD_REST, GOOD_SOCKET, "transcript"),
    ],
)
def test_where_both_pass_or_both_fail_or_one_was_not_tried_nothing_is_said(rest, socket, failed_at):
    assert parity(rest, socket, failed_at) == ""

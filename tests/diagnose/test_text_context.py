"""What stands around a saying decides what it is worth: another leg, another subject, a comment, a better word."""

import pytest

from rtdoctor.diagnose.text import context, elsewhere, findings
from rtdoctor.diagnose.text.findings import explain, explain_all

UNKNOWN = ["unknown.unknown"]


def causes(text: str) -> list[str | None]:
    return [finding.cause for finding in explain([text]).findings]


ELSEWHERE = (
    "psycopg2.OperationalError: connection to server at localhost failed: Connection refused",
    "redis.exceptions.ConnectionError: Error 111 connecting to localhost:6379. Connection refused.",
    "fatal: unable to access 'https://github.com/x/y.git/': Could not resolve host: github.com",
    "openai.RateLimitError: Error code: 429 - Rate limit reached for gpt-4o-mini in organization org-x",
    "POST /v1/chat/completions answered HTTP 400",
)


@pytest.mark.parametrize("text", ELSEWHERE)
def test_a_text_about_something_else_accuses_nobody(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert causes(text) == UNKNOWN
    assert causes(f"wss://h.example/v1/realtime\n{text}") != UNKNOWN, "a socket is spoken of"
    monkeypatch.setattr(elsewhere.Elsewhere, "about", "")
    assert causes(text) != UNKNOWN, "without that look it would"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('"GET /realtime HTTP/1.1" 101 0\nwss://h.example/v1 HTTP 429', ["refused.rate-limited"]),
        (
            'websocket: No supported WebSocket library detected\n"GET /x HTTP/1.1" 404 Not Found',
            ["refused.no-websocket"],
        ),
        ("sent 1000 (OK); then received 1000 (OK)", UNKNOWN),
        ("CERTIFICATE_VERIFY_FAILED: certificate has expired", ["network.tls-expired"]),
        ("// may answer HTTP 401\nws: Unexpected server response: 503", ["refused.server-error"]),
        ("assert status == 401  # HTTP 401\nws: Unexpected server response: 503", ["refused.server-error"]),
        ('{"type": "session.updated", "event_id": "event_Ab12Cd34Ef", "session": {"modalities": ["text"]}}', []),
    ],
)
def test_what_stands_around_it_explains_a_saying_away(text: str, told: list[str]) -> None:
    assert causes(text) == told


def test_without_the_context_other_legs_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    text = 'websocket: No supported WebSocket library detected\n"GET /x HTTP/1.1" 404 Not Found'
    monkeypatch.setattr(context, "_of_another_path", lambda _: False)
    assert causes(text) != ["refused.no-websocket"]


def test_what_happened_comes_before_what_is_only_asked_for() -> None:
    url = "wss://r.openai.azure.com/openai/realtime?api-version=2024-10-01-preview&deployment=d"
    assert causes(f"WSServerHandshakeError: 429, message='x', url=URL('{url}')")[0] == "refused.rate-limited"


def test_a_403_in_a_report_is_told_as_both_things_that_it_may_be() -> None:
    line = "Error: Unexpected server response: 403"
    assert causes(line) == ["refused.path"]
    assert causes(f"noise\n{line}") == ["refused.path"], "a word is no report"
    report = f"{line}\nit worked until yesterday, with the same key and the same code"
    assert causes(report) == ["refused.forbidden", "refused.path"]
    assert causes(f"wss://api.openai.com/v1/realtime/sessions\n{report}") == ["refused.path"], "the URL tells"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("websocket: Unexpected server response: 403\nI solved it by removing the header origin", "refused.origin"),
        ("Handshake status 404 Not Found\nthe callId of the session is right", "refused.call-unknown"),
        ("wss: certificate verify failed\nby name it works, not with the IP address", "network.tls-hostname"),
    ],
)
def test_the_words_around_an_answer_tell_it_more_exactly(text: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert causes(text)[0] == told
    monkeypatch.setattr(findings.Reader, "more", lambda *_: [])
    assert told not in causes(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("websocket closed with code: TlsHandshakeFailure", "network.tls-failed"),
        ("WebSocket: SSL_negotiation_error while opening", "network.tls-failed"),
        ("ws error: dns resolver failed for api", "network.dns"),
        ("wss: blocked by the company proxy", "network.proxy-refused"),
        ("websocket: the server has a self-signed cert", "network.tls-untrusted"),
        ("realtime: unrecognized message: conversation.item.added", "session.client-outdated"),
        ("websocket: connection lost.", "close.abnormal"),
        ("websocket: could not establish connection", "refused.status-hidden"),
        ("realtime websocket: how do I choose a voice?", "unknown.unknown"),
        ("import websockets\nModuleNotFoundError: No module named 'websockets'", "unknown.unknown"),
        ("the parser failed: could not connect the dots", "unknown.unknown"),
    ],
)
def test_a_thing_and_what_became_of_it_are_understood_in_any_words(text: str, told: str) -> None:
    assert causes(text) == [told]


@pytest.mark.parametrize(
    "text",
    [
        "We should add a test that the websocket handshake fails when the key is wrong.",
        "fix(realtime): handle reconnects after network errors gracefully (#12)",
        "Unit tests: 341 passed, 2 failed in test_websocket_reconnect",
        "CORS question: can I call the realtime API from a browser page?",
        "realtime client.js: TypeError: Cannot read properties of undefined (reading 'transcript')",
        "realtime voice: Error code: 400 - maximum context length is 8192 tokens",
        "MongoServerSelectionError: connect ECONNREFUSED 127.0.0.1:27017",
    ],
)
def test_what_is_wanted_planned_or_of_another_kind_accuses_nobody(text: str) -> None:
    assert causes(text) == UNKNOWN


def test_the_order_of_causes_and_the_step_of_a_file_are_those_of_its_text() -> None:
    url = "wss://r.openai.azure.com/openai/realtime?api-version=2024-10-01-preview&deployment=d"
    text = f"WSServerHandshakeError: 429, message='x', url=URL('{url}')"
    one, several = explain([text]), explain_all([("noise.log", ["nothing"]), ("app.log", [text])])
    assert [found.cause for found in several.findings] == [found.cause for found in one.findings]
    assert several.next == one.next


def test_a_url_ends_where_a_sentence_goes_on_in_another_script() -> None:
    assert causes("无法连接到wss://api.openai.com/v1/realtime/sessions的WebSocket") == ["refused.path"]
    prose = "该问题主要表现为在某些浏览器环境下无法建立到wss://api.openai.com/v1/realtime的连接" * 2
    assert "session.model-missing" not in causes(prose), "the endpoint is only named"

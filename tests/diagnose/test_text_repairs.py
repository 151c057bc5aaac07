"""The line that a fault should be, and causes that newcomers paste in few words."""

import json

import pytest

from rtdoctor.diagnose.text.findings import explain
from rtdoctor.engine.beta_rewriting import current

UPDATE = '{"type": "transcription_session.update", "session": {"input_audio_format": "pcm16"}}'
MIGRATED = (
    '{"type": "session.update", "session": {"type": "transcription", '
    '"audio": {"input": {"format": {"type": "audio/pcm", "rate": 24000}}}}}'
)


def lines(text: str) -> dict[str | None, list[str]]:
    told = explain([text], current()).findings
    return {found.cause: [place.instead or "-" * place.removed for place in found.places] for found in told}


@pytest.mark.parametrize(
    ("text", "cause", "line"),
    [
        ("ws://api.openai.com/v1/realtime?model=m", "usage.url-scheme", "wss://api.openai.com/v1/realtime?model=m"),
        ("http://api.openai.com/v1/realtime", "usage.url-scheme", "wss://api.openai.com/v1/realtime"),
        (
            "http://eu.api.openai.com/v1/realtime/client_secrets",
            "usage.url-scheme",
            "https://eu.api.openai.com/v1/realtime/client_secrets",
        ),
        (
            "ws://r.openai.azure.com/openai/v1/realtime?model=m",
            "usage.url-scheme",
            "wss://r.openai.azure.com/openai/v1/realtime?model=m",
        ),
        (f"await ws.send('{UPDATE}')", "session.beta-event", f"await ws.send('{MIGRATED}')"),
        (f"data = json.dumps({UPDATE})  # {{x}}", "session.beta-event", f"data = json.dumps({MIGRATED})  # {{x}}"),
        (
            'send({"type": "session.update", "session": {"type": "transcription", "input_audio_format": "pcm16"}})',
            "session.beta-field",
            f"send({MIGRATED})",
        ),
        ('h = {"A": k, "OpenAI-Beta": "realtime=v1"}', "session.beta-retired", 'h = {"A": k}'),
        ('h = {"OpenAI-Beta": "realtime=v1", "A": k}', "session.beta-retired", 'h = {"A": k}'),
        ('h = [("A", k), ("OpenAI-Beta", "realtime=v1")]', "session.beta-retired", 'h = [("A", k)]'),
        ("wscat -H 'A: k' -H 'OpenAI-Beta: realtime=v1' -c $U", "session.beta-retired", "wscat -H 'A: k' -c $U"),
        ('    "OpenAI-Beta": "realtime=v1",', "session.beta-retired", "-"),
        ('ws.Options.AddSubProtocol("openai-beta.realtime-v1");', "session.beta-retired", "-"),
        ('    .add_subprotocol("openai-beta.realtime-v1")  # beta', "session.beta-retired", "-"),
    ],
)
def test_the_line_as_it_should_be(text, cause, line):
    assert lines(text)[cause] == [line]


def test_a_retired_model_is_given_the_one_of_the_day():
    url = "wss://api.openai.com/v1/realtime?model={}"
    told = lines(f'U = "{url.format("gpt-4o-realtime-preview")}"')
    assert told == {"session.model-retired": [f'U = "{url.format(current().model)}"']}


@pytest.mark.parametrize(
    "text",
    [
        '{"type": "transcription_session.update",\n "session": {"input_audio_format": "pcm16"}}',
        'ws.send("{\\"type\\": \\"transcription_session.update\\"}")',
        "send({ type: 'transcription_session.update', session: { input_audio_format: 'pcm16' } })",
        'new JProperty("type", "transcription_session.update")',
    ],
)
def test_an_event_that_does_not_stand_whole_as_json_is_only_marked(text):
    told = {found.cause: found for found in explain([text], current()).findings}["session.beta-event"]
    assert told.places
    assert [place.instead for place in told.places] == [""]
    assert "validate EVENTS.jsonl --migrate" in told.remedy


def test_what_is_put_in_is_what_the_migration_says():
    [[line]] = [lines(UPDATE)["session.beta-event"]]
    assert json.loads(line) == current().migrate(json.loads(UPDATE))


def test_one_edit_is_told_once_and_names_what_else_it_mends():
    [only] = explain(['new WebSocket("wss://api.openai.com/v1/realtime/transcription_sessions")']).findings
    assert only.cause == "refused.path"
    assert any("session.model-missing" in fact for fact in only.facts)
    apart = lines('U = "wss://api.openai.com/v1/realtime"\nh = {"A": k, "OpenAI-Beta": "realtime=v1"}')
    assert list(apart) == ["session.beta-retired", "session.model-missing"]


@pytest.mark.parametrize("url", ["ws://localhost:8080/v1/realtime?model=m", "http://localhost/v1/realtime?model=m"])
def test_a_server_of_ones_own_may_be_plain(url):
    assert list(lines(url)) == ["unknown.unknown"]


@pytest.mark.parametrize(
    ("text", "cause", "says"),
    [
        ("ECONNRESET", "network.tcp-refused", "ended it at once"),
        ("read tcp 10.0.0.2:5000->1.2.3.4:443: read: connection reset by peer", "network.tcp-refused", "ended it"),
        ("ECONNREFUSED 10.0.0.3:3128", "network.tcp-refused", "proxy"),
        ("dial error: connect ECONNREFUSED 127.0.0.1:8888", "network.tcp-refused", "proxy"),
        ("ECONNREFUSED 10.0.0.3:8000", "network.tcp-refused", "nothing listens"),
        (
            "ws://h:8080/v1/realtime?model=m connect ECONNREFUSED 10.0.0.3:8080",
            "network.tcp-refused",
            "nothing listens",
        ),
        ("client secret expired", "auth.expired-secret", ""),
        ("Client secret has expired", "auth.expired-secret", ""),
        ("ephemeral key expired", "auth.expired-secret", ""),
        ("transcription_session.update", "session.beta-event", ""),
        ("'response.audio.delta'", "session.beta-event", "another"),
        ("Authentication Error, LiteLLM Virtual Key expected. Received=x", "auth.invalid", "virtual keys"),
        ("litellm.BadRequestError: LLM Provider NOT provided. You passed model=x", "session.model-unknown", "provider"),
        ("litellm proxy: HTTP 403", "refused.not-routed", "LiteLLM"),
        ("litellm websocket 403", "refused.not-routed", "LiteLLM"),
        ("HTTP 403: Forbidden", "refused.path", "does not say why"),
        ("HTTP 403: the vault is sealed", "refused.forbidden", ""),
    ],
)
def test_few_words_are_understood(text, cause, says):
    [only] = explain([text]).findings
    assert only.cause == cause
    assert says in only.explanation


def test_a_gateways_answer_names_no_path_of_openai():
    [only] = explain(["litellm proxy: HTTP 403"]).findings
    assert "?intent=transcription" not in only.remedy
    assert "/v1/realtime?model=" in only.remedy


@pytest.mark.parametrize("text", ["403", "HTTP 403", "HTTP 403: Forbidden", "HTTP 403: {}", "server said HTTP 403:"])
def test_a_status_with_its_phrase_alone_has_no_body(text):
    [only] = explain([text]).findings
    assert only.cause == "refused.path"


def test_a_key_is_not_probed_in_the_clear():
    assert "'wss://api.openai.com/v1/realtime'" in explain(["ws://api.openai.com/v1/realtime"]).next

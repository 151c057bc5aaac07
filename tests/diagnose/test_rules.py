"""Every refusal that was seen gets its cause; the texts are those of the observations."""

import re
import tomllib
from pathlib import Path

import pytest

from rtdoctor.diagnose.causes import causes
from rtdoctor.diagnose.referee import weigh
from rtdoctor.diagnose.rules import rules
from rtdoctor.model.exchange import Request
from rtdoctor.model.outcome import ErrorEvent, Outcome
from rtdoctor.model.scenario import Scenario
from tests.conftest import built_in

SHARED_CAUSES = Path(__file__).parents[2].parent / "shared" / "causes.toml"


def after_101(
    code, message, close=None, *, kind="invalid_request_error", param=None, query=(), opened=False
) -> Outcome:
    return Outcome(
        asked=Request("wss://h/v1/realtime", "/realtime", query=query, auth=("header",), credential="key"),
        stage="session" if opened else "first-event",
        http_status=101,
        first_event="session.created" if opened else "error",
        session_type="transcription" if opened else None,
        errors=(ErrorEvent(kind, code, message, param),),
        close_code=close,
        open=close is None,
    )


def refused(status, *, path="/realtime", query=(), body="", headers=(), by=None, error=None) -> Outcome:
    return Outcome(
        asked=Request("wss://h/v1" + path, path, query=query, auth=("header",), credential="key"),
        stage="upgrade",
        http_status=status,
        http_body=body,
        http_headers=headers,
        http_error=error,
        answered_by=by,
    )


MODEL = (("model", "gpt-4o-mini-transcribe"),)
SEEN = [
    ("auth.invalid", after_101("invalid_api_key", "Incorrect API key provided: sk-pr****ueba.", 3000)),
    ("auth.missing", after_101(None, "Missing bearer or basic authentication in header", 3000)),
    (
        "limits.quota",
        after_101("credit_balance_exhausted", "You have no credits remaining.", 1013, kind="insufficient_quota"),
    ),
    ("limits.quota", after_101("insufficient_quota", "You exceeded your current quota, …", kind="insufficient_quota")),
    (
        "session.beta-retired",
        after_101("beta_api_shape_disabled", "The Realtime Beta API is no longer supported.", 4000),
    ),
    ("session.model-missing", after_101("missing_model", "You must provide a model parameter, for example …", 4000)),
    (
        "session.model-wrong-mode",
        after_101(
            "invalid_model",
            'Model "gpt-4o-mini-transcribe" is a transcription model and cannot be used as the realtime session model.',
            4000,
            query=MODEL,
        ),
    ),
    (
        "session.model-wrong-mode",
        after_101("invalid_model", 'Model "whisper-1" is not supported in realtime mode.', 4000),
    ),
    ("session.model-unknown", after_101("invalid_model", 'Model "gpt-nope" is not supported in realtime mode', 4000)),
    (
        "session.model-with-intent",
        after_101("invalid_model", "You must not provide a model parameter for transcription sessions."),
    ),
    (
        "session.model-with-intent",
        after_101(
            "invalid_model", 'Model "gpt-4o-mini-transcribe" is not supported in transcription mode.', 4000, query=MODEL
        ),
    ),
    ("session.model-retired", after_101("model_not_found", "The model does not exist", 4004)),
    (
        "session.model-no-access",
        after_101("model_not_found", "The model `gpt-realtime` does not exist or …", opened=True),
    ),
    (
        "session.beta-event",
        after_101(
            "invalid_value", "Invalid value: 'transcription_session.update'. Supported …", param="type", opened=True
        ),
    ),
    (
        "session.malformed-event",
        after_101("invalid_value", "Invalid value: 'nope'. Supported …", param="type", opened=True),
    ),
    ("session.malformed-event", after_101("invalid_json", "Invalid event: failed to parse JSON value. …", opened=True)),
    ("session.malformed-event", after_101("invalid_event", "Expected a text WebSocket message; …", opened=True)),
    ("session.type-mismatch", after_101("missing_required_parameter", "Missing required parameter: 'session.type'.")),
    (
        "session.type-mismatch",
        after_101(
            "invalid_parameter",
            "Passing a transcription session update event to a realtime session is not allowed.",
            opened=True,
        ),
    ),
    ("session.beta-field", after_101("unknown_parameter", "Unknown parameter: 'session.modalities'.", opened=True)),
    ("session.beta-field", after_101("invalid_value", "Invalid value: 'pcm16'. Supported values are: …", opened=True)),
    ("session.parameter", after_101("unknown_parameter", "Unknown parameter: 'session.bogus_field'.", opened=True)),
    (
        "audio.sample-rate",
        after_101(
            "integer_below_min_value",
            "… Expected a value >= 24000",
            param="session.audio.input.format.rate",
            opened=True,
        ),
    ),
    (
        "audio.format",
        after_101("missing_required_parameter", "Missing required parameter: 'session.audio.output.format.rate'."),
    ),
    (
        "audio.format",
        after_101("invalid_value", "Invalid 'audio'. Expected base64-encoded audio bytes (mono PCM16 at 24kHz) but …"),
    ),
    ("audio.buffer-empty", after_101("input_audio_buffer_commit_empty", "Error committing input audio buffer: …")),
    (
        "session.turn-detection",
        after_101("invalid_value", "Turn detection is not supported for this transcription model", opened=True),
    ),
    ("session.expired", after_101("session_expired", "Your session hit the maximum duration of 60 minutes.", 1001)),
    (
        "session.state",
        after_101("cannot_update_voice", "Cannot update a conversation's voice if assistant audio is present."),
    ),
    (
        "session.server-error",
        after_101(None, "The server had an error while processing your request.", kind="server_error"),
    ),
    ("refused.call-unknown", refused(404, query=(("call_id", "rtc_x"),))),
    ("refused.path", refused(403, path="/realtime/transcription_sessions")),
    ("refused.path", refused(404, path="/realtim")),
    ("refused.not-routed", refused(403, by="asgi")),
    ("refused.forbidden", refused(403, body='{"error": "policy"}')),
    (
        "refused.region",
        refused(403, error=ErrorEvent("request_forbidden", "unsupported_country_region_territory", "…")),
    ),
    ("refused.edge-block", refused(403, body="<title>Attention Required! | Cloudflare</title>")),
    ("refused.unauthorized", refused(401)),
    ("refused.azure-url", refused(400, headers=(("apim-request-id", "x"),), by="azure")),
    ("refused.rate-limited", refused(429)),
    ("refused.server-error", refused(500)),
    ("network.upgrade-stripped", refused(200)),
    ("network.upgrade-stripped", refused(426)),
    ("network.redirected", refused(302)),
    ("session.beta-retired", refused(400, error=ErrorEvent("invalid_request_error", "beta_api_shape_disabled", "…"))),
]


@pytest.mark.parametrize(("cause", "outcome"), SEEN, ids=[f"{i}-{cause}" for i, (cause, _) in enumerate(SEEN)])
def test_what_was_seen_gets_its_cause(cause, outcome):
    assert weigh(outcome).cause == cause


@pytest.mark.parametrize(
    ("layer", "kind", "cause"),
    [
        ("dns", "unresolved", "network.dns"),
        ("tcp", "refused", "network.tcp-refused"),
        ("tcp", "reset", "network.tcp-refused"),
        ("tcp", "timeout", "network.tcp-timeout"),
        ("tls", "untrusted", "network.tls-untrusted"),
        ("tls", "hostname", "network.tls-hostname"),
        ("tls", "expired", "network.tls-expired"),
        ("tls", "failed", "network.tls-failed"),
        ("upgrade", "timeout", "network.upgrade-timeout"),
        ("upgrade", "not-http", "network.not-http"),
        ("upgrade", "bad-accept", "network.not-http"),
    ],
)
def test_a_fault_of_a_layer_gets_its_cause(layer, kind, cause):
    outcome = Outcome(asked=Request("", ""), stage=layer, fault=kind, fault_layer=layer)
    assert weigh(outcome).cause == cause


def test_a_healthy_session_has_no_cause_and_something_unheard_of_is_unknown():
    healthy = Outcome(
        Request("", ""), "session", http_status=101, first_event="session.created", session_type="realtime", open=True
    )
    assert weigh(healthy).cause is None
    assert weigh(after_101("never_seen", "…", 4999)).cause == "unknown.unknown"


def test_a_finding_of_the_referee_names_what_is_ruled_out():
    weighed = weigh(after_101("invalid_api_key", "Incorrect API key provided", 3000))
    assert {"auth.missing", "limits.quota", "network"} <= {item.cause for item in weighed.ruled_out}


@pytest.mark.skipif(not SHARED_CAUSES.is_file(), reason="the shared list of causes is not beside the project")
def test_the_causes_are_those_of_the_public_contract():
    raw = tomllib.loads(SHARED_CAUSES.read_text(encoding="utf-8"))
    assert set(causes()) == {f"{layer}.{name}" for layer, names in raw.items() for name in names}


def test_every_cause_can_be_read_and_every_rule_names_one():
    for cause in causes().values():
        assert cause.title, cause.id
        assert not cause.title.endswith("."), cause.id
        assert cause.explanation.endswith("."), cause.id
        assert cause.remedy.endswith("."), cause.id
        assert cause.exit in (1, 2, 3), cause.id
    for rule in rules():
        assert rule.cause in causes()
        assert set(rule.rules_out) <= set(causes())
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", rule.evidence.seen)
        assert rule.evidence.confidence in ("observed", "documented", "inferred")


def test_no_cause_of_a_scenario_is_made_up():
    scenarios: list[Scenario] = built_in()
    assert {line.cause for s in scenarios for line in s.accept if line.cause} <= set(causes())

"""Outcomes that were seen, with the cause that each must get: for the tests of the rules and the published table."""

import json
from dataclasses import replace

from rtdoctor.diagnose.distil import distil
from rtdoctor.model.exchange import Answer, Close, Exchange, Frame, Request
from rtdoctor.model.outcome import ErrorEvent, Outcome


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


BARE = Request("wss://h/v1/realtime", "/realtime")
PLAIN = Request("ws://h/v1/realtime", "/realtime")
AZURE = Request("wss://r.openai.azure.com/openai/realtime", "/openai/realtime")
MODEL = (("model", "gpt-4o-mini-transcribe"),)
SEEN = [
    ("auth.invalid", after_101("invalid_api_key", "Incorrect API key provided: sk-pr****ueba.", 3000)),
    ("auth.missing", after_101(None, "Missing bearer or basic authentication in header", 3000)),
    ("auth.missing", replace(after_101(None, "Missing bearer or basic authentication in header", 3000), asked=BARE)),
    ("session.model-missing", after_101("missing_model", "You must provide a model parameter", 4000)),
    ("session.model-missing", after_101("missing_model", "You must provide a model parameter", 4000, query=MODEL)),
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
    ("refused.not-routed", refused(403, by="asgi", path="/realtime/typo")),
    ("refused.forbidden", refused(403, body='{"error": "policy"}')),
    (
        "refused.region",
        refused(403, error=ErrorEvent("request_forbidden", "unsupported_country_region_territory", "…")),
    ),
    ("refused.edge-block", refused(403, body="<title>Attention Required! | Cloudflare</title>")),
    ("refused.unauthorized", refused(401)),
    (
        "refused.unauthorized",
        replace(refused(401), asked=AZURE, text="401 from wss://r.openai.azure.com/openai/realtime"),
    ),
    ("refused.azure-url", refused(400, headers=(("apim-request-id", "x"),), by="azure")),
    ("refused.rate-limited", refused(429)),
    ("refused.rate-limited", refused(429, error=ErrorEvent("requests", "rate_limit_exceeded", "Rate limit reached"))),
    ("refused.rate-limited", refused(503, error=ErrorEvent("requests", "rate_limit_exceeded", "Slow down"))),
    ("limits.quota", refused(429, error=ErrorEvent("insufficient_quota", "credit_balance_exhausted", "No credits"))),
    ("network.upgrade-stripped", refused(400, body="Bad Request\n")),
    ("network.upgrade-stripped", refused(400, body='{"statusCode":400,"error":"Bad Request","message":"Bad Request"}')),
    ("refused.server-error", refused(500)),
    ("network.upgrade-stripped", refused(200)),
    ("network.upgrade-stripped", refused(426)),
    ("network.redirected", refused(302)),
    ("session.beta-retired", refused(400, error=ErrorEvent("invalid_request_error", "beta_api_shape_disabled", "…"))),
]


def at_layer(layer, kind) -> Outcome:
    return Outcome(asked=Request("", ""), stage=layer, fault=kind, fault_layer=layer)


def closed(code, reason="", **more) -> Outcome:
    given = {
        "stage": "session",
        "http_status": 101,
        "first_event": "session.created",
        "session_type": "realtime",
    } | more
    return Outcome(asked=Request("", ""), close_code=code, close_reason=reason, closed_by="server", **given)


def silent(**more) -> Outcome:
    return Outcome(asked=Request("", ""), stage="upgrade", http_status=101, **more)


def spoken(**more) -> Outcome:
    given = {"stage": "session", "http_status": 101, "first_event": "session.created", "session_type": "transcription"}
    given |= {"open": True, "audio_ms": 3000, "transcription_model": "gpt-realtime-whisper", "turn_detection": "none"}
    return Outcome(asked=Request("", ""), **(given | more))


EXPIRED = replace(after_101("invalid_api_key", "Incorrect API key provided.", 3000).asked, credential="secret-expired")
SEEN += [
    ("network.dns", at_layer("dns", "unresolved")),
    ("network.tcp-refused", at_layer("tcp", "refused")),
    ("network.tcp-refused", at_layer("tcp", "reset")),
    ("network.tcp-timeout", at_layer("tcp", "timeout")),
    ("network.tls-untrusted", at_layer("tls", "untrusted")),
    ("network.tls-hostname", at_layer("tls", "hostname")),
    ("network.tls-expired", at_layer("tls", "expired")),
    ("network.tls-failed", at_layer("tls", "failed")),
    ("network.upgrade-timeout", at_layer("upgrade", "timeout")),
    ("network.not-http", at_layer("upgrade", "not-http")),
    ("network.not-http", at_layer("upgrade", "bad-accept")),
    ("network.upgrade-stripped", refused(400)),
    ("refused.path", refused(403, path="/realtime/typo")),
    ("refused.not-routed", refused(403)),
    ("refused.call-unknown", after_101("call_id_not_found", "No session found for the provided call_id")),
    ("refused.unauthorized", replace(refused(401), stage="http")),
    (
        "auth.invalid",
        replace(refused(401, error=ErrorEvent("invalid_request_error", "invalid_api_key", "…")), stage="http"),
    ),
    ("auth.invalid", closed(3000, "invalid_request_error", first_event="session.created")),
    ("auth.expired-secret", after_101("invalid_api_key", "The client secret provided has expired.", 3000)),
    ("auth.expired-secret", replace(after_101("invalid_api_key", "Incorrect API key provided.", 3000), asked=EXPIRED)),
    ("auth.expired-secret", replace(refused(401), asked=EXPIRED)),
    ("auth.wrong-token", replace(refused(401, error=ErrorEvent("", "incorrect_hostname", "…")), stage="http")),
    ("auth.wrong-token", replace(refused(401, error=ErrorEvent("", "invalid_issuer", "…")), stage="http")),
    ("session.expired", closed(1001, "Your session hit the maximum duration of 60 minutes.")),
    ("limits.quota", after_101(None, "You exceeded your current quota", kind="insufficient_quota")),
    ("limits.rate", after_101("rate_limit_exceeded", "Rate limit reached", opened=True)),
    (
        "audio.transcription-failed",
        spoken(events=("conversation.item.input_audio_transcription.failed",), committed=True),
    ),
    ("audio.never-committed", spoken()),
    ("audio.not-configured", spoken(transcription_model=None, turn_detection="server_vad", committed=True)),
    ("peer.silent", silent(fault="timeout", fault_layer="session")),
    ("peer.broken-frames", silent(fault="broken-frames", fault_layer="session")),
    ("peer.not-realtime", silent(first_event="(no event)")),
    ("peer.not-realtime", silent(first_event="session.started")),
    ("close.abnormal", silent(fault="dropped", fault_layer="session")),
    ("close.policy", closed(1008)),
    ("close.server", closed(1011)),
    ("close.keepalive", closed(1011, "keepalive ping timeout")),
    ("network.proxy-auth", refused(407)),
    ("network.proxy-auth", at_layer("upgrade", "proxy-auth")),
    ("network.proxy-refused", at_layer("upgrade", "proxy-refused")),
    ("close.server", closed(1013)),
    ("close.normal", closed(1000)),
    ("network.no-route", at_layer("tcp", "unreachable")),
    ("network.tcp-refused", at_layer("tls", "reset")),
    ("network.tcp-refused", replace(at_layer("upgrade", "reset"), asked=PLAIN)),
    ("network.upgrade-stripped", at_layer("upgrade", "stripped")),
    ("network.upgrade-stripped", refused(404, error=ErrorEvent("", None, "Invalid URL (GET /v1/realtime)"))),
    ("network.tls-failed", replace(at_layer("upgrade", "tls-port"), asked=PLAIN)),
    *(
        ("network.tls-failed", at_layer("tls", kind))
        for kind in ("client-certificate", "version", "timeout", "plain-text", "failed")
    ),
    ("network.proxy-auth", at_layer("tcp", "proxy-auth-refused")),
    *(("network.proxy-refused", at_layer("tcp", kind)) for kind in ("proxy-absent", "proxy-silent", "proxy-upstream")),
    *(("network.upgrade-stripped", refused(status)) for status in (200, 405, 426)),
    ("network.upgrade-stripped", refused(400, body="No CONNECTION upgrade hdr: close")),
    *(("refused.server-error", refused(status)) for status in (500, 502, 503, 504)),
    ("refused.forbidden", refused(403, body="<html><title>403 Forbidden</title></html>")),
    ("refused.unauthorized", refused(401, headers=(("WWW-Authenticate", 'Basic realm="corp"'),))),
    ("network.tls-failed", refused(400, body="<center>The SSL certificate error</center>")),
    ("network.tls-failed", refused(400, body="<title>400 No required SSL certificate was sent</title>")),
    (
        "network.tls-failed",
        replace(refused(400, body="<title>The plain HTTP request was sent to HTTPS port</title>"), asked=PLAIN),
    ),
    ("peer.not-realtime", replace(spoken(committed=True, transcription_model=None, audio_ms=0), truncated=True)),
]


# --- whole answers: the body is read, too ---
SENT = Request("wss://h/v1/realtime?model=m", "/realtime", query=(("model", "m"),), auth=("header",), credential="key")


def answered(status, body="", headers=()):
    """What is made of an answer at the upgrade, from its bytes on."""
    return distil(Exchange(SENT, Answer(status, "", tuple(headers), body.encode(), 1.0)))


def ended(code, reason):
    """What is made of a session that the server closes."""
    frames = (Frame(0.01, "server", "text", '{"type": "session.created", "session": {"type": "realtime"}}', 9),)
    close = Close(code, reason, "server", 1.0)
    return distil(Exchange(SENT, Answer(101, "", (), b"", 1.0), frames=frames, close=close))


def error(message, **more):
    return json.dumps({"error": {"message": message, **more}})


def detail(place, message, kind):
    return json.dumps({"detail": [{"loc": ["query", place], "msg": message, "type": kind}]})


HAPROXY = "<html><body><h1>400 Bad request</h1>\nYour browser sent an invalid request.\n</body></html>"
APACHE = (
    "<!DOCTYPE HTML><html><head><title>400 Bad Request</title></head><body><h1>Bad Request</h1><p>Your browser sent a "
    "request that this server could not understand.<br /></p><hr><address>Apache/2.4.57 (Debian) Server at localhost "
    "Port 80</address></body></html>"
)
HTML = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center><hr><center>{1}</center></body></html>"


ANSWERS = [
    ("limits.quota", 429, '{"error": {"message": "You exceeded your current quota", "code": "429"}}', ()),
    ("limits.quota", 429, '{"error": {"type": "billing_not_active", "message": "Your account is not active"}}', ()),
    ("limits.quota", 429, '{"error": {"message": "x", "type": "budget_exceeded", "code": "429"}}', ()),
    ("limits.quota", 400, '{"error": {"message": "Budget has been exceeded! Current cost: 2"}}', ()),
    ("limits.quota", 402, "", ()),
    ("refused.rate-limited", 429, '{"error": {"message": "Rate limit", "code": "rate_limit_exceeded"}}', ()),
    ("refused.rate-limited", 429, "", ()),
    ("limits.sessions", 429, '{"error": {"message": "Too many concurrent sessions"}}', ()),
    ("limits.sessions", 503, "no free slots", ()),
    ("session.model-unknown", 404, error("The model `x` does not exist.", code="model_not_found"), ()),
    ("session.model-no-access", 404, error("It does not exist or you have no access", code="model_not_found"), ()),
    ("refused.unauthorized", 401, error("Your trial expired", type="invalid_request_error"), ()),
    ("auth.expired-secret", 401, error("This client secret has expired", type="x_error"), ()),
    ("auth.expired-secret", 401, '{"error": "token_expired", "message": "The token expired"}', ()),
    ("auth.missing", 401, '{"message": "No API key found in request"}', ()),
    ("auth.missing", 401, '{"message":"Missing API key found in request"}', ()),
    ("auth.missing", 403, '{"detail": "Not authenticated"}', ()),
    ("refused.forbidden", 401, '{"error": {"code": "ip_not_authorized", "message": "x"}}', ()),
    ("refused.forbidden", 401, '{"error": {"message": "Your IP 1.2.3.4 is not authorized"}}', ()),
    ("refused.unauthorized", 401, error("Access denied due to invalid subscription key", code="401"), ()),
    ("refused.server-error", 500, error("Missing API key: OPENAI_API_KEY is not set on server"), ()),
    ("refused.server-error", 502, error("token endpoint: certificate expired for credential service"), ()),
    ("refused.server-error", 500, error("database error: invalid token at line 3"), ()),
    ("auth.missing", 401, error("No auth credentials found", code=401), ()),
    ("refused.unauthorized", 401, '{"message": "No credentials found for given iss"}', ()),
    ("auth.expired-secret", 400, error("API key expired. Please renew the API key."), ()),
    ("limits.quota", 401, '{"detail": {"status": "quota_exceeded", "message": "This request exceeds your quota"}}', ()),
    ("limits.quota", 403, '{"code": "Arrearage", "message": "Access denied"}', ()),
    ("refused.bad-request", 400, error("Missing required parameter: 'voice'. The model supports alloy"), ()),
    ("refused.bad-request", 400, error("Model gpt-realtime: tool 'foo' not found"), ()),
    ("refused.origin", 403, "Invalid CORS request", ()),
    ("refused.path", 403, '{"message":"Missing Authentication Token"}', ()),
    ("refused.forbidden", 401, error("The principal lacks the required data action", code="PermissionDenied"), ()),
    ("refused.unauthorized", 401, error("Access token is missing, invalid, audience is incorrect", code="401"), ()),
    ("network.upgrade-stripped", 511, "", ()),
    ("refused.no-websocket", 501, "", ()),
    ("refused.bad-request", 426, "", (("Sec-WebSocket-Version", "8"),)),
    ("session.model-unknown", 404, error("model not found"), ()),
    ("refused.region", 400, error("User location is not supported for the API use."), ()),
    ("refused.rate-limited", 403, "error code: 1015", ()),
    ("refused.rate-limited", 429, error("You exceeded your current quota. Please retry in 34s"), ()),
    ("refused.edge-block", 503, "<title>Just a moment...</title><p>", ()),
    ("session.model-no-access", 401, error("no", type="key_model_access_denied"), ()),
    ("session.upstream", 401, error("OpenAIException - Missing credentials. Please pass one of `api_key`"), ()),
    ("refused.unauthorized", 401, error("No API key found matching the value you sent"), ()),
    ("limits.quota", 403, error("You doesn't have any credits"), ()),
    ("refused.edge-block", 403, "<TITLE>Access Denied</TITLE>\nhttps&#58;&#47;&#47;errors&#46;edgesuite&#46;net", ()),
    ("refused.forbidden", 403, "Request blocked by guardrail", ()),
    ("refused.forbidden", 403, "<title>Access Denied</title>", ()),
    ("refused.unauthorized", 401, "<script src=cors.js></script> login", ()),
    ("network.upgrade-stripped", 400, HTML.format("400 Bad Request", "cloudflare"), ()),
    ("network.upgrade-stripped", 400, APACHE, ()),
    ("refused.server-error", 500, error("too many connections for role"), ()),
    ("refused.forbidden", 403, "", (("server", "envoy"),)),
    ("refused.not-routed", 403, "", (("server", "envoy"), ("x-envoy-upstream-service-time", "3"))),
    ("refused.not-routed", 403, "", (("server", "uvicorn"),)),
    ("refused.azure-url", 404, '{"error": {"code": "DeploymentNotFound", "message": "The API deployment"}}', ()),
    ("refused.edge-block", 403, "error code: 1020", ()),
    ("refused.edge-block", 403, "<html>…", (("cf-mitigated", "challenge"),)),
    ("refused.edge-block", 503, "<title>Just a moment...</title>", ()),
    ("network.upgrade-stripped", 400, "", ()),
    ("network.upgrade-stripped", 400, HTML.format("400 Bad Request", "nginx/1.22.1"), ()),
    ("network.upgrade-stripped", 400, HAPROXY, ()),
    ("refused.bad-request", 400, HTML.format("400 Bad Request", "no tenant named x"), ()),
    ("refused.bad-request", 400, '{"error": {"message": "unknown parameter modle"}}', ()),
    ("refused.bad-request", 422, detail("voice", "bad", "enum"), ()),
    ("session.model-missing", 422, detail("model", "Field required", "missing"), ()),
    ("session.model-missing", 400, error("Missing required parameter: model."), ()),
    ("limits.size", 431, "", ()),
    ("limits.size", 400, HTML.format("400 Request Header Or Cookie Too Large", "nginx"), ()),
    ("refused.server-error", 408, "", ()),
    ("refused.server-error", 525, "", ()),
    ("refused.region", 451, "", ()),
    ("refused.origin", 403, 'request Origin "http://a" is not authorized for Host "b"', ()),
    ("refused.subprotocol", 400, "unsupported subprotocol", ()),
    ("refused.no-websocket", 404, "WebSockets are not enabled here", ()),
    ("session.upstream", 500, '{"error": {"message": "No deployments available for selected model"}}', ()),
    ("session.upstream", 502, error("Incorrect API key provided", code="invalid_api_key"), ()),
    ("refused.bad-request", 400, error("Invalid token '<' in header Sec-WebSocket-Key"), ()),
    ("refused.rate-limited", 429, error("bad token bucket"), ()),
    ("refused.server-error", 503, error("retry budget exceeded"), ()),
    ("refused.server-error", 504, error("The request exceeded its time budget."), ()),
    ("refused.forbidden", 401, error("Missing scopes: api.model.read"), ()),
    ("refused.forbidden", 403, error("Your account has been deactivated"), ()),
    ("refused.edge-block", 403, '{"error_code": 1010, "title": "Error 1010: Access denied"}', ()),
    ("refused.edge-block", 405, "", (("x-amzn-waf-action", "captcha"),)),
    ("network.tls-failed", 426, '{"message":"Please use HTTPS protocol"}', ()),
    ("refused.path", 404, "The endpoint is offline. ERR_NGROK_3200", ()),
]  # fmt: skip
CLOSES = [
    ("limits.size", 1009, ""),
    ("limits.quota", 1011, "You exceeded your current quota, please check"),
    ("limits.quota", 1008, "Budget has been exceeded! Current cost: 2"),
    ("session.upstream", 1011, "server rejected WebSocket connection: HTTP 401"),
    ("refused.unauthorized", 4401, "Unauthorized"),
    ("limits.rate", 1008, "Crossed TPM / RPM"),
    ("close.policy", 1008, "Account inactive, contact billing"),
    ("unknown.unknown", 3000, "Client protocol mismatch"),
    ("session.model-unknown", 1008, "models/x is not found for API version v1beta"),
    ("session.expired", 1000, "Your session hit the maximum duration of 60 minutes."),
    ("unknown.unknown", 4003, "invalid audio token rate"),
    ("unknown.unknown", 4001, "author left the room"),
    ("close.server", 1011, "no slots filled by dialog manager"),
    ("close.idle", 1000, "Idle for 300241ms > 300000ms"),
    ("close.idle", 1001, "idle timeout"),
    ("close.normal", 1001, "going away"),
    ("session.upstream", 1011, "upstream connection failed"),
    ("close.server", 1011, "internal error"),
    ("limits.sessions", 1013, "too many sessions"),
    ("refused.origin", 1008, "Origin not allowed"),
    ("close.policy", 1008, "policy"),
    ("unknown.unknown", 1007, "Invalid token in payload"),
    ("session.upstream", 1011, "Azure AD token expired for upstream"),
    ("session.upstream", 1011, "received 3000 (registered) invalid_request_error.invalid_api_key"),
    ("refused.forbidden", 3000, "invalid_request_error.mismatched_organization"),
    ("refused.forbidden", 3000, "Missing scopes: api.realtime.write"),
    ("auth.invalid", 3000, "invalid_request_error.invalid_api_key"),
    ("auth.invalid", 3000, ""),
    ("close.abnormal", 1006, ""),
]
AZURE = (("apim-request-id", "x"),)
SEEN += [
    ("refused.azure-url", refused(404, headers=AZURE)),
    ("refused.azure-url", refused(401, path="/openai/v1/realtime", query=(("api-version", "1"),), headers=AZURE)),
    ("auth.invalid", after_101(None, "Invalid API key", 1008, kind="authentication_error")),
    ("limits.sessions", after_101(None, "Too many concurrent sessions", 1013)),
    (
        "refused.subprotocol",
        replace(at_layer("upgrade", "bad-accept"), fault_text="it selects a subprotocol that was not offered"),
    ),
]
SEEN += [(cause, answered(*answer)) for cause, *answer in ANSWERS]
SEEN += [(cause, ended(*close)) for cause, *close in CLOSES]

"""Each rung is seen to pass, to warn and to fail."""

import json
from dataclasses import replace
from email.utils import formatdate

import pytest

from rtdoctor.diagnose import rungs
from rtdoctor.diagnose.distil import distil
from rtdoctor.knowledge.profiles import profiles, target_at
from rtdoctor.model.exchange import Answer, Exchange, Frame, Request
from rtdoctor.model.target import Route, Target, parse_target
from rtdoctor.privacy.secret import Secret

NOW = 1_790_000_000.0
OPENAI = target_at("https://api.openai.com/v1")


def key(value):
    return Secret(value, "key", "a test")


def answer(status=200, body=None, ahead=0.0):
    headers = (("Date", formatdate(NOW + ahead, usegmt=True)), ("Content-Type", "application/json"))
    return Answer(status, "", headers, json.dumps(body).encode() if body is not None else b"", 5.0)


def outcome_of(reply):
    return distil(Exchange(Request("", "/models"), reply), rest=True)


def models(reply, model="gpt-x", shutdown=""):
    return rungs.judge_models(
        outcome_of(reply), reply, rungs.Listed(model, model, (), profiles()["openai"]), shutdown, NOW
    )


LISTED = {
    "data": [{"id": "gpt-x"}, {"id": "gpt-old", "shutdown_date": "2027-01-20"}, {"id": "gpt-n", "shutdown_date": 1e9}]
}


@pytest.mark.parametrize(
    ("target", "secret", "verdict", "cause"),
    [
        (OPENAI, key("sk-proj-abc"), "pass", None),
        (OPENAI, None, "fail", "usage.no-credential"),
        (OPENAI, key("sk-a b"), "fail", "usage.credential-malformed"),
        (OPENAI, key("sk-ключ"), "fail", "usage.credential-malformed"),
        (OPENAI, key("gateway-token"), "warn", "auth.wrong-token"),
        (target_at("wss://h.example/v1/realtime/sessions"), key("sk-a"), "fail", "refused.path"),
        (target_at("https://h.example/v1"), None, "warn", None),
        (target_at("http://h.example/v1"), key("gateway-token"), "warn", None),
        (Target("http://127.0.0.1:1/v1", "mock"), key("sk-a"), "pass", None),
    ],
)
def test_configuration(target, secret, verdict, cause):
    judged = rungs.judge_config(target, secret, ["Aim."])
    assert (judged.verdict, judged.cause) == (verdict, cause)
    assert secret is None or secret.reveal() not in repr(judged)


@pytest.mark.parametrize(
    ("reply", "model", "verdict", "cause"),
    [
        (answer(body=LISTED), "gpt-x", "pass", None),
        (answer(body=LISTED), "gpt-old", "warn", None),
        (answer(body=LISTED), "gpt-missing", "warn", "session.model-no-access"),
        (answer(body=LISTED, ahead=3600), "gpt-x", "warn", "auth.clock-skew"),
        (answer(body=[1, 2]), "gpt-x", "warn", None),
        (answer(401, {"error": {"code": "invalid_api_key", "message": "x"}}), "gpt-x", "fail", "auth.invalid"),
        (answer(401, {"error": {"code": "invalid_api_key"}}, ahead=3600), "gpt-x", "fail", "auth.invalid"),
        (answer(403, {"error": {"message": "no scope"}}), "gpt-x", "warn", "refused.forbidden"),
        (answer(404), "gpt-x", "warn", None),
    ],
)
def test_models(reply, model, verdict, cause):
    judged = models(reply, model)
    assert (judged.verdict, judged.cause) == (verdict, cause)


def test_a_shutdown_date_of_the_endpoint_or_of_our_own_list_is_told():
    assert "2027-01-20" in models(answer(body=LISTED), "gpt-old").summary
    assert "ended 2001-09-09" in models(answer(body=LISTED), "gpt-n").summary
    assert "ends 2027-02-26" in models(answer(body=LISTED), "gpt-x", "2027-02-26").summary


@pytest.mark.parametrize(
    ("reply", "minted", "expires_at", "verdict", "cause"),
    [
        (answer(), True, NOW + 600, "pass", None),
        (answer(), True, None, "warn", None),
        (answer(), True, (NOW + 600) * 1000, "warn", "auth.clock-skew"),
        (answer(), True, NOW - 5, "warn", "auth.expired-secret"),
        (answer(ahead=-3600), True, NOW - 3000, "warn", "auth.clock-skew"),
        (answer(404), False, None, "warn", None),
        (answer(200, {}), False, None, "warn", None),
        (answer(500), False, None, "warn", "refused.server-error"),
    ],
)
def test_client_secret(reply, minted, expires_at, verdict, cause):
    judged = rungs.judge_secret(outcome_of(reply), minted, expires_at, reply, NOW)
    assert (judged.verdict, judged.cause) == (verdict, cause)


def test_a_date_that_is_none_is_no_clock():
    assert rungs.skew_of(None, NOW) is None
    for date in ("", "yesterday", "Mon, 99 Foo 2026 99:99:99 GMT"):
        assert rungs.skew_of(Answer(200, "", (("Date", date),), b"", 1.0), NOW) is None
    assert abs(rungs.skew_of(answer(ahead=100), NOW) - 100) < 2


async def test_each_rung_of_the_socket_can_fail(check):
    cases = [
        ({"open-transcription": "rest-path"}, "upgrade"),
        ({"open-transcription": "invalid-key"}, "first-event"),
        ({"session-updated": "unknown-parameter"}, "session"),
        ({"transcribed": "transcription-failed"}, "transcript"),
    ]
    for faults, rung in cases:
        report = await check([], faults)
        assert (report.summary.exit_code, report.summary.rung) == (1, rung), report.summary
    garbled = await check([], {"transcribed": "garbled"})
    assert (garbled.ladder[-1].verdict, garbled.summary.exit_code) == ("warn", 0)
    finding = garbled.ladder[-1].finding
    assert "word error rate 100%" in finding.summary
    expected, heard = finding.facts[-2:]
    assert (expected[:23], heard[:14]) == ("Expected: “The quick do", "Heard:    “ehT")
    assert str(finding).count("kciuq") == 1, "the transcript is told once"


def test_a_401_of_the_list_fails_only_where_it_is_about_the_key():
    body = {"error": {"message": "Missing scopes: api.model.read", "type": "invalid_request_error"}}
    assert models(answer(401, body)).verdict == "warn"
    assert models(answer(401, {"detail": "admin only"})).verdict == "warn"
    assert models(answer(401, {"error": {"message": "no", "code": "invalid_api_key"}})).verdict == "fail"


def test_a_list_from_a_cache_says_nothing_of_the_clock():
    told = answer(200, LISTED, ahead=-7200)
    assert models(told).cause == "auth.clock-skew"
    assert models(replace(told, headers=(*told.headers, ("Age", "7200")))).cause is None


def test_a_greeting_after_something_else_is_a_greeting():
    frames = tuple(
        Frame(0.1, "server", "text", json.dumps(event), 1)
        for event in ({"type": "ping"}, {"type": "session.created", "session": {"type": "realtime"}})
    )
    heard = distil(Exchange(Request("", ""), Answer(101, "", (), b"", 1.0), frames=frames))
    judged = rungs.judge_first_event(heard, "", "realtime", asked_for=False)
    assert (judged.verdict, judged.summary) == ("pass", "session.created, type realtime, after ping")


@pytest.mark.parametrize(("ahead", "side"), [(90, "behind"), (-90, "ahead"), (30, None), (-30, None)])
def test_a_clock_that_is_off_by_more_than_a_minute_is_told_with_its_side(ahead, side):
    judged = models(answer(200, LISTED, ahead=ahead))
    assert judged.cause == ("auth.clock-skew" if side else None)
    assert judged.summary.endswith(f"s {side}" if side else "gpt-x listed")


def test_without_a_key_the_cure_is_to_name_one():
    missing = rungs.named("auth.missing", "fail", "401")
    assert "OPENAI_API_KEY" in rungs.judge_keyless(missing).remedy
    assert "--key-env" in rungs.judge_keyless(missing).remedy
    other = rungs.named("auth.invalid", "fail", "401")
    assert rungs.judge_keyless(other) == other


def test_plain_http_by_a_proxy_of_this_machine_is_not_another_machine():
    key = Secret("sk-proj-0123456789abcdef", "key", "OPENAI_API_KEY")
    near = replace(parse_target("http://gw.example/v1"), route=Route(proxy="http://127.0.0.1:3128"))
    assert rungs.judge_config(near, key, []).summary == "plain http, by a proxy on this machine"
    far = replace(parse_target("http://gw.example/v1"), route=Route(proxy="http://proxy.example:3128"))
    assert rungs.judge_config(far, key, []).summary == "plain http to another machine"


def test_what_was_done_to_the_url_stands_in_the_row():
    key = Secret("sk-proj-0123456789abcdef", "key", "OPENAI_API_KEY")
    judged = rungs.judge_config(parse_target("https://gw.example/realtime"), key, [])
    assert judged.summary.startswith("https://gw.example (the URL given ends in /realtime")

"""Each built-in scenario passes on the mock, and fails with the right cause when the mock's behaviour is broken."""

import pytest

from rtdoctor.knowledge.causes import UNKNOWN
from rtdoctor.mock.behaviour import refusals
from tests.conftest import built_in

# scenario: (the behaviour that is broken, what happens in its place, the cause that the referee must name)
FAULTS = {
    "audio.never-committed": ("session-updated", "unknown-parameter", "session.parameter"),
    "audio.manual-commit": ("transcribed", "transcription-failed", "audio.transcription-failed"),
    "audio.server-vad": ("transcribed", "transcription-failed", "audio.transcription-failed"),
    "auth.header": ("open-transcription", "missing-credential", "auth.missing"),
    "auth.subprotocol": ("open-transcription", "invalid-key", "auth.invalid"),
    "auth.both": ("open-transcription", "silent", "peer.silent"),
    "auth.none": ("missing-credential", "invalid-key", "auth.missing"),
    "auth.query": ("missing-credential", "open-transcription", UNKNOWN),
    "auth.api-key-header": ("missing-credential", "unauthorized", "refused.unauthorized"),
    "auth.wrong-key-header": ("invalid-key", "no-credit", "limits.quota"),
    "auth.wrong-key-subprotocol": ("invalid-key", "missing-credential", "auth.missing"),
    "beta.header": ("beta-retired", "open-transcription", UNKNOWN),
    "beta.subprotocol": ("beta-retired", "invalid-key", "auth.invalid"),
    "event.not-json": ("not-json", "binary", "session.malformed-event"),
    "event.binary": ("binary", "session-expired", "session.expired"),
    "event.empty-commit": ("buffer-empty", "bad-audio", "audio.format"),
    "path.transcription-sessions": ("rest-path", "open-transcription", UNKNOWN),
    "path.sessions": ("rest-path", "rate-limited", "refused.rate-limited"),
    "path.client-secrets": ("rest-path", "invalid-key", "auth.invalid"),
    "path.typo": ("unknown-path", "rest-path", "refused.path"),
    "path.trailing-slash": ("unknown-path", "open-transcription", UNKNOWN),
    "secret.fresh-header": ("open-transcription", "expired-secret", "auth.expired-secret"),
    "secret.fresh-subprotocol": ("open-transcription", "missing-credential", "auth.missing"),
    "secret.bare-url": ("open-transcription", "missing-model", "session.model-missing"),
    "secret.with-model": ("model-with-secret", "unknown-model", "session.model-unknown"),
    "secret.reused": ("reused-secret", "expired-secret", "auth.expired-secret"),
    "secret.expired": ("expired-secret", "open-transcription", UNKNOWN),
    "secret.malformed": ("invalid-key", "server-error", "refused.server-error"),
    "update.transcription-good": ("session-updated", "missing-parameter", "session.parameter"),
    "update.rate-16000": ("rate", "session-updated", UNKNOWN),
    "update.beta-flat-fields": ("unknown-parameter", "beta-retired", "session.beta-retired"),
    "update.wrong-type": ("type-mismatch", "session-updated", UNKNOWN),
    "update.turn-detection": ("turn-detection", "session-updated", UNKNOWN),
    "update.original-report": ("unknown-event", "beta-retired", "session.beta-retired"),
    "url.intent-transcription": ("open-transcription", "beta-retired", "session.beta-retired"),
    "url.model-realtime": ("open-realtime", "retired-model", "session.model-retired"),
    "url.model-transcription": ("transcription-model", "unknown-model", "session.model-wrong-mode"),
    "url.model-with-intent": ("model-with-intent", "unknown-parameter", "session.parameter"),
    "url.neither": ("missing-model", "open-realtime", UNKNOWN),
    "url.model-unknown": ("unknown-model", "retired-model", "session.model-retired"),
    "url.model-retired": ("retired-model", "unknown-model", "session.model-unknown"),
    "url.call-unknown": ("call-unknown", "rest-path", "refused.not-routed"),
}


def test_every_built_in_scenario_has_a_fault_that_breaks_it():
    assert {scenario.id for scenario in built_in()} == set(FAULTS)


async def test_every_built_in_scenario_passes_on_the_mock(check):
    report = await check([scenario.id for scenario in built_in()])
    assert {result.scenario: result.verdict for result in report.results} == dict.fromkeys(FAULTS, "pass")
    assert report.summary.exit_code == 0
    assert report.ladder[-1].rung == "transcript"
    assert report.ladder[-1].verdict == "pass"


@pytest.mark.parametrize("scenario_id", FAULTS)
async def test_a_broken_behaviour_fails_its_scenario_with_the_right_cause(scenario_id, try_alone):
    behaviour, instead, cause = FAULTS[scenario_id]
    timeout = 0.3 if instead == "silent" else 3.0
    assert (await try_alone(scenario_id)).verdict == "pass"
    broken = await try_alone(scenario_id, {behaviour: instead}, timeout=timeout)
    assert (broken.verdict, broken.finding.cause) == ("fail", cause), broken
    assert broken.finding.drift
    assert broken.finding.facts


@pytest.mark.parametrize(
    ("scenario_id", "fault"),
    [
        ("auth.subprotocol", {"subprotocol": "no-answer"}),
        ("audio.manual-commit", {"transcribed": "garbled"}),
        ("url.intent-transcription", {"open-transcription": "open-realtime"}),
        ("url.intent-transcription", {"open-transcription": "drop"}),
    ],
)
async def test_other_breaks_are_seen_too(scenario_id, fault, try_alone):
    assert (await try_alone(scenario_id, fault)).verdict == "fail"


async def test_events_that_break_the_schema_fail_on_the_mock_and_warn_on_a_live_endpoint(try_alone):
    fault = {"event-id": "no-answer"}
    broken = await try_alone("update.transcription-good", fault)
    assert broken.verdict == "fail"
    assert {violation.rule for violation in broken.violations} == {"shape.missing", "order.event-id-present"}
    assert "break schema or order" in broken.finding.drift
    assert (await try_alone("update.transcription-good", fault, profile="openai")).verdict == "warn"
    assert (await try_alone("update.transcription-good")).violations == ()


async def test_a_commit_that_is_not_answered_is_found(try_alone):
    broken = await try_alone("event.empty-commit", {"buffer-empty": "no-answer"}, timeout=0.3)
    assert broken.verdict == "fail"
    assert broken.outcome.unmet == ("error",)


async def test_a_secret_that_lives_longer_than_was_asked_for_is_not_waited_out(try_alone, monkeypatch):
    monkeypatch.setattr("rtdoctor.mock.rest._lifetime", lambda _seconds: 6_000_000)
    result = await try_alone("secret.expired")
    assert result.verdict == "inconclusive"
    assert "another lifetime" in result.seen


def test_every_refusal_of_the_mock_tells_its_evidence():
    for refusal in refusals().values():
        assert refusal.evidence, refusal.id
        assert len(refusal.seen) == 10, refusal.id
        assert refusal.confidence in ("observed", "documented", "inferred"), refusal.id


async def test_a_live_endpoint_that_deviates_warns_and_fails_only_with_strict(try_alone):
    fault = {"invalid-key": "no-credit"}
    drifted = await try_alone("auth.wrong-key-header", fault, profile="openai")
    assert (drifted.verdict, drifted.finding.cause) == ("warn", "limits.quota")
    assert "2026-09-27" in drifted.finding.drift
    strict = await try_alone("auth.wrong-key-header", fault, profile="openai", strict=True)
    assert strict.verdict == "fail"


async def test_a_live_endpoint_that_accepts_what_it_refused_is_told_and_not_failed(try_alone):
    better = await try_alone("beta.header", {"beta-retired": "open-transcription"}, profile="openai")
    assert (better.verdict, better.finding.cause) == ("warn", None)
    assert better.finding.drift


async def test_another_known_answer_passes_on_a_live_endpoint_and_is_told(try_alone):
    other = await try_alone("auth.wrong-key-header", {"invalid-key": "unauthorized"}, profile="openai")
    assert other.verdict == "pass"
    assert "401" in other.finding.drift


async def test_a_required_scenario_that_deviates_fails_on_a_live_endpoint(try_alone):
    fault = {"open-transcription": "missing-model"}
    assert (await try_alone("url.intent-transcription", fault, profile="openai")).verdict == "fail"


async def test_what_could_not_be_decided_is_inconclusive_on_a_live_endpoint(try_alone):
    result = await try_alone("auth.header", {"open-transcription": "rate-limited"}, profile="openai")
    assert (result.verdict, result.finding.cause) == ("inconclusive", "refused.rate-limited")


async def test_without_leave_no_billable_scenario_runs(check):
    report = await check(["audio.manual-commit", "update.transcription-good"], billable=False)
    verdicts = {result.scenario: result.verdict for result in report.results}
    assert verdicts == {"audio.manual-commit": "skip", "update.transcription-good": "pass"}
    assert report.spend.audio_bytes == 0
    assert dict(report.spend.events) == {"session.update": 2}


async def test_an_ephemeral_secret_as_key_skips_what_needs_minting(check):
    report = await check(["secret.fresh-header"], key="ek_7f3a9c0d5e1b2468")
    assert report.results[0].verdict == "skip"
    assert [rung.verdict for rung in report.ladder if rung.rung in ("http", "client-secret")] == ["skip", "skip"]

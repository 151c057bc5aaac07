"""What a scenario's outcome is worth, and what is ruled out with it."""

import pytest

from rtdoctor.diagnose.referee import judge, weigh
from rtdoctor.model.exchange import Request
from rtdoctor.model.finding import Evidence
from rtdoctor.model.outcome import Outcome
from rtdoctor.model.scenario import Accept, Scenario, WantedHandshake
from tests.diagnose.seen import ended, refused

KNOWN = Evidence("a test", "2026-11-30", "observed")
SCENARIO = Scenario(
    "a.b",
    "t",
    (),
    WantedHandshake(),
    (),
    (
        Accept("expected", {"http_status": 403}, "refused.forbidden", KNOWN),
        Accept("accepted", {"http_status": 401}, "refused.unauthorized", KNOWN),
        Accept("better", {"http_status": 404}, "refused.path", KNOWN),
    ),
)
FORBIDDEN = refused(403, body="no")


@pytest.mark.parametrize(
    ("outcome", "live", "strict", "on_mock"),
    [
        (FORBIDDEN, "pass", "pass", "pass"),
        (refused(401), "pass", "pass", "fail"),
        (refused(404), "warn", "fail", "fail"),
        (refused(302), "inconclusive", "inconclusive", "fail"),
        (refused(451), "warn", "fail", "fail"),
    ],
)
def test_the_grade_of_what_a_scenario_gets(outcome, live, strict, on_mock):
    def verdict(**more):
        return judge(SCENARIO, outcome, required="transcription" in SCENARIO.required, **more).verdict

    assert verdict(on_mock=False, strict=False) == live
    assert verdict(on_mock=False, strict=True) == strict
    assert verdict(on_mock=True, strict=False) == on_mock


def test_a_101_clears_the_network_unless_the_socket_was_lost_after_it():
    def cleared(outcome):
        return "network" in {out.cause for out in weigh(outcome).ruled_out}

    assert cleared(ended(3000, "invalid_request_error.invalid_api_key"))
    for fault, layer in (("dropped", "session"), ("timeout", "session")):
        lost = Outcome(Request("", ""), "upgrade", fault=fault, fault_layer=layer, http_status=101)
        assert weigh(lost).cause in ("close.abnormal", "peer.silent")
        assert not cleared(lost)
    assert not cleared(ended(1011, "internal error"))

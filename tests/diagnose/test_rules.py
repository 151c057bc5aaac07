"""Every refusal that was seen gets its cause; the texts are those of the observations."""

import re
import tomllib
from pathlib import Path

import pytest

from rtdoctor.diagnose.causes import causes
from rtdoctor.diagnose.referee import weigh
from rtdoctor.diagnose.rules import rules
from rtdoctor.model.exchange import Request
from rtdoctor.model.outcome import Outcome
from rtdoctor.model.scenario import Scenario
from tests.conftest import built_in
from tests.diagnose.seen import SEEN, after_101

SHARED_CAUSES = [Path(__file__).parents[2].parent / "shared" / name for name in ("causes.toml", "causes-new.toml")]


@pytest.mark.parametrize(("cause", "outcome"), SEEN, ids=[f"{i}-{cause}" for i, (cause, _) in enumerate(SEEN)])
def test_what_was_seen_gets_its_cause(cause, outcome):
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


@pytest.mark.skipif(not SHARED_CAUSES[0].is_file(), reason="the shared lists of causes are not beside the project")
def test_the_causes_are_those_of_the_public_contract():
    lists = [tomllib.loads(path.read_text(encoding="utf-8")) for path in SHARED_CAUSES]
    assert set(causes()) == {f"{layer}.{name}" for raw in lists for layer, names in raw.items() for name in names}


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

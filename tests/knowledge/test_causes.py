"""Every refusal that was seen gets its cause; the texts are those of the observations."""

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

import rtdoctor.knowledge
from rtdoctor.diagnose.example import outcomes_of, why_not
from rtdoctor.diagnose.referee import weigh
from rtdoctor.knowledge.causes import LAYERS, causes, matching, rules
from rtdoctor.knowledge.tables import BadTable, check_condition, read_table
from rtdoctor.model.exchange import Request
from rtdoctor.model.outcome import Outcome
from rtdoctor.model.scenario import Scenario
from tests.conftest import built_in
from tests.diagnose.seen import SEEN, after_101

HERE = Path(rtdoctor.knowledge.__file__).parent
FILES, SCHEMA = sorted((HERE / "causes").glob("*.toml")), HERE / "causes.schema.json"
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


def test_every_cause_can_be_read():
    for cause in causes().values():
        assert cause.title, cause.id
        assert not cause.title.endswith("."), cause.id
        assert cause.explanation.endswith("."), cause.id
        assert cause.remedy.endswith("."), cause.id


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_our_own_tables_keep_to_the_schema_that_the_users_are_held_to(file):
    raw = read_table(file, SCHEMA, lambda *_: "")
    assert list(raw) == [file.stem], "a file is about one layer"
    for name, entry in raw[file.stem].items():
        for rule in entry.get("rules", ()):
            check_condition(rule["when"], name)


def test_every_layer_is_a_file_and_every_file_a_layer():
    assert sorted(LAYERS) == [file.stem for file in FILES]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: f"{rule.cause} {dict(rule.when)}"[:80])
def test_the_example_of_each_rule_leads_to_it(rule):
    assert why_not(rule) == ""


def test_a_rule_that_its_example_does_not_show_is_told():
    rule = rules()[0]
    assert "leads to" in why_not(replace(rule, example={"text": "HTTP 429"}))
    assert why_not(replace(rule, example={"text": "good morning"})) == "nothing is read in the example"
    assert "'colour' is no fact" in why_not(replace(rule, example={"colour": "red"}))


def test_every_cause_that_is_named_elsewhere_is_known():
    for rule in rules():
        assert rule.over | rule.rules_out.keys() <= causes().keys()
        assert rule.cause not in rule.over


def test_each_over_is_needed_and_none_goes_round():
    """Without it, its own example or a case that was seen gets another cause."""
    for rule in (rule for rule in rules() if rule.over):
        cases = [*outcomes_of(rule.example), *(outcome for _, outcome in SEEN)]
        won = [(outcome, matching(outcome)) for outcome in cases if matching(outcome)[:1] == [rule]]
        beaten = {other.cause for _, found in won for other in found[1:] if other.tier == rule.tier}
        assert rule.over <= beaten, rule.cause
        for other in rules():
            assert not (rule.cause in other.over and other.cause in rule.over and other.tier == rule.tier)


def test_no_cause_of_a_scenario_is_made_up():
    scenarios: list[Scenario] = built_in()
    assert {line.cause for s in scenarios for line in s.accept if line.cause} <= set(causes())


@pytest.mark.parametrize(
    ("test", "why"),
    [
        ({"known": True, "like": 1}, "not 'like'"),
        ({"not": {"known": True, "like": 1}}, "not 'like'"),
        ({"all": [{"known": True, "has": 5}]}, "has wants a text"),
        ({"known": "yes"}, "known wants true or false"),
        ({"min": "5"}, "min wants a number"),
        ({"max": True}, "max wants a number"),
        ({"all": 3}, "all wants a list"),
        ({"matches": 3}, "matches wants a regular expression"),
        ({"matches": "(?=x)"}, "no regular expression that takes linear time"),
        ([{"known": True}], "a list holds texts"),
    ],
)
def test_a_test_that_cannot_be_made_is_refused_whatever_stands_before_it(test, why):
    with pytest.raises(BadTable, match=re.escape(why)):
        check_condition({"close_reason": test}, "here")


def test_tests_that_stand_in_each_other_too_deep_are_refused():
    deep = {"known": True}
    for _ in range(50):
        deep = {"not": deep}
    with pytest.raises(BadTable, match="more than 20 deep"):
        check_condition({"close_reason": deep}, "here")

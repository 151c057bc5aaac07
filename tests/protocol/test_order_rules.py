"""Each rule of order: one stream that keeps it and one that breaks it, and it alone."""

import pytest

from rtdoctor.protocol.order import rules
from tests.protocol.order_pairs import PAIRS
from tests.protocol.streams import ids, judged


def test_every_pair_is_of_a_rule() -> None:
    assert set(PAIRS) <= set(rules())  # the others are broken by what test_faults plants


@pytest.mark.parametrize("rule", PAIRS)
def test_the_accepted_stream_breaks_no_rule(rule: str) -> None:
    assert ids(judged(PAIRS[rule][0])) == []


@pytest.mark.parametrize("rule", PAIRS)
def test_the_refused_stream_gives_this_one_violation(rule: str) -> None:
    found = judged(PAIRS[rule][1])
    assert ids(found) == [rule]
    violation, known = found[0], rules()[rule]
    assert violation.severity == known.severity
    assert (violation.message, violation.evidence, violation.seen) == (
        known.message,
        known.evidence,
        known.seen,
    )
    assert 0 <= violation.index < len(PAIRS[rule][1].lines)


def test_every_rule_says_what_it_rests_on() -> None:
    for rule in rules().values():
        assert rule.id.startswith("order.")
        assert rule.message.endswith(".")
        assert rule.evidence
        assert len(rule.seen) == 10


def test_an_observed_rule_with_fewer_than_ten_observations_is_no_error() -> None:
    for rule in rules().values():
        words = rule.evidence.split()
        if words[:2] != ["kept", "in"]:
            continue
        assert (rule.severity == "error") == (int(words[2]) >= 10), rule.id
        if told := rule.evidence.partition("(")[2].partition(")")[0]:
            assert sum(int(part.split()[0]) for part in told.split(", ")) == int(words[2]), rule.id


@pytest.mark.parametrize(("field", "to"), [("id", "sess_2"), ("expires_at", 1_800_000_001)])
def test_what_names_a_session_and_its_end_never_change(field: str, to: object) -> None:
    changed = PAIRS["order.session-constant"][0].changed("session.updated", "session", field, to=to)
    assert ids(judged(changed)) == ["order.session-constant"]

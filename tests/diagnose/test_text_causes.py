"""Every text that clients and the service are known to print gets its cause at the first place."""

import tomllib

import pytest

from rtdoctor.data import folder
from rtdoctor.diagnose.text.findings import explain
from rtdoctor.knowledge.causes import causes

TEXTS = [
    pytest.param(entry["text"], entry["cause"], id=f"{name}-{number}-{entry['cause']}")
    for name in ("clients", "service")
    for number, entry in enumerate(
        tomllib.loads((folder("fixtures") / "texts" / f"{name}.toml").read_text("utf-8"))["text"]
    )
]


@pytest.mark.parametrize(("text", "cause"), TEXTS)
def test_a_text_gets_its_cause_at_the_first_place(text, cause):
    told = explain([text])
    assert cause in causes()
    assert [finding.cause for finding in told.findings][:1] == [cause]
    assert not told.healthy
    assert told.findings[0].facts


@pytest.mark.parametrize(("text", "cause"), TEXTS)
def test_noise_around_a_text_changes_nothing(text, cause):
    before = "2026-11-22 10:00:00,123 INFO  worker 403 started on port 4000, 1006 items\n" * 40
    after = "\n2026-11-22 10:00:01,456 DEBUG next run in 3000 ms (took 500 ms)\n" * 40
    if text.isdigit():
        pytest.skip("a number counts only when it is the whole text")
    if cause == "refused.forbidden" and " 403" in text and "wss://" not in text:
        pytest.skip("a 403 without its URL is told otherwise in a report than in a log")
    assert explain([before + text + after]).findings[0].cause == cause

"""Several problems in one text, none, and texts that have nothing to do with it; the original report."""

import tomllib
from pathlib import Path

import pytest

from rtdoctor.data import folder
from rtdoctor.diagnose.text.findings import explain

ENTRIES = tomllib.loads((folder("fixtures") / "texts" / "several.toml").read_text("utf-8"))["text"]
REPORT = Path(__file__).parents[2].parent / "shared" / "original-report.txt"
# The missing intent is mended by the edit that mends the path, and told with it.
THREE = ["refused.path", "session.beta-event", "session.beta-field"]


def causes_of(text: str) -> list[str | None]:
    return [finding.cause for finding in explain([text]).findings]


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry["name"] for entry in ENTRIES])
def test_all_findings_in_the_order_in_which_they_are_met(entry):
    told = explain([entry["text"]])
    assert [finding.cause for finding in told.findings] == entry["causes"]
    assert told.healthy is entry.get("healthy", False)


@pytest.mark.skipif(not REPORT.is_file(), reason="the original report is not beside the project")
def test_the_original_report_is_taken_apart():
    text = REPORT.read_text("utf-8")
    # What the asker wrote, up to the first answer; then the whole thread, whose answers of 2025 add the beta's
    # subprotocol, which is refused since 2026.
    asked = text[: text.index("const string MODEL")]
    assert causes_of(asked) == THREE
    assert [cause for cause in causes_of(text) if cause != "session.beta-retired"] == THREE


def test_unknown_says_what_was_looked_for():
    [only] = explain(["nothing of interest"]).findings
    assert only.cause == "unknown.unknown"
    assert "close codes" in only.facts[-1]


def test_facts_quote_the_text_and_say_what_was_ruled_out():
    [only] = explain(["ERROR closed 3000 invalid_request_error.invalid_api_key"]).findings
    assert only.facts[0] == "The text says: ERROR closed 3000 invalid_request_error.invalid_api_key"
    assert {"auth.missing", "limits.quota"} <= {item.cause for item in only.ruled_out}
    assert only.evidence[0].seen == "2026-09-27"
    assert only.confidence == "observed"


def test_a_second_101_in_a_log_begins_a_new_attempt():
    first = "HTTP/1.1 101 Switching Protocols\n\nclose 3000 invalid_request_error.invalid_api_key\n"
    second = "HTTP/1.1 101 Switching Protocols\n\nclose 1013 insufficient_quota.credit_balance_exhausted\n"
    assert causes_of(first + second) == ["auth.invalid", "limits.quota"]
    again = "HTTP/1.1 101 Switching Protocols\n\nreceived session.created\n"
    told = explain([first + again])
    assert [finding.cause for finding in told.findings] == ["auth.invalid"]
    assert not any("session.created" in fact for fact in told.findings[0].facts)
    failed = "HTTP/1.1 101 Switching Protocols\n\nclose 1011 internal error\n"
    refused = 'HTTP/1.1 101 Switching Protocols\n\n{"type": "error", "error": {"code": "invalid_api_key"}}\n'
    assert "auth.invalid" in causes_of(failed + refused), "the 1011 is the end of another connection"
